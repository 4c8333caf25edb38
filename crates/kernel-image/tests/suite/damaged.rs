//! Kernels that are cut off or damaged.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use kernel_image::{Limits, LookError, look};

use crate::support::{bzimage, compressed, gzip, linux, seen, with_size, xz, zstd};

/// Where a file may be cut: everywhere near its start, and at steps of a prime number.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..length.min(700)).chain((700..length).step_by(997)).chain(length.saturating_sub(40)..length)
}

#[test]
fn a_bzimage_cut_off_anywhere() {
    for (name, file) in compressed(&linux().build()) {
        for length in cuts(file.len()) {
            let error = seen(&file[..length]).map(|_| ()).expect_err(&format!("{name} {length}"));
            if length >= 0x250 {
                let says = file.len() as u64;
                let has = length as u64;
                assert!(
                    matches!(error, LookError::Truncated { says: s, has: h, unpacked: false }
                        if s == says && h == has),
                    "{name} {length}: {error}"
                );
            }
        }
    }
}

#[test]
fn what_is_said_of_it() {
    let file = bzimage(&gzip(&linux().build()));
    let error = seen(&file[..5000]).unwrap_err().to_string();
    let says = file.len();
    assert_eq!(
        error,
        format!(
            "it is cut off: its header speaks of {says} bytes, and it has 5000; compare with the \
             file on the server, and fetch it again"
        )
    );
}

#[test]
fn an_elf_file_cut_off_anywhere() {
    let file = linux().build();
    for length in cuts(file.len()) {
        assert!(seen(&file[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_gzip_file_cut_off_anywhere() {
    let file = gzip(&linux().build());
    for length in cuts(file.len()) {
        // Its last bytes are taken for the length, which may happen to be a large one: then its
        // notes are read, and that the rest is missing is for Xen to find.
        if let Ok(kernel) = seen(&file[..length]) {
            assert!(kernel.elf.is_some() && length > 700, "{length}");
        }
    }
}

/// A mirror that serves a short file with a header that fits: the data end inside the payload.
#[test]
fn a_payload_cut_off_under_a_sound_header() {
    let elf = linux().build();
    let payloads = [
        ("gzip", gzip(&elf)),
        ("zstd", zstd(&elf)),
        ("xz", xz(&elf, lzma_rust2::XzOptions::with_preset(1))),
        ("lz4", crate::support::lz4(&elf, 1 << 16)),
        ("lzma", crate::support::lzma(&elf)),
    ];
    for (name, payload) in payloads {
        for length in [20, payload.len() / 20, payload.len() / 12] {
            let short = with_size(payload[..length].to_vec(), elf.len());
            let error = seen(&bzimage(&short)).expect_err(name);
            assert!(
                matches!(error, LookError::EndsEarly { .. } | LookError::Corrupt { .. }),
                "{name} {length}: {error}"
            );
        }
    }
}

/// Damage that makes other bytes and not none is seen only where it breaks what is looked at, and
/// all of it in LZ4 may be of that kind.
#[test]
fn damaged_data() {
    for (name, file) in compressed(&linux().build()) {
        let mut noticed = 0;
        let step = (file.len() - 0x800) / 60;
        for at in (0x800 + 4..file.len() - 20).step_by(step) {
            let mut damaged = file.clone();
            damaged[at] ^= 0x5a;
            damaged[at + 7] ^= 0xa5;
            // Or the ELF header is hit, or bytes that nobody looks at.
            if let Err(
                LookError::Corrupt { compression, .. } | LookError::EndsEarly { compression },
            ) = seen(&damaged)
            {
                assert_eq!(compression.to_string(), name);
                noticed += 1;
            }
        }
        assert!(noticed > 0 || name == "lz4", "{name}");
    }
}

#[test]
fn a_length_that_lies() {
    let elf = linux().build();
    // Xen unpacks into a buffer of this length, and what is behind it is missing.
    let error = seen(&bzimage(&with_size(zstd(&elf), elf.len() - 1))).unwrap_err().to_string();
    let (says, has) = (elf.len(), elf.len() - 1);
    let wanted = format!("unpacked it should have {says} bytes, and it has {has};");
    assert!(error.contains(&wanted), "{error}");
    // gzip has 16 bytes to spare.
    let mut packed = gzip(&elf);
    let size_at = packed.len() - 4;
    for (less, fits) in [(16_u32, true), (17, false)] {
        let size = u32::try_from(elf.len()).unwrap() - less;
        packed[size_at..].copy_from_slice(&size.to_le_bytes());
        assert_eq!(seen(&packed).is_ok(), fits);
        assert_eq!(seen(&bzimage(&packed)).is_ok(), fits);
    }
}

/// Reads well up to a place, and then no more.
struct Failing {
    inner: Cursor<Vec<u8>>,
    good: u64,
}

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.inner.position() >= self.good {
            return Err(io::Error::other("a bad block"));
        }
        let left = usize::try_from(self.good - self.inner.position()).unwrap().min(out.len());
        self.inner.read(&mut out[..left])
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// An error of the disk is never taken for a damaged kernel.
#[test]
fn an_input_that_fails() {
    let elf = linux().build();
    for (name, file) in
        compressed(&elf).into_iter().chain([("elf", elf.clone()), ("gz", gzip(&elf))])
    {
        for good in [0, 100, 0x800, 0x810, 0xa00] {
            let inner = Cursor::new(file.clone());
            let error = look(Failing { inner, good }, &Limits::default()).expect_err(name);
            assert!(matches!(error, LookError::Read(_)), "{name} {good}: {error}");
            assert_eq!(error.to_string(), "cannot read it back: a bad block");
        }
    }
}

//! Each limit: what is just within it, and what is one past it.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use kernel_image::limits::{
    MAX_GUEST_SECTION, MAX_NOTE_BYTES, MAX_NOTES, MAX_PROGRAM_HEADERS, MAX_SECTION_HEADERS,
    XEN_MAX_KERNEL,
};
use kernel_image::{Arch, GuestType, Kernel, Limits, LookError, look};
use lzma_rust2::XzOptions;

use crate::support::{
    Image, Place, bzimage, compressed, gzip, linux, note_bytes, one_note, seen, with_size, xz, zstd,
};

const UNUSUAL: Option<&str> = Some("its ELF headers or notes are unusual");

fn passes_unseen(kernel: &Kernel) -> bool {
    let fits = |guest| kernel.for_guest(guest, Arch::X86).is_ok();
    kernel.unseen.is_some() && fits(GuestType::Pv) && fits(GuestType::Pvh)
}

#[test]
fn program_headers() {
    for (more, unseen) in [(MAX_PROGRAM_HEADERS - 2, None), (MAX_PROGRAM_HEADERS - 1, UNUSUAL)] {
        let kernel = seen(&Image { more_programs: more, ..linux() }.build()).unwrap();
        assert_eq!(kernel.unseen.as_deref(), unseen);
    }
}

#[test]
fn section_headers() {
    for (more, unseen) in [(MAX_SECTION_HEADERS - 2, None), (MAX_SECTION_HEADERS - 1, UNUSUAL)] {
        let image = Image { more_sections: more, ..Image::new(&[]) };
        assert_eq!(seen(&image.build()).unwrap().unseen.as_deref(), unseen);
    }
}

#[test]
fn bytes_of_notes() {
    let first = note_bytes(&[(18, &3_u32.to_le_bytes())]);
    let most = usize::try_from(MAX_NOTE_BYTES).unwrap();
    for (size, unseen) in [(most, None), (most + 4, UNUSUAL)] {
        let filler = one_note(b"big\0", 1, &vec![0; size - first.len() - 16]);
        let notes = [&first[..], &filler].concat();
        assert_eq!(notes.len(), size);
        let image = Image { notes: Some((notes, 800_000, Place::Segment)), ..linux() };
        let kernel = seen(&image.build()).unwrap();
        assert_eq!(kernel.unseen.as_deref(), unseen);
        assert_eq!(kernel.pvh_entry(), unseen.is_none().then_some(3));
    }
}

#[test]
fn number_of_notes() {
    for (count, unseen) in [(MAX_NOTES, None), (MAX_NOTES + 1, UNUSUAL)] {
        let notes = one_note(b"", 0, b"").repeat(usize::try_from(count).unwrap() - 1);
        let notes = [notes, note_bytes(&[(18, &3_u32.to_le_bytes())])].concat();
        let image = Image { notes: Some((notes, 800_000, Place::Segment)), ..linux() };
        assert_eq!(seen(&image.build()).unwrap().unseen.as_deref(), unseen);
    }
}

#[test]
fn a_guest_section() {
    let most = usize::try_from(MAX_GUEST_SECTION).unwrap();
    for (at, read) in [(most - 9, true), (most - 8, false)] {
        let mut text = vec![b','; at];
        text.extend(b"VIRT_BASE=7\0");
        let image = Image { guest_section: Some(text), ..Image::new(&[]) };
        let xen = seen(&image.build()).unwrap().elf.unwrap().xen.unwrap();
        // The name is whole up to its last character, and has no value beyond.
        assert_eq!(xen.virt_base.is_some(), read, "{at}");
    }
}

/// An xz stream without checks, in blocks of one uncompressed chunk each.
fn xz_by_hand(bytes: &[u8], block: usize) -> Vec<u8> {
    let mut stream = b"\xfd7zXZ\0\0\0\xff\x12\xd9\x41".to_vec();
    for piece in bytes.chunks(block) {
        // LZMA2 with a dictionary of 8 MiB, and zeros where there would be a CRC.
        stream.extend([2, 0, 0x21, 1, 0x16, 0, 0, 0, 0, 0, 0, 0]);
        let start = stream.len();
        let length = u16::try_from(piece.len() - 1).unwrap().to_be_bytes();
        stream.extend([1, length[0], length[1]]);
        stream.extend_from_slice(piece);
        stream.push(0);
        stream.resize(start + (stream.len() - start).next_multiple_of(4), 0);
    }
    stream.push(0);
    stream
}

#[test]
fn blocks_of_xz() {
    let most = usize::try_from(kernel_image::limits::MAX_XZ_BLOCKS).unwrap();
    let image = Image { body: vec![0x90; 64], ..Image::new(&[]) };
    for (blocks, seen_into) in [(most, true), (most + 1, false)] {
        // Without notes all of it is read, up to the section headers at its end. They are moved
        // to the block that is wanted.
        let mut elf = image.build();
        let sections = elf.len() - 2 * 64;
        let tail = elf.split_off(sections);
        elf.resize((blocks - 1) * 200, 0);
        let moved = elf.len() as u64;
        elf[40..48].copy_from_slice(&moved.to_le_bytes());
        elf.extend(tail);
        let packed = xz_by_hand(&elf, 200);
        let kernel = seen(&bzimage(&with_size(packed, elf.len()))).unwrap();
        assert_eq!(kernel.unseen.is_none(), seen_into, "{:?}", kernel.unseen);
    }
}

#[test]
fn unpacked_bytes() {
    let file = gzip(&linux().build());
    // The note ends at 100,000 and some; 256 bytes behind it are read.
    for (unpacked, seen_into) in [(50_000, false), (100_000, false), (120_000, true)] {
        let limits = Limits { unpacked, ..Limits::default() };
        let kernel = look(Cursor::new(&file), &limits).unwrap();
        assert_eq!(kernel.unseen.is_none(), seen_into);
        assert!(seen_into || passes_unseen(&kernel));
    }
}

#[test]
fn exactly_as_many_unpacked_bytes_as_allowed() {
    let mut image = linux();
    // Notes that end with the file, so that what is needed is known to the byte.
    image.notes.as_mut().unwrap().1 = 100_000;
    let file = gzip(&image.build());
    let needed = 100_000 + image.notes.as_ref().unwrap().0.len() as u64 + 256;
    for (unpacked, seen_into) in [(needed, true), (needed - 1, false)] {
        let limits = Limits { unpacked, ..Limits::default() };
        let kernel = look(Cursor::new(&file), &limits).unwrap();
        assert_eq!(kernel.unseen.is_none(), seen_into, "{:?}", kernel.unseen);
    }
}

#[test]
fn windows() {
    let elf = linux().build();
    let size = u32::try_from(elf.len()).unwrap();
    for (name, file) in compressed(&elf) {
        for (window, seen_into) in [(size, true), (1000, matches!(name, "gzip" | "lz4"))] {
            let limits = Limits { window, ..Limits::default() };
            let kernel = look(Cursor::new(&file), &limits).unwrap();
            let got = kernel.unseen.is_none();
            // zstd and xz name the window that their encoder used, not what is needed.
            assert!(got == seen_into || name == "zstd", "{name} {window}: {:?}", kernel.unseen);
            assert!(got || passes_unseen(&kernel), "{name}");
        }
    }
}

/// A file that is as long as it says, of zeros but for its start.
struct Long {
    start: Vec<u8>,
    position: u64,
    size: u64,
}

impl Read for Long {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from((self.size - self.position).min(out.len() as u64)).unwrap();
        for byte in &mut out[..count] {
            let at = usize::try_from(self.position).unwrap();
            *byte = self.start.get(at).copied().unwrap_or(0);
            self.position += 1;
        }
        Ok(count)
    }
}

impl Seek for Long {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(0) => self.size,
            other => panic!("{other:?}"),
        };
        Ok(self.position)
    }
}

#[test]
fn the_largest_kernel_of_xen() {
    for (size, fits) in [(XEN_MAX_KERNEL, true), (XEN_MAX_KERNEL + 1, false)] {
        let input = Long { start: linux().build(), position: 0, size };
        match look(input, &Limits::default()) {
            Ok(kernel) => assert!(fits && kernel.unseen.is_none()),
            Err(LookError::TooLarge { bytes, unpacked: false }) => {
                assert!(!fits && bytes == size);
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn the_largest_kernel_of_xen_unpacked() {
    let most = u32::try_from(XEN_MAX_KERNEL).unwrap();
    let elf = linux().build();
    for (size, fits) in [(most, true), (most + 1, false)] {
        let mut payload = zstd(&elf);
        payload.extend(size.to_le_bytes());
        let error = seen(&bzimage(&payload)).err();
        assert_eq!(error.is_none(), fits);
        assert!(error.is_none_or(|error| error.to_string().contains("when unpacked")));
    }
    // Xen's buffer for gzip is 16 bytes longer, and counts.
    let mut packed = gzip(&elf);
    let size_at = packed.len() - 4;
    for (size, fits) in [(most - 16, true), (most - 15, false)] {
        packed[size_at..].copy_from_slice(&size.to_le_bytes());
        assert_eq!(seen(&packed).is_ok(), fits);
    }
}

/// Gigabytes out of a small file: it ends at the limit, in a time that is bounded by it.
#[test]
fn bombs() {
    let mut elf = linux().build();
    // The notes are said to stand at 900 MB.
    elf[64 + 56 + 8..64 + 56 + 16].copy_from_slice(&900_000_000_u64.to_le_bytes());
    elf.resize(20 << 20, 0);
    let limits = Limits { unpacked: 10 << 20, ..Limits::default() };
    let claims = 1_000_000_000;
    let mut gz = gzip(&elf);
    let size_at = gz.len() - 4;
    gz[size_at..].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    let files = [
        ("gzip", bzimage(&gz)),
        ("whole gzip", gz),
        ("zstd", bzimage(&with_size(zstd(&elf), claims))),
        ("xz", bzimage(&with_size(xz(&elf, XzOptions::with_preset(0)), claims))),
    ];
    for (name, file) in files {
        assert!(file.len() < 1 << 20, "{name} is a bomb: {}", file.len());
        let start = Instant::now();
        let kernel = look(Cursor::new(&file), &limits).unwrap();
        assert!(passes_unseen(&kernel), "{name}: {kernel:?}");
        assert!(start.elapsed() < Duration::from_secs(30), "{name}");
    }
}

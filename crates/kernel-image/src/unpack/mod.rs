//! Streams that unpack a kernel: one decoder for each compression, all of them `std::io::Read`.
//!
//! gzip, LZMA and zstd come from crates without C code. LZ4 is short enough to be here.
//! For bzip2 and LZO there is no crate that is small, looked after and under a licence that fits,
//! and hardly a kernel of this decade uses them: they count as what cannot be looked into.

mod lz4;
mod xz;
mod zstd;

use std::fmt;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use lzma_rust2::LzmaReader;

use self::lz4::Lz4;
use self::xz::Xz;
use self::zstd::Zstd;
use crate::compression::Compression;

/// A stream of what `source` holds, which is compressed by `compression`.
///
/// `unpacked` is the length that the kernel itself claims, and makes decoders smaller; if it lies,
/// Xen cannot unpack the kernel either. An [`Unsupported`] in an error says that the data may be
/// sound. Any other error but one of `source` says that they are not.
pub(crate) fn open<'a, B: BufRead + 'a>(
    compression: Compression,
    source: B,
    unpacked: u32,
    window: u32,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::Gzip => Box::new(GzDecoder::new(source)),
        Compression::Lz4 => Box::new(Lz4::new(source)),
        Compression::Xz => Box::new(Xz::new(source, window, unpacked)?),
        Compression::Zstd => Box::new(Zstd::new(source, window)),
        Compression::Lzma => Box::new(open_lzma(source, unpacked, window)?),
        Compression::Bzip2 | Compression::Lzo => {
            return Err(Unsupported::error("rpxeboot has no decoder for it"));
        }
    })
}

/// The header of 13 bytes: properties, dictionary, and a length or -1.
fn open_lzma<B: BufRead>(mut source: B, unpacked: u32, window: u32) -> io::Result<LzmaReader<B>> {
    let mut header = [0; 13];
    source.read_exact(&mut header)?;
    let [properties, d0, d1, d2, d3, length @ ..] = header;
    let dictionary = u32::from_le_bytes([d0, d1, d2, d3]).min(unpacked);
    if dictionary > window {
        return Err(Unsupported::error("it needs a very large dictionary"));
    }
    let length = u64::from_le_bytes(length);
    LzmaReader::new_with_props(source, length, properties, dictionary, None)
}

/// Why data are not unpacked though they may be sound.
#[derive(Debug)]
pub(crate) struct Unsupported(&'static str);

impl Unsupported {
    fn error(why: &'static str) -> io::Error {
        io::Error::new(io::ErrorKind::Unsupported, Unsupported(why))
    }

    /// The reason in `error`, if it is one of these.
    pub(crate) fn of(error: &io::Error) -> Option<&'static str> {
        error.get_ref()?.downcast_ref::<Unsupported>().map(|found| found.0)
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unsupported {}

fn corrupt(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unpacks all of it, in pieces of this size.
    fn unpacked(compression: Compression, packed: &[u8], piece: usize) -> Vec<u8> {
        let mut stream = open(compression, packed, 1 << 24, 1 << 27).unwrap();
        let (mut all, mut bytes) = (Vec::new(), vec![0; piece]);
        loop {
            match stream.read(&mut bytes).unwrap() {
                0 => return all,
                read => all.extend_from_slice(&bytes[..read]),
            }
        }
    }

    #[test]
    fn all_decoders_make_the_same_of_the_same_file() {
        // gzip is checked by its own CRC-32.
        let gzip = include_bytes!("../../tests/data/sample.gz");
        let sample = unpacked(Compression::Gzip, gzip, 4096);
        assert!(sample.starts_with(b"\x7fELF"));
        let samples: [(Compression, &[u8]); 4] = [
            (Compression::Xz, include_bytes!("../../tests/data/sample.xz")),
            (Compression::Zstd, include_bytes!("../../tests/data/sample.zst")),
            (Compression::Lz4, include_bytes!("../../tests/data/sample.lz4")),
            (Compression::Lzma, include_bytes!("../../tests/data/sample.lzma")),
        ];
        for (compression, packed) in samples {
            for piece in [1, 7, 65_537, 1 << 20] {
                let all = unpacked(compression, packed, piece);
                assert!(all == sample, "{compression} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn lz4_matches_that_overlap_themselves() {
        // One literal, then a match of 300 bytes from 1 back, then one of 20 bytes from 3 back.
        let block = b"\x3fabc\x01\0\xff\x1a\x0f\x03\0\x01\x10z";
        let packed = [&b"\x02\x21\x4c\x18\x0e\0\0\0"[..], block].concat();
        let wanted = [&b"abc"[..], &[b'c'; 300], &[b'c'; 20], b"z"].concat();
        assert_eq!(unpacked(Compression::Lz4, &packed, 64), wanted);
        // From 2 back, an odd number of bytes: the pieces keep their step.
        let packed = b"\x02\x21\x4c\x18\x08\0\0\0\x2fxy\x02\0\x06\x10!";
        let wanted = [b"xy".repeat(13).as_slice(), b"x!"].concat();
        assert_eq!(unpacked(Compression::Lz4, packed, 64), wanted);
    }

    #[test]
    fn lz4_matches_from_before_the_start() {
        let packed = b"\x02\x21\x4c\x18\x06\0\0\0\x10a\x02\0\x10z";
        let mut stream = open(Compression::Lz4, &packed[..], 100, 1 << 20).unwrap();
        let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("before the start"), "{error}");
    }
}

//! Streams that unpack a kernel: one decoder for each compression, all of them `std::io::Read`.
//!
//! gzip, LZMA and zstd come from crates that have no unsafe code. LZ4 is short enough to be here.
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

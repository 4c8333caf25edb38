//! The compressions of Linux kernels, and which of them Xen unpacks.
//!
//! Follows `xc_dom_probe_bzimage_kernel` (tools/libs/guest/xg_dom_bzimageloader.c).

use std::fmt;

/// How a kernel is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip: the only one that Xen also unpacks when a whole file is compressed by it.
    Gzip,
    /// bzip2. This crate does not look into it.
    Bzip2,
    /// LZMA with its old header of 13 bytes.
    Lzma,
    /// xz: LZMA2, mostly behind a filter for x86 code.
    Xz,
    /// lzop's format of LZO. This crate does not look into it.
    Lzo,
    /// LZ4 with the legacy header of Linux kernels.
    Lz4,
    /// zstd.
    Zstd,
}

impl Compression {
    /// What Xen takes these first bytes of a bzImage's payload for.
    pub(crate) fn of(head: &[u8]) -> Option<Compression> {
        const MAGIC: [(&[u8], Compression); 7] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"BZh", Compression::Bzip2),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\x5d\0", Compression::Lzma),
            (b"\x89LZO\0", Compression::Lzo),
            (b"\x02\x21", Compression::Lz4),
        ];
        MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, found)| found)
    }

    /// The first release of Xen whose tools unpack it, as (major, minor); `None` if every release
    /// in use does. The tools of a distribution may lack one for having been built without its
    /// library, and may have zstd earlier, so this is a hint and no verdict.
    #[must_use]
    pub fn since_xen(self) -> Option<(u16, u16)> {
        match self {
            Compression::Zstd => Some((4, 15)),
            Compression::Gzip
            | Compression::Bzip2
            | Compression::Lzma
            | Compression::Xz
            | Compression::Lzo
            | Compression::Lz4 => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Gzip => "gzip",
            Compression::Bzip2 => "bzip2",
            Compression::Lzma => "lzma",
            Compression::Xz => "xz",
            Compression::Lzo => "lzo",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}

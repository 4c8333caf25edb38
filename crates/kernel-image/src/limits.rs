//! Every limit on what a kernel file may make this crate hold or do.
//!
//! Memory: a look holds at most one decoder window ([`Limits::window`]), the notes and headers
//! below, and less than 1 MiB of buffers. A file that is compressed as a whole and holds a
//! compressed kernel in turn has two decoders; the outer one is gzip, with a window of 32 KiB.
//! Unpacked bytes are dropped as they come, but by zstd, whose decoder keeps a window of them.

/// Longest kernel that Xen takes, packed and unpacked, in bytes. Xen: `XC_DOM_DECOMPRESS_MAX`.
pub const XEN_MAX_KERNEL: u64 = 1 << 30;

/// Program headers of an ELF file that are looked at. Linux has about five.
pub const MAX_PROGRAM_HEADERS: u16 = 512;

/// Section headers of an ELF file that are looked at. Linux has about forty.
pub const MAX_SECTION_HEADERS: u16 = 4096;

/// Bytes of one note segment, of one note section, and of the table of section names.
pub const MAX_NOTE_BYTES: u64 = 1 << 20;

/// Notes of a file, of any owner. Xen takes 65,536; Linux has about twenty-five.
pub const MAX_NOTES: u32 = 65_536;

/// Bytes of a legacy `__xen_guest` section that are read.
pub const MAX_GUEST_SECTION: u64 = 4096;

/// Characters of a text out of a file (a version, the name of a guest system) that are kept.
pub const MAX_TEXT: usize = 128;

/// Blocks of an xz stream. `xz` makes one for each 128 MiB or so.
pub const MAX_XZ_BLOCKS: u32 = 4096;

/// Limits on one look at a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that are unpacked in all, before a kernel counts as one that cannot be looked into.
    /// When a kernel has no note where notes belong, it is unpacked up to three times to be sure.
    pub unpacked: u64,
    /// Largest window of a decoder, in bytes. `zstd --ultra -22`, which Linux uses, asks for
    /// 128 MiB. A decoder takes as much only if the kernel is that large when unpacked.
    pub window: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { unpacked: 512 << 20, window: 128 << 20 }
    }
}

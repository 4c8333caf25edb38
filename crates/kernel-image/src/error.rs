//! What makes Xen refuse a file whatever the guest is.

use std::io;

use thiserror::Error;

use crate::compression::Compression;
use crate::limits::XEN_MAX_KERNEL;

/// Why a file is no kernel that any guest of Xen could boot. Each text goes on after the file's
/// name and a colon, and is printable whatever the file holds.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LookError {
    /// The input gave an error.
    #[error("cannot read it back: {0}")]
    Read(#[source] io::Error),
    /// No byte.
    #[error("the file is empty: look at the file on the server")]
    Empty,
    /// More bytes than Xen takes, packed or unpacked.
    #[error(
        "it has {bytes} bytes{}, and Xen takes no kernel of more than {XEN_MAX_KERNEL}: is it the \
         right file?",
        if *unpacked { " when unpacked" } else { "" }
    )]
    TooLarge {
        /// The size in bytes.
        bytes: u64,
        /// Whether it is the size that the compressed data claim.
        unpacked: bool,
    },
    /// Something else than a kernel, and what.
    #[error("it is not a kernel, but {0}")]
    Stranger(Stranger),
    /// It ends before its own headers say.
    #[error(
        "it is cut off: {} {says} bytes, and it has {has}; compare with the file on the server, \
         and fetch it again",
        if *unpacked { "unpacked it should have" } else { "its header speaks of" }
    )]
    Truncated {
        /// Bytes that there should be.
        says: u64,
        /// Bytes that there are.
        has: u64,
        /// Whether the compressed kernel in it is meant, and not the file.
        unpacked: bool,
    },
    /// The compressed kernel cannot be unpacked.
    #[error(
        "its {compression} data are damaged ({detail}); compare with the file on the server, and \
         fetch it again"
    )]
    Corrupt {
        /// The compression.
        compression: Compression,
        /// What the decoder says.
        detail: String,
    },
    /// The compressed kernel ends before it is whole.
    #[error(
        "it is cut off: its {compression} data end too early; compare with the file on the \
         server, and fetch it again"
    )]
    EndsEarly {
        /// The compression.
        compression: Compression,
    },
    /// A boot protocol from before 2.08.
    #[error(
        "Xen needs the Linux boot protocol 2.08 (Linux 2.6.24) or later, and this{} speaks \
         {}.{:02}: it is made to be started by a BIOS; give the Linux kernel itself",
        version.as_ref().map_or(String::new(), |text| format!(" ({text})")), protocol.0, protocol.1
    )]
    OldProtocol {
        /// Major and minor number.
        protocol: (u8, u8),
        /// The version that its header gives.
        version: Option<String>,
    },
    /// A bzImage whose payload Xen cannot unpack.
    #[error(
        "its payload is {}, and Xen unpacks only gzip, bzip2, xz, lzma, lzo, lz4 and zstd: use a \
         kernel with CONFIG_KERNEL_GZIP or another of these",
        if *elf { "not compressed" } else { "compressed in an unknown way" }
    )]
    Payload {
        /// Whether it is an ELF file as it is.
        elf: bool,
    },
    /// A bzImage or a gzip file with something else than an ELF file in it.
    #[error("what is compressed in it is no ELF file, so no kernel that Xen can load")]
    NoElf,
    /// An ELF file with the byte order of other machines.
    #[error("it is a big-endian ELF file: it was built for another kind of machine")]
    BigEndian,
    /// An ELF file without a segment to load.
    #[error("it is an ELF file with nothing to load: a module or an object file, not a kernel")]
    NothingToLoad,
}

/// What a file is that is not a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Stranger {
    /// Text with tags.
    #[error(
        "a web page{}: the server may have sent an error page with status 200; open the address \
         in a browser",
        title.as_ref().map_or(String::new(), |title| format!(" (\"{title}\")"))
    )]
    WebPage {
        /// The page's title.
        title: Option<String>,
    },
    /// Printable text.
    #[error("text (\"{0}\"): look at the file on the server")]
    Text(String),
    /// Nothing but zero bytes at its start.
    #[error("zero bytes: a download or a copy on the server was broken off; fetch it again")]
    Zeros,
    /// A cpio archive.
    #[error("an initrd (a cpio archive): are KERNEL and INITRD exchanged?")]
    Initrd,
    /// A PE file without a Linux kernel that Xen can take out.
    #[error("an EFI program: Xen's PV and PVH guests have no EFI; give the Linux kernel itself")]
    Efi,
    /// An arm64 kernel that unpacks itself under EFI.
    #[error(
        "a compressed arm64 kernel for EFI (CONFIG_EFI_ZBOOT), which Xen cannot load: use the \
         file Image or Image.gz of the same kernel"
    )]
    EfiZboot,
    /// A program that a BIOS or PXE starts.
    #[error(
        "a boot program for a BIOS or PXE, such as pxelinux.0: a PV or PVH guest cannot run it; \
         give the Linux kernel itself"
    )]
    BootProgram,
    /// A Syslinux module.
    #[error("a module of Syslinux (COM32): a PV or PVH guest cannot run it")]
    Com32,
    /// An image of a disk or CD.
    #[error("{0}: give the kernel that is in it")]
    Image(&'static str),
    /// A file that is compressed as a whole by something else than gzip.
    #[error(
        "a file compressed by {0}, and of those Xen unpacks only gzip: unpack it on the server"
    )]
    Compressed(Compression),
    /// gzip in gzip.
    #[error("compressed twice by gzip, and Xen unpacks it once: unpack it on the server")]
    GzipTwice,
    /// None of the above, in a file compressed by gzip.
    #[error("a gzip file that holds no kernel")]
    Gzip,
    /// None of the above.
    #[error(
        "something that Xen does not know: neither a bzImage, nor an ELF file, nor an Arm Image"
    )]
    Unknown,
}

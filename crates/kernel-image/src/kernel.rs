//! What a kernel file is.

use crate::compression::Compression;
use crate::elf::Elf;

/// A kernel that a guest of some kind may be able to boot.
///
/// [`Kernel::for_guest`](crate::Kernel::for_guest) says whether one of a given kind is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kernel {
    /// What the file is.
    pub form: Form,
    /// Whether the whole file is compressed by gzip. Xen unpacks it before it looks.
    pub gzipped: bool,
    /// The kernel proper; `None` for Arm, and where it could not be looked into.
    pub elf: Option<Elf>,
    /// Why it could not be looked into. Such a kernel is never refused.
    pub unseen: Option<String>,
}

/// The forms of kernel that Xen's tools have a loader for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Linux for x86, with a compressed ELF file in it.
    BzImage(BzImage),
    /// An ELF file as it is.
    Elf,
    /// Linux for arm64, uncompressed.
    Arm64Image,
    /// Linux for 32-bit Arm: a zImage.
    Arm32Image,
    /// A plain binary with Xen's `xEn3` table in it. Nothing more is known of it.
    XenBinary,
    /// A gzip file that could not be looked into.
    Unseen,
}

/// The header of Linux for x86.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BzImage {
    /// The boot protocol, such as (2, 15).
    pub protocol: (u8, u8),
    /// The kernel's version, such as `6.1.0-18-amd64 (...) #1 SMP ...`.
    pub version: Option<String>,
    /// How the kernel proper is compressed.
    pub compression: Compression,
}

impl Kernel {
    pub(crate) fn new(form: Form, gzipped: bool) -> Kernel {
        Kernel { form, gzipped, elf: None, unseen: None }
    }

    /// Where a PV guest starts, a virtual address: what the kernel says to Xen, or else where its
    /// ELF header says. `None` if it says nothing to Xen, or could not be looked into.
    #[must_use]
    pub fn pv_entry(&self) -> Option<u64> {
        let elf = self.elf.as_ref()?;
        Some(elf.xen.as_ref()?.entry.unwrap_or(elf.entry))
    }

    /// Where a PVH guest starts, a physical address. `None` if it says nothing of PVH, or could
    /// not be looked into.
    #[must_use]
    pub fn pvh_entry(&self) -> Option<u64> {
        self.elf.as_ref()?.xen.as_ref()?.pvh_entry
    }

    /// Linux's version, from a bzImage's header.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match &self.form {
            Form::BzImage(image) => image.version.as_deref(),
            _ => None,
        }
    }

    /// How the kernel proper is compressed; `None` if it is not.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        match &self.form {
            Form::BzImage(image) => Some(image.compression),
            _ => self.gzipped.then_some(Compression::Gzip),
        }
    }
}

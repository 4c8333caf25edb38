//! The look itself: what a file is, in the order in which Xen's loaders would find out.
//!
//! Follows `xc_dom_kernel_file` (gzip around everything, xg_dom_core.c), the probes of
//! xg_dom_bzimageloader.c, xg_dom_elfloader.c, xg_dom_binloader.c and xg_dom_armzimageloader.c,
//! and Linux's Documentation/arch/x86/boot.rst and arch/arm64/booting.rst.

use std::io::{Read, Seek};

use crate::compression::Compression;
use crate::elf::{self, Halt};
use crate::error::LookError;
use crate::kernel::{BzImage, Form, Kernel};
use crate::limits::{Limits, MAX_TEXT, XEN_MAX_KERNEL};
use crate::number::{text, u16_at, u32_at};
use crate::source::{Shared, Source, Trouble, View};
use crate::stranger::{self, ISO_MAGIC};

/// The first bytes of a file, as many as Xen's probes look at: `xEn3` may stand within 8 KiB.
const HEAD: u64 = 8192 + 32;

/// As long as the part of a bzImage's header that Xen looks at.
const SETUP_HEADER: usize = 0x250;

/// Looks at a kernel.
///
/// `input` is read at several places, from its start whatever its position is, and no further
/// than needed.
///
/// # Errors
///
/// [`LookError`] if it is certain that no guest of Xen can boot the file, or if `input` gives an
/// error. Whatever is in doubt passes, with [`Kernel::unseen`] set.
pub fn look<'a, R: Read + Seek + 'a>(input: R, limits: &Limits) -> Result<Kernel, LookError> {
    let shared = Shared::new(Box::new(input), *limits);
    let file = shared.file().map_err(LookError::Read)?;
    if file.size() == 0 {
        return Err(LookError::Empty);
    }
    if file.size() > XEN_MAX_KERNEL {
        return Err(LookError::TooLarge { bytes: file.size(), unpacked: false });
    }
    let mut view = file.view();
    let head = view.head(0, HEAD).map_err(|trouble| refuse(trouble, &file))?;
    if Compression::of(&head) != Some(Compression::Gzip) {
        return identify(&mut view, &head, false);
    }
    let inner = gzipped(&file)?;
    let mut view = inner.view();
    match view.head(0, HEAD) {
        Ok(head) if (head.len() as u64) < inner.size().min(HEAD) => {
            Err(refuse(Trouble::End(HEAD), &inner))
        }
        Ok(head) => identify(&mut view, &head, true),
        Err(Trouble::Unseen(why)) => {
            Ok(Kernel { unseen: Some(why), ..Kernel::new(Form::Unseen, true) })
        }
        Err(trouble) => Err(refuse(trouble, &inner)),
    }
}

/// What is in a file that is a gzip file as a whole. Xen believes the length at its end.
fn gzipped<'a>(file: &Source<'a>) -> Result<Source<'a>, LookError> {
    let size = file.size();
    let last = file.view().bytes(size.saturating_sub(4), size.min(4));
    let last = last.map_err(|trouble| refuse(trouble, file))?;
    let length = u32_at(&last, 0).unwrap_or(0);
    if u64::from(length).saturating_add(16) > XEN_MAX_KERNEL {
        return Err(LookError::TooLarge { bytes: u64::from(length), unpacked: true });
    }
    Ok(file.unpacked(0, size, Compression::Gzip, length))
}

fn identify(view: &mut View<'_>, head: &[u8], gzipped: bool) -> Result<Kernel, LookError> {
    if head.starts_with(b"\x7fELF") {
        return with_elf(Kernel::new(Form::Elf, gzipped), view);
    }
    if head.len() >= SETUP_HEADER && head.get(0x202..0x206) == Some(b"HdrS") {
        return bzimage(view, head, gzipped);
    }
    if let Some(form) = plain_form(head) {
        if form == Form::Arm32Image {
            whole_arm32(view, head)?;
        }
        return Ok(Kernel::new(form, gzipped));
    }
    let iso = if gzipped { Ok(Vec::new()) } else { view.head(ISO_MAGIC, 5) };
    let iso = iso.map_err(|trouble| refuse(trouble, view.source()))?;
    Err(LookError::Stranger(stranger::name(head, &iso, gzipped)))
}

/// The forms without an ELF file in them.
fn plain_form(head: &[u8]) -> Option<Form> {
    const ARM64_FIRST: u32 = 0x1400_0008;
    const ARM64: u32 = 0x644d_5241;
    const ARM32: u32 = 0x016f_2818;
    const XEN3: u32 = 0x336e_c578;
    if head.len() >= 64
        && (u32_at(head, 0) == Some(ARM64_FIRST) || u32_at(head, 0x38) == Some(ARM64))
    {
        return Some(Form::Arm64Image);
    }
    if head.len() >= 0x30 && u32_at(head, 0x24) == Some(ARM32) {
        return Some(Form::Arm32Image);
    }
    let table = head.windows(12).step_by(4).find(|table| {
        let field = |at| u32_at(table, at).unwrap_or(0);
        field(0) == XEN3 && XEN3.wrapping_add(field(4)).wrapping_add(field(8)) == 0
    });
    table.map(|_| Form::XenBinary)
}

/// A zImage says where it ends; a device tree may follow.
fn whole_arm32(view: &View<'_>, head: &[u8]) -> Result<(), LookError> {
    let (start, end) = (u32_at(head, 0x28).unwrap_or(0), u32_at(head, 0x2c).unwrap_or(0));
    let (says, has) = (u64::from(end.saturating_sub(start)), view.source().room());
    let unpacked = view.source().compression().is_some();
    if says > has { Err(LookError::Truncated { says, has, unpacked }) } else { Ok(()) }
}

fn bzimage(view: &mut View<'_>, head: &[u8], gzipped: bool) -> Result<Kernel, LookError> {
    let word = |at| u32_at(head, at).unwrap_or(0);
    let [minor, major] = u16_at(head, 0x206).unwrap_or(0).to_le_bytes();
    let protocol = (major, minor);
    let version = version(view, head)?;
    if protocol < (2, 8) {
        return Err(LookError::OldProtocol { protocol, version });
    }
    // Unlike Linux's own loaders, Xen does not take 0 sectors for 4.
    let setup = u64::from(head.get(0x1f1).copied().unwrap_or(0)).saturating_add(1);
    let start = setup.saturating_mul(512).saturating_add(u64::from(word(0x248)));
    let length = u64::from(word(0x24c));
    let (says, has) = (start.saturating_add(length), view.source().room());
    if says > has || start >= has {
        let unpacked = view.source().compression().is_some();
        return Err(LookError::Truncated { says, has, unpacked });
    }
    let magic = view.head(start, length.min(8));
    let last = view.head(start.saturating_add(length.saturating_sub(4)), length.min(4));
    let (magic, last) = match (magic, last) {
        (Ok(magic), Ok(last)) => (magic, last),
        (Err(trouble), _) | (_, Err(trouble)) => {
            let kernel = Kernel::new(Form::Unseen, gzipped);
            return unseen(kernel, trouble, view.source());
        }
    };
    let compression = Compression::of(&magic)
        .ok_or_else(|| LookError::Payload { elf: magic.starts_with(b"\x7fELF") })?;
    let size = u32_at(&last, 0).unwrap_or(0);
    if u64::from(size) > XEN_MAX_KERNEL {
        return Err(LookError::TooLarge { bytes: u64::from(size), unpacked: true });
    }
    // All but gzip have the length behind their data, where it is none of them.
    let packed = length.saturating_sub(if compression == Compression::Gzip { 0 } else { 4 });
    let kernel = Kernel::new(Form::BzImage(BzImage { protocol, version, compression }), gzipped);
    with_elf(kernel, &mut view.source().unpacked(start, packed, compression, size).view())
}

/// The text at which the header's `kernel_version` points.
fn version(view: &mut View<'_>, head: &[u8]) -> Result<Option<String>, LookError> {
    let at = match u16_at(head, 0x20e) {
        None | Some(0) => return Ok(None),
        Some(at) => u64::from(at).saturating_add(0x200),
    };
    match view.head(at, MAX_TEXT as u64) {
        Ok(bytes) => Ok(Some(text(&bytes)).filter(|text| !text.is_empty())),
        Err(Trouble::Unseen(_)) => Ok(None),
        Err(trouble) => Err(refuse(trouble, view.source())),
    }
}

/// The kernel with what is known of the ELF file in `view`.
fn with_elf(kernel: Kernel, view: &mut View<'_>) -> Result<Kernel, LookError> {
    match view.head(0, 4) {
        Ok(magic) if magic == b"\x7fELF" => {}
        Ok(magic) if magic.len() == 4 => return Err(LookError::NoElf),
        Ok(_) => return Err(refuse(Trouble::End(64), view.source())),
        Err(trouble) => return unseen(kernel, trouble, view.source()),
    }
    match elf::read(view) {
        Ok(elf) => Ok(Kernel { elf: Some(elf), ..kernel }),
        Err(Halt::Refused(error)) => Err(error),
        Err(Halt::Trouble(trouble)) => unseen(kernel, trouble, view.source()),
    }
}

fn unseen(kernel: Kernel, trouble: Trouble, source: &Source<'_>) -> Result<Kernel, LookError> {
    match trouble {
        Trouble::Unseen(why) => Ok(Kernel { unseen: Some(why), ..kernel }),
        trouble => Err(refuse(trouble, source)),
    }
}

fn refuse(trouble: Trouble, source: &Source<'_>) -> LookError {
    match (trouble, source.compression()) {
        (Trouble::Input(error), _) => LookError::Read(error),
        (Trouble::Corrupt(compression, detail), _) => {
            LookError::Corrupt { compression, detail: text(detail.as_bytes()) }
        }
        (Trouble::End(_), Some(compression)) => LookError::EndsEarly { compression },
        (Trouble::End(says), None) => {
            LookError::Truncated { says, has: source.size(), unpacked: false }
        }
        // Where there is nothing yet of which it could be said that it was not seen.
        (Trouble::Unseen(why), _) => LookError::Read(std::io::Error::other(why)),
    }
}

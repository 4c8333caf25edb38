//! What boots: kernel, command line and initrds, as `src/arch/x86/image/bzimage.c` and
//! `src/core/cpio.c` put them together, and what a Xen guest cannot boot.
//!
//! Xen started as a multiboot kernel leads to its first module, which a guest boots without it. The
//! other modules are initrds.

use crate::command::{Flow, Stop};
use crate::error::Cause;
use crate::image::{Image, Role};
use crate::outcome::{Boot, Initrd, Outcome, Place, Pxelinux};
use crate::run::Run;
use crate::text::strtoul;

/// What a file is to a Xen guest, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pxelinux,
    Unbootable(&'static str),
    Other,
}

pub(crate) fn kind(file: &[u8]) -> Kind {
    let file = file.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| file.ends_with(end.as_bytes()));
    match file.as_slice() {
        b"pxelinux.0" | b"lpxelinux.0" | b"gpxelinux.0" => return Kind::Pxelinux,
        b"wimboot" => return Kind::Unbootable("wimboot starts Windows"),
        b"memdisk" => return Kind::Unbootable("memdisk starts a disk image through a BIOS"),
        b"grub.exe" | b"grldr" => return Kind::Unbootable("it is a boot loader for a BIOS"),
        _ => {}
    }
    if ends(&[".efi"]) {
        Kind::Unbootable("it is an EFI program")
    } else if ends(&[".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".lkrn", ".com", ".bs"]) {
        Kind::Unbootable("it is a network boot program for a BIOS")
    } else if ends(&[".c32"]) {
        Kind::Unbootable("it is a SYSLINUX module for a BIOS")
    } else if ends(&[".iso", ".dsk", ".vhd", ".usb"]) {
        Kind::Unbootable("it is the image of a disk")
    } else {
        Kind::Other
    }
}

/// Whether a file that is no script may be a kernel: a bzImage, an ELF file, or a compressed one.
pub(crate) fn looks_like_kernel(bytes: &[u8]) -> bool {
    bytes.get(0x202..0x206) == Some(b"HdrS")
        || bytes.starts_with(b"\x7fELF")
        || bytes.starts_with(b"\x1f\x8b")
}

/// Xen itself, by its name: `xen`, `xen.gz`, `xen-4.17-amd64.gz`.
fn is_xen(file: &[u8]) -> bool {
    matches!(file, b"xen")
        || matches!(file, [b'x', b'e', b'n', b'.' | b'-', ..])
            && !file.windows(7).any(|part| part == b"vmlinuz")
}

impl Run {
    /// Boots an image that is a kernel, or fails.
    pub(crate) fn boot(&mut self, index: usize) -> Result<Flow, Stop> {
        let image = self.images.get(index).ok_or(Cause::NoKernel)?;
        let file = crate::uri::basename(&image.url);
        match kind(file) {
            Kind::Pxelinux => return Ok(Flow::Done(self.pxelinux(image.url.clone()))),
            Kind::Unbootable(why) => {
                return Err(Cause::Unbootable { image: file.to_vec(), why }.into());
            }
            Kind::Other => {}
        }
        let others = self.images.iter().enumerate().filter(|(i, _)| *i != index);
        let mut others = others.map(|(_, image)| image).filter(|image| image.role == Role::Any);
        let boot = if is_xen(file) || is_xen(&image.name) {
            let why =
                "Xen leads to its first module, and there is none: let \"module\" name a kernel";
            let kernel = others.next();
            let kernel = kernel.ok_or_else(|| Cause::Unbootable { image: file.to_vec(), why })?;
            Boot {
                kernel: kernel.url.clone(),
                command_line: kernel.arguments.clone(),
                initrds: others.map(|image| initrd(image, None)).collect(),
            }
        } else {
            Boot {
                kernel: image.url.clone(),
                command_line: image.arguments.clone(),
                initrds: others.map(|image| initrd(image, place(&image.arguments))).collect(),
            }
        };
        let (length, limit) = (boot.command_line.len(), self.limits.command_line);
        if length > limit {
            return Err(Cause::CommandLine { length, limit }.into());
        }
        let places = boot.initrds.iter().filter_map(|initrd| initrd.place.as_ref());
        let texts = places.map(|place| place.path.as_slice()).chain([boot.command_line.as_slice()]);
        if let Some(byte) = texts.flatten().find(|byte| byte.is_ascii_control()) {
            return Err(Cause::ControlByte(*byte).into());
        }
        Ok(Flow::Done(Outcome::Boot(boot)))
    }

    pub(crate) fn pxelinux(&self, url: String) -> Outcome {
        let option = |number: &[u8]| self.store.text(number).filter(|text| !text.is_empty());
        let (config, prefix) = (option(b"209:string"), option(b"210:string"));
        Outcome::Pxelinux(Pxelinux { url, config, prefix })
    }
}

fn initrd(image: &Image, place: Option<Place>) -> Initrd {
    Initrd { url: image.url.clone(), name: image.name.clone(), place }
}

/// Where a file with these arguments belongs; none if it is an archive of its own.
fn place(arguments: &[u8]) -> Option<Place> {
    let argument = |name: &[u8], radix| {
        let mut words = arguments.split(|&b| b == b' ');
        words.find_map(|word| Some(strtoul(word.strip_prefix(name)?, radix).0))
    };
    let path = arguments.split(|&b| b == b' ').next().filter(|path| !path.is_empty())?;
    Some(Place {
        path: path.to_vec(),
        mode: argument(b"mode=", 8).unwrap_or(0o644),
        directories: argument(b"mkdir=", 10).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name() {
        assert_eq!(kind(b"pxelinux.0"), Kind::Pxelinux);
        assert_eq!(kind(b"lpxelinux.0"), Kind::Pxelinux);
        for file in ["ipxe.efi", "BOOTX64.EFI", "undionly.kpxe", "memdisk", "wimboot", "chain.c32"]
        {
            assert!(matches!(kind(file.as_bytes()), Kind::Unbootable(_)), "{file}");
        }
        for file in ["vmlinuz", "vmlinuz-6.1.0", "linux", "boot.ipxe", "boot.php", "", "bzImage"] {
            assert_eq!(kind(file.as_bytes()), Kind::Other, "{file}");
        }
    }

    #[test]
    fn xen_is_known_by_its_name() {
        for (file, xen) in [
            ("xen", true),
            ("xen.gz", true),
            ("xen-4.17-amd64.gz", true),
            ("xenolinux", false),
            ("vmlinuz-xen", false),
            ("xen-vmlinuz", false),
        ] {
            assert_eq!(is_xen(file.as_bytes()), xen, "{file}");
        }
    }

    #[test]
    fn a_file_of_the_initial_root_has_a_place() {
        assert_eq!(place(b""), None);
        let made = |path: &str, mode, directories| Place { path: path.into(), mode, directories };
        assert_eq!(place(b"/etc/key"), Some(made("/etc/key", 0o644, 0)));
        let full = place(b"/a/b mode=755 mkdir=-1");
        assert_eq!(full, Some(made("/a/b", 0o755, u32::MAX)));
    }

    #[test]
    fn a_kernel_is_known_by_its_magic() {
        let mut kernel = vec![0; 0x206];
        assert!(!looks_like_kernel(&kernel));
        kernel[0x202..].copy_from_slice(b"HdrS");
        assert!(looks_like_kernel(&kernel));
        assert!(looks_like_kernel(b"\x7fELF\x02"));
        assert!(!looks_like_kernel(b"<html>"));
    }
}

//! What this host has for guests to boot by.
//!
//! pygrub lives in the toolstack's private directory (`LIBEXEC_BIN`), where xl itself looks for
//! a bootloader without a slash; Debian names the directory after Xen's version. GRUB for guests
//! is Debian's grub-xen-host and what other distributions name alike.

use std::path::{Path, PathBuf};

use super::{program, xen};
use crate::cli::GuestKind;

/// rpxeboot, where guests' configs name it.
pub const RPXEBOOT: &str = "/usr/bin/rpxeboot";

/// pygrub's path.
#[must_use]
pub fn pygrub() -> Option<PathBuf> {
    let versioned =
        xen::version().map(|v| PathBuf::from(format!("/usr/lib/xen-{}.{}/bin", v.major, v.minor)));
    let fixed = [
        "/usr/libexec/xen/bin",
        "/usr/lib/xen/bin",
        "/usr/local/libexec/xen/bin",
        "/usr/local/lib/xen/bin",
    ];
    versioned
        .into_iter()
        .chain(fixed.map(PathBuf::from))
        .map(|directory| directory.join("pygrub"))
        .find(|path| program::is_program(path))
        .or_else(|| program::find("pygrub"))
}

/// GRUB as a kernel for a guest of this kind.
#[must_use]
pub fn pvgrub(kind: GuestKind) -> Option<PathBuf> {
    let names: &[&str] = match kind {
        GuestKind::Pv => &[
            "/usr/lib/grub-xen/grub-x86_64-xen.bin",
            "/usr/lib/xen/boot/grub-x86_64-xen.bin",
            "/usr/share/grub2/x86_64-xen/grub.xen",
            "/usr/lib/grub2/x86_64-xen/grub.xen",
        ],
        GuestKind::Pvh => &[
            "/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
            "/usr/lib/xen/boot/grub-i386-xen_pvh.bin",
            "/usr/share/grub2/i386-xen_pvh/grub.xen",
        ],
    };
    names.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Whether a `kernel=` is GRUB, which boots the guest's disk.
#[must_use]
pub fn is_pvgrub(kernel: &str) -> bool {
    let stem = stem(kernel);
    stem.starts_with("grub-") || stem.starts_with("pvgrub") || stem == "grub.xen"
}

/// Whether a `bootloader=` is a program that xl would find: a path, or a name in the
/// toolstack's directory or in PATH.
#[must_use]
pub fn find(bootloader: &str) -> Option<PathBuf> {
    if bootloader.starts_with('/') {
        return Some(PathBuf::from(bootloader)).filter(|path| program::is_program(path));
    }
    if bootloader == "pygrub" {
        return pygrub();
    }
    let private = pygrub().and_then(|path| Some(path.parent()?.join(bootloader)));
    private.filter(|path| program::is_program(path)).or_else(|| program::find(bootloader))
}

/// The last part of a `bootloader=`: what it is, wherever it is.
#[must_use]
pub fn stem(bootloader: &str) -> &str {
    Path::new(bootloader).file_name().and_then(|name| name.to_str()).unwrap_or(bootloader)
}

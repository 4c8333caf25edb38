//! Disks of guests: made by the tools that an installer uses, and broken as an installer that
//! was interrupted leaves them.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::fixtures;
use crate::lab::Lab;
use crate::{process, programs};

/// The menu of an installed guest.
pub const MENU: &str = "\
set timeout=5
menuentry 'Debian GNU/Linux' --class debian {
\tinsmod ext2
\tlinux /boot/vmlinuz-6.1 root=/dev/xvda1 ro quiet
\tinitrd /boot/initrd.img-6.1
}
";
/// Its kernel's command line.
pub const ARGS: &str = "root=/dev/xvda1 ro quiet";
/// Its kernel's path.
pub const KERNEL: &str = "boot/vmlinuz-6.1";
/// Its ramdisk's path.
pub const RAMDISK: &str = "boot/initrd.img-6.1";
/// Where its menu is.
pub const MENU_PATH: &str = "boot/grub/grub.cfg";

const MIB: u64 = 1 << 20;
const FILE_SYSTEM: u64 = 8 * MIB;

/// A partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The one of the PC's BIOS.
    Mbr,
    /// The one of UEFI.
    Gpt,
}

/// The files of an installed guest: those of [`MENU`].
#[must_use]
pub fn installed() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (MENU_PATH, MENU.as_bytes().to_vec()),
        (KERNEL, kernel()),
        (RAMDISK, ramdisk()),
        ("etc/hostname", b"rk\n".to_vec()),
    ]
}

/// The bytes of its kernel.
#[must_use]
pub fn kernel() -> Vec<u8> {
    fixtures::kernel(11, 300_001)
}

/// The bytes of its ramdisk.
#[must_use]
pub fn ramdisk() -> Vec<u8> {
    fixtures::bytes(12, 200_003)
}

/// A disk image that is root's alone, with these bytes.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn image(lab: &Lab, name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(lab, name);
    fs::write(&path, bytes).expect("a disk image");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a disk image");
    path
}

/// An empty disk of `size` bytes.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn empty(lab: &Lab, name: &str, size: u64) -> PathBuf {
    let path = image(lab, name, b"");
    open(&path).set_len(size).expect("a sparse disk image");
    path
}

/// A disk that is one ext4 file system with these files.
///
/// # Panics
/// When mke2fs is missing or fails.
#[must_use]
pub fn ext4(lab: &Lab, name: &str, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let tree = lab.directory(&format!("tree-{name}"));
    for (path, bytes) in files {
        fixtures::write(&tree, path, bytes);
    }
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    let disk = empty(lab, name, FILE_SYSTEM + bytes);
    let mut command = lab.command(programs::installed("mke2fs"));
    command.args(["-q", "-t", "ext4", "-d"]).arg(&tree).arg(&disk);
    process::run(command);
    disk
}

/// A disk with one partition, at 1 MiB, which holds what is on `content`; nothing without it.
///
/// # Panics
/// When sfdisk is missing or fails.
#[must_use]
pub fn partitioned(lab: &Lab, name: &str, table: Table, content: Option<&Path>) -> PathBuf {
    let bytes = content.map(|path| fs::read(path).expect("a file system")).unwrap_or_default();
    let disk = empty(lab, name, 4 * MIB + FILE_SYSTEM.max(bytes.len() as u64));
    let label = if table == Table::Mbr { "dos" } else { "gpt" };
    let mut command = lab.command(programs::installed("sfdisk"));
    command.args(["--quiet", "--no-reread"]).arg(&disk).stdin(Stdio::piped());
    let mut sfdisk = command.spawn().expect("sfdisk can be started");
    let script = format!("label: {label}\nstart=2048\n");
    sfdisk.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("sfdisk reads");
    assert!(sfdisk.wait().expect("sfdisk ends").success(), "sfdisk: {script}");
    write_at(&disk, MIB, &bytes);
    disk
}

/// Overwrites a part of a disk.
///
/// # Panics
/// When it cannot be written.
pub fn write_at(disk: &Path, offset: u64, bytes: &[u8]) {
    open(disk).write_all_at(bytes, offset).expect("a disk image");
}

/// Cuts a disk short.
///
/// # Panics
/// When it cannot be cut.
pub fn cut(disk: &Path, length: u64) {
    open(disk).set_len(length).expect("a disk image");
}

/// Its name is this lab's alone, so that a loop device that stays can be told.
fn path(lab: &Lab, name: &str) -> PathBuf {
    lab.directory(&format!("disk/{}", lab.inner().tag())).join(format!("{name}.img"))
}

fn open(disk: &Path) -> File {
    File::options().write(true).open(disk).expect("a disk image")
}

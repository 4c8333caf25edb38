//! Block devices and room: whether a disk may be taken.

use std::fs::OpenOptions;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::program;
use crate::console::Console;
use crate::failure::Failure;
use crate::values::DiskSize;
use crate::values::size::about;

/// # Errors
/// It is no block device, or somebody uses it: mounted, part of a volume group, open elsewhere.
pub fn refuse_used(path: &Path) -> Result<(), Failure> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no {}", path.display()))
        }
        _ => Failure::io("looking at", path, &error),
    })?;
    if !metadata.file_type().is_block_device() {
        return Err(Failure::refused(format!(
            "{} is no block device: --disk takes one that is there, --disk-size makes an image",
            path.display()
        )));
    }
    // For a block device, the kernel takes it as "nobody else has it" (open(2)).
    let exclusive = OFlag::O_EXCL.bits();
    match OpenOptions::new().read(true).custom_flags(exclusive).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32) => Err(Failure::refused(
            format!("{} is in use: mounted, or part of something else", path.display()),
        )),
        Err(error) => Err(Failure::io("opening", path, &error)),
    }
}

/// What is on a device, in blkid's words; none if it knows nothing there.
///
/// # Errors
/// blkid is missing or cannot tell: then it is not known to be empty.
pub fn contents(path: &Path, console: &Console) -> Result<Option<String>, Failure> {
    let blkid = program::find("blkid").ok_or_else(|| {
        Failure::failed("blkid is missing (util-linux): it tells what is on a disk")
    })?;
    let mut command = Command::new(blkid);
    command.args(["--probe", "--output", "export"]).arg(path);
    let said = program::run(command, program::PATIENCE, console)?;
    match said.status.code() {
        Some(0) => Ok(Some(describe(&said.out))),
        Some(2) => Ok(None),
        _ => Err(Failure::failed(format!("blkid {}: {}", path.display(), said.last_words()))),
    }
}

/// A sentence when a disk of `size` could outgrow the file system it is on; a sparse image can be
/// made there nevertheless.
#[must_use]
pub fn shortage(directory: &Path, size: DiskSize) -> Option<String> {
    let there = directory.ancestors().find(|path| path.exists())?;
    let room = nix::sys::statvfs::statvfs(there).ok()?;
    let free = room.blocks_available().checked_mul(room.fragment_size())?;
    (free < size.bytes()).then(|| {
        format!("{} has {} free: a disk of {size} can fill it up", there.display(), about(free))
    })
}

fn describe(export: &str) -> String {
    let value = |key: &str| {
        export.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
    };
    let kinds = [value("TYPE"), value("PTTYPE").map(|kind| format!("a {kind} partition table"))];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    if kinds.is_empty() { "something that blkid knows".to_owned() } else { kinds.join(", ") }
}

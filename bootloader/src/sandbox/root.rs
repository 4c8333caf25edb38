//! An empty root directory: a small file system of its own, mounted over nothing that anybody else
//! sees, read-only, in a mount namespace of its own. It needs no directory on dom0's disk, and is
//! gone with the process (pivot_root(2) tells of `pivot_root(".", ".")`).

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, pivot_root};

use super::{Raised, refused};
use crate::failure::Failure;

/// A directory that is there for certain: we were executed by a name in it.
const COVERED: &str = "/proc";

pub(super) fn empty() -> Result<Raised, Failure> {
    let refused = |error: nix::Error| refused("leaving dom0's file system", &error);
    unshare(CloneFlags::CLONE_NEWNS).map_err(refused)?;
    let nothing: Option<&str> = None;
    // Whatever is mounted from here on stays in here.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .map_err(refused)?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("rpxeboot"), COVERED, Some("tmpfs"), flags, Some("size=4k,nr_inodes=1,mode=0"))
        .map_err(refused)?;
    chdir(COVERED).map_err(refused)?;
    // The new root comes over the old one, which is then taken away from below it.
    pivot_root(".", ".").map_err(refused)?;
    umount2(".", MntFlags::MNT_DETACH).map_err(refused)?;
    chdir("/").map_err(refused)?;
    Ok(Raised::Whole)
}

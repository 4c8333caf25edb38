//! What a process inherits: descriptors, a terminal, a parent.

use std::fs;
use std::io;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::setsid;

use super::{Raised, refused};
use crate::failure::Failure;

/// Closes every descriptor but the first three: xl and libvirtd leak theirs into us.
///
/// To be called first of all, before anything of ours is open.
///
/// # Errors
/// /proc cannot be read.
pub fn close_inherited_descriptors() -> io::Result<()> {
    let mut inherited = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok())
        {
            inherited.push(number);
        }
    }
    for number in inherited.into_iter().filter(|number| *number > 2) {
        // One of them was read_dir's own, which is closed already.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

pub(super) fn leave_terminal() -> Result<Raised, Failure> {
    match setsid() {
        // It is at the head of a process group already, and so of its session: no terminal either.
        Ok(_) | Err(Errno::EPERM) => Ok(Raised::Whole),
        Err(error) => Err(refused("leaving the terminal", &error)),
    }
}

/// After the change of user, which would undo it.
pub(super) fn die_with(supervisor: u32) -> Result<Raised, Failure> {
    prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| refused("dying with the supervisor", &error))?;
    // It may be gone by now, before there was anything to be noticed by.
    if u32::try_from(nix::unistd::getppid().as_raw()).ok() != Some(supervisor) {
        return Err(refused("dying with the supervisor", &"it is gone"));
    }
    Ok(Raised::Whole)
}

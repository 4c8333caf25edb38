//! What the worker gives up before it reads the first byte from the network.

use std::fs;
use std::io;

use caps::{CapSet, Capability};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, getresuid, setgroups, setresgid, setresuid, setsid};

use crate::failure::Failure;
use crate::limits::MAX_RAMDISK_BYTES;

/// Room above the largest ramdisk for the padding between joined ones.
const FILE_SLACK: u64 = 1 << 20;

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

/// Becomes `uid`, with no capability and no way to get one, bounded, and bound to die with
/// the process `supervisor`.
///
/// # Errors
/// [`crate::failure::Reason::NotPermitted`]: then nothing must be read from the network.
pub fn confine(uid: u32, supervisor: u32) -> Result<(), Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        Failure::not_permitted(&format!("giving up root for uid {uid}"), error)
    };
    for capability in caps::all() {
        // What the kernel does not know (yet, or any more) cannot be dropped, nor had.
        if caps::has_cap(None, CapSet::Bounding, capability).unwrap_or(false)
            && caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false)
        {
            caps::drop(None, CapSet::Bounding, capability).map_err(|error| refused(&error))?;
        }
    }
    // Away from the terminal: it could be typed into otherwise (TIOCSTI).
    setsid().map_err(|error| refused(&error))?;
    setgroups(&[]).map_err(|error| refused(&error))?;
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setresgid(gid, gid, gid).map_err(|error| refused(&error))?;
    setresuid(uid, uid, uid).map_err(|error| refused(&error))?;
    let now = getresuid().map_err(|error| refused(&error))?;
    if [now.real, now.effective, now.saved] != [uid; 3] || uid.is_root() {
        return Err(refused(&"it is still somebody else"));
    }
    prctl::set_no_new_privs().map_err(|error| refused(&error))?;
    prctl::set_dumpable(false).map_err(|error| refused(&error))?;
    let longest = MAX_RAMDISK_BYTES + FILE_SLACK;
    setrlimit(Resource::RLIMIT_FSIZE, longest, longest).map_err(|error| refused(&error))?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| refused(&error))?;
    // After setresuid, which clears it. The supervisor may be gone by now.
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| refused(&error))?;
    if u32::try_from(nix::unistd::getppid().as_raw()).ok() != Some(supervisor) {
        return Err(refused(&"the supervisor is gone"));
    }
    Ok(())
}

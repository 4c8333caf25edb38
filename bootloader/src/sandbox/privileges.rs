//! Giving up root: user, groups and capabilities (credentials(7), capabilities(7)).

use caps::{CapSet, Capability};
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, getresuid, setgroups, setresgid, setresuid};

use super::{Raised, refused};
use crate::failure::Failure;

pub(super) fn become_nobody(uid: u32) -> Result<Raised, Failure> {
    let refused = |error: &dyn std::fmt::Display| refused(&format!("becoming uid {uid}"), error);
    for capability in caps::all() {
        // What the kernel does not know (yet, or any more) cannot be dropped, nor had.
        if caps::has_cap(None, CapSet::Bounding, capability).unwrap_or(false)
            && caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false)
        {
            caps::drop(None, CapSet::Bounding, capability).map_err(|error| refused(&error))?;
        }
    }
    setgroups(&[]).map_err(|error| refused(&error))?;
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setresgid(gid, gid, gid).map_err(|error| refused(&error))?;
    // With the user go the other capability sets.
    setresuid(uid, uid, uid).map_err(|error| refused(&error))?;
    let now = getresuid().map_err(|error| refused(&error))?;
    if [now.real, now.effective, now.saved] != [uid; 3] || uid.is_root() {
        return Err(refused(&"it is still somebody else"));
    }
    Ok(Raised::Whole)
}

pub(super) fn never_again() -> Result<Raised, Failure> {
    prctl::set_no_new_privs().map_err(|error| refused("giving up new privileges", &error))?;
    prctl::set_dumpable(false).map_err(|error| refused("becoming unreadable", &error))?;
    Ok(Raised::Whole)
}

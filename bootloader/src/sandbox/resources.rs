//! How much of dom0 the inmate can use up (getrlimit(2)). Both limits are set, the soft and the
//! hard one, and without root nobody raises them again.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use super::{Raised, refused};
use crate::failure::Failure;
use crate::limits::{
    MAX_RAMDISK_BYTES, MAX_WORKER_DESCRIPTORS, MAX_WORKER_MEMORY, MAX_WORKER_TASKS,
};

/// Room above the largest ramdisk for the padding between joined ones.
const FILE_SLACK: u64 = 1 << 20;

pub(super) fn bound() -> Result<Raised, Failure> {
    // A file that becomes too large is an error with a sentence, and not the end of the process.
    let mut set = SigSet::empty();
    set.add(Signal::SIGXFSZ);
    set.thread_block().map_err(|error| refused("holding a signal", &error))?;
    let bounds = [
        // What it can have for itself: the filter of system calls lets it make no other memory.
        (Resource::RLIMIT_DATA, MAX_WORKER_MEMORY),
        (Resource::RLIMIT_FSIZE, MAX_RAMDISK_BYTES + FILE_SLACK),
        (Resource::RLIMIT_NOFILE, MAX_WORKER_DESCRIPTORS),
        (Resource::RLIMIT_NPROC, MAX_WORKER_TASKS),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ];
    for (resource, most) in bounds {
        let refused = |error| refused(&format!("setting {resource:?} to {most}"), &error);
        let (_, hard) = getrlimit(resource).map_err(refused)?;
        // A dom0 with little memory allows less processes than this: what is less stays so.
        let most = most.min(hard);
        setrlimit(resource, most, most).map_err(refused)?;
    }
    Ok(Raised::Whole)
}

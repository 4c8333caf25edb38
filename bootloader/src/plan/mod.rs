//! From a boot source to a plan: which config there is, what it says to boot.
//!
//! [`search`] asks for configs as PXELINUX does, `follow` goes after what they say; the
//! language itself is the `pxelinux` crate's. Where PXELINUX would ask a person, [`person`] is
//! asked. A plan is plain data: it can be printed, sent to the supervisor, and carried out.

pub mod args;
mod follow;
mod password;
pub mod person;
pub mod script;
pub mod search;

use pxelinux::Location;

use crate::fetch::{FetchError, Fetcher, Pace};
use crate::limits::MAX_CONFIG_BYTES;

/// What is to be booted, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootPlan {
    /// The config that decided; none when the guest's own config names the kernel.
    pub config: Option<Location>,
    /// The label, when one was taken.
    pub label: Option<String>,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Fetch and boot a kernel.
    Kernel {
        /// Where it is.
        kernel: Location,
        /// Where its ramdisks are, in order.
        initrds: Vec<Location>,
        /// The command line of the config, without the guest's own `--args`.
        args: Vec<u8>,
    },
    /// Boot from the guest's disk.
    LocalBoot {
        /// LOCALBOOT's number.
        kind: i32,
    },
}

/// Where configs are read from. The boot's own is a [`Fetcher`]; tests have theirs.
pub trait Library {
    /// A whole small file.
    ///
    /// # Errors
    /// [`FetchError`].
    fn read(&self, location: &Location) -> Result<Vec<u8>, FetchError>;

    /// Whether there is a file with something in it.
    ///
    /// # Errors
    /// [`FetchError`], except that it is not found.
    fn has(&self, location: &Location) -> Result<bool, FetchError>;
}

impl Library for Fetcher {
    fn read(&self, location: &Location) -> Result<Vec<u8>, FetchError> {
        self.small(location, MAX_CONFIG_BYTES, Pace::Probing)
    }

    fn has(&self, location: &Location) -> Result<bool, FetchError> {
        // With no room at all, the first byte, or the size announced, is too much.
        match self.small(location, 0, Pace::Probing) {
            Err(FetchError::TooLarge(_)) => Ok(true),
            // An empty file is none to PXELINUX.
            Ok(_) | Err(FetchError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

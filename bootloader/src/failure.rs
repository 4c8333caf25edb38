//! How a boot ends without a kernel: a reason, which decides the exit code, and a
//! sentence for the administrator. libxl shows the number, the log shows the sentence.

use serde::{Deserialize, Serialize};

/// Why a boot failed. The discriminants are the process's exit codes, which are part of
/// the fixed command line (see the man page); nothing else decides one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Reason {
    /// The command line cannot be understood.
    Usage = 2,
    /// No DHCP server gave an address.
    NoLease = 10,
    /// The lease names no boot server or no boot file.
    NoBootServer = 11,
    /// The boot server has none of the configs that PXELINUX would ask for.
    NoConfig = 12,
    /// The config, or the label in it, cannot be booted.
    BadConfig = 13,
    /// A file could not be fetched.
    Transfer = 14,
    /// A file is not what it should be.
    Verification = 15,
    /// The boot's time is over, or it was told to stop.
    Deadline = 16,
    /// The kernel or the file system refused us something.
    NotPermitted = 17,
    /// The guest's MAC or bridge cannot be found out.
    UnknownGuest = 18,
    /// A bug of ours.
    Bug = 70,
}

impl Reason {
    /// The process's exit code for this reason.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The end of a boot that did not work out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub reason: Reason,
    /// One sentence: what failed, with which peer or file, what to do next.
    pub message: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The kernel or the file system refused something.
    pub fn not_permitted(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::new(Reason::NotPermitted, format!("{what}: {error}"))
    }

    /// Something that can only be a mistake of ours.
    pub fn bug(what: impl std::fmt::Display) -> Self {
        Self::new(Reason::Bug, format!("a bug in rpxeboot: {what}; please report it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_documented_ones() {
        let table = [
            (Reason::Usage, 2),
            (Reason::NoLease, 10),
            (Reason::NoBootServer, 11),
            (Reason::NoConfig, 12),
            (Reason::BadConfig, 13),
            (Reason::Transfer, 14),
            (Reason::Verification, 15),
            (Reason::Deadline, 16),
            (Reason::NotPermitted, 17),
            (Reason::UnknownGuest, 18),
            (Reason::Bug, 70),
        ];
        for (reason, code) in table {
            assert_eq!(reason.code(), code, "{reason:?}");
        }
    }
}

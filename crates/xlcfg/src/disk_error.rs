//! Why a disk specification is refused, and what to write instead.

use crate::limits::MAX_SPEC_BYTES;

/// A disk specification xl refuses, and with it the whole guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The text is longer than [`MAX_SPEC_BYTES`].
    #[error("disk: longer than {MAX_SPEC_BYTES} bytes")]
    TooLong,
    /// A NUL byte.
    #[error("disk: a NUL byte; remove it")]
    Nul,
    /// A value that its key does not take.
    #[error("disk: unknown {key} {value:?}{}", hint(key))]
    UnknownValue {
        /// The key, or the position's name.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// A key that does not exist.
    #[error("disk: unknown parameter near {text:?}; a path with = goes last, after target=")]
    UnknownKey {
        /// The text there.
        text: String,
    },
    /// An old prefix that does not exist.
    #[error("disk: unknown prefix {text:?}; a path with a colon goes last, after target=")]
    UnknownPrefix {
        /// The prefix.
        text: String,
    },
    /// Something is said twice.
    #[error("disk: {what} is given twice, the second time as {value:?}")]
    Twice {
        /// What.
        what: &'static str,
        /// The second value.
        value: String,
    },
    /// A fifth value without a key.
    #[error("disk: too many values at {text:?}; the order is target, format, vdev, access")]
    TooMany {
        /// The text there.
        text: String,
    },
    /// An `=` where none can be.
    #[error("disk: bad syntax at {text:?}; a path with = goes last, after target=")]
    Syntax {
        /// The text there.
        text: String,
    },
    /// No device in the guest.
    #[error("disk: no vdev; say where the guest finds it, such as vdev=xvda")]
    NoVdev,
    /// No target for what is not a CD-ROM drive.
    #[error(
        "disk: no target; say where it is in dom0, such as target=/var/lib/xen/images/NAME.img"
    )]
    NoTarget,
    /// A value that no specification can express, such as a device name with a comma.
    #[error(
        "disk: cannot be written as a specification: a value has a comma, blank or line end in a bad place"
    )]
    Unwritable,
}

/// What a wrong value most often is.
fn hint(key: &str) -> &'static str {
    match key {
        "format" => "; after a path without a prefix the format comes first: /path,raw,xvda,rw",
        "access" => "; write r or rw, without blanks",
        _ => "",
    }
}

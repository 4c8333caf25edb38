//! How a command ends when it does not do what was asked: a kind, from which `lib.rs` takes the
//! exit code, and a sentence for the administrator.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// Why nothing, or not all, was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong on the way. Exit code 1.
    Failed,
    /// The command line cannot be understood. Exit code 2.
    Usage,
    /// It would overwrite or lose something, or the guest is in the wrong state. Exit code 3.
    Refused,
    /// There is no such guest or file. Exit code 4.
    NotFound,
}

/// The end of a command that did not work out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What failed, with which file or program, and what to do next. Mostly one line; the
    /// place of a syntax error takes more.
    pub message: String,
}

impl Failure {
    /// Something went wrong.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into() }
    }

    /// The words of the command line make no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into() }
    }

    /// It is better not done.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, message: message.into() }
    }

    /// What was named is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: Kind::NotFound, message: message.into() }
    }

    /// The kernel's answer to something done with a file: `writing /etc/xen/RK.cfg: No space…`.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::AlreadyExists => Kind::Refused,
            _ => Kind::Failed,
        };
        Self { kind, message: format!("{doing} {}: {}", path.display(), reason(error)) }
    }

    /// The same failure, with more said after it.
    #[must_use]
    pub fn and(mut self, more: impl Display) -> Self {
        self.message = format!("{}; {more}", self.message);
        self
    }
}

/// The error in words, without Rust's `(os error 28)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text).to_owned();
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!("{words} (is this root?)"),
        io::ErrorKind::ReadOnlyFilesystem => format!("{words}: nothing was changed"),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_io_failure_names_what_was_done_and_to_what() {
        let error = io::Error::from_raw_os_error(28);
        let failure = Failure::io("writing", Path::new("/etc/xen/RK.cfg"), &error);
        assert_eq!(failure.message, "writing /etc/xen/RK.cfg: No space left on device");
        assert_eq!(failure.kind, Kind::Failed);
    }

    #[test]
    fn what_exists_is_a_refusal() {
        let error = io::Error::from_raw_os_error(17);
        assert_eq!(Failure::io("making", Path::new("x"), &error).kind, Kind::Refused);
    }
}

//! One vmprov at a time for a guest.
//!
//! The lock is the kernel's (flock(2)): it ends with the process, however that ends. Its file is
//! removed with it; whoever waited for that very file sees that it has lost its name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Kind};

/// How long a lock that others hold only for a moment is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    // Closing it ends the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock for `what`: a guest's name, or another word.
    ///
    /// # Errors
    /// [`crate::failure::Kind::Refused`] when another process has it, with its id.
    pub fn take(state_dir: &Path, what: &str) -> Result<Self, Failure> {
        make_state_dir(state_dir)?;
        let path = state_dir.join(format!("{}.lock", file_name(what)));
        let failure = |error: &std::io::Error| Failure::io("locking", &path, error);
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
                .open(&path)
                .map_err(|error| failure(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(what, &file)),
                Err(TryLockError::Error(error)) => return Err(failure(&error)),
            }
            if !is_still_named(&file, &path) {
                continue;
            }
            // For people, and for the sentence above.
            let _ = file.set_len(0);
            let _ = file.rewind();
            let _ = writeln!(file, "{}", std::process::id());
            return Ok(Self { path, _file: file });
        }
    }
}

impl Lock {
    /// Takes a lock that is only held for a moment: waits for it.
    ///
    /// # Errors
    /// As [`Lock::take`], after [`PATIENCE`].
    pub fn take_patiently(state_dir: &Path, what: &str) -> Result<Self, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Self::take(state_dir, what) {
                Err(failure) if failure.kind == Kind::Refused && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                taken => return taken,
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the state directory, for root alone.
///
/// # Errors
/// It cannot be made.
pub fn make_state_dir(state_dir: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state_dir)
        .map_err(|error| Failure::io("making", state_dir, &error))
}

fn taken(what: &str, mut file: &File) -> Failure {
    let mut holder = String::new();
    let _ = file.take(20).read_to_string(&mut holder);
    let process = match holder.trim() {
        "" => String::new(),
        pid => format!(" (process {pid})"),
    };
    let _ = file.flush();
    Failure::refused(format!("another vmprov{process} is at work on {what}: wait for its end"))
}

fn is_still_named(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// A config can have any `name`; a file cannot.
fn file_name(what: &str) -> String {
    let mut name = String::new();
    for byte in what.bytes() {
        if byte.is_ascii_alphanumeric() || b"._+-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    // No file system has longer ones.
    name.truncate(200);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_is_done() {
        let state = tempfile::tempdir().unwrap();
        let first = Lock::take(state.path(), "RK").unwrap();
        let error = Lock::take(state.path(), "RK").unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert!(error.message.contains(&std::process::id().to_string()), "{error}");
        assert!(Lock::take(state.path(), "web").is_ok());
        drop(first);
        assert!(Lock::take(state.path(), "RK").is_ok());
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "no lock file stays");
    }

    #[test]
    fn any_name_has_a_lock() {
        let state = tempfile::tempdir().unwrap();
        Lock::take(state.path(), "../../etc/x y").unwrap();
        Lock::take(state.path(), &"ä".repeat(500)).unwrap();
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
    }
}

//! Files that are there whole or not at all, whatever happens meanwhile.
//!
//! The bytes go to a file that has no name in the directory yet, and to the disk; then it gets
//! its name in one step of the kernel's; then the directory goes to the disk. So a crash or a
//! signal leaves the old file or the new one, and no third file in /etc/xen, where
//! xendomains would take it for a guest.
//!
//! A new file is opened without a name (`O_TMPFILE`, open(2)) and linked to its name, which fails
//! if there is one. The kernel cannot link over an old name, so a replacement gets a name in
//! the state directory first, and is renamed from there. Only where that is another file
//! system, its first name is a hidden one beside the old file, for the time of one system call;
//! [`sweep`] removes it if a crash came just then.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};

use crate::failure::Failure;

/// Makes a file that is not there yet.
///
/// # Errors
/// [`crate::failure::Kind::Refused`] when something has that name; then, and on any other
/// error, nothing has changed.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failure = |error: io::Error| Failure::io("writing", path, &error);
    let directory = directory_of(path);
    let file = unnamed(directory, mode).map_err(failure)?;
    fill(&file, bytes).map_err(failure)?;
    name(&file, path).map_err(failure)?;
    // Its maker is told that there is none, so there must be none.
    sync_directory(directory).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Replaces a file's bytes; its mode, owner and group stay. A symbolic link stays one: the file
/// that it leads to is replaced.
///
/// # Errors
/// [`crate::failure::Kind::Refused`] when the file no longer is `old`: somebody else has
/// changed it meanwhile. Then, and on any other error, nothing has changed; but for a disk that
/// fails after the very last step: then the error says so.
pub fn replace(path: &Path, old: &[u8], new: &[u8], state_dir: &Path) -> Result<(), Failure> {
    let failure = |error: io::Error| Failure::io("writing", path, &error);
    let path = &fs::canonicalize(path).map_err(failure)?;
    let directory = directory_of(path);
    let metadata = fs::metadata(path).map_err(failure)?;
    let waiting = waiting_name(path, &metadata, state_dir);

    let file = unnamed(directory, 0o600).map_err(failure)?;
    fchown(&file, Some(metadata.uid()), Some(metadata.gid())).map_err(failure)?;
    file.set_permissions(Permissions::from_mode(metadata.mode() & 0o7777)).map_err(failure)?;
    fill(&file, new).map_err(failure)?;
    if super::read::small(path).map_err(failure)? != old {
        return Err(Failure::refused(format!(
            "{} was changed by somebody else just now; nothing was done: try again",
            path.display()
        )));
    }
    sweep(path, state_dir)?;
    name(&file, &waiting).map_err(failure)?;
    if let Err(error) = fs::rename(&waiting, path) {
        let _ = fs::remove_file(&waiting);
        return Err(failure(error));
    }
    sync_directory(directory).map_err(|failure| {
        failure.and(format!("{} is changed, but may be the old one after a crash", path.display()))
    })
}

/// Removes what a replacement of `path` that was killed in its last step may have left.
///
/// # Errors
/// It is there and cannot be removed.
pub fn sweep(path: &Path, state_dir: &Path) -> Result<(), Failure> {
    for waiting in [beside(path), apart(path, state_dir)] {
        match fs::remove_file(&waiting) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::io("removing", &waiting, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Brings a directory's names to the disk.
///
/// # Errors
/// The disk takes them not.
pub fn sync_directory(directory: &Path) -> Result<(), Failure> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(|error| Failure::io("syncing", directory, &error))
}

/// The directory that a path's last name is in.
#[must_use]
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn unnamed(directory: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .mode(mode)
        .custom_flags(OFlag::O_TMPFILE.bits())
        .open(directory)
        .map_err(|error| match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
            Errno::EOPNOTSUPP | Errno::EISDIR => io::Error::other(
                "its file system cannot make files without a name (O_TMPFILE), as ext4, xfs, \
                 btrfs and tmpfs can",
            ),
            _ => error,
        })
}

fn fill(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives an unnamed file its name, if that is free.
fn name(file: &File, path: &Path) -> io::Result<()> {
    let unnamed = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let follow = AtFlags::AT_SYMLINK_FOLLOW;
    Ok(nix::unistd::linkat(AT_FDCWD, &unnamed, AT_FDCWD, path, follow)?)
}

/// Where the new file waits for its name: in the state directory if a rename can come from there.
fn waiting_name(path: &Path, metadata: &fs::Metadata, state_dir: &Path) -> PathBuf {
    let same = fs::metadata(state_dir).is_ok_and(|state| state.dev() == metadata.dev());
    if same { apart(path, state_dir) } else { beside(path) }
}

fn apart(path: &Path, state_dir: &Path) -> PathBuf {
    state_dir.join(hidden(path))
}

fn beside(path: &Path) -> PathBuf {
    path.with_file_name(hidden(path))
}

fn hidden(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.vmprov-new")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_is_never_put_over_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("RK.cfg");
        create(&path, b"one\n", 0o644).unwrap();
        assert_eq!(create(&path, b"two\n", 0o644).unwrap_err().kind, Kind::Refused);
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
        assert_eq!(names(directory.path()), ["RK.cfg"]);
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let state = tempfile::tempdir().unwrap();
        let path = directory.path().join("RK.cfg");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"old", b"new", state.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(names(directory.path()), ["RK.cfg"]);
        assert!(names(state.path()).is_empty());
    }

    #[test]
    fn a_state_directory_elsewhere_is_no_hindrance() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("RK.cfg");
        fs::write(&path, "old").unwrap();
        // Another file system than any temporary directory's.
        replace(&path, b"old", b"new", Path::new("/proc")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["RK.cfg"]);
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("RK.cfg");
        fs::write(&path, "theirs").unwrap();
        let error = replace(&path, b"old", b"new", directory.path()).unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(directory.path()), ["RK.cfg"]);
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("vm.cfg"), directory.path().join("RK.cfg"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("vm.cfg", &link).unwrap();
        replace(&link, b"old", b"new", directory.path()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn what_a_crash_left_does_not_stop_the_next_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("RK.cfg");
        fs::write(&path, "old").unwrap();
        fs::write(beside(&path), "half").unwrap();
        replace(&path, b"old", b"new", directory.path()).unwrap();
        assert_eq!(names(directory.path()), ["RK.cfg"]);
    }
}

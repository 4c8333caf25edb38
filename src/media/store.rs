//! Where media are kept: a directory for each name, with `kernel`, `initrd` and `medium.json`. The
//! files are links to what `.blobs` has by its sum, so that equal ones are there once. A
//! medium is there whole or not at all.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sums::Sum;
use crate::failure::Failure;
use crate::files::{read, whole};
use crate::values::GuestName;

/// No kernel or initrd is larger (rpxeboot takes no larger one).
pub const MAX_FILE: u64 = 1 << 30;
/// No installer's image is larger.
pub const MAX_IMAGE: u64 = 64 << 30;
const BLOBS: &str = ".blobs";
const RECORD: &str = "medium.json";

/// What is known of a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Its name: as a guest's, since it is a directory's and stands in URLs.
    pub name: GuestName,
    /// Whose installer it is.
    pub system: String,
    /// Where it came from.
    pub source: String,
    /// What it was checked by; none: by nothing.
    pub checked: Option<String>,
    /// The kernel.
    pub kernel: Blob,
    /// The initrd.
    pub initrd: Blob,
    /// The image, if it is kept.
    #[serde(default)]
    pub image: Option<Blob>,
    /// Whether the whole tree is in `tree`.
    #[serde(default)]
    pub has_tree: bool,
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// What it was called.
    pub from: String,
    /// Its sum.
    pub sha256: Sum,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The directory of all media.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The store in this directory.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// All media by name; what is no whole medium is left out.
    #[must_use]
    pub fn all(&self) -> Vec<Medium> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut all: Vec<Medium> =
            names.filter_map(|name| self.get(&name).ok().flatten()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The medium of this name.
    ///
    /// # Errors
    /// There is one, but its record cannot be read.
    pub fn get(&self, name: &GuestName) -> Result<Option<Medium>, Failure> {
        let path = self.path(name).join(RECORD);
        match read::small(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Failure::failed(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io("reading", &path, &error)),
        }
    }

    /// Where a medium is.
    #[must_use]
    pub fn path(&self, name: &GuestName) -> PathBuf {
        self.directory.join(name.as_str())
    }

    /// Where a medium that is being made has its files: [`Store::finish`] names it.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn begin(&self, name: &GuestName) -> Result<PathBuf, Failure> {
        make(&self.directory.join(BLOBS))?;
        let new = self.directory.join(format!(".{name}.new"));
        clear(&new)?;
        make(&new)?;
        Ok(new)
    }

    /// Takes a file in, up to `limit` bytes, under this name of the medium that is being made.
    ///
    /// # Errors
    /// It cannot be read or written, is empty or too long, or is not what `expected` says. Then
    /// nothing of it is left.
    pub fn take(
        &self,
        new: &Path,
        name: &str,
        from: &str,
        mut file: impl Read,
        (expected, limit): (Option<&Sum>, u64),
    ) -> Result<Blob, Failure> {
        let blobs = self.directory.join(BLOBS);
        let reading = |error: io::Error| Failure::failed(format!("reading {from}: {error}"));
        let writing = |error: io::Error| Failure::io("writing", &blobs, &error);
        let unnamed = File::options()
            .write(true)
            .mode(0o444)
            .custom_flags(OFlag::O_TMPFILE.bits())
            .open(&blobs)
            .map_err(writing)?;
        let mut hasher = Sha256::new();
        let mut bytes = 0_u64;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut buffer).map_err(reading)?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
            bytes += part.len() as u64;
            if bytes > limit {
                return Err(Failure::failed(format!("{from} has more than {limit} bytes")));
            }
            hasher.update(part);
            (&unnamed).write_all(part).map_err(writing)?;
        }
        let sum = Sum::new(&hasher.finalize());
        if bytes == 0 {
            return Err(Failure::failed(format!("{from} is empty; nothing was kept")));
        }
        if let Some(expected) = expected.filter(|expected| **expected != sum) {
            return Err(Failure::failed(format!(
                "{from} is not what it should be: its SHA-256 is {}, not {}; nothing was kept",
                sum.as_str(),
                expected.as_str()
            )));
        }
        unnamed.sync_all().map_err(writing)?;
        let blob = blobs.join(format!("sha256-{}", sum.as_str()));
        // One of another length has lost its end in a crash of the host's.
        let there = blob.metadata().ok().map(|data| data.len());
        if there.is_some_and(|length| length != bytes) {
            fs::remove_file(&blob).map_err(writing)?;
        }
        if there != Some(bytes) {
            let fd = std::os::fd::AsRawFd::as_raw_fd(&unnamed);
            let handle = PathBuf::from(format!("/proc/self/fd/{fd}"));
            let follow = AtFlags::AT_SYMLINK_FOLLOW;
            nix::unistd::linkat(AT_FDCWD, &handle, AT_FDCWD, &blob, follow)
                .map_err(|errno| writing(errno.into()))?;
        }
        fs::hard_link(&blob, new.join(name)).map_err(writing)?;
        Ok(Blob { from: from.to_owned(), sha256: sum, bytes })
    }

    /// Gives a medium that was begun its name; one of the same name goes.
    ///
    /// # Errors
    /// The disk takes it not; the old one is there then.
    pub fn finish(&self, medium: &Medium) -> Result<(), Failure> {
        let new = self.directory.join(format!(".{}.new", medium.name));
        let mut text = serde_json::to_string_pretty(medium)
            .map_err(|error| Failure::failed(format!("a bug in vmprov: no JSON: {error}")))?;
        text.push('\n');
        whole::create(&new.join(RECORD), text.as_bytes(), 0o644)?;
        let path = self.path(&medium.name);
        if path.exists() {
            let old = self.directory.join(format!(".{}.old", medium.name));
            clear(&old)?;
            fs::rename(&path, &old).map_err(|error| Failure::io("replacing", &path, &error))?;
        }
        fs::rename(&new, &path).map_err(|error| Failure::io("naming", &path, &error))?;
        whole::sync_directory(&self.directory)?;
        self.sweep();
        Ok(())
    }

    /// Removes a medium.
    ///
    /// # Errors
    /// It is not there, or stays.
    pub fn remove(&self, name: &GuestName) -> Result<(), Failure> {
        let path = self.path(name);
        let old = self.directory.join(format!(".{name}.old"));
        clear(&old)?;
        fs::rename(&path, &old).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::not_found(format!("there is no medium {name}")),
            _ => Failure::io("removing", &path, &error),
        })?;
        clear(&old)?;
        self.sweep();
        Ok(())
    }

    /// Removes what an end before [`Store::finish`] left, and what no medium has any more.
    pub fn sweep(&self) {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && (name.ends_with(".new") || name.ends_with(".old")) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let blobs = fs::read_dir(self.directory.join(BLOBS)).into_iter().flatten().flatten();
        for blob in blobs {
            if blob.metadata().is_ok_and(|data| data.nlink() == 1) {
                let _ = fs::remove_file(blob.path());
            }
        }
    }
}

/// A directory that whoever serves files can read.
fn make(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(|error| Failure::io("making", path, &error))
}

fn clear(path: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::io("removing", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: (Option<&Sum>, u64) = (None, 100);

    fn add(store: &Store, name: &str, kernel: &[u8]) -> Medium {
        let name: GuestName = name.parse().unwrap();
        let new = store.begin(&name).unwrap();
        let kernel = store.take(&new, "kernel", "linux", kernel, FREE).unwrap();
        let initrd = store.take(&new, "initrd", "initrd.gz", &b"initrd"[..], FREE).unwrap();
        let medium = Medium {
            name,
            system: "Debian".into(),
            source: "/media".into(),
            checked: None,
            kernel,
            initrd,
            image: None,
            has_tree: false,
        };
        store.finish(&medium).unwrap();
        medium
    }

    fn blobs(root: &Path) -> usize {
        fs::read_dir(root.join(BLOBS)).unwrap().count()
    }

    #[test]
    fn equal_files_are_there_once_and_go_with_their_last_medium() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path());
        let one = add(&store, "one", b"kernel");
        let two = add(&store, "two", b"kernel");
        assert_eq!(blobs(root.path()), 2);
        assert_eq!(store.all(), [one.clone(), two.clone()]);
        assert_eq!(fs::read(store.path(&one.name).join("kernel")).unwrap(), b"kernel");
        store.remove(&one.name).unwrap();
        assert_eq!((blobs(root.path()), store.all()), (2, vec![two.clone()]));
        let two = add(&store, "two", b"another");
        assert_eq!((blobs(root.path()), store.all()), (2, vec![two.clone()]), "replaced");
        store.remove(&two.name).unwrap();
        assert_eq!(blobs(root.path()), 0);
        assert_eq!(store.remove(&two.name).unwrap_err().kind, crate::failure::Kind::NotFound);
    }

    #[test]
    fn what_is_not_as_it_should_be_is_not_kept() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path());
        let new = store.begin(&"one".parse().unwrap()).unwrap();
        let wrong = Sum::of(&"0".repeat(64)).unwrap();
        let take = |file: &[u8], what| store.take(&new, "kernel", "linux", file, what);
        let error = take(b"kernel", (Some(&wrong), 100)).unwrap_err();
        assert!(error.message.starts_with("linux is not what it should be: "), "{error}");
        assert!(take(b"kernel", (None, 5)).unwrap_err().message.contains("more than 5 bytes"));
        assert!(take(b"", FREE).unwrap_err().message.contains("is empty"));
        let right = Sum::new(&Sha256::digest(b"kernel"));
        assert_eq!(blobs(root.path()), 0);
        assert!(take(b"kernel", (Some(&right), 6)).is_ok());
        assert!(store.all().is_empty(), "it has no name yet");
        store.sweep();
        assert_eq!(blobs(root.path()), 0);
    }
}

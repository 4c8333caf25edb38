//! Raw disk images: sparse, so that one of any size is made at once and takes no room before
//! something is written to it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::whole::{directory_of, sync_directory};
use crate::failure::Failure;
use crate::values::size::about;

/// Makes a sparse image of `size` bytes, readable by root alone.
///
/// # Errors
/// Something has that name, or the file system cannot have a file of that size; nothing is left
/// then.
pub fn create(path: &Path, size: u64) -> Result<(), Failure> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Failure::io("making", path, &error))?;
    extend(&file, path, size).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Whether nothing has been written to an image yet: it is still the hole that it was made as.
///
/// # Errors
/// It cannot be looked at.
pub fn is_untouched(path: &Path) -> std::io::Result<bool> {
    Ok(fs::metadata(path)?.blocks() == 0)
}

fn extend(file: &File, path: &Path, size: u64) -> Result<(), Failure> {
    file.set_len(size).and_then(|()| file.sync_all()).map_err(|error| {
        let doing = format!("making an image of {}:", about(size));
        Failure::io(&doing, path, &error)
    })?;
    sync_directory(directory_of(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn an_image_of_any_size_takes_no_room() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk.img");
        create(&path, 8 << 30).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.len(), metadata.blocks(), metadata.mode() & 0o777),
            (8 << 30, 0, 0o600)
        );
        assert!(is_untouched(&path).unwrap());
        fs::write(&path, "x").unwrap();
        assert!(!is_untouched(&path).unwrap());
    }

    #[test]
    fn an_image_is_never_made_over_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk.img");
        fs::write(&path, "precious").unwrap();
        assert_eq!(create(&path, 1 << 20).unwrap_err().kind, Kind::Refused);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_size_that_the_file_system_cannot_have_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk.img");
        let Err(error) = create(&path, i64::MAX as u64 & !511) else {
            panic!("this file system has files of 8 EiB: run the tests on another one");
        };
        assert!(error.message.contains("disk.img"), "{error}");
        assert!(!path.exists());
    }
}

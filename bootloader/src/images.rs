//! Kernel and ramdisk as files for libxl, in its output directory.
//!
//! libxl maps what the answer names and unlinks it at once, wherever it is
//! (parse_bootloader_result, libxl_bootloader.c): so these are files of this boot alone,
//! under names that nobody on the wire has chosen, and gone if the boot fails.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Reason};
use crate::worker::message::FetchedFile;

/// The files of one boot. What is not handed over is removed.
#[derive(Debug)]
pub struct Images {
    kernel: Image,
    ramdisk: Option<Image>,
    scratch: Vec<File>,
    handed_over: bool,
}

#[derive(Debug)]
struct Image {
    path: PathBuf,
    file: File,
}

impl Images {
    /// Makes the files: a kernel, and for any ramdisks at all one, with a nameless scratch
    /// file for each further one.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`] when they cannot be made there.
    pub fn create(directory: &Path, ramdisks: usize) -> Result<Self, Failure> {
        let refused = |error: io::Error| {
            Failure::not_permitted(&format!("making files in {}", directory.display()), &error)
        };
        let mut images = Self {
            kernel: Image::create(directory, "boot_kernel").map_err(refused)?,
            ramdisk: None,
            scratch: Vec::new(),
            handed_over: false,
        };
        if ramdisks > 0 {
            images.ramdisk = Some(Image::create(directory, "boot_ramdisk").map_err(refused)?);
        }
        for _ in 1..ramdisks {
            images.scratch.push(scratch(directory).map_err(refused)?);
        }
        Ok(images)
    }

    /// The descriptors to fetch into: kernel, ramdisk, scratch.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let ramdisk = self.ramdisk.iter().map(|image| &image.file);
        std::iter::once(&self.kernel.file).chain(ramdisk).chain(&self.scratch)
    }

    /// Checks that the files are what was reported.
    ///
    /// # Errors
    /// [`Reason::Verification`].
    pub fn check(&self, fetched: &[FetchedFile]) -> Result<(), Failure> {
        let length = |image: &Image| {
            let path = image.path.display();
            let refused = |error: &dyn std::fmt::Display| {
                Failure::not_permitted(&format!("looking at {path}"), error)
            };
            let ours = image.file.metadata().map_err(|error| refused(&error))?;
            // libxl goes by the name: somebody may have tidied up meanwhile.
            let named = fs::symlink_metadata(&image.path).map_err(|error| refused(&error))?;
            if (named.dev(), named.ino()) != (ours.dev(), ours.ino()) {
                return Err(refused(&"another file has taken its place"));
            }
            Ok(ours.len())
        };
        let wrong = |what: &str| {
            Failure::new(
                Reason::Verification,
                format!("the fetched {what} is not what was reported"),
            )
        };
        let ramdisks = self.scratch.len() + usize::from(self.ramdisk.is_some());
        let Some((kernel, initrds)) = fetched.split_first() else { return Err(wrong("kernel")) };
        if initrds.len() != ramdisks || kernel.bytes == 0 || length(&self.kernel)? != kernel.bytes {
            return Err(wrong("kernel"));
        }
        if let Some(ramdisk) = &self.ramdisk {
            let total = initrds.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
            let length = length(ramdisk)?;
            // Joined ones have padding between them.
            let holds = if initrds.len() == 1 { length == total } else { length > total };
            if total == 0 || !holds {
                return Err(wrong("initrd"));
            }
        }
        Ok(())
    }

    /// Where the kernel is.
    #[must_use]
    pub fn kernel(&self) -> &Path {
        &self.kernel.path
    }

    /// Where the ramdisk is, if there is one.
    #[must_use]
    pub fn ramdisk(&self) -> Option<&Path> {
        self.ramdisk.as_ref().map(|image| image.path.as_path())
    }

    /// The files are libxl's now.
    pub fn hand_over(mut self) {
        self.handed_over = true;
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        if !self.handed_over {
            for image in std::iter::once(&self.kernel).chain(&self.ramdisk) {
                // Nothing more can be done about one that is gone already.
                let _ = fs::remove_file(&image.path);
            }
        }
    }
}

impl Image {
    fn create(directory: &Path, name: &str) -> io::Result<Self> {
        let path = directory.join(random_name(name)?);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)?;
        Ok(Self { path, file })
    }
}

/// A file that no name leads to; where the file system has no such thing, one whose name is
/// taken away at once.
fn scratch(directory: &Path) -> io::Result<File> {
    let nameless = File::options()
        .read(true)
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_TMPFILE)
        .open(directory);
    match nameless {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            let image = Image::create(directory, "boot_scratch")?;
            fs::remove_file(&image.path)?;
            Ok(image.file)
        }
        opened => opened,
    }
}

/// `name` with an ending that nobody can guess.
///
/// # Errors
/// The kernel has no random bytes.
pub fn random_name(name: &str) -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{name}.{:016x}", u64::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn count(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    fn fetched(sizes: &[u64]) -> Vec<FetchedFile> {
        let file = |bytes: &u64| FetchedFile { url: String::new(), bytes: *bytes, seconds: 0.0 };
        sizes.iter().map(file).collect()
    }

    #[test]
    fn nothing_is_left_of_a_boot_that_fails() {
        let directory = tempfile::tempdir().unwrap();
        let images = Images::create(directory.path(), 3).unwrap();
        assert_eq!(images.files().count(), 4);
        assert_eq!(count(directory.path()), 2);
        assert_eq!(fs::metadata(images.kernel()).unwrap().mode() & 0o777, 0o600);
        drop(images);
        assert_eq!(count(directory.path()), 0);
    }

    #[test]
    fn what_is_handed_over_stays() {
        let directory = tempfile::tempdir().unwrap();
        let images = Images::create(directory.path(), 0).unwrap();
        assert_eq!(images.ramdisk(), None);
        images.hand_over();
        assert_eq!(count(directory.path()), 1);
    }

    #[test]
    fn a_report_that_is_not_true_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let images = Images::create(directory.path(), 1).unwrap();
        for mut file in images.files() {
            file.write_all(b"12345").unwrap();
        }
        assert!(images.check(&fetched(&[5, 5])).is_ok());
        for wrong in [&[5][..], &[4, 5], &[5, 6], &[5, 5, 5], &[]] {
            assert_eq!(images.check(&fetched(wrong)).unwrap_err().reason, Reason::Verification);
        }
    }

    #[test]
    fn a_file_that_somebody_removed_or_replaced_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let images = Images::create(directory.path(), 0).unwrap();
        images.kernel.file.try_clone().unwrap().write_all(b"12345").unwrap();
        images.check(&fetched(&[5])).unwrap();
        fs::remove_file(images.kernel()).unwrap();
        let gone = images.check(&fetched(&[5])).unwrap_err();
        assert_eq!(gone.reason, Reason::NotPermitted);
        fs::write(images.kernel(), b"evil!").unwrap();
        let replaced = images.check(&fetched(&[5])).unwrap_err();
        assert!(replaced.message.contains("another file"), "{}", replaced.message);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let failure = Images::create(Path::new("/nonexistent/dir"), 0).unwrap_err();
        assert!(failure.message.contains("/nonexistent/dir"));
    }
}

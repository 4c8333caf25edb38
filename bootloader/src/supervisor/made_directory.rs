//! An output directory that had to be made.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::request::Request;

/// The directory for kernel and ramdisk, for callers who name none that is there. What was made
/// of it is taken away again if the boot fails.
#[derive(Debug)]
pub struct MadeDirectory(Vec<PathBuf>);

impl MadeDirectory {
    /// Makes it where it is missing.
    ///
    /// # Errors
    /// [`crate::failure::Reason::NotPermitted`].
    pub fn ensure(request: &Request) -> Result<Self, Failure> {
        Self::make(&request.directory)
    }

    /// The boot has worked: it stays.
    pub fn keep(mut self) {
        self.0.clear();
    }

    fn make(directory: &Path) -> Result<Self, Failure> {
        let missing =
            directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.is_dir());
        let made = Self(missing.map(Path::to_path_buf).collect());
        for path in made.0.iter().rev() {
            match DirBuilder::new().mode(0o700).create(path) {
                // Another boot may be making the same.
                Err(_) if path.is_dir() => {}
                Err(error) => {
                    let what = format!("making {}", directory.display());
                    return Err(Failure::not_permitted(&what, &error));
                }
                Ok(()) => {}
            }
        }
        Ok(made)
    }
}

impl Drop for MadeDirectory {
    fn drop(&mut self) {
        for path in &self.0 {
            // Fails for one that others use by now.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_again_unless_it_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("a/b");
        drop(MadeDirectory::make(&directory).unwrap());
        assert!(!parent.path().join("a").exists());
        MadeDirectory::make(&directory).unwrap().keep();
        assert!(directory.is_dir());
        drop(MadeDirectory::make(&directory).unwrap());
        assert!(directory.is_dir(), "it was there before");
        fs::write(parent.path().join("file"), "").unwrap();
        assert!(MadeDirectory::make(&parent.path().join("file/d")).is_err());
    }
}

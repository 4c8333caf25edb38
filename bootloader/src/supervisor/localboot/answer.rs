//! pygrub's answer: read as libxl reads it, checked, and its files handed on.
//!
//! libxl opens and unlinks what an answer names, wherever it is (XSA-198), so a path is taken
//! only when it is a plain file that pygrub made in the directory that we made for it.

use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::answer::Answer;
use crate::failure::{Failure, Reason};
use crate::images::random_name;
use crate::limits::MAX_PYGRUB_ANSWER;

/// A directory for one run of pygrub, with all that it makes; gone when this is dropped.
#[derive(Debug)]
pub struct Workshop {
    path: PathBuf,
}

impl Workshop {
    /// Makes it in libxl's output directory, so that its files can be moved there.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`].
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        let refused = |error: std::io::Error| {
            Failure::not_permitted(&format!("making files in {}", directory.display()), &error)
        };
        let path = directory.join(random_name("pygrub").map_err(refused)?);
        DirBuilder::new().mode(0o700).create(&path).map_err(refused)?;
        let workshop = Self { path };
        fs::create_dir(workshop.view()).map_err(refused)?;
        File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(workshop.answer())
            .map_err(refused)?;
        Ok(workshop)
    }

    /// Where pygrub puts its files.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its answer goes.
    #[must_use]
    pub fn answer(&self) -> PathBuf {
        self.path.join("answer")
    }

    /// An empty directory, for what pygrub alone is to see.
    #[must_use]
    pub fn view(&self) -> PathBuf {
        self.path.join("view")
    }

    /// The answer; none when there is no kernel in it.
    ///
    /// # Errors
    /// [`Reason::BadConfig`] for one that names anything but plain files of its own.
    pub fn read(&self) -> Result<Option<Answer>, Failure> {
        let mut bytes = Vec::new();
        File::open(self.answer())
            .and_then(|file| file.take(MAX_PYGRUB_ANSWER + 1).read_to_end(&mut bytes))
            .map_err(|error| Failure::not_permitted("reading pygrub's answer", &error))?;
        if bytes.len() as u64 > MAX_PYGRUB_ANSWER {
            return Err(refusal("it is larger than any answer"));
        }
        let Some(answer) = parse(&bytes) else { return Ok(None) };
        self.check(&answer.kernel)?;
        if let Some(ramdisk) = &answer.ramdisk {
            self.check(ramdisk)?;
        }
        Ok(Some(answer))
    }

    /// Moves the files of `answer`, which [`Workshop::read`] gave, to where libxl wants them.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`].
    pub fn hand_on(self, answer: Answer, directory: &Path) -> Result<Booted, Failure> {
        let kernel = answer.kernel.clone();
        let ramdisk = answer.ramdisk.clone();
        let mut booted = Booted { answer, files: Vec::new() };
        booted.answer.kernel = booted.adopt(&kernel, directory, "boot_kernel")?;
        if let Some(ramdisk) = ramdisk {
            booted.answer.ramdisk = Some(booted.adopt(&ramdisk, directory, "boot_ramdisk")?);
        }
        Ok(booted)
    }

    fn check(&self, path: &Path) -> Result<(), Failure> {
        // Compared as text: nothing is followed on the way to a name directly in there.
        if path.parent() != Some(&self.path) || path.file_name().is_none() {
            return Err(refusal(&format!("{} is not where its files belong", path.display())));
        }
        let meta = fs::symlink_metadata(path)
            .map_err(|error| refusal(&format!("{}: {error}", path.display())))?;
        if !meta.is_file() || meta.nlink() != 1 || meta.len() == 0 {
            return Err(refusal(&format!("{} is no file of its own", path.display())));
        }
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // It follows no link. What pygrub has mounted is gone with its processes.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// What the guest boots from its disk. The files are removed unless they are handed over.
#[derive(Debug)]
pub struct Booted {
    /// The answer; its files are in libxl's directory.
    pub answer: Answer,
    files: Vec<PathBuf>,
}

impl Booted {
    /// The files are libxl's now.
    pub fn hand_over(mut self) {
        self.files.clear();
    }

    fn adopt(&mut self, from: &Path, directory: &Path, name: &str) -> Result<PathBuf, Failure> {
        let refused = |error: std::io::Error| {
            Failure::not_permitted(&format!("moving files to {}", directory.display()), &error)
        };
        let to = directory.join(random_name(name).map_err(refused)?);
        fs::rename(from, &to).map_err(refused)?;
        self.files.push(to.clone());
        Ok(to)
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
    }
}

fn refusal(why: &str) -> Failure {
    Failure::new(Reason::BadConfig, format!("boot from disk: pygrub's answer is refused: {why}"))
}

/// Reads simple0 as libxl does: items ended by NUL; a keyword, blanks, a value. None without a kernel.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Answer> {
    let item = |keyword: &str| {
        bytes.split(|byte| *byte == 0).find_map(|item| {
            let value = item.strip_prefix(keyword.as_bytes())?;
            value.first().filter(|byte| byte.is_ascii_whitespace())?;
            Some(value.trim_ascii_start())
        })
    };
    let path = |value: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(value));
    Some(Answer {
        kernel: item("kernel").filter(|value| !value.is_empty()).map(path)?,
        ramdisk: item("ramdisk").filter(|value| !value.is_empty()).map(path),
        args: item("args").unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pygrubs_answer_is_read_as_libxl_reads_it() {
        let answer = parse(b"kernel /d/k\0ramdisk  /d/r\0args root=/dev/xvda1 ro\0\0").unwrap();
        assert_eq!(answer.kernel, Path::new("/d/k"));
        assert_eq!(answer.ramdisk.as_deref(), Some(Path::new("/d/r")));
        assert_eq!(answer.args, b"root=/dev/xvda1 ro");
        assert_eq!(parse(b"kernel /d/k").unwrap().ramdisk, None);
    }

    #[test]
    fn an_answer_without_a_kernel_is_none() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"kernel \0args x\0"), None);
        assert_eq!(parse(b"kernels /d/k\0"), None);
    }

    fn names(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn its_files_end_up_in_libxls_directory_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(directory.path()).unwrap();
        let kernel = workshop.path().join("boot_kernel.x");
        fs::write(&kernel, "k").unwrap();
        fs::write(workshop.path().join("boot_ramdisk.unused"), "").unwrap();
        fs::create_dir(workshop.path().join("65534-abc")).unwrap();
        fs::write(workshop.answer(), format!("kernel {}\0args a\0\0", kernel.display())).unwrap();
        let answer = workshop.read().unwrap().unwrap();
        let booted = workshop.hand_on(answer, directory.path()).unwrap();
        assert_eq!(booted.answer.kernel.parent(), Some(directory.path()));
        assert_eq!(fs::read(&booted.answer.kernel).unwrap(), b"k");
        assert_eq!(names(directory.path()), 1);
        booted.hand_over();
        assert_eq!(names(directory.path()), 1);
    }

    #[test]
    fn nothing_is_left_of_what_is_not_handed_over() {
        let directory = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(directory.path()).unwrap();
        let kernel = workshop.path().join("k");
        fs::write(&kernel, "k").unwrap();
        let answer = Answer { kernel, ramdisk: None, args: Vec::new() };
        drop(workshop.hand_on(answer, directory.path()).unwrap());
        assert_eq!(names(directory.path()), 0);
    }

    /// Checks that an answer with this kernel is refused, and that the file stays.
    fn refused(make: impl FnOnce(&Path, &Path) -> PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let precious = directory.path().join("precious");
        fs::write(&precious, "p").unwrap();
        let workshop = Workshop::open(directory.path()).unwrap();
        let kernel = make(workshop.path(), &precious);
        fs::write(workshop.answer(), format!("kernel {}\0", kernel.display())).unwrap();
        assert_eq!(workshop.read().unwrap_err().reason, Reason::BadConfig, "{kernel:?}");
        drop(workshop);
        assert_eq!(fs::read(&precious).unwrap(), b"p");
        assert_eq!(names(directory.path()), 1);
    }

    #[test]
    fn a_file_elsewhere_is_refused() {
        refused(|_, precious| precious.to_owned());
        refused(|workshop, _| workshop.join("../precious"));
        refused(|workshop, _| {
            fs::create_dir(workshop.join("d")).unwrap();
            fs::write(workshop.join("d/k"), "k").unwrap();
            workshop.join("d/k")
        });
    }

    #[test]
    fn what_is_no_plain_file_of_its_own_is_refused() {
        refused(|workshop, precious| {
            std::os::unix::fs::symlink(precious, workshop.join("k")).unwrap();
            workshop.join("k")
        });
        refused(|workshop, precious| {
            fs::hard_link(precious, workshop.join("k")).unwrap();
            workshop.join("k")
        });
        refused(|workshop, _| workshop.join("view"));
        refused(|workshop, _| workshop.join("not-there"));
        refused(|workshop, _| {
            fs::write(workshop.join("k"), "").unwrap();
            workshop.join("k")
        });
    }

    #[test]
    fn an_endless_answer_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let workshop = Workshop::open(directory.path()).unwrap();
        fs::write(workshop.answer(), vec![b'x'; 100_000]).unwrap();
        assert!(workshop.read().unwrap_err().message.contains("larger"));
    }
}

//! Reading other people's files: bounded, and never waiting for one that is no file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// What [`small`] reads at most: no config is longer (`xlcfg::MAX_CONFIG_BYTES`).
pub const MAX_FILE: u64 = xlcfg::MAX_CONFIG_BYTES as u64;

/// A regular file of at most [`MAX_FILE`] bytes.
///
/// # Errors
/// It cannot be opened or read, is no regular file, or is larger.
pub fn small(path: &Path) -> io::Result<Vec<u8>> {
    let file = regular(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any config"));
    }
    Ok(bytes)
}

/// The last `limit` bytes of a regular file: logs grow.
///
/// # Errors
/// It cannot be opened or read, or is no regular file.
pub fn tail(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = regular(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A regular file of any length, opened.
///
/// # Errors
/// It cannot be opened, or is no regular file.
pub fn any(path: &Path) -> io::Result<File> {
    regular(path)
}

fn regular(path: &Path) -> io::Result<File> {
    // Without it, opening a FIFO waits for somebody to write to it.
    let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_small_file_is_an_error_and_no_wait() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(small(&fifo).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(small(directory.path()).is_err());
        assert_eq!(small(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let large = directory.path().join("large");
        File::create(&large).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert_eq!(small(&large).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn the_end_of_a_log_is_what_counts() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        std::fs::write(&log, "first\nlast\n").unwrap();
        assert_eq!(tail(&log, 5).unwrap(), b"last\n");
        assert_eq!(tail(&log, 500).unwrap(), b"first\nlast\n");
    }
}

//! The certificate authorities that web servers are checked against: opened by the
//! supervisor, read by the worker, and only when there is an https URL.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::limits::MAX_AUTHORITIES;

/// A bundle of certificates, PEM.
#[derive(Debug)]
pub struct Authorities {
    /// The open file.
    pub file: File,
    /// What it is called, for people.
    pub name: String,
}

impl Authorities {
    /// The whole file.
    ///
    /// # Errors
    /// It cannot be read, or is larger than [`MAX_AUTHORITIES`] bytes.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; MAX_AUTHORITIES + 1];
        let mut length = 0_usize;
        loop {
            let free = bytes.get_mut(length..).unwrap_or_default();
            match self.file.read_at(free, length as u64) {
                Ok(0) => break,
                Ok(more) => length = length.saturating_add(more),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if length > MAX_AUTHORITIES {
            let why = format!("it has more than {MAX_AUTHORITIES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_bundle_and_one_byte_more() {
        let read = |length: usize| {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(&vec![b'x'; length], 0).unwrap();
            Authorities { file, name: "x".to_owned() }.read()
        };
        assert_eq!(read(MAX_AUTHORITIES).unwrap().len(), MAX_AUTHORITIES);
        assert!(read(MAX_AUTHORITIES + 1).unwrap_err().to_string().contains("more than"));
        assert!(read(0).unwrap().is_empty());
    }
}

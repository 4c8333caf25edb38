//! The prefix that stands in front of every relative name.
//!
//! RFC 5071 section 6 (option 210) and the PXELINUX manual, "TFTP directory".

use crate::limits::MAX_NAME;
use crate::location::{LocationError, NameForm};
use crate::names::until_nul;

/// A text prefix. It need not end in a slash, and it may be a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(Vec<u8>);

impl Prefix {
    /// The prefix of a lease: option 210 as it is, else the boot file's name up to and including the
    /// last byte that is not a digit, an ASCII letter, a dot or a dash. So `boot/pxelinux.0` gives
    /// `boot/`, and `pxe_linux.0` gives `pxe_`. A boot file that is a URL gives all up to its last
    /// slash.
    ///
    /// # Errors
    /// Either text has more than 255 bytes.
    pub fn from_dhcp(option_210: Option<&[u8]>, boot_file: &[u8]) -> Result<Prefix, LocationError> {
        if let Some(prefix) = option_210.map(until_nul).filter(|prefix| !prefix.is_empty()) {
            return Prefix::checked(prefix);
        }
        let boot_file = until_nul(boot_file);
        let end = match NameForm::of(boot_file) {
            NameForm::Url => boot_file.iter().rposition(|&b| b == b'/'),
            NameForm::Server | NameForm::Relative => boot_file
                .iter()
                .rposition(|&b| !(b.is_ascii_alphanumeric() || b == b'.' || b == b'-')),
        };
        Prefix::checked(end.and_then(|end| boot_file.get(..=end)).unwrap_or_default())
    }

    /// The prefix after a change of directory (`CONFIG file dir`): PXELINUX appends a relative
    /// directory as text, with no slash of its own, and lets any other form replace the prefix.
    ///
    /// # Errors
    /// The new prefix has more than 255 bytes.
    pub fn enter(&self, directory: &[u8]) -> Result<Prefix, LocationError> {
        match NameForm::of(directory) {
            NameForm::Relative => {
                let mut joined = self.0.clone();
                joined.extend_from_slice(directory);
                Prefix::checked(&joined)
            }
            NameForm::Server | NameForm::Url => Prefix::checked(directory),
        }
    }

    /// The prefix's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn checked(prefix: &[u8]) -> Result<Prefix, LocationError> {
        if prefix.len() > MAX_NAME {
            return Err(LocationError::TooLong { name: prefix.to_vec() });
        }
        Ok(Prefix(prefix.to_vec()))
    }
}

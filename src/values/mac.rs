//! A guest's MAC address.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The prefix that the IEEE gave to Xen (xl-network-configuration(5)).
const XEN_OUI: [u8; 3] = [0x00, 0x16, 0x3e];

/// An Ethernet address that one interface can have: neither multicast nor all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac([u8; 6]);

impl Mac {
    /// One in Xen's own range, at random. Its last three bytes are at most 7f:ff:ff, as xl makes
    /// them.
    ///
    /// # Errors
    /// The kernel gives no random bytes.
    pub fn random() -> io::Result<Self> {
        let mut random = [0; 3];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let ([a, b, c], [d, e, f]) = (XEN_OUI, random);
        Ok(Self([a, b, c, d & 0x7f, e, f]))
    }

    /// Its bytes, as they go over the wire.
    #[must_use]
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// From bytes that may be any address.
    ///
    /// # Errors
    /// It cannot be an interface's.
    pub fn new(bytes: [u8; 6]) -> Result<Self, MacError> {
        let [first, ..] = bytes;
        if first & 1 != 0 {
            return Err(MacError::Multicast(xlcfg::format_mac(bytes)));
        }
        if bytes == [0; 6] {
            return Err(MacError::Zero);
        }
        Ok(Self(bytes))
    }
}

/// Why a word is no MAC for a guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not six groups of hexadecimal digits.
    #[error("{0:?} is no MAC address: write it like 00:16:3e:62:39:d3")]
    Malformed(String),
    /// The address of a group, not of an interface.
    #[error("{0} is a multicast address: the first byte must be even, as in 00:16:3e:…")]
    Multicast(String),
    /// No address at all.
    #[error("00:00:00:00:00:00 is no interface's address")]
    Zero,
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let bytes = xlcfg::parse_mac(text).map_err(|_| MacError::Malformed(text.to_owned()))?;
        Self::new(bytes)
    }
}

impl TryFrom<String> for Mac {
    type Error = MacError;

    fn try_from(text: String) -> Result<Self, MacError> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&xlcfg::format_mac(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_are_read_as_xl_reads_them_and_written_one_way() {
        assert_eq!("00:16:3E:62:39:D3".parse::<Mac>().unwrap().to_string(), "00:16:3e:62:39:d3");
        assert_eq!("00-16-3e-6-11-2".parse::<Mac>().unwrap().to_string(), "00:16:3e:06:11:02");
    }

    #[test]
    fn what_no_interface_can_have() {
        for text in ["", "XX:XX:XX", "00:16:3e:62:39", "01:16:3e:62:39:d3", "0:0:0:0:0:0"] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    #[test]
    fn random_ones_are_in_xens_range_and_differ() {
        let macs: Vec<Mac> = (0..64).map(|_| Mac::random().unwrap()).collect();
        for mac in &macs {
            assert!(mac.to_string().starts_with("00:16:3e:"), "{mac}");
            assert!(mac.0[3] < 0x80, "{mac}");
        }
        assert!(macs.iter().any(|mac| *mac != macs[0]));
    }
}

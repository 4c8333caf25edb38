//! Who boots: the guest as far as a bootloader needs to know it.
//!
//! libxl passes neither name nor MAC, and no vif is in xenstore while a bootloader runs
//! (libxl_create.c), so both are found out; [`find`] holds the order.

pub mod config_file;
pub mod find;
pub mod libvirt;
pub mod parent;
pub mod remembered;
pub mod vif_spec;
pub mod xenstore;

use std::fmt;
use std::str::FromStr;

pub use pxelinux::Uuid;
use serde::{Deserialize, Serialize};

/// An Ethernet address of one interface (unicast).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MacAddr([u8; 6]);

impl MacAddr {
    /// Takes six octets.
    ///
    /// # Errors
    /// A multicast or an all-zero address cannot belong to an interface.
    pub fn new(octets: [u8; 6]) -> Result<Self, MacError> {
        let [first, ..] = octets;
        if first & 1 == 1 {
            return Err(MacError::Multicast);
        }
        if octets == [0; 6] {
            return Err(MacError::Zero);
        }
        Ok(Self(octets))
    }

    /// The six octets.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

impl FromStr for MacAddr {
    type Err = MacError;

    /// `aa:bb:cc:dd:ee:ff`, in any case, also with dashes.
    fn from_str(text: &str) -> Result<Self, MacError> {
        let mut octets = [0; 6];
        let mut groups = text.trim().split([':', '-']);
        for octet in &mut octets {
            let group = groups.next().ok_or(MacError::Malformed)?;
            if group.is_empty() || group.len() > 2 || !group.bytes().all(|b| b.is_ascii_hexdigit())
            {
                return Err(MacError::Malformed);
            }
            *octet = u8::from_str_radix(group, 16).map_err(|_| MacError::Malformed)?;
        }
        if groups.next().is_some() {
            return Err(MacError::Malformed);
        }
        Self::new(octets)
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Why something is no guest's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// Not six groups of hexadecimal digits.
    #[error("a MAC is written like 00:16:3e:62:39:d3")]
    Malformed,
    /// The group bit is set.
    #[error("this is a multicast address (the first octet is odd)")]
    Multicast,
    /// All zero.
    #[error("this is the all-zero address")]
    Zero,
}

/// What kind of guest it is, as far as it changes what can be booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestType {
    /// Paravirtualised: its command line ends at 1023 bytes.
    Pv,
    /// PVH.
    Pvh,
    /// Not found out (called from a shell): PV's stricter rules are used.
    Unknown,
}

/// The network interface that the guest boots from: its first vif.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vif {
    /// The guest's own address.
    pub mac: MacAddr,
    /// The bridge (or other interface) of this domain that the vif is on.
    pub bridge: String,
    /// The VLAN that the guest's frames are in, 1 to 4094, when the bridge has VLANs.
    pub vlan: Option<u16>,
    /// The vif's hotplug script, when it is not the default one.
    pub script: Option<String>,
    /// The domain that the bridge is in, when it is not this one.
    #[serde(default)]
    pub backend: Option<String>,
}

/// The guest that is to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its name, where there is a domain.
    pub name: Option<String>,
    /// Its UUID, where there is a domain.
    pub uuid: Option<Uuid>,
    /// Its domain number, where there is a domain.
    pub domid: Option<u32>,
    /// PV or PVH.
    pub guest_type: GuestType,
    /// The interface to boot from.
    pub vif: Vif,
    /// Where the interface was found, for the console.
    pub source: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_are_read_and_shown_in_lower_case() {
        let mac: MacAddr = "00:16:3E:62:39:D3".parse().unwrap();
        assert_eq!(mac.to_string(), "00:16:3e:62:39:d3");
        assert_eq!("0-16-3e-62-39-d3".parse::<MacAddr>(), Ok(mac));
    }

    #[test]
    fn what_is_no_mac_is_refused_with_its_reason() {
        assert_eq!("00:16:3e:62:39".parse::<MacAddr>(), Err(MacError::Malformed));
        assert_eq!("00:16:3e:62:39:d3:00".parse::<MacAddr>(), Err(MacError::Malformed));
        assert_eq!("00:16:3e:62:39:+3".parse::<MacAddr>(), Err(MacError::Malformed));
        assert_eq!("01:16:3e:62:39:d3".parse::<MacAddr>(), Err(MacError::Multicast));
        assert_eq!("00:00:00:00:00:00".parse::<MacAddr>(), Err(MacError::Zero));
    }
}

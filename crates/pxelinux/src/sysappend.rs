//! What SYSAPPEND (IPAPPEND) adds to a command line.
//!
//! The SYSLINUX manual, "SYSAPPEND": one bit for one string, added from the lowest bit up.

use std::net::Ipv4Addr;

use crate::names::{HardwareAddress, Uuid};

/// The values behind the bits. What is unknown is left out of the command line, as PXELINUX leaves
/// out what its firmware does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SysValues {
    /// Bit 0x1, `ip=`: the addresses of the lease.
    pub addresses: Option<Addresses>,
    /// Bit 0x2, `BOOTIF=`: the card that boots.
    pub hardware: Option<HardwareAddress>,
    /// Bit 0x4, `SYSUUID=`: the guest's UUID, in the order `xl list` prints it.
    pub uuid: Option<Uuid>,
    /// The strings of the higher bits, as (bit, value), for example `(0x10, "Xen")` for
    /// `SYSVENDOR=Xen`. Bit 0x8 is `CPU=`. Other bits than those in [`bit_name`] are ignored.
    pub others: Vec<(u32, Vec<u8>)>,
}

/// The addresses in `ip=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The leased address.
    pub client: Ipv4Addr,
    /// The boot server. Kernels take it for their NFS server, which it need not be.
    pub boot_server: Ipv4Addr,
    /// The router, written as 0.0.0.0 if there is none.
    pub gateway: Option<Ipv4Addr>,
    /// The netmask.
    pub netmask: Ipv4Addr,
}

/// The name in front of the `=` for one bit of the mask; `None` if PXELINUX has no such bit.
#[must_use]
pub fn bit_name(bit: u32) -> Option<&'static str> {
    Some(match bit {
        0x1 => "ip",
        0x2 => "BOOTIF",
        0x4 => "SYSUUID",
        0x8 => "CPU",
        0x10 => "SYSVENDOR",
        0x20 => "SYSPRODUCT",
        0x40 => "SYSVERSION",
        0x80 => "SYSSERIAL",
        0x100 => "SYSSKU",
        0x200 => "SYSFAMILY",
        0x400 => "MBVENDOR",
        0x800 => "MBPRODUCT",
        0x1000 => "MBVERSION",
        0x2000 => "MBSERIAL",
        0x4000 => "MBASSET",
        0x8000 => "BIOSVENDOR",
        0x1_0000 => "BIOSVERSION",
        0x2_0000 => "SYSFF",
        0x4_0000 => "FSUUID",
        _ => return None,
    })
}

impl SysValues {
    /// The strings for a mask, lowest bit first, unknown and empty ones left out.
    #[must_use]
    pub fn strings(&self, mask: u32) -> Vec<Vec<u8>> {
        (0..u32::BITS)
            .map(|shift| 1 << shift)
            .filter(|bit| mask & bit != 0)
            .filter_map(|bit| {
                let value = self.value(bit)?;
                let mut string = bit_name(bit)?.as_bytes().to_vec();
                string.push(b'=');
                string.extend(value);
                Some(string)
            })
            .collect()
    }

    fn value(&self, bit: u32) -> Option<Vec<u8>> {
        match bit {
            0x1 => self.addresses.map(|a| {
                let gateway = a.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED);
                format!("{}:{}:{gateway}:{}", a.client, a.boot_server, a.netmask).into_bytes()
            }),
            0x2 => self.hardware.map(|hardware| hardware.to_string().into_bytes()),
            0x4 => self.uuid.filter(Uuid::is_usable).map(|uuid| uuid.to_string().into_bytes()),
            _ => {
                let (_, value) = self.others.iter().find(|(other, _)| *other == bit)?;
                Some(joined_words(value)).filter(|value| !value.is_empty())
            }
        }
    }
}

/// A value with its blanks made underscores: a run of them one underscore, none at the ends.
fn joined_words(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> =
        value.split(|&b| b <= b' ' || b == 0x7f).filter(|word| !word.is_empty()).collect();
    words.join(&b'_')
}

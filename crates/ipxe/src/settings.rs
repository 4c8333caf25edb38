//! What the driver knows and a script may ask for: plain data, read once when the run begins.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The settings a script finds when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The guest's hardware address: `${mac}`, `${net0/mac}`.
    pub mac: [u8; 6],
    /// The lease of the guest.
    pub dhcp: Dhcp,
    /// The answer of a proxyDHCP server: `${proxydhcp/...}`. What it says counts where the lease is
    /// silent.
    pub proxy: Option<Dhcp>,
    /// The guest's UUID, in the order it is written: `${uuid}`.
    pub uuid: Option<[u8; 16]>,
    /// What firmware says about the machine: `${manufacturer}`, `${product}`, `${serial}`, `${asset}`
    /// and `${board-serial}`, by these names. What is absent or empty is empty in a script.
    pub smbios: BTreeMap<String, Vec<u8>>,
    /// `${buildarch}`: `x86_64`, `i386` or `arm64`.
    pub buildarch: String,
    /// `${platform}`: `pcbios` or `efi`. Scripts hand EFI programs to the latter.
    pub platform: String,
    /// `${version}`.
    pub version: String,
    /// The guest's memory in MiB: `${memsize}`.
    pub memory: Option<u32>,
    /// Seconds since 1970: `${unixtime}`.
    pub unix_time: Option<u32>,
}

/// A DHCP answer, reduced to what scripts ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dhcp {
    /// The address it gives, `yiaddr`: `${ip}`.
    pub address: Option<Ipv4Addr>,
    /// The server of the boot file, `siaddr`: `${next-server}`.
    pub next_server: Option<Ipv4Addr>,
    /// The boot file, if option 67 does not name it: `${filename}`.
    pub file: Option<Vec<u8>>,
    /// The options by number, without number and length: `${netmask}` (1), `${gateway}` (3), `${dns}` (6),
    /// `${hostname}` (12), `${domain}` (15), `${root-path}` (17), `${dhcp-server}` (54), `${filename}`
    /// (67), `${user-class}` (77), and all others as `${210}` or `${210:hex}`. `${43.6}` is taken from
    /// option 43.
    pub options: BTreeMap<u8, Vec<u8>>,
}

impl Settings {
    /// The settings of a guest with this address and lease, on a BIOS with a 64-bit processor.
    #[must_use]
    pub fn new(mac: [u8; 6], dhcp: Dhcp) -> Settings {
        Settings {
            mac,
            dhcp,
            proxy: None,
            uuid: None,
            smbios: BTreeMap::new(),
            buildarch: "x86_64".to_owned(),
            platform: "pcbios".to_owned(),
            version: "1.21.1+".to_owned(),
            memory: None,
            unix_time: None,
        }
    }
}

impl Dhcp {
    /// An option, or with a number above 255 one that is encapsulated in another.
    pub(crate) fn option(&self, tag: u32) -> Option<&[u8]> {
        if let Ok(number) = u8::try_from(tag) {
            return match (number, self.options.get(&number)) {
                (67, None) => self.file.as_deref().filter(|file| !file.is_empty()),
                (_, value) => value.map(Vec::as_slice),
            };
        }
        let inner = u8::try_from(tag & 0xff).ok()?;
        let mut rest = self.option(tag >> 8)?;
        while let [number, tail @ ..] = rest {
            match (number, tail) {
                (0, _) => rest = tail,
                (1..=254, [length, tail @ ..]) => {
                    let (value, tail) = tail.split_at_checked(usize::from(*length))?;
                    if *number == inner {
                        return Some(value);
                    }
                    rest = tail;
                }
                (255, _) | (_, []) => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encapsulated_option_is_found() {
        let mut dhcp = Dhcp::default();
        dhcp.options.insert(43, vec![0, 6, 1, 8, 116, 2, 1, 2, 255, 9, 1, 1]);
        assert_eq!(dhcp.option(43 << 8 | 6), Some(&[8][..]));
        assert_eq!(dhcp.option(43 << 8 | 116), Some(&[1, 2][..]));
        assert_eq!(dhcp.option(43 << 8 | 9), None);
        assert_eq!(dhcp.option(44 << 8 | 9), None);
        dhcp.options.insert(43, vec![6, 9, 8]);
        assert_eq!(dhcp.option(43 << 8 | 6), None);
    }

    #[test]
    fn option_67_counts_before_the_file_field() {
        let mut dhcp = Dhcp { file: Some(b"a".to_vec()), ..Dhcp::default() };
        assert_eq!(dhcp.option(67), Some(&b"a"[..]));
        dhcp.options.insert(67, b"b".to_vec());
        assert_eq!(dhcp.option(67), Some(&b"b"[..]));
    }
}

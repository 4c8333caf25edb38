//! What dnsmasq is told (dnsmasq(8)): addresses for vmprov's guests, or for all; files.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::site::BOOT_FILE;
use crate::values::Mac;

/// An IPv4 address with its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The address.
    pub address: Ipv4Addr,
    /// The length of its prefix, 1 to 30.
    pub prefix: u8,
}

/// What is served, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The bridge.
    pub bridge: String,
    /// dom0's address on it.
    pub interface: Interface,
    /// The first and the last address that are given away; none beside another DHCP server.
    pub range: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Whether everybody is served, not only guests whose configs are here.
    pub any: bool,
    /// Whether it answers name queries, by what this host knows: an installer stops and asks a
    /// person when DHCP names no name server.
    pub names: bool,
    /// What TFTP and HTTP serve.
    pub root: PathBuf,
    /// Where the guests' lines are; dnsmasq sees new ones at once.
    pub hosts: PathBuf,
    /// Its leases.
    pub leases: PathBuf,
}

impl Interface {
    /// The network's first address, which is no host's.
    #[must_use]
    pub fn network(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) & self.mask())
    }

    /// The usual range: the upper half of the network, without its last address.
    #[must_use]
    pub fn usual_range(self) -> (Ipv4Addr, Ipv4Addr) {
        let network = u32::from(self.network());
        let last = network | !self.mask();
        let half = network + (last - network).div_ceil(2);
        (Ipv4Addr::from(half), Ipv4Addr::from(last - 1))
    }

    /// Whether an address is a host's in this network.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        let network = u32::from(self.network());
        address & self.mask() == network && address != network && address != network | !self.mask()
    }

    /// The mask, as dnsmasq wants it.
    #[must_use]
    pub fn netmask(self) -> Ipv4Addr {
        Ipv4Addr::from(self.mask())
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0)
    }
}

impl Service {
    /// dnsmasq's configuration file.
    #[must_use]
    pub fn config(&self) -> String {
        let mut lines = vec![
            format!("port={}", if self.names { 53 } else { 0 }),
            format!("interface={}", self.bridge),
            "except-interface=lo".to_owned(),
            "bind-interfaces".to_owned(),
            "no-hosts".to_owned(),
            "domain-needed".to_owned(),
            "bogus-priv".to_owned(),
            format!("dhcp-hostsdir={}", self.hosts.display()),
            format!("dhcp-leasefile={}", self.leases.display()),
            "enable-tftp".to_owned(),
            format!("tftp-root={}", self.root.display()),
        ];
        match self.range {
            Some((first, last)) => {
                let mask = self.interface.netmask();
                lines.push(format!("dhcp-range={first},{last},{mask},1h"));
                lines.push("dhcp-authoritative".to_owned());
                // All addresses are from here: nobody has to be asked, which takes three seconds.
                lines.push("no-ping".to_owned());
                lines.push(format!("dhcp-boot={BOOT_FILE}"));
            }
            // proxyDHCP (PXE 2.1): the other server gives the addresses.
            None => {
                lines.push(format!("dhcp-range={},proxy", self.interface.network()));
                lines.push(format!("dhcp-boot={BOOT_FILE}"));
                lines.push("pxe-service=x86PC,\"vmprov\",pxelinux".to_owned());
            }
        }
        if !self.any {
            lines.push("dhcp-ignore=tag:!known".to_owned());
        }
        lines.join("\n") + "\n"
    }
}

/// The line that makes a guest known; with its name where DHCP has a word for it.
#[must_use]
pub fn host_line(mac: Mac, hostname: Option<&str>) -> String {
    match hostname {
        Some(name) => format!("{mac},{name}\n"),
        None => format!("{mac}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(address: [u8; 4], prefix: u8) -> Interface {
        Interface { address: address.into(), prefix }
    }

    #[test]
    fn the_usual_range_is_the_upper_half() {
        let range = |prefix| interface([192, 168, 200, 1], prefix).usual_range();
        let addresses = |first: [u8; 4], last: [u8; 4]| (first.into(), last.into());
        assert_eq!(range(24), addresses([192, 168, 200, 128], [192, 168, 200, 254]));
        assert_eq!(range(30), addresses([192, 168, 200, 2], [192, 168, 200, 2]));
        assert_eq!(range(16), addresses([192, 168, 128, 0], [192, 168, 255, 254]));
    }

    #[test]
    fn a_networks_own_addresses_are_no_hosts() {
        let interface = interface([192, 168, 200, 1], 24);
        assert!(interface.contains([192, 168, 200, 77].into()));
        for other in [[192, 168, 200, 0], [192, 168, 200, 255], [192, 168, 201, 7]] {
            assert!(!interface.contains(other.into()), "{other:?}");
        }
    }

    fn service() -> Service {
        let interface = interface([192, 168, 200, 1], 24);
        Service {
            bridge: "xenbr0".into(),
            interface,
            range: Some(interface.usual_range()),
            any: false,
            names: true,
            root: "/srv/tftp".into(),
            hosts: "/run/hosts".into(),
            leases: "/run/leases".into(),
        }
    }

    #[test]
    fn only_guests_are_served_unless_all_are() {
        let config = service().config();
        assert!(config.contains("dhcp-range=192.168.200.128,192.168.200.254,255.255.255.0,1h\n"));
        assert!(
            config.contains("dhcp-ignore=tag:!known\n") && config.contains("interface=xenbr0\n")
        );
        let any = Service { any: true, ..service() }.config();
        assert!(!any.contains("dhcp-ignore"));
        let proxy = Service { range: None, ..service() }.config();
        assert!(proxy.contains("dhcp-range=192.168.200.0,proxy\n") && !proxy.contains("1h"));
    }
}

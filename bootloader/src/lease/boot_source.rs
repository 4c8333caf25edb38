//! Where a lease says to boot from: the server and the file (a pure function).
//!
//! Servers put the same fact into different places, and dnsmasq's `siaddr` is its own
//! address when only option 66 was set, so the order is: siaddr, unless it is just the DHCP
//! server itself while option 66 names another; option 66; sname, if it is an address;
//! option 150; the DHCP server (PXELINUX's own last resort).

use std::net::Ipv4Addr;

use pxelinux::Server;

use super::Lease;
use super::boot_menu::{BootItem, sub_option};
use super::reply::{Reply, code};

/// What a lease says about booting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootSource {
    /// Whom relative names are asked from.
    pub server: Server,
    /// The boot file, as it stands; empty when only 209 or 210 are given.
    pub boot_file: Vec<u8>,
    /// Option 209: the config's name.
    pub config_file: Option<Vec<u8>>,
    /// Option 210: what goes before every name.
    pub path_prefix: Option<Vec<u8>>,
}

/// What kind of program a boot file is, by its name. Whatever it is, a PXELINUX config is
/// looked for beside it first: the program itself is never run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// PXELINUX, or something that says nothing else.
    Pxelinux,
    /// For UEFI: shim, GRUB, iPXE.
    Efi,
    /// A script of iPXE's.
    IpxeScript,
    /// iPXE itself, for a BIOS or for UEFI: whoever starts it is asked again, by iPXE.
    Ipxe,
}

impl BootSource {
    /// The kind of its boot file.
    #[must_use]
    pub fn program(&self) -> Program {
        // A URL may have a query behind the name.
        let name = self.boot_file.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let base = name.rsplit(|byte| b"/\\".contains(byte)).next().unwrap_or_default();
        let is_ipxe = [&b"undionly"[..], b"ipxe", b"snponly", b"netboot.xyz"]
            .iter()
            .any(|start| base.starts_with(start));
        if name.ends_with(b"pxe") && !name.ends_with(b".ipxe") && name.contains(&b'.')
            || is_ipxe && !name.ends_with(b".ipxe")
        {
            Program::Ipxe
        } else if name.ends_with(b".efi") {
            Program::Efi
        } else if name.ends_with(b".ipxe") {
            Program::IpxeScript
        } else {
            Program::Pxelinux
        }
    }
}

/// The boot source of `lease`, with the answer of a PXE server on port 4011 when one was
/// asked; `None` when nobody names a boot file, a config or a prefix.
#[must_use]
pub fn of(lease: &Lease, pxe_answer: Option<&Reply>) -> Option<BootSource> {
    // What a PXE server says goes before what the address's server says.
    let replies = [pxe_answer, lease.proxy.as_ref(), Some(&lease.ack)];
    let reply = replies.into_iter().flatten().find(|reply| reply.has_boot_information())?;
    let pxelinux_option = |code| reply.text(code).map(<[u8]>::to_vec);
    Some(BootSource {
        server: server(reply, lease),
        boot_file: reply.boot_file().unwrap_or_default().to_vec(),
        config_file: pxelinux_option(code::CONFIG_FILE)
            .or_else(|| vendor_option(reply, code::CONFIG_FILE)),
        path_prefix: pxelinux_option(code::PATH_PREFIX)
            .or_else(|| vendor_option(reply, code::PATH_PREFIX))
            .or_else(|| url_directory(reply.boot_file()?)),
    })
}

/// The directory of a boot file that is a URL, without what may stand behind its path, and with
/// the slash that a bare host lacks.
fn url_directory(boot_file: &[u8]) -> Option<Vec<u8>> {
    let url = boot_file.split(|byte| b"?#".contains(byte)).next()?;
    let authority = url.windows(3).position(|three| three == b"://")?.checked_add(3)?;
    let path = url.get(authority..)?;
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(last) => url.get(..=authority.checked_add(last)?).map(<[u8]>::to_vec),
        None => Some([url, b"/"].concat()),
    }
}

/// Whom to ask on port 4011, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PxeServer {
    /// The server.
    pub address: Ipv4Addr,
    /// The type of the first item of its boot menu, if it has one.
    pub item: Option<u16>,
}

/// Whom to ask on port 4011 (PXE 2.1, 2.4): a PXE server that has not said where to boot from.
#[must_use]
pub fn pxe_server_to_ask(lease: &Lease) -> Option<PxeServer> {
    let (reply, address) = match &lease.proxy {
        Some(proxy) => (proxy, proxy.address(code::SERVER_ID)?),
        None => (&lease.ack, lease.server),
    };
    if reply.has_boot_information() || !reply.is_from_a_pxe_server() {
        return None;
    }
    let item = BootItem::first(reply);
    Some(PxeServer {
        address: item.and_then(|item| item.server).unwrap_or(address),
        item: item.map(|item| item.kind),
    })
}

/// Whether the first item of a PXE server's menu is the local disk.
#[must_use]
pub fn says_local_disk(lease: &Lease) -> bool {
    pxe_server_to_ask(lease).is_some_and(|server| server.item == Some(BootItem::LOCAL_DISK))
}

fn server(reply: &Reply, lease: &Lease) -> Server {
    let own = reply.address(code::SERVER_ID).unwrap_or(lease.server);
    let named = reply.text(code::TFTP_SERVER_NAME).and_then(named_server);
    let siaddr = Some(reply.siaddr).filter(|address| !address.is_unspecified());
    let sname = || {
        let address = std::str::from_utf8(reply.sname()?).ok()?.parse().ok()?;
        Some(Server::Ip(address))
    };
    match (siaddr, named) {
        (Some(siaddr), Some(named)) if siaddr == own && named != Server::Ip(own) => named,
        (Some(siaddr), _) => Server::Ip(siaddr),
        (None, Some(named)) => named,
        (None, None) => sname()
            .or_else(|| reply.address(code::TFTP_SERVERS).map(Server::Ip))
            .unwrap_or(Server::Ip(own)),
    }
}

/// Option 66 holds a host name, or an address as text. What is neither is passed over.
fn named_server(text: &[u8]) -> Option<Server> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse() {
        return Some(Server::Ip(address));
    }
    let is_host_name = text.len() <= 255
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_host_name.then(|| Server::Name(text.to_owned()))
}

/// PXELINUX also takes its own options inside option 43 (core/fs/pxe/dhcp_option.c).
fn vendor_option(reply: &Reply, wanted: u8) -> Option<Vec<u8>> {
    let data = sub_option(reply.option(code::VENDOR)?, wanted)?;
    let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(text.trim_ascii().to_vec()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::reply::tests::{MAC, Packet, reply};

    const SELF: [u8; 4] = [192, 168, 99, 1];
    const WANTED: [u8; 4] = [192, 168, 99, 7];

    fn lease(packet: Packet, more: &[(u8, &[u8])]) -> Lease {
        let mut options: Vec<(u8, &[u8])> = vec![(53, &[5]), (54, &SELF)];
        options.extend(more);
        let ack = Reply::decode(&packet.yiaddr([192, 168, 99, 50]).options(&options)).unwrap();
        Lease::new(ack, Ipv4Addr::from(SELF), None)
    }

    fn found(packet: Packet, more: &[(u8, &[u8])]) -> BootSource {
        of(&lease(packet, more), None).unwrap()
    }

    fn address(octets: [u8; 4]) -> Server {
        Server::Ip(Ipv4Addr::from(octets))
    }

    // Each test is one line of what real servers were seen to send.

    #[test]
    fn dnsmasq_dhcp_boot() {
        let source = found(reply(1, MAC).siaddr(WANTED), &[(66, b"name\0"), (67, b"f\0")]);
        assert_eq!((source.server, source.boot_file), (address(WANTED), b"f".to_vec()));
    }

    #[test]
    fn dnsmasq_with_option_66_only_claims_to_be_the_server_itself() {
        let source = found(reply(1, MAC).siaddr(SELF), &[(66, b"192.168.99.7\0"), (67, b"f\0")]);
        assert_eq!(source.server, address(WANTED));
    }

    #[test]
    fn dnsmasq_with_both_on_purpose() {
        let source = found(reply(1, MAC).siaddr(WANTED), &[(66, b"192.168.99.8\0"), (67, b"f\0")]);
        assert_eq!(source.server, address(WANTED));
    }

    #[test]
    fn isc_next_server_and_filename() {
        let source = found(reply(1, MAC).siaddr(WANTED).file(b"pxelinux.0"), &[]);
        assert_eq!((source.server, source.boot_file), (address(WANTED), b"pxelinux.0".to_vec()));
    }

    #[test]
    fn isc_and_kea_with_options_only() {
        let source = found(reply(1, MAC), &[(66, b"192.168.99.7"), (67, b"f")]);
        assert_eq!(source.server, address(WANTED));
        let source = found(reply(1, MAC), &[(66, b"boot.example"), (67, b"f")]);
        assert_eq!(source.server, Server::Name("boot.example".to_owned()));
    }

    #[test]
    fn a_bare_lease_with_a_file_means_the_dhcp_server() {
        assert_eq!(found(reply(1, MAC), &[(67, b"f")]).server, address(SELF));
        assert_eq!(found(reply(1, MAC), &[(66, b"no host!"), (67, b"f")]).server, address(SELF));
    }

    #[test]
    fn sname_and_option_150_are_last_but_one() {
        let source =
            found(reply(1, MAC).sname(b"192.168.99.7"), &[(67, b"f"), (150, &[1, 1, 1, 1])]);
        assert_eq!(source.server, address(WANTED));
        let source = found(reply(1, MAC).sname(b"myhost"), &[(67, b"f"), (150, &WANTED)]);
        assert_eq!(source.server, address(WANTED));
    }

    #[test]
    fn pxelinux_options_at_the_top_and_inside_43() {
        let source = found(reply(1, MAC), &[(209, b"conf\0"), (210, b"/dir/")]);
        assert_eq!(source.config_file.as_deref(), Some(&b"conf"[..]));
        assert_eq!(source.path_prefix.as_deref(), Some(&b"/dir/"[..]));
        assert!(source.boot_file.is_empty());
        let vendor = [6, 1, 8, 0, 209, 4, b'c', b'o', b'n', b'f', 255];
        let source = found(reply(1, MAC), &[(67, b"f"), (43, &vendor)]);
        assert_eq!(source.config_file.as_deref(), Some(&b"conf"[..]));
    }

    #[test]
    fn the_boot_files_of_other_loaders_are_told_by_their_names() {
        for (name, program) in [
            (&b"http://h/debian/bootnetx64.EFI"[..], Program::Efi),
            (b"http://h/shimx64.efi?arch=x64", Program::Efi),
            (b"undionly.kpxe", Program::Ipxe),
            (b"boot/undionly.kkpxe", Program::Ipxe),
            (b"http://h/ipxe.efi", Program::Ipxe),
            (b"snponly.efi", Program::Ipxe),
            (b"netboot.xyz.kpxe", Program::Ipxe),
            (b"ipxe-undionly.0", Program::Ipxe),
            (b"pxelinux.0", Program::Pxelinux),
            (b"boot/pxe", Program::Pxelinux),
            (b"boot.ipxe", Program::IpxeScript),
            (b"http://h/v1/boot.ipxe?mac=00:16:3e:00:00:01", Program::IpxeScript),
            (b"lpxelinux.0", Program::Pxelinux),
            (b"http://h/boot/", Program::Pxelinux),
            (b"", Program::Pxelinux),
        ] {
            let source = BootSource {
                server: address(SELF),
                boot_file: name.to_vec(),
                config_file: None,
                path_prefix: None,
            };
            assert_eq!(source.program(), program, "{}", String::from_utf8_lossy(name));
        }
    }

    #[test]
    fn the_directory_of_a_url_ends_before_its_query() {
        for (url, directory) in [
            ("http://h/d/shimx64.efi", "http://h/d/"),
            ("https://h:8/boot?mac=00:16:3e/x", "https://h:8/"),
            ("http://h/d/#/x", "http://h/d/"),
            ("http://h", "http://h/"),
            ("http://u:p@h?x", "http://u:p@h/"),
            ("tftp://h/d/pxe_linux.0", "tftp://h/d/"),
        ] {
            let source = found(reply(1, MAC), &[(67, url.as_bytes())]);
            assert_eq!(source.path_prefix.as_deref(), Some(directory.as_bytes()), "{url}");
        }
        let given = found(reply(1, MAC), &[(67, b"http://h/d/f"), (210, b"http://o/")]);
        assert_eq!(given.path_prefix.as_deref(), Some(&b"http://o/"[..]));
        for name in ["pxelinux.0", "d/f", "::f", "10.0.0.1::f"] {
            assert_eq!(found(reply(1, MAC), &[(67, name.as_bytes())]).path_prefix, None, "{name}");
        }
    }

    #[test]
    fn nothing_to_boot_is_none() {
        assert_eq!(of(&lease(reply(1, MAC).siaddr(WANTED), &[]), None), None);
    }

    #[test]
    fn a_proxys_file_goes_before_the_address_servers() {
        let mut lease = lease(reply(1, MAC).siaddr(SELF), &[(67, b"wrong")]);
        let options: &[(u8, &[u8])] = &[(53, &[2]), (54, &WANTED), (60, b"PXEClient")];
        let proxy = reply(1, MAC).siaddr(WANTED).file(b"right").options(options);
        lease.proxy = Some(Reply::decode(&proxy).unwrap());
        let source = of(&lease, None).unwrap();
        assert_eq!((source.server, source.boot_file), (address(WANTED), b"right".to_vec()));
        assert_eq!(pxe_server_to_ask(&lease), None);
    }

    #[test]
    fn a_proxy_without_a_file_is_to_be_asked() {
        let mut lease = lease(reply(1, MAC), &[]);
        let proxy = reply(1, MAC).options(&[(53, &[2]), (54, &WANTED), (60, b"PXEClient")]);
        lease.proxy = Some(Reply::decode(&proxy).unwrap());
        assert_eq!(
            pxe_server_to_ask(&lease),
            Some(PxeServer { address: WANTED.into(), item: None })
        );
        let answer = reply(1, MAC).file(b"nbp").options(&[(53, &[5]), (54, &WANTED)]);
        let answer = Reply::decode(&answer).unwrap();
        let source = of(&lease, Some(&answer)).unwrap();
        assert_eq!((source.server, source.boot_file), (address(WANTED), b"nbp".to_vec()));
    }

    #[test]
    fn a_menu_names_what_to_ask_for_and_whom() {
        let menu = [8, 7, 0x80, 0, 1, 192, 168, 99, 7, 9, 6, 0x80, 0, 3, b'o', b'n', b'e', 255];
        let found = lease(reply(1, MAC), &[(60, b"PXEClient"), (43, &menu)]);
        assert_eq!(
            pxe_server_to_ask(&found),
            Some(PxeServer { address: WANTED.into(), item: Some(0x8000) })
        );
        assert!(!says_local_disk(&found));
        let disk = [9, 7, 0, 0, 4, b'd', b'i', b's', b'k', 255];
        assert!(says_local_disk(&lease(reply(1, MAC), &[(60, b"PXEClient"), (43, &disk)])));
    }

    #[test]
    fn a_pxe_server_that_also_gives_addresses_is_to_be_asked_too() {
        assert_eq!(
            pxe_server_to_ask(&lease(reply(1, MAC), &[(60, b"PXEClient")])),
            Some(PxeServer { address: SELF.into(), item: None })
        );
        assert_eq!(pxe_server_to_ask(&lease(reply(1, MAC), &[])), None);
    }
}

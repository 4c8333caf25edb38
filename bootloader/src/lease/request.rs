//! What we say: DHCPDISCOVER and DHCPREQUEST as a BIOS PXE ROM sends them (RFC 2131, 4578).
//!
//! A guest claims to be a PXE client of architecture 0, because that is what makes servers
//! answer with a PXELINUX config. Where that brings nothing it claims to be UEFI's HTTP boot
//! (UEFI 2.10, 24.7), which servers answer with a URL; where it brings iPXE, to be iPXE, which
//! they answer with a script (iPXE's src/net/udp/dhcp.c, include/ipxe/features.h). The client id is
//! 1 and the MAC, as PXE ROMs and the installers that follow have it, so that all of them get the
//! same address.

use std::net::Ipv4Addr;

use dhcproto::v4::{
    DhcpOption, DhcpOptions, Flags, Message, MessageType, OptionCode, UnknownOption,
};
use dhcproto::{Encodable, Encoder};

use crate::guest::{MacAddr, Uuid};

/// The largest message we take (option 57): what fits an Ethernet frame.
const MAX_MESSAGE_SIZE: u16 = 1472;
/// BOOTP relays drop what is shorter than RFC 951's message.
const SHORTEST: usize = 300;
/// Network interface type (RFC 4578, 2.2).
const UNDI: u8 = 1;
/// The sub-option of option 43 that names an item and its layer, 0 (PXE 2.1, table 2-1).
const BOOT_ITEM: u8 = 71;
/// What is asked for. Servers leave out what is not: 66 and 67 here make dnsmasq use the
/// options instead of the fields, and 208 to 211 are PXELINUX's.
const PARAMETERS: [u8; 27] = [
    1, 3, 6, 12, 15, 17, 28, 43, 54, 60, 66, 67, 97, 121, 128, 129, 130, 131, 132, 133, 134, 135,
    150, 208, 209, 210, 211,
];

/// As what kind of client it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A BIOS's PXE ROM.
    Pxe,
    /// UEFI's HTTP boot, on this host's architecture.
    Http,
    /// iPXE, started by a BIOS's PXE ROM.
    Ipxe,
}

/// The user class of iPXE (option 77).
const IPXE: &[u8] = b"iPXE";
/// What iPXE says of itself in option 175, a byte 1 each: HTTP, HTTPS, TFTP, DNS, bzImage, menus.
const IPXE_FEATURES: [u8; 6] =
    [0x13, if cfg!(feature = "tls") { 0x14 } else { 0x13 }, 0x15, 0x17, 0x18, 0x27];

/// The architecture that UEFI's HTTP boot names (RFC 4578, 2.1; IANA's "Processor
/// Architecture Types"): x64, or 64-bit ARM.
const HTTP_ARCHITECTURE: u16 = if cfg!(target_arch = "aarch64") { 0x13 } else { 0x10 };

impl Class {
    /// Option 93.
    fn architecture(self) -> u16 {
        match self {
            Self::Pxe | Self::Ipxe => 0,
            Self::Http => HTTP_ARCHITECTURE,
        }
    }

    /// The version of UNDI: 2.1 in BIOSes, 3.1 in UEFI (option 94; RFC 4578, 2.2).
    fn undi(self) -> (u8, u8) {
        match self {
            Self::Pxe | Self::Ipxe => (2, 1),
            Self::Http => (3, 1),
        }
    }

    /// Option 60 (RFC 4578, 2.1 and the PXE specification's class identifier).
    fn identifier(self) -> String {
        let name = match self {
            Self::Pxe | Self::Ipxe => "PXEClient",
            Self::Http => "HTTPClient",
        };
        let (major, minor) = self.undi();
        format!("{name}:Arch:{:05}:UNDI:{major:03}{minor:03}", self.architecture())
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The guest's address: chaddr and client id.
    pub mac: MacAddr,
    /// The guest's UUID, option 97.
    pub uuid: Option<Uuid>,
    /// As what.
    pub class: Class,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Any server for an address.
    Discover,
    /// The address that one server has offered.
    Request {
        /// The address.
        address: Ipv4Addr,
        /// The server that offered it.
        server: Ipv4Addr,
    },
    /// A PXE server on port 4011 for a boot file, with the address that is ours already.
    BootFile {
        /// Our address.
        address: Ipv4Addr,
        /// The item of its menu that is wanted, if it has shown one.
        item: Option<u16>,
    },
}

/// The message for `ask`; `secs` counts from the first one (RFC 2131, 4.4.1).
#[must_use]
pub fn encode(identity: &Identity, xid: u32, secs: u16, ask: &Ask) -> Vec<u8> {
    let any = Ipv4Addr::UNSPECIFIED;
    let octets = identity.mac.octets();
    let mut message = Message::new_with_id(xid, any, any, any, any, &octets);
    message.set_secs(secs);
    let mut options = DhcpOptions::new();
    match ask {
        Ask::Discover => {
            message.set_flags(Flags::default().set_broadcast());
            options.insert(DhcpOption::MessageType(MessageType::Discover));
        }
        Ask::Request { address, server } => {
            message.set_flags(Flags::default().set_broadcast());
            options.insert(DhcpOption::MessageType(MessageType::Request));
            options.insert(DhcpOption::RequestedIpAddress(*address));
            options.insert(DhcpOption::ServerIdentifier(*server));
        }
        Ask::BootFile { address, item } => {
            message.set_ciaddr(*address);
            options.insert(DhcpOption::MessageType(MessageType::Request));
            if let Some(item) = item {
                let [high, low] = item.to_be_bytes();
                options
                    .insert(DhcpOption::VendorExtensions(vec![BOOT_ITEM, 4, high, low, 0, 0, 255]));
            }
        }
    }
    let mut client_id = vec![1];
    client_id.extend(octets);
    let raw = |code: u8, data: Vec<u8>| {
        DhcpOption::Unknown(UnknownOption::new(OptionCode::Unknown(code), data))
    };
    options.insert(DhcpOption::ClientIdentifier(client_id));
    options.insert(DhcpOption::MaxMessageSize(MAX_MESSAGE_SIZE));
    options.insert(DhcpOption::ClassIdentifier(identity.class.identifier().into_bytes()));
    options.insert(DhcpOption::ParameterRequestList(
        PARAMETERS.iter().map(|code| OptionCode::from(*code)).collect(),
    ));
    options.insert(raw(93, identity.class.architecture().to_be_bytes().to_vec()));
    let (major, minor) = identity.class.undi();
    options.insert(raw(94, vec![UNDI, major, minor]));
    if identity.class == Class::Ipxe {
        options.insert(raw(77, IPXE.to_vec()));
        options.insert(raw(175, IPXE_FEATURES.iter().flat_map(|tag| [*tag, 1, 1]).collect()));
    }
    if let Some(uuid) = identity.uuid {
        let mut machine_id = vec![0];
        machine_id.extend(uuid.0);
        options.insert(raw(97, machine_id));
    }
    message.set_opts(options);

    let mut bytes = Vec::with_capacity(SHORTEST);
    // Encoding fails only for an option over its length, and ours are all short.
    if message.encode(&mut Encoder::new(&mut bytes)).is_err() {
        bytes.clear();
    }
    if bytes.len() < SHORTEST {
        bytes.resize(SHORTEST, 0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use dhcproto::v4::borrowed;

    fn identity() -> Identity {
        Identity {
            mac: "00:16:3e:62:39:d3".parse().unwrap(),
            uuid: Uuid::parse("8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11"),
            class: Class::Pxe,
        }
    }

    fn option(bytes: &[u8], code: u8) -> Option<Vec<u8>> {
        let message = borrowed::Message::new(bytes).unwrap();
        message.opts().find(|option| u8::from(option.code()) == code).map(|o| o.data().to_vec())
    }

    #[test]
    fn ipxe_says_so() {
        let identity = Identity { class: Class::Ipxe, ..identity() };
        let bytes = encode(&identity, 7, 3, &Ask::Discover);
        assert_eq!(option(&bytes, 77).unwrap(), b"iPXE");
        assert_eq!(option(&bytes, 60).unwrap(), b"PXEClient:Arch:00000:UNDI:002001");
        assert_eq!(option(&bytes, 175).unwrap().len(), 18);
        let bytes = encode(&Identity { class: Class::Pxe, ..identity }, 7, 3, &Ask::Discover);
        assert_eq!((option(&bytes, 77), option(&bytes, 175)), (None, None));
    }

    #[test]
    fn a_discover_is_a_pxe_clients() {
        let bytes = encode(&identity(), 7, 3, &Ask::Discover);
        let message = borrowed::Message::new(&bytes).unwrap();
        assert!(bytes.len() >= SHORTEST);
        assert_eq!((message.xid(), message.secs()), (7, 3));
        assert!(message.flags().broadcast());
        assert_eq!(message.chaddr(), identity().mac.octets());
        assert_eq!(option(&bytes, 53), Some(vec![1]));
        assert_eq!(option(&bytes, 60).unwrap(), b"PXEClient:Arch:00000:UNDI:002001");
        assert_eq!(option(&bytes, 61), Some(vec![1, 0, 0x16, 0x3e, 0x62, 0x39, 0xd3]));
        assert_eq!(option(&bytes, 93), Some(vec![0, 0]));
        assert_eq!(option(&bytes, 94), Some(vec![1, 2, 1]));
        assert_eq!(option(&bytes, 97).unwrap().len(), 17);
        assert_eq!(option(&bytes, 55).unwrap(), PARAMETERS);
        assert_eq!(option(&bytes, 50), None);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_same_as_uefis_http_boot() {
        let identity = Identity { class: Class::Http, ..identity() };
        let bytes = encode(&identity, 7, 3, &Ask::Discover);
        assert_eq!(option(&bytes, 60).unwrap(), b"HTTPClient:Arch:00016:UNDI:003001");
        assert_eq!(option(&bytes, 93), Some(vec![0, 16]));
        assert_eq!(option(&bytes, 94), Some(vec![1, 3, 1]));
    }

    #[test]
    fn a_request_names_address_and_server_and_no_ciaddr() {
        let (address, server) = (Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 1));
        let bytes = encode(&identity(), 7, 0, &Ask::Request { address, server });
        assert_eq!(option(&bytes, 53), Some(vec![3]));
        assert_eq!(option(&bytes, 50), Some(vec![10, 0, 0, 7]));
        assert_eq!(option(&bytes, 54), Some(vec![10, 0, 0, 1]));
        assert_eq!(borrowed::Message::new(&bytes).unwrap().ciaddr(), Ipv4Addr::UNSPECIFIED);
    }

    #[test]
    fn a_pxe_server_is_asked_from_our_own_address() {
        let address = Ipv4Addr::new(10, 0, 0, 7);
        let bytes = encode(&identity(), 7, 0, &Ask::BootFile { address, item: Some(0x8000) });
        let message = borrowed::Message::new(&bytes).unwrap();
        assert_eq!(message.ciaddr(), address);
        assert!(!message.flags().broadcast());
        assert_eq!(option(&bytes, 54), None);
        assert_eq!(option(&bytes, 43).unwrap(), [71, 4, 0x80, 0, 0, 0, 255]);
    }
}

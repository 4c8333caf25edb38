//! What a DHCP server says: a reply decoded with nothing taken on trust (RFC 2131, 2132).
//!
//! dhcproto splits the message; this layer adds what servers really send and its owned
//! decoder loses or trips over: option overload (RFC 2132, 9.3), options in several pieces
//! (RFC 3396), several addresses in option 150 (RFC 5859), names that end in NUL, text that
//! is not UTF-8, a hardware address length that is not Ethernet's.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcproto::v4::borrowed::{DhcpOptionIterator, Message};
use dhcproto::v4::{HType, MAGIC, Opcode};

use crate::guest::MacAddr;
use crate::limits::{MAX_ADDRESSES, MAX_DHCP_PACKET};

/// Where the fields stand in a message (RFC 2131, figure 1).
const SNAME: std::ops::Range<usize> = 44..108;
const FILE: std::ops::Range<usize> = 108..236;
const COOKIE: std::ops::Range<usize> = 236..240;
const OPTIONS: usize = 240;

/// The codes of the options that are read (RFC 2132; 5071 for 208 to 211; 5859 for 150).
#[allow(missing_docs)]
pub mod code {
    pub const SUBNET_MASK: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS_SERVER: u8 = 6;
    pub const DOMAIN_NAME: u8 = 15;
    pub const VENDOR: u8 = 43;
    pub const REQUESTED_ADDRESS: u8 = 50;
    pub const OVERLOAD: u8 = 52;
    pub const MESSAGE_TYPE: u8 = 53;
    pub const SERVER_ID: u8 = 54;
    pub const MESSAGE: u8 = 56;
    pub const CLASS: u8 = 60;
    pub const TFTP_SERVER_NAME: u8 = 66;
    pub const BOOT_FILE: u8 = 67;
    pub const CLASSLESS_ROUTES: u8 = 121;
    pub const TFTP_SERVERS: u8 = 150;
    pub const CONFIG_FILE: u8 = 209;
    pub const PATH_PREFIX: u8 = 210;
}

/// What kind of reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address, or boot information, is offered.
    Offer,
    /// What was asked for is ours.
    Ack,
    /// It is not ours to have.
    Nak,
}

/// A reply, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Offer, ACK or NAK.
    pub kind: Kind,
    /// Which request it answers.
    pub xid: u32,
    /// Whom it is for.
    pub chaddr: [u8; 6],
    /// The address given; zero from a proxyDHCP server.
    pub yiaddr: Ipv4Addr,
    /// The next server, zero if none.
    pub siaddr: Ipv4Addr,
    sname: Vec<u8>,
    file: Vec<u8>,
    options: BTreeMap<u8, Vec<u8>>,
}

/// Why a packet is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// Shorter or longer than a message can be.
    #[error("not the length of a DHCP message")]
    Length,
    /// A request, or no DHCP at all.
    #[error("not a reply")]
    NotAReply,
    /// BOOTP's magic cookie is missing (RFC 1497).
    #[error("the magic cookie is wrong")]
    Cookie,
    /// Not for an Ethernet interface.
    #[error("not for an Ethernet address")]
    Hardware,
    /// No message type, or one that no server sends.
    #[error("no usable message type")]
    Kind,
}

impl Reply {
    /// Decodes the payload of a UDP datagram.
    ///
    /// # Errors
    /// [`NoReply`]: the packet is to be ignored.
    pub fn decode(packet: &[u8]) -> Result<Self, NoReply> {
        if packet.len() > MAX_DHCP_PACKET {
            return Err(NoReply::Length);
        }
        let message = Message::new(packet).map_err(|_| NoReply::Length)?;
        let field = |range| packet.get(range).ok_or(NoReply::Length);
        if message.opcode() != Opcode::BootReply {
            return Err(NoReply::NotAReply);
        }
        if field(COOKIE)? != MAGIC {
            return Err(NoReply::Cookie);
        }
        // Checked before chaddr() is called: it trusts the length.
        if message.htype() != HType::Eth || message.hlen() != 6 {
            return Err(NoReply::Hardware);
        }
        let chaddr = message.chaddr().try_into().map_err(|_| NoReply::Hardware)?;

        let mut options = BTreeMap::new();
        collect(packet.get(OPTIONS..).unwrap_or_default(), &mut options);
        let overload = match options.get(&code::OVERLOAD).map(Vec::as_slice) {
            Some(&[bits @ 1..=3]) => bits,
            _ => 0,
        };
        // RFC 3396, 5: the pieces come in the order options, file, sname.
        let mut text = |range, bit| -> Result<Vec<u8>, NoReply> {
            let bytes = field(range)?;
            if overload & bit == 0 {
                return Ok(until_nul(bytes).to_vec());
            }
            collect(bytes, &mut options);
            Ok(Vec::new())
        };
        let file = text(FILE, 1)?;
        let sname = text(SNAME, 2)?;

        let kind = match options.get(&code::MESSAGE_TYPE).map(Vec::as_slice) {
            Some([2]) => Kind::Offer,
            Some([5]) => Kind::Ack,
            Some([6]) => Kind::Nak,
            _ => return Err(NoReply::Kind),
        };
        Ok(Self {
            kind,
            xid: message.xid(),
            chaddr,
            yiaddr: message.yiaddr(),
            siaddr: message.siaddr(),
            sname,
            file,
            options,
        })
    }

    /// Whether it answers a request of `mac` with this transaction id.
    #[must_use]
    pub fn answers(&self, xid: u32, mac: MacAddr) -> bool {
        self.xid == xid && self.chaddr == mac.octets()
    }

    /// An option's bytes, all pieces together.
    #[must_use]
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.get(&code).map(Vec::as_slice)
    }

    /// An option that is text, without the NULs and blanks that some servers put behind it;
    /// `None` when nothing is left.
    #[must_use]
    pub fn text(&self, code: u8) -> Option<&[u8]> {
        self.option(code).map(trimmed).filter(|text| !text.is_empty())
    }

    /// An option that is one or more addresses; what is no whole address at its end is cut.
    #[must_use]
    pub fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let (words, _) = self.option(code).unwrap_or_default().as_chunks::<4>();
        words.iter().take(MAX_ADDRESSES).map(|word| Ipv4Addr::from(*word)).collect()
    }

    /// An option that is one address.
    #[must_use]
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        self.addresses(code).first().copied().filter(|address| !address.is_unspecified())
    }

    /// The boot file's name: option 67, else the `file` field.
    #[must_use]
    pub fn boot_file(&self) -> Option<&[u8]> {
        self.text(code::BOOT_FILE)
            .or_else(|| Some(trimmed(&self.file)).filter(|name| !name.is_empty()))
    }

    /// The `sname` field, when it is one.
    #[must_use]
    pub fn sname(&self) -> Option<&[u8]> {
        Some(trimmed(&self.sname)).filter(|name| !name.is_empty())
    }

    /// Whether it says where to boot from.
    #[must_use]
    pub fn has_boot_information(&self) -> bool {
        self.boot_file().is_some()
            || self.text(code::CONFIG_FILE).is_some()
            || self.text(code::PATH_PREFIX).is_some()
    }

    /// Whether it is for UEFI's HTTP boot: it says so, as it must (UEFI 2.10, 24.7.2), or
    /// names a URL, which is nothing for a PXE ROM.
    #[must_use]
    pub fn is_for_http_boot(&self) -> bool {
        let is_url = |file: &[u8]| {
            [&b"http://"[..], b"https://"].iter().any(|scheme| {
                file.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            })
        };
        self.option(code::CLASS).is_some_and(|class| class.starts_with(b"HTTPClient"))
            || self.boot_file().is_some_and(is_url)
    }

    /// Whether the server speaks PXE itself (option 60, PXE 2.1, 2.2.3).
    #[must_use]
    pub fn is_from_a_pxe_server(&self) -> bool {
        self.option(code::CLASS).is_some_and(|class| class.starts_with(b"PXEClient"))
    }
}

/// Adds the options of one area; a code that is there already is continued (RFC 3396).
fn collect(area: &[u8], options: &mut BTreeMap<u8, Vec<u8>>) {
    for option in DhcpOptionIterator::new(area) {
        options.entry(option.code().into()).or_default().extend_from_slice(option.data());
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    until_nul(bytes).trim_ascii()
}

#[cfg(test)]
pub(crate) mod tests;

//! Just enough of rtnetlink(7): ask, wait for the answer, one request at a time.
//!
//! A request of ours is answered by the kernel before it does anything else, so a plain
//! blocking socket with a receive timeout serves, and no runtime is needed for it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBridgePort, InfoKind, InfoPortData, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;

pub use netlink_packet_route::link::BridgePortState;

/// The kernel answers at once; this only bounds a kernel that is stuck.
const PATIENCE: Duration = Duration::from_secs(5);
/// A link message with all its statistics is some 2 KiB; with SR-IOV it grows.
const BUFFER: usize = 256 * 1024;

/// A netlink socket; it belongs to the network namespace it was opened in.
pub struct Netlink {
    socket: Socket,
    sequence: u32,
}

/// What is asked of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Make an object that must not be there yet.
    Create,
    /// Change or remove one.
    Change,
}

/// An interface as far as we look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its MTU.
    pub mtu: u32,
    /// Whether it is a Linux bridge.
    pub is_bridge: bool,
    /// Whether it is switched on.
    pub is_up: bool,
    /// The number of the bridge that it is a port of.
    pub bridge: Option<u32>,
    /// Its state as a port of a bridge.
    pub port_state: Option<BridgePortState>,
}

impl Netlink {
    /// Opens a socket in the calling thread's network namespace.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let seconds = libc::time_t::try_from(PATIENCE.as_secs()).unwrap_or(1);
        let timeout = TimeVal::new(seconds, 0);
        setsockopt(&borrow(&socket), sockopt::ReceiveTimeout, &timeout)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Sends one request and gives back what the kernel answers with, if it is more than "done".
    ///
    /// # Errors
    /// The kernel's own error for this request, or a socket error.
    pub fn request(
        &mut self,
        message: RouteNetlinkMessage,
        verb: Verb,
    ) -> io::Result<Option<RouteNetlinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST
            | match verb {
                Verb::Get => 0,
                Verb::Create => NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                Verb::Change => NLM_F_ACK,
            };
        header.sequence_number = self.sequence;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        loop {
            let mut buffer = Vec::with_capacity(BUFFER);
            self.socket.recv(&mut buffer, 0)?;
            let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&buffer)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            if answer.header.sequence_number != self.sequence {
                continue; // an answer to a request whose wait was given up
            }
            return match answer.payload {
                NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io()),
                NetlinkPayload::InnerMessage(message) => Ok(Some(message)),
                _ => Ok(None),
            };
        }
    }

    /// Looks an interface up by name or number.
    ///
    /// # Errors
    /// `NotFound` when there is none; a socket error.
    pub fn interface(&mut self, which: Which<'_>) -> io::Result<Interface> {
        let mut message = LinkMessage::default();
        match which {
            Which::Index(index) => message.header.index = index,
            Which::Name(name) => message.attributes.push(LinkAttribute::IfName(name.to_owned())),
        }
        match self.request(RouteNetlinkMessage::GetLink(message), Verb::Get) {
            Ok(Some(RouteNetlinkMessage::NewLink(link))) => Ok(Interface::read(&link)),
            Ok(_) => Err(io::Error::from(io::ErrorKind::NotFound)),
            // ENODEV, and ERANGE for a name longer than an interface can have.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ERANGE)) => {
                Err(io::Error::from(io::ErrorKind::NotFound))
            }
            Err(error) => Err(error),
        }
    }

    /// Changes an interface: `message` holds its index and what is to be different.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn set_link(&mut self, message: LinkMessage) -> io::Result<()> {
        self.request(RouteNetlinkMessage::SetLink(message), Verb::Change).map(drop)
    }

    /// Switches an interface on.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn bring_up(&mut self, index: u32) -> io::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.set_link(message)
    }

    /// Removes an interface (for a veth, both ends).
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn remove_link(&mut self, index: u32) -> io::Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.request(RouteNetlinkMessage::DelLink(message), Verb::Change).map(drop)
    }
}

/// How an interface is named.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// By name.
    Name(&'a str),
    /// By number.
    Index(u32),
}

impl Interface {
    fn read(message: &LinkMessage) -> Self {
        let mut interface = Self {
            index: message.header.index,
            mtu: 1500,
            is_bridge: false,
            is_up: message.header.flags.contains(LinkFlags::Up),
            bridge: None,
            port_state: None,
        };
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::Mtu(mtu) => interface.mtu = *mtu,
                LinkAttribute::Controller(index) => interface.bridge = Some(*index),
                LinkAttribute::LinkInfo(infos) => interface.read_info(infos),
                _ => {}
            }
        }
        interface
    }

    fn read_info(&mut self, infos: &[LinkInfo]) {
        for info in infos {
            match info {
                LinkInfo::Kind(kind) => self.is_bridge = *kind == InfoKind::Bridge,
                LinkInfo::PortData(InfoPortData::BridgePort(port)) => {
                    self.port_state = port.iter().find_map(|attribute| match attribute {
                        InfoBridgePort::State(state) => Some(*state),
                        _ => None,
                    });
                }
                _ => {}
            }
        }
    }
}

/// netlink-sys has raw descriptors only.
#[allow(unsafe_code)]
fn borrow(socket: &Socket) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is open for as long as `socket` is borrowed.
    unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        borrow(&self.socket)
    }
}

/// netlink-sys hands descriptors over as numbers.
#[allow(unsafe_code)]
impl From<Netlink> for OwnedFd {
    fn from(netlink: Netlink) -> Self {
        // SAFETY: into_raw_fd gives up the ownership that is taken here.
        unsafe { Self::from_raw_fd(netlink.socket.into_raw_fd()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_found_by_name_and_by_number() {
        let mut netlink = Netlink::open().unwrap();
        let named = netlink.interface(Which::Name("lo")).unwrap();
        assert_eq!(netlink.interface(Which::Index(named.index)).unwrap().index, named.index);
        assert!(!named.is_bridge);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let mut netlink = Netlink::open().unwrap();
        for name in ["no-such-if", "a-name-that-is-longer-than-any-interface-has"] {
            let error = netlink.interface(Which::Name(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{name}");
        }
    }
}

//! The guest's-eye network.
//!
//! A veth pair: one end, with the guest's MAC, in a network namespace of our own; the other
//! a port of the guest's bridge, as its vif will be. DHCP and the transfers run in there
//! through the kernel's own stack, so dom0 needs no address on the guest's network and
//! nothing of dom0's own network changes. The namespace has no name: when the last process
//! and descriptor in it is gone, by whatever signal, the kernel removes it and the veth, a
//! moment later. On every exit that is ours to choose it is removed by hand first: a
//! packet still under way can make that moment a second, and the next boot wants the name.
//!
//! Where the guest's interface is no Linux bridge (a physical interface, an Open vSwitch
//! port), a macvlan on it stands in for the veth.

pub mod netlink;
pub mod packet_socket;

mod setup;

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::OwnedFd;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use nix::sched::{CloneFlags, setns};
use socket2::Socket;

use crate::budget::Budget;
use crate::console::Say;
use crate::failure::{Failure, Reason};
use crate::guest::Guest;
use crate::request::NetMode;
use netlink::{Netlink, Verb, Which};

/// A network to boot over.
pub struct Link {
    /// What the DHCP exchange runs over, until it is handed to the worker.
    packets: Option<Socket>,
    /// Port 68, for what a proxyDHCP server sends to the leased address; on dom0's own
    /// network another client may hold it.
    client_port: Option<UdpSocket>,
    /// The interface that `packets` is bound to, by its number in its namespace.
    index: u32,
    /// The guest's side; none when dom0's own network is used.
    inside: Option<Inside>,
}

struct Inside {
    own_namespace: OwnedFd,
    guest_namespace: OwnedFd,
    own_netlink: Netlink,
    guest_netlink: Netlink,
    /// Where it is joined to a bridge.
    port: Option<Port>,
}

/// Our port on the guest's bridge, by numbers: a bridge that is made anew is another one.
struct Port {
    index: u32,
    bridge: u32,
    bridge_name: String,
}

/// An address to be given to the guest's-eye interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressing {
    /// The leased address.
    pub address: Ipv4Addr,
    /// The length of its network's prefix, 0 to 32.
    pub prefix: u8,
    /// The default gateway, if there is one.
    pub router: Option<Ipv4Addr>,
}

impl Link {
    /// Sets the network up and opens the sockets that need privilege. `goes_on` is asked while
    /// it waits, and ends the wait with its failure.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`] when the kernel refuses something,
    /// [`Reason::UnknownGuest`] when the bridge is not there, [`Reason::Deadline`] when the
    /// bridge's spanning tree does not let the port through in time.
    pub fn open(
        guest: &Guest,
        mode: NetMode,
        budget: &Budget,
        goes_on: &dyn Fn() -> Result<(), Failure>,
        console: &dyn Say,
    ) -> Result<Self, Failure> {
        match mode {
            NetMode::Guest => match &guest.vif.backend {
                Some(domain) => setup::elsewhere(guest, domain, console),
                None => setup::guest_network(guest, budget, goes_on, console),
            },
            NetMode::Host => setup::host_network(&guest.vif.bridge, guest, console),
        }
    }

    /// The sockets for the worker: packets, and port 68 where it could be had.
    pub fn take_sockets(&mut self) -> (Option<Socket>, Option<UdpSocket>) {
        (self.packets.take(), self.client_port.take())
    }

    /// The number of the interface that DHCP runs on, in its own namespace.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Runs `action` with the calling thread in the guest's-eye network, so that a process
    /// it starts is in there too.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`] when the kernel does not let us in or out.
    pub fn within<T>(&self, action: impl FnOnce() -> T) -> Result<T, Failure> {
        let Some(inside) = &self.inside else { return Ok(action()) };
        let enter = |namespace: &OwnedFd| {
            setns(namespace, CloneFlags::CLONE_NEWNET)
                .map_err(|error| Failure::not_permitted("entering a network namespace", &error))
        };
        enter(&inside.guest_namespace)?;
        let result = action();
        enter(&inside.own_namespace)?;
        Ok(result)
    }

    /// Adds to a failure what has become of the network in dom0, if that explains it: whoever
    /// reads that a server does not answer looks for the reason on the server.
    #[must_use]
    pub fn explain(&mut self, failure: Failure) -> Failure {
        let Some(Inside { own_netlink, port: Some(port), .. }) = &mut self.inside else {
            return failure;
        };
        match port.what_is_wrong(own_netlink) {
            Some(what) => Failure { message: format!("{}; {what}", failure.message), ..failure },
            None => failure,
        }
    }

    /// Gives the guest's-eye interface the leased address and the default route.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`] when the kernel refuses them.
    pub fn configure(&mut self, addressing: &Addressing) -> Result<(), Failure> {
        let index = self.index;
        let Some(inside) = &mut self.inside else { return Ok(()) };
        let netlink = &mut inside.guest_netlink;
        add_address(netlink, index, addressing).map_err(|error| {
            let Addressing { address, prefix, .. } = addressing;
            Failure::not_permitted(&format!("using the leased address {address}/{prefix}"), &error)
        })?;
        let Some(router) = addressing.router else { return Ok(()) };
        add_route(netlink, index, router, addressing).map_err(|error| {
            Failure::not_permitted(&format!("using the leased router {router}"), &error)
        })
    }
}

impl Port {
    fn what_is_wrong(&self, netlink: &mut Netlink) -> Option<String> {
        let Self { index, bridge, bridge_name } = self;
        let mut look = |index: u32| match netlink.interface(Which::Index(index)) {
            Ok(interface) => Some(Some(interface)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(None),
            Err(_) => None, // nothing is known
        };
        match look(*bridge)? {
            None => return Some(format!("the bridge {bridge_name} was removed meanwhile")),
            Some(bridge) if !bridge.is_up => {
                return Some(format!("the bridge {bridge_name} in dom0 is down"));
            }
            Some(_) => {}
        }
        let what = match look(*index)? {
            None => "was removed meanwhile",
            Some(port) if port.bridge != Some(*bridge) => "was taken off it meanwhile",
            Some(port) if !port.is_up => "is down",
            Some(_) => return None,
        };
        Some(format!("the guest's port on {bridge_name} in dom0 {what}"))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(inside) = &mut self.inside
            && self.index != 0
        {
            // With a veth's one end goes the other. Where this fails, the kernel does the same
            // when the namespace goes.
            let _ = inside.guest_netlink.remove_link(self.index);
        }
    }
}

fn add_address(netlink: &mut Netlink, index: u32, addressing: &Addressing) -> io::Result<()> {
    let mut message = AddressMessage::default();
    message.header.family = netlink_packet_route::AddressFamily::Inet;
    message.header.prefix_len = addressing.prefix;
    message.header.index = index;
    let address = addressing.address.into();
    message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
    if addressing.prefix < 31 {
        let host_bits = u32::MAX.checked_shr(addressing.prefix.into()).unwrap_or(0);
        let broadcast = Ipv4Addr::from(u32::from(addressing.address) | host_bits);
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    netlink.request(RouteNetlinkMessage::NewAddress(message), Verb::Create).map(drop)
}

fn add_route(
    netlink: &mut Netlink,
    index: u32,
    router: Ipv4Addr,
    addressing: &Addressing,
) -> io::Result<()> {
    let mut route = |destination: Option<Ipv4Addr>, gateway: Option<Ipv4Addr>| {
        let mut message = RouteMessage::default();
        message.header.address_family = netlink_packet_route::AddressFamily::Inet;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Dhcp;
        message.header.kind = RouteType::Unicast;
        message.header.scope = RouteScope::Link;
        message.attributes.push(RouteAttribute::Oif(index));
        if let Some(destination) = destination {
            message.header.destination_prefix_length = 32;
            message.attributes.push(RouteAttribute::Destination(RouteAddress::Inet(destination)));
        }
        if let Some(gateway) = gateway {
            message.header.scope = RouteScope::Universe;
            message.attributes.push(RouteAttribute::Gateway(RouteAddress::Inet(gateway)));
        }
        netlink.request(RouteNetlinkMessage::NewRoute(message), Verb::Create).map(drop)
    };
    // Some networks hand out /32 leases, or a router beside the prefix: it is on the link.
    let mask = u32::MAX.checked_shl(32 - u32::from(addressing.prefix.min(32))).unwrap_or(0);
    if (u32::from(router) ^ u32::from(addressing.address)) & mask != 0 {
        route(Some(router), None)?;
    }
    route(None, Some(router))
}

fn bridge_missing(bridge: &str) -> Failure {
    Failure::new(
        Reason::UnknownGuest,
        format!(
            "there is no interface {bridge} here, which the guest's vif is on: make it, or name \
             the right one with --bridge, or boot over dom0's own network with --net=host"
        ),
    )
}

/// The interface `name`, or the sentence for an administrator who has none of that name.
fn interface(netlink: &mut Netlink, name: &str) -> Result<netlink::Interface, Failure> {
    netlink.interface(Which::Name(name)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => bridge_missing(name),
        _ => Failure::not_permitted(&format!("looking up {name}"), &error),
    })
}

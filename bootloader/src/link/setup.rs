//! Setting the guest's-eye network up, step by step.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::Duration;

use netlink_packet_route::AddressFamily;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecBridge, AfSpecInet6, AfSpecUnspec, BridgeVlanInfo, BridgeVlanInfoFlags, In6AddrGenMode,
    InfoData, InfoKind, InfoMacVlan, InfoVeth, InfoVlan, LinkAttribute, LinkInfo, LinkMessage,
    MacVlanMode,
};
use nix::sched::{CloneFlags, setns, unshare};

use super::netlink::{BridgePortState, Interface, Netlink, Verb, Which};
use super::{Inside, Link, Port, interface, packet_socket};
use crate::budget::Budget;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::guest::{Guest, MacAddr};
use crate::text;

/// The interface's name inside: what a guest calls its first one.
const INSIDE_NAME: &str = "eth0";
/// The address of the port on the bridge, as Xen's own vifs have it: the highest there is,
/// so that the bridge does not take it for its own.
const PORT_MAC: [u8; 6] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff];
/// How often a port that the spanning tree holds back is looked at.
const PORT_STATE_INTERVAL: Duration = Duration::from_millis(50);

pub(super) fn guest_network(
    guest: &Guest,
    budget: &Budget,
    goes_on: &dyn Fn() -> Result<(), Failure>,
    console: &dyn Say,
) -> Result<Link, Failure> {
    let refused = |what: &'static str| move |error: io::Error| Failure::not_permitted(what, &error);
    let mut own_netlink = Netlink::open().map_err(refused("opening netlink"))?;
    let lower = interface(&mut own_netlink, &guest.vif.bridge)?;
    let own_namespace = current_namespace().map_err(refused("opening the network namespace"))?;
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| {
        Failure::not_permitted("making a network namespace (is this root in dom0?)", &error)
    })?;
    let inside = open_inside();
    // Back out whatever happened: the rest of the supervisor lives in dom0's network.
    setns(&own_namespace, CloneFlags::CLONE_NEWNET)
        .map_err(|error| Failure::not_permitted("returning to dom0's network namespace", &error))?;
    let (guest_namespace, guest_netlink) =
        inside.map_err(refused("opening the network namespace"))?;

    let mut link = Link {
        packets: None,
        client_port: None,
        index: 0,
        inside: Some(Inside {
            own_namespace,
            guest_namespace,
            own_netlink,
            guest_netlink,
            port: None,
        }),
    };
    let port = connect(&mut link, guest, &lower, console)?;
    if let (Some(port), Some(inside)) = (port, &mut link.inside) {
        let bridge = &guest.vif.bridge;
        inside.port = Some(Port { index: port, bridge: lower.index, bridge_name: bridge.clone() });
        wait_for_forwarding(&mut inside.own_netlink, port, bridge, budget, goes_on, console)?;
    }
    let index = link.index;
    let sockets = link.within(|| open_sockets(index, guest.vif.mac))?;
    let (packets, client_port) = sockets.map_err(refused("opening a packet socket"))?;
    link.packets = Some(packets);
    link.client_port = client_port;
    Ok(link)
}

/// The guest's bridge is in a driver domain, where we are not: what dom0 itself reaches has
/// to do.
pub(super) fn elsewhere(guest: &Guest, domain: &str, console: &dyn Say) -> Result<Link, Failure> {
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let interface = default_interface(&routes).ok_or_else(|| {
        Failure::new(
            Reason::UnknownGuest,
            format!(
                "the guest's bridge is in the domain {domain}, and dom0 has no default route to \
                 boot over instead: name an interface with --net=host --bridge"
            ),
        )
    })?;
    console.say(Level::Step, &format!("{} is in the domain {domain}", guest.vif.bridge));
    host_network(interface, guest, console)
}

/// The interface of the first default route in /proc/net/route.
fn default_interface(routes: &str) -> Option<&str> {
    routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let interface = fields.next()?;
        let (destination, mask) = (fields.next()?, fields.nth(5)?);
        (destination == "00000000" && mask == "00000000").then_some(interface)
    })
}

pub(super) fn host_network(
    bridge: &str,
    guest: &Guest,
    console: &dyn Say,
) -> Result<Link, Failure> {
    let refused = |error: io::Error| {
        Failure::not_permitted("opening a packet socket (is this root in dom0?)", &error)
    };
    let mut netlink = Netlink::open().map_err(refused)?;
    let lower = interface(&mut netlink, bridge)?;
    console.say(Level::Step, &format!("using dom0's own network on {bridge}"));
    let (packets, client_port) = open_sockets(lower.index, guest.vif.mac).map_err(refused)?;
    packet_socket::take_every_frame(&packets, lower.index).map_err(refused)?;
    Ok(Link { packets: Some(packets), client_port, index: lower.index, inside: None })
}

fn current_namespace() -> io::Result<OwnedFd> {
    Ok(File::open("/proc/thread-self/ns/net")?.into())
}

/// Called inside the new namespace.
fn open_inside() -> io::Result<(OwnedFd, Netlink)> {
    let namespace = current_namespace()?;
    let mut netlink = Netlink::open()?;
    let loopback = netlink.interface(Which::Name("lo"))?;
    netlink.bring_up(loopback.index)?;
    Ok((namespace, netlink))
}

fn open_sockets(index: u32, mac: MacAddr) -> io::Result<(socket2::Socket, Option<UdpSocket>)> {
    let packets = packet_socket::open(index, mac)?;
    // dom0's own DHCP client may hold the port on dom0's network; a proxyDHCP server answers
    // to the port it was asked from, so the worker can do without.
    let client_port = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68)).ok();
    Ok((packets, client_port))
}

/// Makes the interface inside and joins it to the guest's network; gives back our port on the
/// bridge, if it is one.
fn connect(
    link: &mut Link,
    guest: &Guest,
    lower: &Interface,
    console: &dyn Say,
) -> Result<Option<u32>, Failure> {
    let bridge = &guest.vif.bridge;
    let Some(inside) = &mut link.inside else { return Ok(None) };
    let refused = |error: io::Error| {
        Failure::not_permitted(&format!("joining the guest's network on {bridge}"), &error)
    };
    let port = if lower.is_bridge {
        let port_name = port_name(guest);
        let namespace = inside.guest_namespace.as_raw_fd();
        let message = veth(&port_name, namespace, guest.vif.mac, lower);
        inside
            .own_netlink
            .request(RouteNetlinkMessage::NewLink(message), Verb::Create)
            .map_err(refused)?;
        let port = inside.own_netlink.interface(Which::Name(&port_name)).map_err(refused)?.index;
        if let Some(vlan) = guest.vif.vlan {
            inside.own_netlink.set_link(port_vlan(port, vlan)).map_err(|error| {
                Failure::not_permitted(
                    &format!("putting the guest's port into VLAN {vlan} of {bridge}"),
                    &error,
                )
            })?;
        }
        bring_up(&mut inside.own_netlink, port).map_err(refused)?;
        Some(port)
    } else {
        console.say(Level::Detail, &format!("{bridge} is no Linux bridge: using a macvlan on it"));
        let namespace = inside.guest_namespace.as_raw_fd();
        let vlan_lower;
        let lower = match guest.vif.vlan {
            None => lower,
            Some(vlan) => {
                vlan_lower = vlan_inside(inside, lower, vlan).map_err(refused)?;
                &vlan_lower
            }
        };
        let netlink = if guest.vif.vlan.is_some() {
            &mut inside.guest_netlink
        } else {
            &mut inside.own_netlink
        };
        let message = macvlan(namespace, guest.vif.mac, lower);
        netlink.request(RouteNetlinkMessage::NewLink(message), Verb::Create).map_err(refused)?;
        None
    };
    let own_end = inside.guest_netlink.interface(Which::Name(INSIDE_NAME)).map_err(refused)?;
    link.index = own_end.index;
    bring_up(&mut inside.guest_netlink, own_end.index).map_err(refused)?;
    Ok(port)
}

/// `rpxe` and the domain's number; for a call from a shell, our process's. `vif7.0` is the
/// guest's own, which comes later.
fn port_name(guest: &Guest) -> String {
    match guest.domid {
        Some(domid) => format!("rpxe{domid}"),
        None => format!("rpxep{}", std::process::id()),
    }
}

fn veth(port_name: &str, namespace: i32, mac: MacAddr, bridge: &Interface) -> LinkMessage {
    let mut peer = LinkMessage::default();
    peer.attributes = vec![
        LinkAttribute::IfName(INSIDE_NAME.to_owned()),
        LinkAttribute::Address(mac.octets().to_vec()),
        LinkAttribute::Mtu(bridge.mtu),
        LinkAttribute::NetNsFd(namespace),
    ];
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::IfName(port_name.to_owned()),
        LinkAttribute::Address(PORT_MAC.to_vec()),
        // A port with a smaller MTU would lower the bridge's own.
        LinkAttribute::Mtu(bridge.mtu),
        LinkAttribute::Controller(bridge.index),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]),
    ];
    message
}

fn macvlan(namespace: i32, mac: MacAddr, lower: &Interface) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::IfName(INSIDE_NAME.to_owned()),
        LinkAttribute::Address(mac.octets().to_vec()),
        LinkAttribute::Link(lower.index),
        LinkAttribute::NetNsFd(namespace),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::MacVlan),
            LinkInfo::Data(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Bridge)])),
        ]),
    ];
    message
}

/// A VLAN interface on `lower`, born in the guest's namespace, so that it goes with it.
fn vlan_inside(inside: &mut Inside, lower: &Interface, vlan: u16) -> io::Result<Interface> {
    const NAME: &str = "vlan";
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::IfName(NAME.to_owned()),
        LinkAttribute::Link(lower.index),
        LinkAttribute::NetNsFd(inside.guest_namespace.as_raw_fd()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Vlan),
            LinkInfo::Data(InfoData::Vlan(vec![InfoVlan::Id(vlan)])),
        ]),
    ];
    inside.own_netlink.request(RouteNetlinkMessage::NewLink(message), Verb::Create)?;
    let made = inside.guest_netlink.interface(Which::Name(NAME))?;
    bring_up(&mut inside.guest_netlink, made.index)?;
    Ok(made)
}

/// Switches an interface on, without a link-local address and router solicitations: the
/// guest's MAC says nothing but PXE.
fn bring_up(netlink: &mut Netlink, index: u32) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes = vec![LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![
        AfSpecInet6::AddrGenMode(In6AddrGenMode::None),
    ])])];
    match netlink.set_link(message) {
        // Without IPv6, in the kernel or on the interface, nothing is said anyway.
        Err(error) if error.raw_os_error() == Some(libc::EAFNOSUPPORT) => {}
        set => set?,
    }
    netlink.bring_up(index)
}

/// The guest's VLAN as the port's own: untagged towards the guest, as for a vif with `vlan=`.
fn port_vlan(port: u32, vid: u16) -> LinkMessage {
    let flags = BridgeVlanInfoFlags::Pvid | BridgeVlanInfoFlags::Untagged;
    let mut message = LinkMessage::default();
    message.header.interface_family = AddressFamily::Bridge;
    message.header.index = port;
    message.attributes =
        vec![LinkAttribute::AfSpecBridge(vec![AfSpecBridge::VlanInfo(BridgeVlanInfo {
            flags,
            vid,
        })])];
    message
}

/// A bridge with a spanning tree lets a new port through only after its forward delay
/// (15 s each for listening and learning): asking for a lease before is of no use.
fn wait_for_forwarding(
    netlink: &mut Netlink,
    port: u32,
    bridge: &str,
    budget: &Budget,
    goes_on: &dyn Fn() -> Result<(), Failure>,
    console: &dyn Say,
) -> Result<(), Failure> {
    let started = budget.spent();
    let mut told = false;
    loop {
        goes_on()?;
        let state = netlink
            .interface(Which::Index(port))
            .map_err(|error| {
                Failure::not_permitted(&format!("reading our port on {bridge}"), &error)
            })?
            .port_state;
        match state {
            // A bridge that is down holds every port down: DHCP will say that nobody answers.
            Some(BridgePortState::Forwarding | BridgePortState::Disabled) | None => break,
            Some(_) if budget.is_over() => {
                return Err(Failure::new(
                    Reason::Deadline,
                    format!(
                        "{bridge} did not let our port through in {}: its spanning tree is on; \
                         give more --deadline, or set its forward delay to 0",
                        text::duration(budget.total())
                    ),
                ));
            }
            Some(state) => {
                if !told {
                    console.say(
                        Level::Step,
                        &format!(
                            "waiting for {bridge}: its spanning tree holds our port ({state:?})"
                        ),
                    );
                    told = true;
                }
                thread::sleep(PORT_STATE_INTERVAL.min(budget.left()));
            }
        }
    }
    if told {
        let waited = text::duration(budget.spent().saturating_sub(started));
        console.say(Level::Step, &format!("{bridge} lets our port through after {waited}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_is_found() {
        let header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n";
        let local = "xenbr0\t00C8A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let default = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(default_interface(&format!("{header}{local}{default}")), Some("eth0"));
        assert_eq!(default_interface(&format!("{header}{local}")), None);
        assert_eq!(default_interface(""), None);
    }
}

//! Whether somebody else gives addresses away on a bridge: another server there would answer our
//! guests, and we its machines.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use dhcproto::v4::borrowed;
use dhcproto::v4::{DhcpOption, Flags, Message, MessageType};
use dhcproto::{Encodable, Encoder};
use nix::sys::socket::{self, sockopt};

use crate::console::Console;
use crate::failure::Failure;
use crate::host::program;
use crate::values::Mac;

/// How long an answer is waited for. Servers that ask the network first (dnsmasq's and dhcpd's
/// pings) take up to three seconds.
const PATIENCE: Duration = Duration::from_secs(4);
/// The question is asked again, should it be lost.
const AGAIN: Duration = Duration::from_secs(1);

/// A process of this host that serves addresses on this bridge, or on all interfaces.
///
/// # Errors
/// `ss` (iproute2) is missing or fails.
pub fn on_this_host(bridge: &str, console: &Console) -> Result<Option<String>, Failure> {
    let ss =
        program::find("ss").ok_or_else(|| Failure::failed("ss is missing (Debian: iproute2)"))?;
    let mut command = Command::new(ss);
    command.args(["-H", "-l", "-u", "-n", "-p", "sport", "=", ":67"]);
    let said = program::run_well(command, console)?;
    Ok(listener(&said.out, bridge))
}

/// The address of a DHCP server that answers on this bridge.
///
/// # Errors
/// The question cannot be asked.
pub fn on_the_bridge(bridge: &str) -> Result<Option<Ipv4Addr>, Failure> {
    let failure = |error: std::io::Error| {
        Failure::failed(format!("asking for a DHCP server on {bridge}: {error}"))
    };
    // Anybody's MAC: a server must not get to know a guest by it.
    let mac = Mac::random().map_err(failure)?;
    let [_, _, a, b, c, d] = mac.bytes();
    let xid = u32::from_be_bytes([a, b, c, d]);
    let question = discover(mac, xid).map_err(|error| failure(std::io::Error::other(error)))?;
    let socket = socket_on(bridge).map_err(failure)?;
    let deadline = Instant::now() + PATIENCE;
    let mut next = Instant::now();
    let mut buffer = [0; 1500];
    while Instant::now() < deadline {
        if Instant::now() >= next {
            socket.send_to(&question, (Ipv4Addr::BROADCAST, 67)).map_err(failure)?;
            next = Instant::now() + AGAIN;
        }
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let packet = buffer.get(..length).unwrap_or_default();
        if let Some(server) = answer(packet, xid, from) {
            return Ok(Some(server));
        }
    }
    Ok(None)
}

/// `UNCONN 0 0 0.0.0.0%virbr0:67 0.0.0.0:* users:(("dnsmasq",pid=812,fd=3))`: one that is bound
/// to another interface is none of ours.
fn listener(said: &str, bridge: &str) -> Option<String> {
    said.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.nth(3)?;
        let device = address.rsplit_once(':')?.0.split_once('%').map(|(_, device)| device);
        let who = words.last().and_then(|users| users.split('"').nth(1)).unwrap_or("a program");
        device.is_none_or(|device| device == bridge).then(|| who.to_owned())
    })
}

fn discover(mac: Mac, xid: u32) -> Result<Vec<u8>, String> {
    let any = Ipv4Addr::UNSPECIFIED;
    let mut message = Message::new_with_id(xid, any, any, any, any, &mac.bytes());
    message.set_flags(Flags::default().set_broadcast());
    message.opts_mut().insert(DhcpOption::MessageType(MessageType::Discover));
    let mut bytes = Vec::new();
    message.encode(&mut Encoder::new(&mut bytes)).map_err(|error| error.to_string())?;
    // Some servers drop what is shorter than BOOTP's 300 bytes (RFC 1542, section 2.1).
    bytes.resize(bytes.len().max(300), 0);
    Ok(bytes)
}

/// The client's port of that interface alone.
fn socket_on(bridge: &str) -> std::io::Result<UdpSocket> {
    let socket = socket::socket(
        socket::AddressFamily::Inet,
        socket::SockType::Datagram,
        socket::SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    socket::setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    socket::setsockopt(&socket, sockopt::Broadcast, &true)?;
    socket::setsockopt(&socket, sockopt::BindToDevice, &OsString::from(bridge))?;
    let port = socket::SockaddrIn::new(0, 0, 0, 0, 68);
    socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &port)?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    Ok(socket)
}

/// The server, if this is its answer to our question.
fn answer(packet: &[u8], xid: u32, from: SocketAddr) -> Option<Ipv4Addr> {
    let message = borrowed::Message::new(packet).ok()?;
    let is_ours = message.xid() == xid && message.opcode() == dhcproto::v4::Opcode::BootReply;
    match from {
        SocketAddr::V4(from) if is_ours => Some(*from.ip()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_another_bridge_is_none_of_ours() {
        let line = |address: &str| {
            format!("UNCONN 0 0 {address} 0.0.0.0:* users:((\"dnsmasq\",pid=812,fd=3))\n")
        };
        assert_eq!(listener(&line("0.0.0.0%virbr0:67"), "xenbr0"), None);
        assert_eq!(listener(&line("0.0.0.0%xenbr0:67"), "xenbr0").as_deref(), Some("dnsmasq"));
        assert_eq!(listener(&line("0.0.0.0:67"), "xenbr0").as_deref(), Some("dnsmasq"));
        assert_eq!(
            listener("UNCONN 0 0 0.0.0.0:67 0.0.0.0:*\n", "x").as_deref(),
            Some("a program")
        );
        assert_eq!(listener("", "xenbr0"), None);
    }

    #[test]
    fn only_an_answer_to_our_question_counts() {
        let mac = "00:16:3e:62:39:d3".parse().unwrap();
        let mut packet = discover(mac, 7).unwrap();
        assert!(packet.len() >= 300);
        let from = SocketAddr::from(([192, 168, 200, 1], 67));
        assert_eq!(answer(&packet, 7, from), None, "a question");
        packet[0] = 2;
        assert_eq!(answer(&packet, 7, from), Some([192, 168, 200, 1].into()));
        assert_eq!(answer(&packet, 8, from), None, "another's");
        assert_eq!(answer(&packet[..20], 7, from), None);
    }
}

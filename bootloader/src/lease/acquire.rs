//! The DHCP exchange over a packet socket: the driver around [`Negotiation`].

use std::io;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::Socket;

use std::os::fd::AsFd;

use super::negotiation::{Missing, Negotiation, Wants};
use super::reply::Reply;
use super::request::Identity;
use super::{Lease, datagram};
use crate::budget::{Budget, poll_milliseconds};
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::limits::MAX_DHCP_PACKET;
use crate::link::packet_socket;
use crate::text;

/// Room for the headers in front of a DHCP message: IPv4 with options, UDP.
const HEADERS: usize = 68;

/// Gets the guest a lease, or says why there is none.
///
/// `network` is what the guest's network is called (its bridge), for people.
///
/// # Errors
/// [`Reason::NoLease`] when nobody gives one within the budget.
pub fn acquire(
    packets: &Socket,
    index: u32,
    network: &str,
    identity: Identity,
    wants: Wants,
    budget: &Budget,
    say: &dyn Say,
) -> Result<Lease, Failure> {
    let started = Instant::now();
    let socket_failed =
        |error: io::Error| Failure::not_permitted(&format!("DHCP on {network}"), &error);
    let to = packet_socket::broadcast(index).map_err(socket_failed)?;
    let xid = random_xid().map_err(socket_failed)?;
    let mut negotiation = Negotiation::new(identity, xid, wants, started);
    let mut buffer = [0; MAX_DHCP_PACKET + HEADERS];
    packets.set_nonblocking(true).map_err(socket_failed)?;
    loop {
        if let Some(message) = negotiation.transmit() {
            let packet = datagram::broadcast(&message);
            match packets.send_to(&packet, &to) {
                // A bridge that is down or full: the next try may go out.
                Err(error) if is_passing(&error) => {
                    say.say(Level::Detail, &format!("DHCP on {network}: not sent: {error}"));
                }
                sent => {
                    sent.map_err(socket_failed)?;
                    if say.hears(Level::Detail) {
                        let waited = text::duration(started.elapsed());
                        say.say(
                            Level::Detail,
                            &format!("DHCP: sent {} bytes after {waited}", message.len()),
                        );
                    }
                }
            }
        }
        let Some(wakes_at) = negotiation.wakes_at() else { break };
        if budget.is_over() {
            return Err(no_lease(&negotiation, network, identity, started));
        }
        let wait = wakes_at.min(budget.end()).saturating_duration_since(Instant::now());
        let mut wanted = [PollFd::new(packets.as_fd(), PollFlags::POLLIN)];
        match poll(&mut wanted, PollTimeout::from(poll_milliseconds(wait))) {
            Ok(0) => negotiation.on_timer(Instant::now()),
            Ok(_) => {
                match nix::sys::socket::recv(
                    std::os::fd::AsRawFd::as_raw_fd(packets),
                    &mut buffer,
                    nix::sys::socket::MsgFlags::MSG_DONTWAIT,
                ) {
                    Ok(length) => {
                        hear(&mut negotiation, buffer.get(..length).unwrap_or_default(), say);
                    }
                    Err(error) if is_passing(&error.into()) => {}
                    Err(error) => return Err(socket_failed(error.into())),
                }
                // A flood must not keep the timers from their turn.
                if negotiation.wakes_at().is_some_and(|at| at <= Instant::now()) {
                    negotiation.on_timer(Instant::now());
                }
            }
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(socket_failed(error.into())),
        }
    }
    negotiation
        .lease()
        .cloned()
        .ok_or_else(|| Failure::bug("a DHCP exchange ended without a lease"))
}

fn hear(negotiation: &mut Negotiation, packet: &[u8], say: &dyn Say) {
    let Some((from, payload)) = datagram::open(packet) else { return };
    match Reply::decode(payload) {
        Ok(reply) => {
            if say.hears(Level::Detail) {
                let file = text::printable(reply.boot_file().unwrap_or_default());
                say.say(
                    Level::Detail,
                    &format!(
                        "DHCP: {:?} of {} from {from}, boot file {file:?}",
                        reply.kind, reply.yiaddr
                    ),
                );
            }
            negotiation.on_reply(reply, Instant::now());
        }
        Err(why) => say.say(Level::Debug, &format!("DHCP: a packet from {from} is ignored: {why}")),
    }
}

fn no_lease(
    negotiation: &Negotiation,
    network: &str,
    identity: Identity,
    started: Instant,
) -> Failure {
    let mac = identity.mac;
    let waited = started.elapsed().as_secs_f64().round();
    let message = match negotiation.what_is_missing() {
        Missing::Answer => format!(
            "no DHCP answer on {network} for {mac} in {waited} s: is a DHCP server reachable from \
             that bridge?"
        ),
        Missing::Address => format!(
            "only a proxyDHCP server answers on {network} for {mac} in {waited} s: is the DHCP \
             server that gives addresses reachable from that bridge?"
        ),
        Missing::Willingness { refusals } => format!(
            "the DHCP server on {network} refused {mac} its address {refusals} times in {waited} s: \
             its log says why"
        ),
        Missing::Acknowledgement { server, address } => format!(
            "the DHCP server {server} on {network} offered {address} to {mac} and then fell silent \
             ({waited} s): its log says why"
        ),
    };
    Failure::new(Reason::NoLease, message)
}

/// Errors that the next try may not see.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENETDOWN | libc::ENOBUFS | libc::EAGAIN | libc::EINTR | libc::ENETUNREACH)
    )
}

/// A transaction id that nobody off the wire can guess.
pub(super) fn random_xid() -> io::Result<u32> {
    let mut bytes = [0; 4];
    // By the system call: the worker has no file system.
    getrandom::fill(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

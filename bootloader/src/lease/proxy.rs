//! Asking a PXE server on port 4011 for the boot file (PXE 2.1, 2.4): the second half of a
//! proxyDHCP exchange, over UDP, from the address that is ours by then.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::Lease;
use super::acquire::random_xid;
use super::boot_source::PxeServer;
use super::reply::{Kind, Reply};
use super::request::{Ask, Identity, encode};
use crate::budget::Budget;
use crate::limits::MAX_DHCP_PACKET;

/// PXE's port for boot servers.
const PORT: u16 = 4011;
/// How long each try waits (PXE 2.1, 2.4.3 retries after 1, 2, 4 s).
const WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// The answer of the PXE server `server`; `None` when it has none.
///
/// # Errors
/// The socket fails.
pub fn ask(
    socket: &UdpSocket,
    server: &PxeServer,
    identity: &Identity,
    lease: &Lease,
    budget: &Budget,
) -> io::Result<Option<Reply>> {
    let started = Instant::now();
    let xid = random_xid()?;
    let ask = Ask::BootFile { address: lease.address, item: server.item };
    let mut buffer = [0; MAX_DHCP_PACKET];
    for wait in WAITS {
        let secs = u16::try_from(started.elapsed().as_secs()).unwrap_or(u16::MAX);
        let message = encode(identity, xid, secs, &ask);
        socket.send_to(&message, (server.address, PORT))?;
        let until = budget.until(wait);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left))?;
            match socket.recv_from(&mut buffer) {
                Ok((length, SocketAddr::V4(from))) if *from.ip() == server.address => {
                    let reply = Reply::decode(buffer.get(..length).unwrap_or_default());
                    if let Ok(reply) = reply
                        && reply.kind == Kind::Ack
                        && reply.answers(xid, identity.mac)
                    {
                        return Ok(Some(reply));
                    }
                }
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock
                            | io::ErrorKind::TimedOut
                            | io::ErrorKind::Interrupted
                    ) => {}
                // An ICMP error: nobody listens there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

//! Waiting on, sending and reading the UDP socket of a TFTP transfer.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use tftp_client::Transfer;

/// Waits are cut to this, so that a stop or the deadline is seen.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
const SHORTEST_WAIT: Duration = Duration::from_micros(100);

pub(super) fn send_all(transfer: &mut Transfer, socket: &UdpSocket) -> io::Result<()> {
    while let Some(packet) = transfer.transmit() {
        match socket.send_to(packet.bytes, packet.to) {
            // As good as lost on the wire: it is sent again.
            Err(error) if is_passing(&error) || is_a_timeout(&error) => {}
            sent => {
                sent?;
            }
        }
    }
    Ok(())
}

/// Waits on a socket by its receive timeout, and sets that only when it has to change: two
/// system calls a packet, not three.
#[derive(Debug, Default)]
pub(super) struct Waiter {
    timeout: Option<Duration>,
}

impl Waiter {
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        buffer: &mut [u8],
        until: Instant,
    ) -> io::Result<(usize, SocketAddr)> {
        let wait =
            until.saturating_duration_since(Instant::now()).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        // A timer that is a quarter off is good enough for all but the finest ones.
        let near = self.timeout.is_some_and(|set| set >= wait / 4 * 3 && set <= wait / 4 * 5);
        if !near {
            socket.set_read_timeout(Some(wait))?;
            self.timeout = Some(wait);
        }
        socket.recv_from(buffer)
    }
}

pub(super) fn is_a_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// An unconnected socket hears of ICMP errors only in passing; the transfer's own timers
/// decide when a server is gone.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
    ) || error.raw_os_error() == Some(libc::ENOBUFS)
}

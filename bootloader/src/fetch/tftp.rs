//! The driver around `tftp_client`: one socket, one transfer, the real clock.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tftp_client::{
    Ask, Awaited, ErrorCode, Failure, FileName, Patience, ReadRequest, State, Target, TimedOut,
    Transfer,
};

use super::sink::Sink;
use super::{FetchError, Pace, Progress, out_of_time, storage};
use crate::budget::Budget;

/// The kernel counts its own bookkeeping with each packet in the receive buffer.
const RECEIVE_BUFFER_PER_WINDOW: usize = 4;
/// Waits are cut to this, so that a stop or the deadline is seen.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// Blocks of a window: enough for a server some milliseconds away, and still less than the
/// kernel's usual limit of a receive buffer (net.core.rmem_max).
const WINDOW: u16 = 64;
/// How long a server that is there, but busy, is asked for a file.
const BUSY_PATIENCE: Duration = Duration::from_secs(30);
/// The second try's terms: the server's timer in microseconds, the window in blocks.
const GENTLE_UTIMEOUT: u32 = 200_000;
const GENTLE_WINDOW: u16 = 4;
const SHORTEST_WAIT: Duration = Duration::from_micros(100);

/// What to fetch from whom.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The server.
    pub server: SocketAddrV4,
    /// The name as it goes on the wire.
    pub path: &'a [u8],
    /// Whether this server has answered in this boot already: then a silent one is busy (dnsmasq
    /// lets only 50 transfers run at a time, and says nothing to others), and not missing.
    pub is_there: bool,
}

/// Fetches one file; gives back its size.
///
/// A file that must be there and breaks off on the way is asked for once more, on terms that
/// ask less of server and network: some servers count their retries over the whole transfer
/// (rs-tftpd) or send blocks that no path lets through.
///
/// # Errors
/// [`FetchError`].
pub fn fetch(
    file: &File<'_>,
    sink: &mut dyn Sink,
    limit: u64,
    pace: Pace,
    budget: &Budget,
    progress: &Progress,
) -> Result<u64, FetchError> {
    let name = FileName::new(file.path).map_err(|why| FetchError::Malformed(why.to_string()))?;
    let mut request = ReadRequest::new(file.server, name.clone(), limit);
    request.ask = Ask::default().with_windowsize(Some(WINDOW));
    let usual = match pace {
        Pace::Probing => Patience::probing(),
        Pace::Needed => Patience::default(),
    };
    let first_reply = if file.is_there { BUSY_PATIENCE } else { usual.first_reply };
    request.patience = Patience { first_reply, ..usual };
    let shown = Target { server: file.server, file: name.clone() }.to_string();
    let trip = Trip { shown: &shown, pace, budget, progress };
    match trip.make(request.clone(), sink)? {
        Ended::Whole(size) => Ok(size),
        Ended::Failed(error) => Err(error),
        Ended::BrokenOff(ask) => {
            sink.restart().map_err(|error| storage(&shown, &error))?;
            request.ask = ask;
            request.patience = usual;
            match trip.make(request, sink)? {
                Ended::Whole(size) => Ok(size),
                Ended::Failed(error) => Err(error),
                Ended::BrokenOff(_) => Err(FetchError::TimedOut(format!(
                    "{shown}: it broke off twice: the server's log may say why"
                ))),
            }
        }
    }
}

/// One transfer, from request to end.
struct Trip<'a> {
    shown: &'a str,
    pace: Pace,
    budget: &'a Budget,
    progress: &'a Progress,
}

enum Ended {
    Whole(u64),
    Failed(FetchError),
    /// It may go better on these terms.
    BrokenOff(Ask),
}

impl Trip<'_> {
    fn make(&self, request: ReadRequest, sink: &mut dyn Sink) -> Result<Ended, FetchError> {
        let network = |error: io::Error| {
            FetchError::Refused(format!("{}: the network fails: {error}", self.shown))
        };
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(network)?;
        // As much as the kernel grants; the transfer recovers from what does not fit.
        let wanted = request.ask.window_bytes().saturating_mul(RECEIVE_BUFFER_PER_WINDOW);
        let _ = SockRef::from(&socket).set_recv_buffer_size(wanted);
        let (ask, limit) = (request.ask, request.max_size);
        let mut transfer = Transfer::new(request, Instant::now());
        let mut buffer = vec![0; transfer.buffer_len()];
        let mut waiter = Waiter::default();
        let mut is_announced = false;
        loop {
            send_all(&mut transfer, &socket).map_err(network)?;
            match transfer.state() {
                State::Done { size } => return Ok(Ended::Whole(size)),
                State::Failed(failure) => return Ok(self.ended(failure, ask)),
                State::Asking | State::Receiving => {}
            }
            if self.budget.is_over() || self.progress.is_stopped() {
                transfer.abandon(Instant::now(), ErrorCode::NotDefined);
                send_all(&mut transfer, &socket).map_err(network)?;
                return Err(self.cut_short());
            }
            match waiter.receive(&socket, &mut buffer, transfer.wakes_at().min(self.budget.end())) {
                Ok((length, SocketAddr::V4(from))) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    let block = transfer.on_datagram(Instant::now(), from, datagram);
                    let mut kept =
                        block.map_or(Ok(()), |block| sink.put(block.offset, block.bytes));
                    let made = transfer.progress();
                    // One beyond the limit fails by itself.
                    let total = made.tsize.filter(|total| !is_announced && *total <= limit);
                    if let Some(total) = total {
                        is_announced = true;
                        kept = kept.and_then(|()| sink.expect(total));
                    }
                    if let Err(error) = kept {
                        transfer.abandon(Instant::now(), ErrorCode::DiskFull);
                        send_all(&mut transfer, &socket).map_err(network)?;
                        return Err(storage(&self.shown, &error));
                    }
                    self.progress.set(made.bytes, made.tsize);
                }
                Ok(_) => {}
                Err(error) if is_a_timeout(&error) => transfer.on_timer(Instant::now()),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(network(error)),
            }
        }
    }

    /// A failure, or a reason to try once more.
    fn ended(&self, failure: &Failure, ask: Ask) -> Ended {
        let gentler = ask.with_utimeout(Some(GENTLE_UTIMEOUT)).with_windowsize(Some(GENTLE_WINDOW));
        match failure {
            _ if self.pace == Pace::Probing => Ended::Failed(explain(failure)),
            Failure::TimedOut(TimedOut { awaited: Awaited::Block(1), .. }) => {
                Ended::BrokenOff(gentler.with_blksize(None).with_windowsize(None))
            }
            Failure::TimedOut(TimedOut { awaited: Awaited::Block(_), .. }) => {
                Ended::BrokenOff(gentler)
            }
            Failure::Refused(refused) if refused.received > 0 => Ended::BrokenOff(gentler),
            _ => Ended::Failed(explain(failure)),
        }
    }

    fn cut_short(&self) -> FetchError {
        let shown = self.shown;
        if self.progress.is_stopped() {
            FetchError::Abandoned(format!("{shown}: stopped"))
        } else {
            out_of_time(shown, self.budget)
        }
    }
}

fn send_all(transfer: &mut Transfer, socket: &UdpSocket) -> io::Result<()> {
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
struct Waiter {
    timeout: Option<Duration>,
}

impl Waiter {
    fn receive(
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

fn is_a_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// An unconnected socket hears of ICMP errors only in passing; the transfer's own timers
/// decide when a server is gone.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
    ) || error.raw_os_error() == Some(libc::ENOBUFS)
}

fn explain(failure: &Failure) -> FetchError {
    let text = failure.to_string();
    match failure {
        Failure::NotFound(_) => FetchError::NotFound(text),
        Failure::Refused(_) => FetchError::Refused(text),
        Failure::TimedOut(_) => FetchError::TimedOut(text),
        Failure::Malformed(_) | Failure::SizeMismatch(_) => FetchError::Malformed(text),
        Failure::TooLarge(_) => FetchError::TooLarge(text),
        Failure::Abandoned(_) => FetchError::Abandoned(text),
    }
}

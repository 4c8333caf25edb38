//! The driver around `tftp_client`: one socket, one transfer, the real clock.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tftp_client::{
    Awaited, ErrorCode, Failure, FileName, Patience, ReadRequest, State, Target, TimedOut, Transfer,
};

use super::datagrams::{Waiter, is_a_timeout, is_passing, send_all};
use super::servers::{LargeBlocks, Servers, told};
use super::sink::Sink;
use super::terms::{BLKSIZE, LARGE_BLKSIZE, Terms, does_badly};
use super::{FetchError, Pace, Progress, out_of_time, storage};
use crate::budget::Budget;

/// The kernel counts its own bookkeeping with each packet in the receive buffer.
const RECEIVE_BUFFER_PER_WINDOW: usize = 4;
/// How long a server that is there, but busy, is asked for a file.
const BUSY_PATIENCE: Duration = Duration::from_secs(30);
/// Large blocks are given up after this silence: time for tftpd-hpa to send one four times.
const LARGE_PATIENCE: Duration = Duration::from_millis(800);
/// A smaller file is not worth a second request.
const LARGE_FILE: u64 = 256 << 10;

/// What to fetch from whom.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The server.
    pub server: SocketAddrV4,
    /// The name as it goes on the wire.
    pub path: &'a [u8],
}

/// Fetches one file; gives back its size.
///
/// What is asked for depends on what `servers` has learnt: a window, or blocks beyond the MTU
/// where there are no windows. A file that must be there and breaks off on the way is asked for
/// once more, on terms that ask less of server and network: some servers count their retries over
/// the whole transfer (rs-tftpd) or send blocks that no path lets through.
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
    servers: &Servers,
) -> Result<u64, FetchError> {
    let name = FileName::new(file.path).map_err(|why| FetchError::Malformed(why.to_string()))?;
    let shown = Target { server: file.server, file: name.clone() }.to_string();
    let trip = Trip { server: file.server, shown: &shown, pace, budget, progress, servers };
    let is_large = pace == Pace::Needed && servers.large_blocks(file.server) == LargeBlocks::Fit;
    let mut terms = if is_large { Terms::Large } else { Terms::Usual };
    loop {
        let mut request = ReadRequest::new(file.server, name.clone(), limit);
        request.ask = terms.ask();
        request.patience = trip.patience(terms);
        match trip.make(request, terms, sink)? {
            Ended::Whole(size) => return Ok(size),
            Ended::Failed(error) => return Err(error),
            Ended::BrokenOff(next) => {
                sink.restart().map_err(|error| storage(&shown, &error))?;
                terms = next;
            }
        }
    }
}

/// One transfer, from request to end.
struct Trip<'a> {
    server: SocketAddrV4,
    shown: &'a str,
    pace: Pace,
    budget: &'a Budget,
    progress: &'a Progress,
    servers: &'a Servers,
}

enum Ended {
    Whole(u64),
    Failed(FetchError),
    /// It may go better on these terms.
    BrokenOff(Terms),
}

impl Trip<'_> {
    fn patience(&self, terms: Terms) -> Patience {
        let usual = match self.pace {
            Pace::Probing => Patience::probing(),
            Pace::Needed => Patience::default(),
        };
        // A silent server that has answered in this boot is busy (dnsmasq lets only 50 transfers
        // run at a time, and says nothing to others), and not missing.
        let is_busy = !terms.is_second_try() && self.servers.has_answered(self.server);
        let first_reply = if is_busy { BUSY_PATIENCE } else { usual.first_reply };
        let block = if terms == Terms::Large { LARGE_PATIENCE } else { usual.block };
        Patience { first_reply, block }
    }

    fn make(
        &self,
        request: ReadRequest,
        terms: Terms,
        sink: &mut dyn Sink,
    ) -> Result<Ended, FetchError> {
        let network = |error: io::Error| {
            FetchError::Refused(format!("{}: the network fails: {error}", self.shown))
        };
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(network)?;
        // As much as the kernel grants; the transfer recovers from what does not fit.
        let wanted = request.ask.window_bytes().saturating_mul(RECEIVE_BUFFER_PER_WINDOW);
        let _ = SockRef::from(&socket).set_recv_buffer_size(wanted);
        let limit = request.max_size;
        let mut transfer = Transfer::new(request, Instant::now());
        let mut buffer = vec![0; transfer.buffer_len()];
        let mut waiter = Waiter::default();
        let mut is_announced = false;
        let mut is_learnt = false;
        loop {
            if !is_learnt && transfer.granted().is_some() {
                is_learnt = true;
                if self.learn(&transfer, terms) {
                    transfer.abandon(Instant::now(), ErrorCode::NotDefined);
                    send_all(&mut transfer, &socket).map_err(network)?;
                    return Ok(Ended::BrokenOff(Terms::Large));
                }
            }
            if terms == Terms::Large && does_badly(&transfer) {
                transfer.abandon(Instant::now(), ErrorCode::NotDefined);
                send_all(&mut transfer, &socket).map_err(network)?;
                self.servers.learn(self.server, LargeBlocks::Unfit);
                return Ok(Ended::BrokenOff(Terms::Usual));
            }
            send_all(&mut transfer, &socket).map_err(network)?;
            match transfer.state() {
                State::Done { size } => return Ok(Ended::Whole(size)),
                State::Failed(failure) => return Ok(self.ended(failure, terms)),
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

    /// Remembers what the first answer tells; whether to ask for this file again, in large blocks.
    fn learn(&self, transfer: &Transfer, terms: Terms) -> bool {
        let Some(granted) = transfer.granted() else { return false };
        let told = match terms {
            Terms::Usual => told(granted, BLKSIZE, transfer.counters()),
            // Half of them is still many times the MTU.
            Terms::Large => told(granted, LARGE_BLKSIZE / 8, transfer.counters()),
            Terms::Gentle | Terms::Least => LargeBlocks::Unknown,
        };
        self.servers.learn(self.server, told);
        terms == Terms::Usual
            && self.pace == Pace::Needed
            && matches!(transfer.state(), State::Receiving)
            && transfer.progress().bytes == 0
            && granted.tsize.is_some_and(|size| size >= LARGE_FILE)
            && self.servers.large_blocks(self.server) == LargeBlocks::Fit
    }

    /// A failure, or a reason to try once more.
    fn ended(&self, failure: &Failure, terms: Terms) -> Ended {
        if let Failure::NotFound(_) = failure {
            self.servers.learn(self.server, LargeBlocks::Unknown);
        }
        let is_broken_off = match failure {
            _ if self.pace == Pace::Probing => false,
            Failure::TimedOut(TimedOut { awaited, .. }) => *awaited != Awaited::FirstReply,
            Failure::Refused(refused) => refused.received > 0,
            _ => false,
        };
        match (terms, failure) {
            // Whatever is wrong with them: the usual terms may do, or tell better.
            (Terms::Large, Failure::TimedOut(_) | Failure::Refused(_) | Failure::Malformed(_)) => {
                self.servers.learn(self.server, LargeBlocks::Unfit);
                Ended::BrokenOff(Terms::Usual)
            }
            _ if !is_broken_off => Ended::Failed(explain(failure)),
            (Terms::Gentle | Terms::Least, _) => Ended::Failed(FetchError::TimedOut(format!(
                "{}: it broke off twice: the server's log may say why",
                self.shown
            ))),
            (_, Failure::TimedOut(TimedOut { awaited: Awaited::Block(1), .. })) => {
                Ended::BrokenOff(Terms::Least)
            }
            _ => Ended::BrokenOff(Terms::Gentle),
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

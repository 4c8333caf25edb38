//! The transfer: what the driver sees, the timers, who is foreign, and how it fails (RFC 1350).
//! `asking.rs` has the first reply, `receive.rs` what follows it.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::asking::Refusal;
use crate::blocks::Blocks;
use crate::failure::{Abandoned, Awaited, Failure, NotFound, Refused, Target, TimedOut};
use crate::gap::Gap;
use crate::limits;
use crate::options::Granted;
use crate::outbox::{Outbox, Own, Transmit};
use crate::packet::{self, ErrorCode, Packet};
use crate::request::{Ask, ReadRequest};
use crate::rto::Rto;
use crate::state::{Block, Counters, Progress, State};
use crate::text;

/// One read transfer. See the crate's documentation for the loop that drives it.
#[derive(Debug)]
pub struct Transfer {
    pub(crate) request: ReadRequest,
    /// The options of the request that is out: none after an ERROR 8.
    pub(crate) ask: Ask,
    pub(crate) status: Status,
    pub(crate) peer: Option<SocketAddrV4>,
    pub(crate) granted: Option<Granted>,
    pub(crate) blocks: Blocks,
    /// The block that ends the file, and the file's size.
    pub(crate) end: Option<(u64, u64)>,
    /// The block of the latest ACK: the server's window begins after it.
    pub(crate) acked: u64,
    pub(crate) gap: Gap,
    /// Blocks came that cannot be told apart before the numbering is known.
    pub(crate) ambiguous: bool,
    pub(crate) rto: Rto,
    /// The block that answers the latest ACK, and when that was sent; none if Karn's rule forbids.
    pub(crate) timed: Option<(u64, Instant)>,
    pub(crate) waiting_since: Instant,
    pub(crate) resend_at: Instant,
    /// How often the packet whose answer is awaited was sent.
    pub(crate) sent: u32,
    /// After the end: how long to linger, and how many final ACKs that may still cost.
    pub(crate) lingers_until: Instant,
    pub(crate) final_reacks: u32,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) first_foreign: Option<SocketAddrV4>,
    pub(crate) counters: Counters,
    pub(crate) outbox: Outbox,
}

#[derive(Debug)]
pub(crate) enum Status {
    Asking,
    Receiving,
    Done(u64),
    Failed(Failure),
}

impl Transfer {
    /// Starts a transfer. The request is ready for [`Self::transmit`].
    #[must_use]
    pub fn new(request: ReadRequest, now: Instant) -> Self {
        let mut transfer = Self {
            ask: request.ask,
            request,
            status: Status::Asking,
            peer: None,
            granted: None,
            blocks: Blocks::new(),
            end: None,
            acked: 0,
            gap: Gap::new(),
            ambiguous: false,
            rto: Rto::new(),
            timed: None,
            waiting_since: now,
            resend_at: now,
            sent: 0,
            lingers_until: now,
            final_reacks: 0,
            refusal: None,
            first_foreign: None,
            counters: Counters::default(),
            outbox: Outbox::default(),
        };
        transfer.send_request(now);
        transfer
    }

    /// The next datagram to send. Call it until it returns `None`, after every other call and also
    /// once the transfer is done or has failed: the last ACK and the ERROR for the server are here.
    pub fn transmit(&mut self) -> Option<Transmit<'_>> {
        self.outbox.next(&self.request.file)
    }

    /// Takes in a datagram from anyone. Returns a new piece of the file, if that is what it holds.
    ///
    /// Do not `connect()` the socket: what a stranger sent before that stays queued. Every sender
    /// is compared here. The buffer must hold [`Self::buffer_len`] bytes.
    pub fn on_datagram<'a>(
        &mut self,
        now: Instant,
        from: SocketAddrV4,
        datagram: &'a [u8],
    ) -> Option<Block<'a>> {
        let ours = self.peer == Some(from);
        let block = match (packet::parse(datagram), &self.status) {
            (_, Status::Failed(_)) => None,
            (None, _) => {
                self.counters.unexpected = self.counters.unexpected.saturating_add(1);
                None
            }
            (Some(packet), Status::Asking) => self.on_first_reply(now, from, packet),
            (Some(packet), Status::Receiving) if ours => self.on_packet(now, from, packet),
            (Some(packet), Status::Done(_)) if ours => {
                self.on_late_packet(now, packet);
                None
            }
            (Some(packet), Status::Receiving | Status::Done(_)) => {
                self.on_foreign(from, packet);
                None
            }
        };
        // A flood of datagrams keeps a driver from its timeouts: look at the timers here as well.
        self.on_timer(now);
        block
    }

    /// Looks at the timers. Call it at [`Self::wakes_at`]; earlier and later calls do no harm.
    pub fn on_timer(&mut self, now: Instant) {
        if !matches!(self.status, Status::Asking | Status::Receiving) {
            return;
        }
        if now >= self.gives_up_at() {
            let failure = TimedOut {
                target: self.target(),
                awaited: self.awaited(),
                waited: now.saturating_duration_since(self.waiting_since),
                sent: self.sent,
                granted: self.granted,
                foreign: self.first_foreign,
            };
            self.fail(now, failure.into(), (ErrorCode::NotDefined, "timed out"));
        } else if now >= self.resend_at {
            self.counters.retransmits = self.counters.retransmits.saturating_add(1);
            match self.status {
                Status::Asking => self.send_request(now),
                _ => self.resend_ack(now),
            }
        } else if self.gap.due().is_some_and(|due| now >= due) {
            self.report_gap(now);
        }
    }

    /// When to call [`Self::on_timer`] if no datagram comes before. When the transfer is done this
    /// is [`Self::lingers_until`]; when it has failed it is a moment in the past.
    #[must_use]
    pub fn wakes_at(&self) -> Instant {
        match self.status {
            Status::Asking | Status::Receiving => {
                let wake = self.resend_at.min(self.gives_up_at());
                self.gap.due().map_or(wake, |due| wake.min(due))
            }
            Status::Done(_) | Status::Failed(_) => self.lingers_until,
        }
    }

    /// Where the transfer stands.
    #[must_use]
    pub fn state(&self) -> State<'_> {
        match &self.status {
            Status::Asking => State::Asking,
            Status::Receiving => State::Receiving,
            Status::Done(size) => State::Done { size: *size },
            Status::Failed(failure) => State::Failed(failure),
        }
    }

    /// How long a driver that can afford it goes on with the loop after the end, at most
    /// [`limits::MAX_LINGER`]: if the last ACK was lost the server sends the last block again, and
    /// gets another ACK. Skipping it harms only the server's log. `None` unless done.
    #[must_use]
    pub fn lingers_until(&self) -> Option<Instant> {
        matches!(self.status, Status::Done(_)).then_some(self.lingers_until)
    }

    /// The terms of the transfer, once there was a first reply.
    #[must_use]
    pub fn granted(&self) -> Option<&Granted> {
        self.granted.as_ref()
    }

    /// Who serves the file: the server's address, with the port of this transfer.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddrV4> {
        self.peer
    }

    /// Whether the server refused the options with ERROR 8, and was asked again without.
    #[must_use]
    pub fn options_refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// How far the transfer is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { bytes: self.received(), tsize: self.granted.and_then(|granted| granted.tsize) }
    }

    /// What happened besides plain progress.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The length in bytes of the buffer for datagrams: one more than the largest block needs, so
    /// that a block that is too long is noticed.
    #[must_use]
    pub fn buffer_len(&self) -> usize {
        let blksize = self.request.ask.blksize.unwrap_or_default().max(limits::DEFAULT_BLKSIZE);
        usize::from(blksize).saturating_add(5)
    }

    /// Ends the transfer from our side, as when the disk is full or the time is up. The server is
    /// told with an ERROR. Does nothing once the transfer is done or has failed.
    pub fn abandon(&mut self, now: Instant, code: ErrorCode) {
        if matches!(self.status, Status::Asking | Status::Receiving) {
            let failure = Abandoned { target: self.target(), received: self.received() };
            self.fail(now, failure.into(), (code, "given up by the client"));
        }
    }

    /// Another port or another address: not our transfer, and nothing in it can end ours.
    pub(crate) fn on_foreign(&mut self, from: SocketAddrV4, packet: Packet<'_>) {
        self.counters.foreign = self.counters.foreign.saturating_add(1);
        self.first_foreign.get_or_insert(from);
        // An ERROR is never answered. Nobody can be meant by the addresses that follow.
        let ip = from.ip();
        let nobody = ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast();
        if !matches!(packet, Packet::Error { .. }) && from.port() != 0 && !nobody {
            self.outbox.reject(from);
        }
    }

    /// An ERROR from our server.
    pub(crate) fn on_error(&mut self, now: Instant, code: ErrorCode, text: &[u8]) {
        let (target, text) = (self.target(), text::shown(text));
        let no_data = self.blocks.highest() == 0;
        let announced = self.granted.and_then(|granted| granted.tsize).filter(|_| no_data);
        let access_violation = code == ErrorCode::AccessViolation;
        let failure = if no_data && (access_violation || code == ErrorCode::FileNotFound) {
            NotFound { target, access_violation, text, announced }.into()
        } else {
            Refused { target, code, text, received: self.received(), announced }.into()
        };
        self.end_with(now, failure);
    }

    /// Ends the transfer and tells the server, if there is one.
    pub(crate) fn fail(
        &mut self,
        now: Instant,
        failure: Failure,
        error: (ErrorCode, &'static str),
    ) {
        if let Some(peer) = self.peer {
            self.outbox.put(peer, Own::Error(error.0, error.1));
        }
        self.end_with(now, failure);
    }

    fn end_with(&mut self, now: Instant, failure: Failure) {
        self.status = Status::Failed(failure);
        self.lingers_until = now;
    }

    pub(crate) fn target(&self) -> Target {
        Target { server: self.request.server, file: self.request.file.clone() }
    }

    fn awaited(&self) -> Awaited {
        match self.status {
            Status::Asking => Awaited::FirstReply,
            _ => Awaited::Block(self.blocks.contiguous().saturating_add(1)),
        }
    }

    fn gives_up_at(&self) -> Instant {
        let patience = match self.status {
            Status::Asking => self.request.patience.first_reply,
            _ => self.request.patience.block,
        };
        after(self.waiting_since, patience)
    }
}

/// `now + wait`, without the panic of a wait that no clock can hold.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(86_400);
    now.checked_add(wait).or_else(|| now.checked_add(FAR)).unwrap_or(now)
}

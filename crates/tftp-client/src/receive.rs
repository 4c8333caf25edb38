//! The transfer after the first reply: blocks, ACKs, windows (RFC 1350, RFC 1123 section 4.2.3.1,
//! RFC 7440 section 4).
//!
//! A block that came before is never answered at once: a server that answers each ACK would send
//! every later block twice as well (the Sorcerer's Apprentice). An ACK goes out when a window is
//! complete, once per gap in it, and by the timer; it always names the last in-order block, and
//! the count of the window begins there.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::blocks::Place;
use crate::failure::{Fault, Malformed, SizeMismatch, TooLarge};
use crate::limits;
use crate::options::Granted;
use crate::outbox::Own;
use crate::packet::{ErrorCode, Packet};
use crate::state::Block;
use crate::transfer::{Status, Transfer, after};

impl Transfer {
    /// A packet from our server.
    pub(crate) fn on_packet<'a>(
        &mut self,
        now: Instant,
        from: SocketAddrV4,
        packet: Packet<'a>,
    ) -> Option<Block<'a>> {
        match packet {
            Packet::Data { block, bytes } => return self.on_data(now, block, bytes),
            // The timer repeats ACK 0 if it was lost. Once data flows it would start it over.
            Packet::Oack { .. } => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
            }
            Packet::Error { code, text } => {
                if !self.is_old_refusal(from, code) {
                    self.on_error(now, code, text);
                }
            }
        }
        None
    }

    /// A packet from our server after the end: the last block again if our last ACK was lost.
    pub(crate) fn on_late_packet(&mut self, now: Instant, packet: Packet<'_>) {
        let wire = self.blocks.wire();
        match packet {
            Packet::Data { block, .. } if block == wire => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
                if now <= self.lingers_until && self.final_reacks < limits::MAX_FINAL_REACKS {
                    self.final_reacks = self.final_reacks.saturating_add(1);
                    self.put_ack();
                }
            }
            Packet::Data { .. } | Packet::Oack { .. } => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
            }
            Packet::Error { .. } => {
                self.counters.unexpected = self.counters.unexpected.saturating_add(1);
            }
        }
    }

    /// The first ACK of the last in-order block.
    pub(crate) fn send_ack(&mut self, now: Instant) {
        self.put_ack();
        self.gap.closed();
        self.sent = 1;
        self.timed = Some((self.acked.saturating_add(1), now));
        self.rearm(now);
    }

    /// The timer ran out: the last in-order block, even if the latest ACK was an older one.
    pub(crate) fn resend_ack(&mut self, now: Instant) {
        self.put_ack();
        self.gap.timed_out();
        self.count_ambiguity();
        self.sent = self.sent.saturating_add(1);
        self.timed = None;
        self.rto.back_off();
        self.rearm(now);
    }

    /// A block is missing and its grace is over.
    pub(crate) fn report_gap(&mut self, now: Instant) {
        self.put_ack();
        self.gap.report(self.acked);
        self.count_ambiguity();
        self.counters.gap_reports = self.counters.gap_reports.saturating_add(1);
        self.sent = 1;
        // The missing block may come late by itself: that is no round trip.
        self.timed = None;
        self.rearm(now);
    }

    /// The bytes from the start that are there without a gap.
    pub(crate) fn received(&self) -> u64 {
        let contiguous = self.blocks.contiguous();
        match self.end {
            Some((last, size)) if last == contiguous => size,
            _ => contiguous.saturating_mul(self.terms().blksize.into()),
        }
    }

    fn on_data<'a>(&mut self, now: Instant, wire: u16, bytes: &'a [u8]) -> Option<Block<'a>> {
        let window_end = self.window_end();
        match self.blocks.place(wire, window_end) {
            Place::New(number) => {
                let offset = self.check_block(now, number, bytes)?;
                self.accept_block(now, number, window_end);
                return (!bytes.is_empty()).then_some(Block { offset, bytes });
            }
            Place::Old(number) => {
                self.counters.duplicates = self.counters.duplicates.saturating_add(1);
                self.gap.duplicate(number);
            }
            Place::Ambiguous => {
                self.ambiguous = true;
                self.gap.seen(now, self.blocks.contiguous());
            }
            Place::Outside => {
                self.counters.unexpected = self.counters.unexpected.saturating_add(1);
            }
            Place::Contradiction => self.fail_malformed(now, Fault::Numbering),
        }
        None
    }

    /// Whether a new block fits the file: its length, the size announced, the caller's limit, the
    /// end. Returns its offset and notes the end, or ends the transfer.
    fn check_block(&mut self, now: Instant, number: u64, bytes: &[u8]) -> Option<u64> {
        let Granted { blksize, tsize, .. } = self.terms();
        let len = bytes.len();
        if len > usize::from(blksize) {
            self.fail_malformed(now, Fault::BlockTooLong { block: number, len, blksize });
            return None;
        }
        let ends = len < usize::from(blksize);
        let offset = number.saturating_sub(1).saturating_mul(blksize.into());
        let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        // What is too much is refused early, before it fills a disk.
        if let Some(announced) = tsize.filter(|tsize| end > *tsize || (ends && end != *tsize)) {
            let target = self.target();
            let failure = SizeMismatch { target, announced, sent: end, ended: ends };
            let code = if end > announced { ErrorCode::DiskFull } else { ErrorCode::NotDefined };
            self.fail(now, failure.into(), (code, "not the size announced"));
            return None;
        }
        let limit = self.request.max_size;
        if end > limit {
            let failure = TooLarge { target: self.target(), announced: None, limit };
            self.fail(now, failure.into(), (ErrorCode::DiskFull, "file too large"));
            return None;
        }
        // A block behind the one that ended the file, or one that ends it before others.
        let highest = self.blocks.highest();
        let behind = match self.end {
            Some((last, _)) if number > last => Some(number),
            _ if ends && highest > number => Some(highest),
            _ => None,
        };
        if let Some(block) = behind {
            self.fail_malformed(now, Fault::BlockAfterEnd { block });
            return None;
        }
        if ends {
            self.end = Some((number, end));
        }
        Some(offset)
    }

    fn fail_malformed(&mut self, now: Instant, fault: Fault) {
        let failure = Malformed { target: self.target(), fault };
        self.fail(now, failure.into(), (ErrorCode::IllegalOperation, "bad block"));
    }

    fn accept_block(&mut self, now: Instant, number: u64, window_end: u64) {
        if let Some((_, sent)) = self.timed.take_if(|(block, _)| *block == number) {
            self.rto.sample(now.saturating_duration_since(sent));
        }
        let before = self.blocks.contiguous();
        self.blocks.insert(number);
        let contiguous = self.blocks.contiguous();
        if contiguous > before {
            self.waiting_since = now;
            self.gap.closed();
        }
        match self.end {
            Some((last, size)) if last == contiguous => self.finish(now, size),
            _ if contiguous >= window_end => self.send_ack(now),
            _ => {
                if self.blocks.has_gap() {
                    self.gap.seen(now, contiguous);
                }
                self.rearm(now);
            }
        }
    }

    fn finish(&mut self, now: Instant, size: u64) {
        self.put_ack();
        self.status = Status::Done(size);
        // Twice the server's own timer, so that one more loss is still answered.
        let Granted { timeout, utimeout, .. } = self.terms();
        let timer = match (utimeout, timeout) {
            (Some(micros), _) => Duration::from_micros(micros.into()),
            (None, seconds) => Duration::from_secs(seconds.unwrap_or(1).into()),
        };
        let linger = timer.saturating_mul(2).saturating_add(limits::MIN_RTO);
        self.lingers_until = after(now, linger.min(limits::MAX_LINGER));
    }

    fn put_ack(&mut self) {
        self.acked = self.blocks.contiguous();
        if let Some(peer) = self.peer {
            self.outbox.put(peer, Own::Ack(self.blocks.wire()));
        }
    }

    fn rearm(&mut self, now: Instant) {
        let rto = self.rto.current();
        let first = self.blocks.highest() == 0;
        self.resend_at = after(now, if first { rto.max(limits::MIN_RTO_BLOCK_ONE) } else { rto });
    }

    fn count_ambiguity(&mut self) {
        if std::mem::take(&mut self.ambiguous) && self.acked == u64::from(u16::MAX) {
            self.blocks.count_wrap_round();
        }
    }

    /// The last block that the server may send: RFC 7440 counts from the latest ACK.
    fn window_end(&self) -> u64 {
        self.acked.saturating_add(self.terms().windowsize.into())
    }

    fn terms(&self) -> Granted {
        self.granted.unwrap_or(Granted::PLAIN)
    }
}

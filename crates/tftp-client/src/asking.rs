//! The transfer up to the first reply: the request, the terms, ERROR 8 (RFC 1350 section 4,
//! RFC 2347).

use std::net::SocketAddrV4;
use std::time::Instant;

use crate::failure::{Fault, Malformed, TooLarge};
use crate::limits;
use crate::options::{self, Granted};
use crate::outbox::Own;
use crate::packet::{ErrorCode, Packet};
use crate::request::Ask;
use crate::state::Block;
use crate::transfer::{Status, Transfer, after};

/// An ERROR 8 to the request with options.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    /// Who sent it.
    pub(crate) by: SocketAddrV4,
    /// How many more may come: one for each further time that request was sent.
    due: u32,
}

impl Transfer {
    pub(crate) fn send_request(&mut self, now: Instant) {
        self.outbox.put(self.request.server, Own::Request(self.ask));
        self.sent = self.sent.saturating_add(1);
        let factor = 1_u32.checked_shl(self.sent.saturating_sub(1)).unwrap_or(u32::MAX);
        let wait = limits::MIN_FIRST_WAIT.saturating_mul(factor).min(limits::MAX_FIRST_WAIT);
        self.resend_at = after(now, wait);
    }

    /// A packet while the server's port is not known. Only the address can be compared: a server
    /// that answers from another one is not told from a stranger.
    pub(crate) fn on_first_reply<'a>(
        &mut self,
        now: Instant,
        from: SocketAddrV4,
        packet: Packet<'a>,
    ) -> Option<Block<'a>> {
        if from.ip() != self.request.server.ip() || from.port() == 0 {
            self.on_foreign(from, packet);
            return None;
        }
        match packet {
            Packet::Data { block: 1, .. } => {
                self.lock(now, from, Granted::PLAIN);
                return self.on_packet(now, from, packet);
            }
            // A late answer to the request that was refused, or to an earlier transfer.
            Packet::Oack { .. } if self.ask.is_none() => self.on_foreign(from, packet),
            Packet::Data { .. } => self.on_foreign(from, packet),
            Packet::Oack { options } => self.on_oack(now, from, options),
            Packet::Error { code: ErrorCode::OptionRefused, .. } if !self.ask.is_none() => {
                self.refusal = Some(Refusal { by: from, due: self.sent.saturating_sub(1) });
                self.ask = Ask::none();
                self.sent = 0;
                self.waiting_since = now;
                self.send_request(now);
            }
            // This ends some transfer before ours: no server can mean our request by it.
            Packet::Error { code: ErrorCode::UnknownTransfer, .. } => {
                self.counters.unexpected = self.counters.unexpected.saturating_add(1);
            }
            Packet::Error { code, text } => {
                if !self.is_old_refusal(from, code) {
                    self.peer = Some(from);
                    self.on_error(now, code, text);
                }
            }
        }
        None
    }

    fn on_oack(&mut self, now: Instant, from: SocketAddrV4, options: &[u8]) {
        match options::granted(options, &self.ask) {
            Ok(granted) => {
                self.lock(now, from, granted);
                let limit = self.request.max_size;
                if granted.tsize.is_some_and(|tsize| tsize > limit) {
                    let failure =
                        TooLarge { target: self.target(), announced: granted.tsize, limit };
                    self.fail(now, failure.into(), (ErrorCode::DiskFull, "file too large"));
                } else {
                    self.send_ack(now);
                }
            }
            Err(fault) => {
                self.peer = Some(from);
                let failure = Malformed { target: self.target(), fault: Fault::Options(fault) };
                self.fail(now, failure.into(), (ErrorCode::OptionRefused, "bad option value"));
            }
        }
    }

    /// The first reply fixes the server's port and the terms.
    fn lock(&mut self, now: Instant, from: SocketAddrV4, granted: Granted) {
        if self.sent == 1 && self.refusal.is_none() {
            self.rto.sample(now.saturating_duration_since(self.waiting_since));
        }
        self.peer = Some(from);
        self.granted = Some(granted);
        self.status = Status::Receiving;
        self.waiting_since = now;
        self.sent = 0;
    }

    /// Whether this ERROR 8 is about the request with options, which has had its answer: the
    /// network can double it, and every repeated request can have brought one.
    pub(crate) fn is_old_refusal(&mut self, from: SocketAddrV4, code: ErrorCode) -> bool {
        let Some(refusal) = self.refusal.as_mut().filter(|_| code == ErrorCode::OptionRefused)
        else {
            return false;
        };
        let old = if refusal.by == from {
            true
        } else if refusal.due > 0 {
            refusal.due = refusal.due.saturating_sub(1);
            true
        } else {
            false
        };
        if old {
            self.counters.duplicates = self.counters.duplicates.saturating_add(1);
        }
        old
    }
}

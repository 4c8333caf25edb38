//! What waits to be sent: our own latest packet, and ERROR 5 for foreign senders.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use crate::limits::{MAX_FOREIGN_QUEUE, MAX_FOREIGN_REPLIES};
use crate::packet::{self, ErrorCode};
use crate::request::{Ask, FileName};

/// One datagram to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// To whom.
    pub to: SocketAddrV4,
    /// Its bytes: at most 512.
    pub bytes: &'a [u8],
}

/// A later packet of ours replaces an earlier one: only the latest request or ACK means anything.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    own: Option<(SocketAddrV4, Own)>,
    foreign: VecDeque<SocketAddrV4>,
    foreign_replies: u32,
    buffer: Vec<u8>,
}

/// What we send for our own transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Request(Ask),
    Ack(u16),
    Error(ErrorCode, &'static str),
}

impl Outbox {
    pub(crate) fn put(&mut self, to: SocketAddrV4, own: Own) {
        self.own = Some((to, own));
    }

    /// Tells a foreign sender that its transfer is not ours, as often as the limits allow.
    pub(crate) fn reject(&mut self, foreign: SocketAddrV4) {
        let known = self.foreign.contains(&foreign);
        if known
            || self.foreign.len() >= MAX_FOREIGN_QUEUE
            || self.foreign_replies >= MAX_FOREIGN_REPLIES
        {
            return;
        }
        self.foreign_replies = self.foreign_replies.saturating_add(1);
        self.foreign.push_back(foreign);
    }

    pub(crate) fn next(&mut self, file: &FileName) -> Option<Transmit<'_>> {
        let to = if let Some((to, own)) = self.own.take() {
            match own {
                Own::Request(ask) => packet::write_request(&mut self.buffer, file, &ask),
                Own::Ack(block) => packet::write_ack(&mut self.buffer, block),
                Own::Error(code, text) => packet::write_error(&mut self.buffer, code, text),
            }
            to
        } else {
            let to = self.foreign.pop_front()?;
            let code = ErrorCode::UnknownTransfer;
            packet::write_error(&mut self.buffer, code, "unknown transfer ID");
            to
        };
        Some(Transmit { to, bytes: &self.buffer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new([192, 0, 2, 1].into(), port)
    }

    #[test]
    fn the_latest_packet_of_ours_goes_out_once() {
        let mut outbox = Outbox::default();
        let file = FileName::new("f").unwrap();
        outbox.put(peer(1), Own::Ack(1));
        outbox.put(peer(1), Own::Ack(2));
        assert_eq!(outbox.next(&file), Some(Transmit { to: peer(1), bytes: &b"\0\x04\0\x02"[..] }));
        assert_eq!(outbox.next(&file), None);
    }

    #[test]
    fn foreign_senders_get_few_answers() {
        let mut outbox = Outbox::default();
        let file = FileName::new("f").unwrap();
        for port in 1..100 {
            outbox.reject(peer(port));
        }
        let mut sent = 0;
        while outbox.next(&file).is_some() {
            sent += 1;
        }
        assert_eq!(sent, MAX_FOREIGN_QUEUE);
        for port in 1..100 {
            outbox.reject(peer(port));
            while outbox.next(&file).is_some() {
                sent += 1;
            }
        }
        assert_eq!(u32::try_from(sent), Ok(MAX_FOREIGN_REPLIES));
    }

    #[test]
    fn a_foreign_sender_gets_one_answer_at_a_time() {
        let mut outbox = Outbox::default();
        let file = FileName::new("f").unwrap();
        outbox.reject(peer(1));
        outbox.reject(peer(1));
        assert_eq!(outbox.next(&file).map(|packet| packet.to), Some(peer(1)));
        assert_eq!(outbox.next(&file), None);
    }
}

//! One transfer on a bench: packets are put in by hand, and what it sends is looked at.
// Each test binary uses a part of it; and a helper of a test may panic as the test itself may.
#![allow(dead_code, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use tftp_client::{Ask, FileName, Patience, ReadRequest, State, Transfer};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 69);
pub(crate) const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 4000);
pub(crate) const OTHER_PORT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 4001);
pub(crate) const OTHER_HOST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 4000);

/// What the transfer sent, readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    Request(String),
    Ack(u16),
    Error(u16),
}

pub(crate) struct Bench {
    pub(crate) transfer: Transfer,
    pub(crate) now: Instant,
    /// The pieces handed out, in their order.
    pub(crate) pieces: Vec<(u64, Vec<u8>)>,
}

impl Bench {
    /// A transfer that has sent its first request.
    pub(crate) fn new(ask: Ask, max_size: u64) -> Self {
        let request = ReadRequest {
            ask,
            patience: Patience {
                first_reply: Duration::from_secs(7),
                block: Duration::from_secs(15),
            },
            ..ReadRequest::new(SERVER, FileName::new("f").unwrap(), max_size)
        };
        let now = Instant::now();
        let mut bench = Self { transfer: Transfer::new(request, now), now, pieces: Vec::new() };
        assert!(matches!(bench.sent()[..], [(SERVER, Sent::Request(_))]));
        bench
    }

    /// A transfer that got its OACK after one millisecond and has sent ACK 0.
    pub(crate) fn granted(ask: Ask, options: &str) -> Self {
        let mut bench = Self::new(ask, 1 << 40);
        bench.now += MS;
        assert_eq!(bench.put(PEER, &oack(options)), [(PEER, Sent::Ack(0))]);
        bench
    }

    /// Blocks of eight bytes in windows of four.
    pub(crate) fn windowed() -> Self {
        let ask = Ask::none().with_blksize(Some(8)).with_windowsize(Some(4));
        Self::granted(ask, "blksize/8/windowsize/4/")
    }

    /// Takes what waits to be sent.
    pub(crate) fn sent(&mut self) -> Vec<(SocketAddrV4, Sent)> {
        let mut all = Vec::new();
        while let Some(packet) = self.transfer.transmit() {
            assert!(packet.bytes.len() <= 512);
            let number = u16::from_be_bytes([packet.bytes[2], packet.bytes[3]]);
            let sent = match packet.bytes[1] {
                1 => Sent::Request(
                    String::from_utf8(packet.bytes[2..].to_vec()).unwrap().replace('\0', "/"),
                ),
                4 => Sent::Ack(number),
                5 => Sent::Error(number),
                opcode => panic!("opcode {opcode} sent"),
            };
            all.push((packet.to, sent));
        }
        all
    }

    /// Puts a datagram in; returns what is sent for it.
    pub(crate) fn put(&mut self, from: SocketAddrV4, datagram: &[u8]) -> Vec<(SocketAddrV4, Sent)> {
        if let Some(block) = self.transfer.on_datagram(self.now, from, datagram) {
            self.pieces.push((block.offset, block.bytes.to_vec()));
        }
        self.sent()
    }

    /// A block from our server. Returns the numbers of the ACKs sent for it.
    pub(crate) fn data(&mut self, block: u16, bytes: &[u8]) -> Vec<u16> {
        self.put(PEER, &data(block, bytes)).into_iter().map(ack_to_peer).collect()
    }

    /// Full blocks of eight bytes.
    pub(crate) fn blocks(&mut self, blocks: impl IntoIterator<Item = u16>) -> Vec<u16> {
        blocks.into_iter().flat_map(|block| self.data(block, &[7; 8])).collect()
    }

    /// Lets time pass, and the timers run as a driver would.
    pub(crate) fn wait(&mut self, time: Duration) -> Vec<(SocketAddrV4, Sent)> {
        let until = self.now + time;
        let mut all = Vec::new();
        while !self.ended() && self.transfer.wakes_at() <= until {
            self.now = self.now.max(self.transfer.wakes_at());
            self.transfer.on_timer(self.now);
            all.extend(self.sent());
        }
        self.now = until;
        all
    }

    /// Lets time pass; returns the numbers of the ACKs that the timers sent.
    pub(crate) fn wait_acks(&mut self, time: Duration) -> Vec<u16> {
        self.wait(time).into_iter().map(ack_to_peer).collect()
    }

    pub(crate) fn ended(&self) -> bool {
        matches!(self.transfer.state(), State::Done { .. } | State::Failed(_))
    }

    pub(crate) fn done(&self) -> Option<u64> {
        match self.transfer.state() {
            State::Done { size } => Some(size),
            _ => None,
        }
    }

    pub(crate) fn failure(&self) -> &tftp_client::Failure {
        match self.transfer.state() {
            State::Failed(failure) => failure,
            state => panic!("{state:?} is no failure"),
        }
    }
}

fn ack_to_peer((to, sent): (SocketAddrV4, Sent)) -> u16 {
    match sent {
        Sent::Ack(block) if to == PEER => block,
        sent => panic!("{sent:?} sent to {to}"),
    }
}

pub(crate) fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3], &block.to_be_bytes()[..], bytes].concat()
}

/// An OACK with a slash for each NUL.
pub(crate) fn oack(options: &str) -> Vec<u8> {
    [b"\0\x06", options.replace('/', "\0").as_bytes()].concat()
}

pub(crate) fn error(code: u16, text: &[u8]) -> Vec<u8> {
    [&[0, 5], &code.to_be_bytes()[..], text, &[0]].concat()
}

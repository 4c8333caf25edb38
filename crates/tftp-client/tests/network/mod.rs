//! A simulated network: one transfer, one model server, virtual time, and trouble by seed.
// Each test binary uses a part of it; and a helper of a test may panic as the test itself may.
#![allow(dead_code, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

pub(crate) mod server;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use tftp_client::{Ask, Counters, Failure, FileName, Patience, ReadRequest, State, Transfer};

use server::Server;

const SERVER_IP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// What the network does to datagrams, each way. Chances are per thousand, times in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Net {
    pub(crate) delay: u64,
    pub(crate) loss: u64,
    pub(crate) duplicate: u64,
    /// The chance to be late, and how much.
    pub(crate) late: u64,
    pub(crate) lateness: u64,
}

impl Net {
    pub(crate) const CLEAN: Self = Self { delay: 100, loss: 0, duplicate: 0, late: 0, lateness: 0 };
}

/// A small generator of random numbers (xorshift64*): the same for a seed on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn chance(&mut self, per_thousand: u64) -> bool {
        self.next() % 1000 < per_thousand
    }
}

/// How a transfer went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<u64, Failure>,
    pub(crate) file: Vec<u8>,
    pub(crate) micros: u64,
    pub(crate) counters: Counters,
    /// DATA packets that the server sent.
    pub(crate) data_sent: u64,
    /// Datagrams that the client sent.
    pub(crate) client_sent: u64,
}

/// A datagram on its way: when it arrives, a serial number, to the client or not, the server's
/// port, the bytes.
type Flight = Reverse<(u64, u64, bool, u16, Vec<u8>)>;

struct Wire {
    net: Net,
    dice: Dice,
    flights: BinaryHeap<Flight>,
    serial: u64,
}

impl Wire {
    fn send(&mut self, now: u64, to_client: bool, port: u16, bytes: &[u8]) {
        let copies = 1 + u64::from(self.dice.chance(self.net.duplicate));
        for _ in 0..copies {
            if self.dice.chance(self.net.loss) {
                continue;
            }
            let late = if self.dice.chance(self.net.late) { self.net.lateness } else { 0 };
            self.serial += 1;
            let at = now + self.net.delay + late;
            self.flights.push(Reverse((at, self.serial, to_client, port, bytes.to_vec())));
        }
    }
}

/// Runs a transfer to its end. The file is checked piece by piece: none may come twice.
pub(crate) fn run(server: &mut Server, ask: Ask, net: Net, seed: u64) -> Outcome {
    let start = Instant::now();
    let at = |micros: u64| start + Duration::from_micros(micros);
    let request = ReadRequest {
        ask,
        patience: Patience { first_reply: Duration::from_secs(30), block: Duration::from_secs(60) },
        ..ReadRequest::new(SocketAddrV4::new(SERVER_IP, 69), FileName::new("f").unwrap(), 1 << 32)
    };
    let mut transfer = Transfer::new(request, start);
    let mut wire = Wire { net, dice: Dice::new(seed), flights: BinaryHeap::new(), serial: 0 };
    let (mut now, mut client_sent) = (0, 0);
    let mut file = Vec::new();
    let mut there = Vec::new();
    loop {
        while let Some(packet) = transfer.transmit() {
            client_sent += 1;
            wire.send(now, false, packet.to.port(), packet.bytes);
        }
        for (port, bytes) in server.sent.drain(..) {
            wire.send(now, true, port, &bytes);
        }
        let result = match transfer.state() {
            State::Done { size } => Some(Ok(size)),
            State::Failed(failure) => Some(Err(failure.clone())),
            State::Asking | State::Receiving => None,
        };
        if let Some(result) = result {
            assert!(result.is_err() || there.iter().all(|there| *there), "a hole, seed {seed}");
            return Outcome {
                result,
                file,
                micros: now,
                counters: transfer.counters(),
                data_sent: server.data_sent,
                client_sent,
            };
        }
        let wakes = transfer.wakes_at().saturating_duration_since(start);
        let wakes = u64::try_from(wakes.as_nanos().div_ceil(1000)).unwrap();
        let arrives = wire.flights.peek().map_or(u64::MAX, |flight| flight.0.0);
        let server_wakes = server.wakes_at().unwrap_or(u64::MAX);
        now = now.max(wakes.min(arrives).min(server_wakes));
        if arrives <= now {
            let Reverse((_, _, to_client, port, bytes)) = wire.flights.pop().unwrap();
            if to_client {
                let from = SocketAddrV4::new(SERVER_IP, port);
                if let Some(block) = transfer.on_datagram(at(now), from, &bytes) {
                    let offset = usize::try_from(block.offset).unwrap();
                    let end = offset + block.bytes.len();
                    if file.len() < end {
                        file.resize(end, 0);
                        there.resize(end, false);
                    }
                    assert!(there[offset..end].iter().all(|there| !there), "twice, seed {seed}");
                    there[offset..end].fill(true);
                    file[offset..end].copy_from_slice(block.bytes);
                }
            } else {
                server.on_datagram(now, port, &bytes);
            }
        } else if server_wakes <= now {
            server.on_timer(now);
        } else {
            transfer.on_timer(at(now));
        }
    }
}

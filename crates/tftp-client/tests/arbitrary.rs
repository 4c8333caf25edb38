//! Whatever comes from whomever: no panic, nothing beyond the limit, no piece twice, and an end.

// A helper of a test may panic as the test itself may.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use tftp_client::{Ask, FileName, Patience, ReadRequest, State, Transfer};

const MAX_SIZE: u64 = 4000;
const FIRST_REPLY: Duration = Duration::from_secs(4);
const BLOCK: Duration = Duration::from_secs(10);

/// Something that happens: time passes, then a datagram comes.
#[derive(Debug, Clone)]
struct Event {
    after: Duration,
    from: SocketAddrV4,
    datagram: Vec<u8>,
}

/// A driver that checks every promise on its way.
struct Driver {
    transfer: Transfer,
    now: Instant,
    there: Vec<bool>,
    start: Instant,
    /// The bytes there without a gap, and how often they became more.
    bytes: u64,
    advances: u32,
}

impl Driver {
    fn new(ask: Ask) -> Self {
        let server = SocketAddrV4::new([192, 0, 2, 1].into(), 69);
        let patience = Patience { first_reply: FIRST_REPLY, block: BLOCK };
        let request = ReadRequest {
            ask,
            patience,
            ..ReadRequest::new(server, FileName::new("f").unwrap(), MAX_SIZE)
        };
        let now = Instant::now();
        let transfer = Transfer::new(request, now);
        Self { transfer, now, there: vec![], start: now, bytes: 0, advances: 0 }
    }

    fn ended(&self) -> bool {
        matches!(self.transfer.state(), State::Done { .. } | State::Failed(_))
    }

    /// Sends everything; returns how much that was.
    fn send(&mut self) -> usize {
        let mut sent = 0;
        while let Some(packet) = self.transfer.transmit() {
            assert!((4..=512).contains(&packet.bytes.len()));
            assert_ne!(packet.to.port(), 0);
            sent += 1;
        }
        sent
    }

    /// Lets the timers run up to a time, as a driver would.
    fn run_until(&mut self, until: Instant) {
        while !self.ended() && self.transfer.wakes_at() <= until {
            let wakes_at = self.transfer.wakes_at();
            self.now = self.now.max(wakes_at);
            self.transfer.on_timer(self.now);
            assert!(self.ended() || self.transfer.wakes_at() > self.now, "a driver would spin");
            self.send();
        }
        self.now = self.now.max(until);
    }

    fn datagram(&mut self, from: SocketAddrV4, datagram: &[u8]) {
        let before = matches!(self.transfer.state(), State::Failed(_));
        if let Some(block) = self.transfer.on_datagram(self.now, from, datagram) {
            assert!(!before, "a block after a failure");
            let end = block.offset + block.bytes.len() as u64;
            assert!(end <= MAX_SIZE, "beyond the limit");
            assert!(!block.bytes.is_empty());
            let range = usize::try_from(block.offset).unwrap()..usize::try_from(end).unwrap();
            if self.there.len() < range.end {
                self.there.resize(range.end, false);
            }
            assert!(self.there[range.clone()].iter().all(|there| !there), "a piece twice");
            self.there[range].fill(true);
        }
        assert!(self.send() <= 3, "one datagram brings few others");
        let bytes = self.transfer.progress().bytes;
        assert!(bytes >= self.bytes && bytes <= MAX_SIZE);
        self.advances += u32::from(bytes > self.bytes);
        self.bytes = bytes;
        assert!(self.ended() || self.transfer.wakes_at() > self.now, "an overdue timer");
        // Two requests at most (ERROR 8), then each block in its time.
        let longest = FIRST_REPLY * 2 + BLOCK * (self.advances + 1);
        assert!(self.ended() || self.now < self.start + longest, "no end");
    }

    /// Runs to the end, which must come within the patience.
    fn finish(mut self) {
        let start = self.now;
        self.run_until(start + FIRST_REPLY.max(BLOCK) + FIRST_REPLY);
        assert!(self.ended(), "{:?}", self.transfer.state());
        if let State::Done { size } = self.transfer.state() {
            assert_eq!(size, self.there.len() as u64);
            assert!(self.there.iter().all(|there| *there), "done with a hole");
            assert_eq!(self.transfer.progress().bytes, size);
        }
        // And a message can be made of it.
        if let State::Failed(failure) = self.transfer.state() {
            let text = failure.to_string();
            assert!(text.len() < 1500 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}

fn play(ask: Ask, events: &[Event]) {
    let mut driver = Driver::new(ask);
    for event in events {
        driver.run_until(driver.now + event.after);
        driver.datagram(event.from, &event.datagram);
    }
    driver.finish();
}

/// Mostly the right peer, else another port, another host, port 69, port 0.
fn peer() -> impl Strategy<Value = SocketAddrV4> {
    let at = |host, port| SocketAddrV4::new([192, 0, 2, host].into(), port);
    prop_oneof![
        8 => Just(at(1, 4000)),
        1 => Just(at(1, 4001)),
        1 => Just(at(9, 4000)),
        1 => Just(at(1, 69)),
        1 => Just(at(1, 0)),
        1 => any::<(u32, u16)>().prop_map(|(ip, port)| SocketAddrV4::new(ip.into(), port)),
    ]
}

fn data(block: u16, len: usize) -> Vec<u8> {
    let mut datagram = vec![0, 3];
    datagram.extend(block.to_be_bytes());
    datagram.resize(4 + len, 0x55);
    datagram
}

fn option_list() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        Just("blksize"),
        Just("windowsize"),
        Just("tsize"),
        Just("timeout"),
        Just("utimeout"),
        Just("TSIZE"),
        Just("foo"),
    ];
    let value = prop_oneof![
        4 => (0_u64..5000).prop_map(|number| number.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        1 => "[ -~]{0,9}",
    ];
    vec((name, value), 0..5).prop_map(|options| {
        let mut datagram = vec![0, 6];
        for (name, value) in options {
            datagram.extend(name.bytes().chain([0]).chain(value.bytes()).chain([0]));
        }
        datagram
    })
}

/// A datagram: bytes, or the shape of a packet.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => vec(any::<u8>(), 0..40),
        6 => (0_u16..12, 0_usize..20).prop_map(|(block, len)| data(block, len)),
        2 => (any::<u16>(), 0_usize..600).prop_map(|(block, len)| data(block, len)),
        3 => option_list(),
        1 => (0_u16..10, vec(any::<u8>(), 0..300)).prop_map(|(code, text)| {
            [&[0, 5], &code.to_be_bytes()[..], &text].concat()
        }),
    ]
}

fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![
        6 => (0_u64..3000).prop_map(Duration::from_micros),
        2 => (0_u64..300).prop_map(Duration::from_millis),
        1 => (0_u64..9000).prop_map(Duration::from_millis),
    ]
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        Just(Ask::default()),
        Just(Ask::none()),
        (8_u16..40, 1_u16..40, any::<bool>()).prop_map(|(blksize, windowsize, tsize)| {
            Ask::none()
                .with_blksize(Some(blksize))
                .with_windowsize(Some(windowsize))
                .with_tsize(tsize)
        }),
    ]
}

fn events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let event = (pause(), peer(), datagram()).prop_map(|(after, from, datagram)| Event {
        after,
        from,
        datagram,
    });
    vec(event, 0..count)
}

/// What happens to one packet of a valid transfer.
#[derive(Debug, Clone)]
enum Mishap {
    None,
    Lost,
    Twice,
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    /// It comes after so many others.
    Late(usize),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        12 => Just(Mishap::None),
        1 => Just(Mishap::Lost),
        1 => Just(Mishap::Twice),
        1 => any::<prop::sample::Index>().prop_map(Mishap::Cut),
        1 => (any::<prop::sample::Index>(), 0_u8..8).prop_map(|(at, bit)| Mishap::Flip(at, bit)),
        2 => (1_usize..6).prop_map(Mishap::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_datagrams_from_arbitrary_peers(ask in asks(), events in events(60)) {
        play(ask, &events);
    }

    #[test]
    fn a_valid_transfer_with_mishaps(
        windowsize in 1_u16..9,
        tsize in any::<bool>(),
        size in 0_usize..400,
        mishaps in vec((mishap(), pause()), 1..120),
        strangers in events(6),
    ) {
        let ask = Ask::none()
            .with_blksize(Some(8))
            .with_windowsize(Some(windowsize))
            .with_tsize(tsize);
        let mut oack = format!("\0\x06blksize\08\0windowsize\0{windowsize}\0");
        if tsize {
            oack += &format!("tsize\0{size}\0");
        }
        // All of the file three times over: lost blocks get their chance to come again.
        let blocks = (0..=size / 8).map(|index| {
            data(u16::try_from(index + 1).unwrap(), (size - index * 8).min(8))
        });
        let blocks: Vec<Vec<u8>> = blocks.collect();
        let packets = std::iter::once(oack.into_bytes()).chain(blocks.iter().cycle().take(blocks.len() * 3).cloned());
        let from = SocketAddrV4::new([192, 0, 2, 1].into(), 4000);
        let mut events: Vec<Event> = Vec::new();
        let mut late: Vec<(usize, Event)> = Vec::new();
        for (index, (mut datagram, (mishap, after))) in packets.zip(mishaps.into_iter().cycle()).enumerate() {
            let mut copies = 1;
            match &mishap {
                Mishap::None | Mishap::Late(_) => {}
                Mishap::Lost => copies = 0,
                Mishap::Twice => copies = 2,
                Mishap::Cut(at) => datagram.truncate(at.index(datagram.len())),
                Mishap::Flip(at, bit) => {
                    let at = at.index(datagram.len());
                    datagram[at] ^= 1 << bit;
                }
            }
            let event = Event { after, from, datagram };
            if let Mishap::Late(by) = mishap {
                late.push((index + by, event));
            } else {
                events.extend(std::iter::repeat_n(event, copies));
            }
            let (due, rest) = late.into_iter().partition(|(at, _)| *at <= index);
            late = rest;
            events.extend(Vec::into_iter(due).map(|(_, event): (usize, Event)| event));
        }
        events.extend(strangers);
        play(ask, &events);
    }
}

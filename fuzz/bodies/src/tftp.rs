//! TFTP transfers: from honest servers over bad networks, where the file must come whole; and with
//! a peer that sends what it likes, where it must end and nothing wrong may come of it.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use tftp_client::{Ask, FileName, Patience, ReadRequest, State, Transfer};

use crate::tftp_server::network::server::{Kind, Server};
use crate::tftp_server::network::{Net, run};

const KINDS: [Kind; 6] =
    [Kind::HPA, Kind::DNSMASQ, Kind::ATFTPD, Kind::RS_TFTPD, Kind::DEAF, Kind::PLAIN];
const MAX_SIZE: u64 = 4000;
const FIRST_REPLY: Duration = Duration::from_secs(4);
const BLOCK: Duration = Duration::from_secs(10);

/// An honest server, a file, a network: the bytes say which.
pub(crate) fn network(bytes: &[u8]) {
    let _ = whole(&mut Unstructured::new(bytes));
}

fn whole(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = *input.choose(&KINDS)?;
    let kind = Kind {
        windowsize: kind.windowsize.min(input.arbitrary()?),
        skips_zero: input.arbitrary()?,
        refuses_options: input.arbitrary()?,
        ..kind
    };
    // At most as bad as a transfer must come through: one packet of twenty is lost, each way.
    let net = Net {
        delay: input.int_in_range(10..=20_000)?,
        loss: input.int_in_range(0..=50)?,
        duplicate: input.int_in_range(0..=100)?,
        late: input.int_in_range(0..=100)?,
        lateness: input.int_in_range(0..=30_000)?,
    };
    let blksize = input.int_in_range(8..=200)?;
    let windowsize = input.int_in_range(1..=64)?;
    let ask = Ask::default()
        .with_blksize(Some(blksize))
        .with_windowsize(Some(windowsize).filter(|size| *size > 1));
    let size = input.int_in_range(0..=6000_usize)?;
    let seed = input.arbitrary()?;
    let file: Vec<u8> = (0..size).map(|at| (at * 7 + at / 251).to_le_bytes()[0]).collect();
    let outcome = run(&mut Server::new(kind, &file), ask, net, seed);
    match outcome.result {
        Ok(length) => {
            assert_eq!(length, size as u64);
            assert!(outcome.file == file, "done, and the bytes differ");
        }
        // Bad luck can be as long as anybody's patience; a wrong file it must never be.
        Err(failure) => crate::assert_shown(&failure.to_string()),
    }
    Ok(())
}

/// Datagrams of the input's from one of three addresses, and time between them.
pub(crate) fn peer(bytes: &[u8]) {
    let _ = play(&mut Unstructured::new(bytes));
}

fn play(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let server = SocketAddrV4::new([192, 0, 2, 1].into(), 69);
    let windowsize = Some(input.int_in_range(1..=64)?).filter(|size| *size > 1);
    let blksize = Some(input.int_in_range(8..=600)?);
    let ask = Ask::default().with_blksize(blksize).with_windowsize(windowsize);
    let patience = Patience { first_reply: FIRST_REPLY, block: BLOCK };
    let name = FileName::new("f").expect("a name");
    let request = ReadRequest { ask, patience, ..ReadRequest::new(server, name, MAX_SIZE) };
    let start = Instant::now();
    let mut driver = Driver { transfer: Transfer::new(request, start), now: start, there: vec![] };
    driver.send();
    while !input.is_empty() && !driver.has_ended() {
        let after = Duration::from_millis(u64::from(input.arbitrary::<u8>()?) * 2);
        driver.run_until(driver.now + after);
        let from = *input.choose(&[
            SocketAddrV4::new([192, 0, 2, 1].into(), 4000),
            SocketAddrV4::new([192, 0, 2, 1].into(), 4001),
            SocketAddrV4::new([192, 0, 2, 66].into(), 4000),
        ])?;
        let datagram = datagram(input)?;
        driver.datagram(from, &datagram);
    }
    // Each of at most 4000 bytes may have won it some more time.
    driver.run_until(driver.now + FIRST_REPLY * 2 + BLOCK);
    assert!(driver.has_ended(), "{:?}", driver.transfer.state());
    if let State::Done { size } = driver.transfer.state() {
        assert_eq!(size, driver.there.len() as u64);
        assert!(driver.there.iter().all(|there| *there), "done with a hole");
    }
    if let State::Failed(failure) = driver.transfer.state() {
        crate::assert_shown(&failure.to_string());
    }
    Ok(())
}

/// Most often one that means something.
fn datagram(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let mut bytes = vec![0, *input.choose(&[3, 3, 3, 6, 5, 4, 1, 0, 9])?];
    if bytes[1] == 3 {
        bytes.extend([0, input.int_in_range(0..=80)?]);
        bytes.resize(4 + usize::from(input.arbitrary::<u8>()?) * 3, 0x55);
        return Ok(bytes);
    }
    if bytes[1] == 6 {
        for _ in 0..input.int_in_range(0..=4)? {
            let names: [&[u8]; 6] =
                [b"blksize", b"tsize", b"windowsize", b"timeout", b"utimeout", b"x"];
            bytes.extend_from_slice(input.choose(&names)?);
            bytes.push(0);
            let number: i32 = *input.choose(&[0, 1, 8, 16, 64, 512, 3000, 4001, 65_536, -1])?;
            bytes.extend(number.to_string().into_bytes());
            bytes.push(0);
        }
        return Ok(bytes);
    }
    let length = input.int_in_range(0..=30)?;
    bytes.extend(input.bytes(usize::min(length, input.len()))?);
    Ok(bytes)
}

struct Driver {
    transfer: Transfer,
    now: Instant,
    there: Vec<bool>,
}

impl Driver {
    fn has_ended(&self) -> bool {
        matches!(self.transfer.state(), State::Done { .. } | State::Failed(_))
    }

    fn send(&mut self) -> usize {
        let mut sent = 0;
        while let Some(packet) = self.transfer.transmit() {
            assert!((4..=512).contains(&packet.bytes.len()));
            assert_ne!(packet.to.port(), 0);
            sent += 1;
        }
        sent
    }

    fn run_until(&mut self, until: Instant) {
        while !self.has_ended() && self.transfer.wakes_at() <= until {
            self.now = self.now.max(self.transfer.wakes_at());
            self.transfer.on_timer(self.now);
            assert!(self.has_ended() || self.transfer.wakes_at() > self.now, "it would spin");
            self.send();
        }
        self.now = self.now.max(until);
    }

    fn datagram(&mut self, from: SocketAddrV4, datagram: &[u8]) {
        if let Some(block) = self.transfer.on_datagram(self.now, from, datagram) {
            let start = usize::try_from(block.offset).expect("small");
            let end = start + block.bytes.len();
            assert!(end as u64 <= MAX_SIZE && start < end, "beyond the limit");
            if self.there.len() < end {
                self.there.resize(end, false);
            }
            assert!(self.there[start..end].iter().all(|there| !there), "a piece twice");
            self.there[start..end].fill(true);
        }
        assert!(self.send() <= 3, "one datagram brings few others");
        assert!(self.transfer.progress().bytes <= MAX_SIZE);
    }
}

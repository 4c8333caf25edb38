//! Whole transfers against model servers over bad networks, compared byte for byte.

mod network;

use network::server::{Kind, Server};
use network::{Net, Outcome, run};
use tftp_client::Ask;

const LOSSY: Net = Net { delay: 500, loss: 30, duplicate: 0, late: 0, lateness: 0 };
const DOUBLING: Net = Net { delay: 300, loss: 0, duplicate: 50, late: 0, lateness: 0 };
const REORDERING: Net = Net { delay: 300, loss: 0, duplicate: 0, late: 50, lateness: 3000 };
const BAD: Net = Net { delay: 700, loss: 50, duplicate: 50, late: 100, lateness: 2500 };

const KINDS: [(&str, Kind); 8] = [
    ("hpa", Kind::HPA),
    ("dnsmasq", Kind::DNSMASQ),
    ("atftpd", Kind::ATFTPD),
    ("lock-step atftpd", Kind { windowsize: 0, ..Kind::ATFTPD }),
    ("rs-tftpd", Kind::RS_TFTPD),
    ("deaf", Kind::DEAF),
    ("plain", Kind::PLAIN),
    ("no options", Kind { refuses_options: true, ..Kind::HPA }),
];

/// Bytes of which no two blocks are alike.
fn file(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251 + i / 65_521 * 3).to_le_bytes()[0]).collect()
}

fn fetch(kind: Kind, ask: Ask, net: Net, file: &[u8], seed: u64) -> Outcome {
    run(&mut Server::new(kind, file), ask, net, seed)
}

fn whole(kind: (&str, Kind), ask: Ask, net: Net, file: &[u8], seed: u64) -> Outcome {
    let outcome = fetch(kind.1, ask, net, file, seed);
    let what = format!("{} {net:?} seed {seed} size {}", kind.0, file.len());
    assert_eq!(outcome.result, Ok(file.len() as u64), "{what}");
    assert!(outcome.file == file, "{what}: the bytes differ");
    outcome
}

#[test]
fn every_size_arrives_whole_from_every_server_over_every_network() {
    const B: usize = 100;
    let ask = Ask::default().with_blksize(Some(100)).with_windowsize(Some(4));
    let sizes =
        [0, 1, B - 1, B, B + 1, 4 * B - 1, 4 * B, 4 * B + 1, 512, 513, 1024, 8 * B, 23 * B + 7];
    for kind in KINDS {
        for net in [Net::CLEAN, LOSSY, DOUBLING, REORDERING, BAD] {
            for (seed, size) in (0..).zip(sizes) {
                whole(kind, ask, net, &file(size), seed);
            }
        }
    }
}

#[test]
fn many_seeds_of_a_bad_network() {
    let file = file(6000);
    for windowsize in [1, 2, 5, 16, 64] {
        let ask = Ask::default().with_blksize(Some(64)).with_windowsize(Some(windowsize));
        for kind in KINDS {
            for seed in 0..12 {
                whole(kind, ask, BAD, &file, seed);
            }
        }
    }
}

#[test]
fn more_than_65536_blocks_with_either_rollover() {
    let file = file(66_000 * 8 + 3);
    let net = Net { loss: 2, late: 2, lateness: 1500, ..Net::CLEAN };
    for skips_zero in [false, true] {
        for (name, kind) in [("hpa", Kind::HPA), ("atftpd", Kind::ATFTPD)] {
            for windowsize in [16, 60] {
                let ask = Ask::default().with_blksize(Some(8)).with_windowsize(Some(windowsize));
                whole((name, Kind { skips_zero, ..kind }), ask, net, &file, 7);
            }
        }
    }
}

#[test]
fn a_file_that_ends_just_behind_the_rollover() {
    let ask = Ask::default().with_blksize(Some(8)).with_windowsize(Some(60));
    for skips_zero in [false, true] {
        for blocks in [65_534, 65_535, 65_536, 65_537, 65_540] {
            let kind = ("atftpd", Kind { skips_zero, ..Kind::ATFTPD });
            whole(kind, ask, Net::CLEAN, &file(blocks * 8 - 1), 1);
        }
    }
}

#[test]
fn no_block_is_sent_twice_over_a_clean_network() {
    let file = file(1468 * 200 + 9);
    for kind in KINDS {
        let outcome = whole(kind, Ask::default(), Net::CLEAN, &file, 1);
        let blksize = if kind.1.options && !kind.1.refuses_options { 1468 } else { 512 };
        assert_eq!(outcome.data_sent, file.len() as u64 / blksize + 1, "{}", kind.0);
        assert_eq!(outcome.counters, tftp_client::Counters::default(), "{}", kind.0);
    }
}

#[test]
fn doubled_packets_do_not_double_the_transfer() {
    let file = file(512 * 1000);
    let lock_step = Ask::none().with_blksize(Some(512)).with_tsize(true);
    for kind in KINDS {
        for seed in 0..5 {
            let outcome = whole(kind, lock_step, DOUBLING, &file, seed);
            // A doubled ACK makes some servers send a block twice, but nothing may come of that.
            assert!(outcome.data_sent < 1200, "{}: {} sent", kind.0, outcome.data_sent);
            assert!(outcome.client_sent < 1100, "{}: {} ACKs", kind.0, outcome.client_sent);
        }
    }
}

#[test]
fn doubled_packets_do_not_multiply_windows() {
    let file = file(512 * 2000);
    let ask = Ask::default().with_blksize(Some(512)).with_windowsize(Some(16));
    for kind in KINDS.into_iter().filter(|kind| kind.1.windowsize > 0) {
        for seed in 0..5 {
            let outcome = whole(kind, ask, DOUBLING, &file, seed);
            assert!(outcome.data_sent < 2400, "{}: {} sent", kind.0, outcome.data_sent);
        }
    }
}

#[test]
fn reordering_costs_neither_windows_nor_timeouts() {
    let file = file(512 * 2000);
    let ask = Ask::default().with_blksize(Some(512)).with_windowsize(Some(16));
    let net = Net { lateness: 1200, ..REORDERING };
    for kind in KINDS.into_iter().filter(|kind| kind.1.windowsize > 0) {
        let outcome = whole(kind, ask, net, &file, 3);
        assert_eq!(outcome.counters.gap_reports, 0, "{}: late, not lost", kind.0);
        assert_eq!((outcome.data_sent, outcome.counters.retransmits), (2001, 0), "{}", kind.0);
    }
    // Later than the shortest grace: it grows until the late blocks fit.
    let net = Net { lateness: 6000, ..REORDERING };
    let outcome = whole(("atftpd", Kind::ATFTPD), ask, net, &file, 3);
    assert!(outcome.counters.gap_reports < 30, "{:?}", outcome.counters);
}

#[test]
fn loss_is_repaired_in_round_trips_and_not_in_seconds() {
    let file = file(1468 * 1000);
    let net = Net { delay: 1000, loss: 10, ..Net::CLEAN };
    let clean = Net { loss: 0, ..net };
    for windowsize in [1, 16] {
        let ask = Ask::default().with_windowsize(Some(windowsize));
        for (kind, name) in [(Kind::ATFTPD, "atftpd"), (Kind::RS_TFTPD, "rs-tftpd")] {
            let ideal = whole((name, kind), ask, clean, &file, 1).micros;
            for seed in 0..5 {
                let outcome = whole((name, kind), ask, net, &file, seed);
                let losses = 40 * 60_000;
                assert!(outcome.micros < ideal + losses, "{name}: {} us", outcome.micros);
            }
        }
    }
    // A server that repeats by its own timer only: utimeout makes that short.
    let outcome = whole(("hpa", Kind::HPA), Ask::default(), net, &file, 2);
    assert!(outcome.micros < 4_500_000, "{} us", outcome.micros);
}

#[test]
fn a_window_that_loses_its_last_block_every_time_still_ends() {
    // A path that holds only five packets of each burst.
    let file = file(64 * 100);
    let ask = Ask::default().with_blksize(Some(64)).with_windowsize(Some(8));
    for kind in [Kind::ATFTPD, Kind::RS_TFTPD] {
        let mut server = Server::new(kind, &file);
        server.burst = Some(5);
        let outcome = run(&mut server, ask, Net::CLEAN, 1);
        assert_eq!(outcome.result, Ok(6400));
        assert!(outcome.file == file);
    }
}

//! The traps once data flows: duplicates, gaps, timers, rollover.

mod bench;

use bench::{Bench, MS, PEER, Sent, data, oack};
use std::time::Duration;
use tftp_client::{Ask, Awaited, Failure, Fault};

fn lock_step() -> Bench {
    Bench::granted(Ask::none().with_blksize(Some(8)), "blksize/8/")
}

#[test]
fn a_duplicate_block_is_never_answered_at_once() {
    let mut bench = lock_step();
    assert_eq!(bench.blocks([1, 2]), [1, 2]);
    assert_eq!(bench.blocks([2, 2, 1, 2]), [], "the Sorcerer's Apprentice starts here");
    assert_eq!(bench.transfer.counters().duplicates, 4);
    assert_eq!(bench.pieces.len(), 2, "and nothing is handed out twice");
    assert_eq!(bench.wait_acks(25 * MS), [2], "the timer repeats the ACK");
}

#[test]
fn duplicates_do_not_put_the_timer_off() {
    let mut bench = lock_step();
    bench.blocks([1]);
    let mut acks = Vec::new();
    for _ in 0..6 {
        bench.now += 5 * MS;
        acks.extend(bench.blocks([1]));
    }
    assert_eq!(acks, [1]);
}

#[test]
fn a_duplicate_oack_is_not_answered_once_data_flows() {
    let mut bench = lock_step();
    assert_eq!(bench.put(PEER, &oack("blksize/8/")), []);
    assert_eq!(bench.blocks([1]), [1]);
    assert_eq!(bench.put(PEER, &oack("blksize/8/")), []);
    assert_eq!(bench.wait_acks(25 * MS), [1], "never ACK 0 again");
    assert_eq!(bench.transfer.counters().duplicates, 2);
    assert_eq!(bench.transfer.granted().unwrap().blksize, 8);
}

#[test]
fn ack_0_is_repeated_by_the_timer() {
    let mut bench = lock_step();
    assert_eq!(bench.wait_acks(199 * MS), []);
    assert_eq!(bench.wait_acks(MS), [0]);
}

#[test]
fn a_window_is_acknowledged_once_at_its_end() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([1, 2, 3]), []);
    assert_eq!(bench.blocks([4]), [4]);
    assert_eq!(bench.blocks([5, 6, 7, 8]), [8]);
}

#[test]
fn blocks_out_of_order_are_handed_out_at_once_at_their_place() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([2, 4, 3]), []);
    let offsets: Vec<u64> = bench.pieces.iter().map(|piece| piece.0).collect();
    assert_eq!(offsets, [8, 24, 16]);
    assert_eq!(bench.transfer.progress().bytes, 0, "there is a gap");
    assert_eq!(bench.blocks([1]), [4], "late, not lost: no gap was reported");
    assert_eq!(bench.wait_acks(10 * MS), []);
    assert_eq!(bench.transfer.counters().gap_reports, 0);
}

#[test]
fn a_gap_is_reported_once_after_its_grace() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([1, 3, 4]), []);
    assert_eq!(bench.wait_acks(MS), []);
    assert_eq!(bench.wait_acks(MS), [1], "the last in-order block");
    assert_eq!(bench.blocks([3, 4, 4]), [], "one report per gap");
    assert_eq!(bench.wait_acks(10 * MS), []);
    assert_eq!(bench.transfer.counters().gap_reports, 1);
    // The server's window now is 2 to 5. Blocks 3 and 4 were kept.
    assert_eq!(bench.blocks([2]), []);
    assert_eq!(bench.transfer.progress().bytes, 32);
    assert_eq!(bench.blocks([3, 4]), []);
    assert_eq!(bench.blocks([5]), [5]);
    assert_eq!(bench.pieces.len(), 5);
}

#[test]
fn a_gap_that_closes_in_time_is_not_reported() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([2, 1]), []);
    assert_eq!(bench.wait_acks(10 * MS), []);
}

#[test]
fn a_gap_that_opens_after_a_timeout_is_reported() {
    let mut bench = Bench::windowed();
    bench.blocks([1, 2]);
    assert_eq!(bench.wait_acks(25 * MS), [2]);
    assert_eq!(bench.blocks([4]), [], "3 is lost once more");
    assert_eq!(bench.wait_acks(2 * MS), [2]);
}

#[test]
fn a_driver_that_was_stalled_sends_one_ack_for_a_timeout_and_a_gap() {
    let mut bench = Bench::windowed();
    bench.blocks([1, 3]);
    bench.now += 100 * MS;
    bench.transfer.on_timer(bench.now);
    assert_eq!(bench.sent(), [(PEER, Sent::Ack(1))]);
    bench.transfer.on_timer(bench.now);
    assert_eq!(bench.sent(), []);
}

#[test]
fn no_round_trip_is_taken_from_a_gap_report() {
    let mut bench = Bench::windowed();
    bench.now += MS;
    bench.blocks([1, 2, 3, 4]);
    // Block 5, which answers ACK 4, is lost. It comes for the report, or late: who knows.
    bench.now += MS;
    bench.blocks([6]);
    assert_eq!(bench.wait_acks(18 * MS), [4]);
    bench.blocks([5]);
    assert_eq!(bench.transfer.wakes_at() - bench.now, 20 * MS);
}

#[test]
fn a_second_gap_in_the_window_is_reported_too() {
    let mut bench = Bench::windowed();
    bench.blocks([1, 3]);
    assert_eq!(bench.wait_acks(2 * MS), [1]);
    assert_eq!(bench.blocks([2, 5]), [], "4 is missing");
    assert_eq!(bench.wait_acks(2 * MS), [3]);
    assert_eq!(bench.transfer.counters().gap_reports, 2);
}

#[test]
fn a_timeout_acknowledges_the_highest_in_order_block_and_counts_from_there() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([1, 2, 3, 4, 5, 6]), [4]);
    // 7 and 8 are lost. ACK 4 again would bring 5 to 8 for ever where 8 is always lost.
    assert_eq!(bench.wait_acks(25 * MS), [6]);
    assert_eq!(bench.blocks([7, 8, 9]), []);
    assert_eq!(bench.blocks([10]), [10], "the window counts from 6");
}

#[test]
fn a_window_whose_last_block_is_always_lost_still_moves_on() {
    let mut bench = Bench::windowed();
    let mut from = 1;
    for _ in 0..20 {
        assert_eq!(bench.blocks([from, from + 1, from + 2]), []);
        let acks = bench.wait_acks(Duration::from_secs(3));
        assert_eq!(acks.first(), Some(&(from + 2)));
        from += 3;
    }
    assert_eq!(bench.transfer.progress().bytes, 20 * 3 * 8);
}

#[test]
fn blocks_beyond_the_window_are_not_taken() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([5, 6, 1000, 65535, 0]), []);
    assert_eq!((bench.pieces.len(), bench.transfer.counters().unexpected), (0, 5));
}

#[test]
fn the_wait_follows_the_round_trip_and_backs_off() {
    let mut bench = lock_step();
    for block in 1..40 {
        bench.now += 50 * MS;
        assert_eq!(bench.blocks([block]), [block]);
    }
    let first = bench.transfer.wakes_at() - bench.now;
    assert!(first >= 50 * MS && first < 80 * MS, "{first:?}");
    assert_eq!(bench.wait_acks(first), [39]);
    let second = bench.transfer.wakes_at() - bench.now;
    assert_eq!(second, first * 2);
    assert_eq!(bench.wait_acks(Duration::from_secs(6)).len(), 6, "at most two seconds apart");
}

#[test]
fn karn_no_round_trip_is_taken_from_a_repeated_ack() {
    let mut bench = lock_step();
    for block in 1..40 {
        bench.now += 50 * MS;
        bench.blocks([block]);
    }
    let before = bench.transfer.wakes_at() - bench.now;
    // Block 40 comes a moment after the repeated ACK 39: it answers the first one.
    assert_eq!(bench.wait_acks(before), [39]);
    assert_eq!(bench.blocks([40]), [40]);
    let after = bench.transfer.wakes_at() - bench.now;
    assert_eq!(after, before * 2, "a sample of zero would have ended the back-off");
    bench.now += 50 * MS;
    bench.blocks([41]);
    let sampled = bench.transfer.wakes_at() - bench.now;
    assert!(sampled < 80 * MS, "a clean exchange ends it: {sampled:?}");
}

#[test]
fn a_dead_server_names_the_block_that_was_waited_for() {
    let mut bench = lock_step();
    bench.blocks([1, 2]);
    let sent = bench.wait(15 * 1000 * MS);
    assert_eq!(sent.last(), Some(&(PEER, Sent::Error(0))), "the server is told");
    let Failure::TimedOut(timed_out) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(timed_out.awaited, Awaited::Block(3));
    assert_eq!(usize::try_from(timed_out.sent).unwrap(), sent.len());
    assert_eq!(timed_out.waited, Duration::from_secs(15));
}

#[test]
fn patience_is_for_each_block() {
    let mut bench = lock_step();
    for block in 1..10 {
        bench.wait(14 * 1000 * MS);
        bench.blocks([block]);
    }
    assert!(!bench.ended());
    // Blocks behind the missing one do not stretch it.
    let mut bench = Bench::windowed();
    for block in [2, 3, 4] {
        bench.wait(4 * 1000 * MS);
        bench.blocks([block]);
    }
    bench.wait(3 * 1000 * MS);
    assert!(matches!(bench.failure(), Failure::TimedOut(_)));
}

#[test]
fn block_numbers_go_on_with_0_or_with_1() {
    for (skips_zero, windowsize) in
        [(false, 1), (true, 1), (false, 4), (true, 4), (false, 16), (true, 7)]
    {
        let ask = Ask::none().with_blksize(Some(8)).with_windowsize(Some(windowsize));
        let mut bench = Bench::granted(ask, &format!("blksize/8/windowsize/{windowsize}/"));
        let wire = |block: u32| -> u16 {
            let block = if skips_zero { (block - 1) % 65535 + 1 } else { block % 65536 };
            block.try_into().unwrap()
        };
        let (mut acked, mut sent) = (0, 0);
        while acked < 140_000 {
            sent += 1;
            let mut acks = bench.data(wire(sent), &u64::from(sent).to_be_bytes());
            if sent == acked + u32::from(windowsize) && acks.is_empty() {
                acks = bench.wait_acks(5 * MS);
            }
            // The server goes on behind the block that was acknowledged, even within its window.
            if let Some(ack) = acks.last() {
                acked = (acked.max(1)..=sent).find(|block| wire(*block) == *ack).unwrap();
                sent = acked;
            }
            assert!(!bench.ended());
        }
        for (offset, bytes) in &bench.pieces {
            assert_eq!(bytes[..], (offset / 8 + 1).to_be_bytes(), "skips zero: {skips_zero}");
        }
        assert!(bench.pieces.len() >= 140_000);
    }
}

#[test]
fn a_server_that_goes_on_with_both_0_and_1_is_faulty() {
    let mut bench = lock_step();
    for block in 1..=65535 {
        bench.blocks([block]);
    }
    assert_eq!(bench.blocks([1]), [1]);
    assert_eq!(bench.put(PEER, &data(0, &[7; 8])), [(PEER, Sent::Error(4))]);
    let Failure::Malformed(malformed) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(malformed.fault, Fault::Numbering);
}

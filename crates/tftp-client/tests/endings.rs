//! The traps at the end of a file: its size, its last block, and what comes after.

mod bench;

use bench::{Bench, MS, PEER, Sent, data, error, oack};
use tftp_client::{Ask, ErrorCode, Failure, Fault};

fn lock_step() -> Bench {
    Bench::granted(Ask::none().with_blksize(Some(8)), "blksize/8/")
}

#[test]
fn an_empty_file_is_one_empty_block() {
    let mut bench = lock_step();
    assert_eq!(bench.data(1, b""), [1]);
    assert_eq!((bench.done(), bench.pieces.len()), (Some(0), 0));
    let mut bench = Bench::granted(Ask::default(), "tsize/0/");
    assert_eq!(bench.data(1, b""), [1]);
    assert_eq!(bench.done(), Some(0));
    let mut bench = Bench::new(Ask::default(), 0);
    assert_eq!(bench.data(1, b""), [1], "without an OACK");
    assert_eq!(bench.done(), Some(0));
}

#[test]
fn a_multiple_of_the_block_size_ends_with_an_empty_block() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.blocks([1, 2]), []);
    assert_eq!(bench.done(), None);
    assert_eq!(bench.data(3, b""), [3], "the window is larger than what is left");
    assert_eq!(bench.done(), Some(16));
}

#[test]
fn the_last_block_can_overtake_others() {
    let mut bench = Bench::windowed();
    assert_eq!(bench.data(3, b"end"), []);
    assert_eq!(bench.blocks([1]), []);
    assert_eq!(bench.done(), None);
    assert_eq!(bench.blocks([2]), [3]);
    assert_eq!((bench.done(), bench.transfer.progress().bytes), (Some(19), 19));
}

#[test]
fn a_block_longer_than_the_block_size_is_malformed() {
    let mut bench = lock_step();
    assert_eq!(bench.put(PEER, &data(1, &[1; 9])), [(PEER, Sent::Error(4))]);
    let Failure::Malformed(malformed) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(malformed.fault, Fault::BlockTooLong { block: 1, len: 9, blksize: 8 });
    assert_eq!(bench.pieces, []);
    let mut bench = Bench::new(Ask::default(), 10_000);
    bench.put(PEER, &data(1, &[1; 513]));
    assert!(matches!(bench.failure(), Failure::Malformed(_)), "512 without an OACK");
}

#[test]
fn blocks_behind_the_end_are_malformed() {
    let mut bench = Bench::windowed();
    bench.data(2, b"end");
    assert_eq!(bench.put(PEER, &data(3, &[1; 8])), [(PEER, Sent::Error(4))]);
    let mut bench = Bench::windowed();
    bench.blocks([3]);
    assert_eq!(bench.put(PEER, &data(2, b"end")), [(PEER, Sent::Error(4))]);
    let Failure::Malformed(malformed) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(malformed.fault, Fault::BlockAfterEnd { block: 3 });
}

#[test]
fn a_file_shorter_than_announced_is_an_error() {
    let mut bench = Bench::granted(Ask::default(), "tsize/20/blksize/8/");
    bench.blocks([1]);
    bench.put(PEER, &data(2, b"end"));
    let Failure::SizeMismatch(mismatch) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((mismatch.announced, mismatch.sent, mismatch.ended), (20, 11, true));
}

#[test]
fn a_file_longer_than_announced_is_stopped_early() {
    let mut bench = Bench::granted(Ask::default(), "tsize/20/blksize/8/");
    bench.blocks([1, 2]);
    assert_eq!(bench.put(PEER, &data(3, &[1; 8])), [(PEER, Sent::Error(3))]);
    let Failure::SizeMismatch(mismatch) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((mismatch.announced, mismatch.sent, mismatch.ended), (20, 24, false));
    assert_eq!(bench.pieces.len(), 2);
}

#[test]
fn a_file_above_the_limit_is_stopped_early() {
    let mut bench = Bench::new(Ask::none(), 600);
    assert_eq!(bench.data(1, &[1; 512]), [1]);
    assert_eq!(bench.put(PEER, &data(2, &[1; 89])), [(PEER, Sent::Error(3))]);
    let Failure::TooLarge(large) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((large.announced, large.limit), (None, 600));
    assert_eq!(bench.pieces.len(), 1);
    let mut bench = Bench::new(Ask::none(), 600);
    bench.data(1, &[1; 512]);
    assert_eq!(bench.data(2, &[1; 88]), [2]);
    assert_eq!(bench.done(), Some(600), "the limit itself fits");
}

#[test]
fn a_lost_last_ack_is_repeated_while_lingering() {
    let mut bench = Bench::windowed();
    bench.blocks([1]);
    assert_eq!(bench.data(2, b"end"), [2]);
    let until = bench.transfer.lingers_until().unwrap();
    assert_eq!(bench.transfer.wakes_at(), until);
    assert!(until > bench.now && until <= bench.now + 3000 * MS);
    assert_eq!(bench.blocks([1]), [], "only the last block is answered");
    assert_eq!(bench.data(2, b"end"), [2]);
    let acks: usize = (0..1000).map(|_| bench.data(2, b"end").len()).sum();
    assert_eq!(acks, 15, "and not for ever");
    assert_eq!((bench.done(), bench.pieces.len()), (Some(11), 2));
}

#[test]
fn lingering_follows_the_timer_of_the_server_within_limits() {
    let linger = |options: &str| {
        let ask = Ask::default().with_timeout(Some(255));
        let mut bench = Bench::granted(ask, options);
        bench.data(1, b"end");
        bench.transfer.lingers_until().unwrap() - bench.now
    };
    assert_eq!(linger("timeout/255/"), 3000 * MS);
    assert_eq!(linger("timeout/1/"), 2020 * MS);
    assert_eq!(linger("timeout/1/utimeout/50000/"), 120 * MS);
    assert_eq!(linger(""), 2020 * MS);
}

#[test]
fn late_data_after_the_end_changes_nothing() {
    let mut bench = Bench::windowed();
    bench.data(1, b"end");
    bench.now = bench.transfer.lingers_until().unwrap() + MS;
    assert_eq!(bench.data(1, b"end"), [], "no longer lingering");
    assert_eq!(bench.blocks([2, 3]), []);
    assert_eq!(bench.put(PEER, &error(0, b"late")), []);
    assert_eq!(bench.put(bench::OTHER_PORT, &data(1, b"late")).len(), 1, "a second thread");
    assert_eq!((bench.done(), bench.pieces.len()), (Some(3), 1));
}

#[test]
fn after_a_failure_nothing_is_taken_or_answered() {
    let mut bench = lock_step();
    bench.put(PEER, &error(0, b"broken"));
    assert_eq!(bench.put(PEER, &data(1, b"late")), []);
    assert_eq!(bench.put(PEER, &oack("")), []);
    assert_eq!(bench.pieces, []);
    assert!(bench.transfer.wakes_at() <= bench.now);
    assert_eq!(bench.transfer.lingers_until(), None);
}

#[test]
fn a_caller_that_gives_up_tells_the_server() {
    let mut bench = lock_step();
    bench.blocks([1]);
    bench.transfer.abandon(bench.now, ErrorCode::DiskFull);
    assert_eq!(bench.sent(), [(PEER, Sent::Error(3))]);
    let Failure::Abandoned(abandoned) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(abandoned.received, 8);
    let mut bench = lock_step();
    bench.data(1, b"");
    bench.transfer.abandon(bench.now, ErrorCode::DiskFull);
    assert_eq!((bench.sent(), bench.done()), (vec![], Some(0)), "not once it is done");
}

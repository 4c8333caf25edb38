//! The traps up to the first reply: who answers, what is granted, what is refused.

mod bench;

use bench::{Bench, MS, OTHER_HOST, OTHER_PORT, PEER, SERVER, Sent, data, error, oack};
use std::time::Duration;
use tftp_client::{Ask, Awaited, ErrorCode, Failure, Fault, State};

const DEFAULT_REQUEST: &str =
    "f/octet/tsize/0/blksize/1468/windowsize/16/timeout/1/utimeout/100000/";

fn request(text: &str) -> (std::net::SocketAddrV4, Sent) {
    (SERVER, Sent::Request(text.into()))
}

#[test]
fn the_request_is_repeated_and_a_dead_server_is_a_timeout() {
    let mut bench = Bench::new(Ask::default(), 100);
    let start = bench.now;
    assert_eq!(bench.wait(999 * MS), []);
    assert_eq!(bench.wait(MS), [request(DEFAULT_REQUEST)], "after a second");
    assert_eq!(bench.wait(1999 * MS), []);
    assert_eq!(bench.wait(MS), [request(DEFAULT_REQUEST)], "after two more");
    assert_eq!(bench.wait(3999 * MS), [request(DEFAULT_REQUEST)]);
    assert_eq!(bench.transfer.state(), State::Asking);
    bench.wait(MS);
    let Failure::TimedOut(timed_out) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(timed_out.awaited, Awaited::FirstReply);
    assert_eq!((timed_out.sent, timed_out.waited), (4, Duration::from_secs(7)));
    assert_eq!(bench.now - start, Duration::from_secs(7));
    assert_eq!(bench.transfer.counters().retransmits, 3);
}

#[test]
fn a_request_answered_by_two_server_threads_keeps_the_first() {
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.put(PEER, &oack("tsize/3/")), [(PEER, Sent::Ack(0))]);
    assert_eq!(bench.put(OTHER_PORT, &oack("tsize/3/")), [(OTHER_PORT, Sent::Error(5))]);
    assert_eq!(bench.put(OTHER_PORT, &data(1, b"no!")), [(OTHER_PORT, Sent::Error(5))]);
    assert_eq!(bench.put(OTHER_PORT, &error(0, b"gone")), [], "an ERROR is not answered");
    assert_eq!(bench.put(OTHER_PORT, &error(1, b"gone")), []);
    assert_eq!(bench.data(1, b"yes"), [1]);
    assert_eq!((bench.done(), bench.transfer.peer()), (Some(3), Some(PEER)));
    assert_eq!(bench.pieces, [(0, b"yes".to_vec())]);
    assert_eq!(bench.transfer.counters().foreign, 4);
}

#[test]
fn a_foreign_address_before_the_first_reply_is_not_our_server() {
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.put(OTHER_HOST, &data(1, b"no!")), [(OTHER_HOST, Sent::Error(5))]);
    assert_eq!(bench.put(OTHER_HOST, &oack("")), [(OTHER_HOST, Sent::Error(5))]);
    assert_eq!(bench.put(OTHER_HOST, &error(1, b"no!")), []);
    assert_eq!(bench.transfer.state(), State::Asking);
    assert_eq!(bench.transfer.granted(), None);
    bench.wait(Duration::from_secs(10));
    let Failure::TimedOut(timed_out) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(timed_out.foreign, Some(OTHER_HOST));
    assert!(timed_out.to_string().contains("192.0.2.9:4000 answered instead"));
}

#[test]
fn a_foreign_address_after_the_first_reply_puts_nothing_into_the_file() {
    let mut bench = Bench::granted(Ask::default(), "tsize/6/blksize/8/");
    assert_eq!(bench.put(OTHER_HOST, &data(1, b"evil")), [(OTHER_HOST, Sent::Error(5))]);
    assert_eq!(bench.put(OTHER_HOST, &error(2, b"evil")), []);
    assert_eq!(
        bench.put(SERVER, &data(1, b"evil")),
        [(SERVER, Sent::Error(5))],
        "port 69 is foreign"
    );
    assert_eq!(bench.pieces, []);
    assert_eq!(bench.data(1, b"honest"), [1]);
    assert_eq!(bench.done(), Some(6));
}

#[test]
fn nobody_can_use_us_as_a_mirror() {
    let mut bench = Bench::granted(Ask::default(), "");
    let mut answers = 0;
    for port in 1000..2000 {
        let foreign = std::net::SocketAddrV4::new([192, 0, 2, 9].into(), port);
        answers += bench.put(foreign, &data(1, b"x")).len();
    }
    assert_eq!(answers, 16);
    for ip in [[0, 0, 0, 0], [255, 255, 255, 255], [224, 0, 0, 1]] {
        let mut bench = Bench::granted(Ask::default(), "");
        let foreign = std::net::SocketAddrV4::new(ip.into(), 1000);
        assert_eq!(bench.put(foreign, &data(1, b"x")), [], "{foreign}");
    }
}

#[test]
fn a_sender_with_port_zero_cannot_be_answered_and_is_not_locked_on() {
    let mut bench = Bench::new(Ask::default(), 1000);
    let zero = std::net::SocketAddrV4::new(*SERVER.ip(), 0);
    assert_eq!(bench.put(zero, &data(1, b"x")), []);
    assert_eq!(bench.transfer.state(), State::Asking);
}

#[test]
fn a_first_block_that_is_not_block_1_is_not_our_transfer() {
    let mut bench = Bench::new(Ask::default(), 1000);
    for block in [0, 2, 9, 65535] {
        assert_eq!(bench.put(PEER, &data(block, b"old")), [(PEER, Sent::Error(5))]);
    }
    assert_eq!((bench.transfer.state(), bench.pieces.len()), (State::Asking, 0));
}

#[test]
fn a_server_that_ignores_options_sends_512_bytes_in_lock_step() {
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.data(1, &[1; 512]), [1]);
    let granted = bench.transfer.granted().unwrap();
    assert_eq!((granted.oack, granted.blksize, granted.windowsize), (false, 512, 1));
    assert_eq!((granted.tsize, granted.utimeout), (None, None));
    assert_eq!(bench.data(2, &[2; 10]), [2]);
    assert_eq!(bench.done(), Some(522));
    assert_eq!(bench.pieces[1].0, 512);
}

#[test]
fn error_8_leads_to_one_request_without_options() {
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.put(PEER, &error(8, b"no")), [request("f/octet/")]);
    assert!(bench.transfer.options_refused());
    assert_eq!(bench.put(PEER, &error(8, b"no")), [], "the network doubled it");
    assert_eq!(bench.transfer.state(), State::Asking);
    assert_eq!(bench.wait(Duration::from_secs(1)), [request("f/octet/")], "still without");
    assert_eq!(bench.put(OTHER_PORT, &error(8, b"never")), [], "exactly one retry");
    let Failure::Refused(refused) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((refused.code, refused.text.as_str()), (ErrorCode::OptionRefused, "never"));
}

#[test]
fn the_request_without_options_gets_the_whole_patience() {
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.wait(6900 * MS);
    bench.put(PEER, &error(8, b"no"));
    bench.wait(6900 * MS);
    assert_eq!(bench.transfer.state(), State::Asking);
    bench.wait(100 * MS);
    assert!(matches!(bench.failure(), Failure::TimedOut(_)));
}

#[test]
fn error_8_to_a_request_without_options_is_final() {
    let mut bench = Bench::new(Ask::none(), 1000);
    assert_eq!(bench.put(PEER, &error(8, b"what")), []);
    assert!(matches!(bench.failure(), Failure::Refused(_)));
}

#[test]
fn every_repeated_request_can_bring_its_own_error_8() {
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.put(PEER, &error(8, b"no")), [request("f/octet/")]);
    assert_eq!(bench.put(OTHER_PORT, &error(8, b"no")), [], "for the second request");
    assert_eq!(bench.transfer.state(), State::Asking);
    assert_eq!(bench.put(OTHER_PORT, &data(1, b"abc")), [(OTHER_PORT, Sent::Ack(1))]);
    assert_eq!(bench.done(), Some(3));
}

#[test]
fn a_late_oack_to_the_refused_request_is_not_taken() {
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.put(PEER, &error(8, b"no"));
    assert_eq!(bench.put(OTHER_PORT, &oack("blksize/1400/")), [(OTHER_PORT, Sent::Error(5))]);
    assert_eq!(bench.transfer.state(), State::Asking);
}

#[test]
fn a_doubled_error_8_does_not_end_the_retry_of_a_single_port_server() {
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.put(SERVER, &error(8, b"no"));
    assert_eq!(bench.put(SERVER, &data(1, &[1; 512])), [(SERVER, Sent::Ack(1))]);
    assert_eq!(bench.put(SERVER, &error(8, b"no")), []);
    assert_eq!(bench.transfer.state(), State::Receiving);
}

#[test]
fn an_oack_that_cannot_be_accepted_is_refused_with_error_8() {
    for options in [
        "blksize/1469/",
        "blksize/0/",
        "blksize/abc/",
        "blksize//",
        "windowsize/0/",
        "windowsize/17/",
        "tsize/-1/",
        "timeout/2/",
        "utimeout/100001/",
        "multicast/224.0.0.1,1758,1/",
        "tsize/1/tsize/1/",
        "tsize",
    ] {
        let mut bench = Bench::new(Ask::default(), 1000);
        assert_eq!(bench.put(PEER, &oack(options)), [(PEER, Sent::Error(8))], "{options}");
        let Failure::Malformed(malformed) = bench.failure() else { panic!("{options}") };
        assert!(matches!(malformed.fault, Fault::Options(_)));
        let name = options.split('/').next().unwrap();
        let text = malformed.to_string();
        assert!(options == "tsize" || text.contains(name), "{text}");
    }
}

#[test]
fn lower_values_are_accepted_under_any_spelling() {
    let mut bench = Bench::granted(Ask::default(), "WINDOWSIZE/2/BlkSize/8/TSIZE/20/");
    let granted = *bench.transfer.granted().unwrap();
    assert_eq!((granted.oack, granted.blksize, granted.windowsize), (true, 8, 2));
    assert_eq!((granted.tsize, granted.timeout, granted.utimeout), (Some(20), None, None));
    assert_eq!(bench.blocks([1, 2]), [2]);
    assert_eq!(bench.transfer.progress().bytes, 16);
    assert_eq!(bench.transfer.progress().tsize, Some(20));
    assert_eq!(bench.data(3, &[1; 4]), [3]);
    assert_eq!((bench.pieces[2].0, bench.done()), (16, Some(20)));
}

#[test]
fn an_announced_size_above_the_limit_is_refused_at_once() {
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.put(PEER, &oack("tsize/1001/")), [(PEER, Sent::Error(3))]);
    let Failure::TooLarge(large) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((large.announced, large.limit), (Some(1001), 1000));
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.put(PEER, &oack("tsize/1000/")), [(PEER, Sent::Ack(0))]);
}

#[test]
fn a_directory_is_announced_with_a_size_and_then_refused() {
    let mut bench = Bench::granted(Ask::default(), "tsize/4096/blksize/1468/");
    assert_eq!(bench.put(PEER, &error(2, b"is a directory")), []);
    let Failure::NotFound(not_found) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((not_found.access_violation, not_found.announced), (true, Some(4096)));
    assert!(not_found.to_string().contains("is the name a directory?"));

    let mut bench = Bench::granted(Ask::default(), "tsize/4096/");
    bench.put(PEER, &error(0, b"read error"));
    let Failure::Refused(refused) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((refused.code, refused.announced), (ErrorCode::NotDefined, Some(4096)));
}

#[test]
fn a_directory_is_announced_with_a_size_and_then_nothing_comes() {
    let mut bench = Bench::granted(Ask::default(), "tsize/4096/");
    bench.wait(Duration::from_secs(15));
    let Failure::TimedOut(timed_out) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!(timed_out.awaited, Awaited::Block(1));
    assert_eq!(timed_out.granted.and_then(|granted| granted.tsize), Some(4096));
    assert!(timed_out.to_string().contains("is the name a directory?"));
}

#[test]
fn errors_1_and_2_are_both_not_found_and_can_be_told_apart() {
    for (code, access_violation) in [(1, false), (2, true)] {
        let mut bench = Bench::new(Ask::default(), 1000);
        assert_eq!(bench.put(PEER, &error(code, b"nope")), [], "an ERROR is not answered");
        let Failure::NotFound(not_found) = bench.failure() else { panic!("{:?}", bench.failure()) };
        assert_eq!(not_found.access_violation, access_violation);
        assert_eq!(not_found.text, "nope");
    }
    for code in [0, 3, 4, 6, 7, 9, 65535] {
        let mut bench = Bench::new(Ask::default(), 1000);
        bench.put(PEER, &error(code, b"nope"));
        let Failure::Refused(refused) = bench.failure() else { panic!("{:?}", bench.failure()) };
        assert_eq!(refused.code.number(), code);
    }
}

#[test]
fn an_error_1_after_data_is_not_a_missing_file() {
    let mut bench = Bench::granted(Ask::default(), "blksize/8/");
    bench.blocks([1]);
    bench.put(PEER, &error(1, b"deleted"));
    let Failure::Refused(refused) = bench.failure() else { panic!("{:?}", bench.failure()) };
    assert_eq!((refused.code, refused.received), (ErrorCode::FileNotFound, 8));
}

#[test]
fn an_error_5_before_the_first_reply_is_about_another_transfer() {
    let mut bench = Bench::new(Ask::default(), 1000);
    assert_eq!(bench.put(PEER, &error(5, b"unknown")), []);
    assert_eq!(bench.transfer.state(), State::Asking);
}

#[test]
fn the_text_of_an_error_is_made_printable_and_cut() {
    let hostile = [b"\xff\xfe\x1b[2J\r\n".as_slice(), &[b'x'; 5000]].concat();
    let mut bench = Bench::new(Ask::default(), 1000);
    bench.put(PEER, &error(1, &hostile));
    let text = bench.failure().to_string();
    assert!(text.contains("\\xff\\xfe\\x1b[2J\\x0d\\x0a"), "{text}");
    assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    assert!(text.len() < 400, "{} bytes", text.len());
}

#[test]
fn what_is_no_packet_for_a_reader_is_ignored() {
    for mut bench in [Bench::new(Ask::default(), 1000), Bench::granted(Ask::default(), "")] {
        let junk: [&[u8]; 9] = [
            b"",
            b"\0",
            b"\0\x03",
            b"\0\x03\0",
            b"\0\x05\0",
            b"\0\x07\0\0",
            b"\0\x00",
            b"\x03\0\0\x01x",
            b"\0\x04\0\x01",
        ];
        for datagram in junk {
            assert_eq!(bench.put(PEER, datagram), [], "{datagram:?}");
        }
        assert!(!bench.ended());
        assert_eq!(bench.transfer.counters().unexpected, 9);
        assert_eq!(bench.pieces, []);
    }
}

#[test]
fn a_flood_does_not_keep_the_timers_from_running() {
    let mut bench = Bench::new(Ask::default(), 1000);
    for _ in 0..70 {
        assert!(!bench.ended());
        bench.now += 100 * MS;
        bench.put(OTHER_HOST, b"junk");
    }
    assert!(matches!(bench.failure(), Failure::TimedOut(_)));
}

#[test]
fn the_buffer_holds_one_byte_more_than_the_largest_block() {
    assert_eq!(Bench::new(Ask::default(), 1).transfer.buffer_len(), 1468 + 5);
    assert_eq!(Bench::new(Ask::none(), 1).transfer.buffer_len(), 512 + 5);
    let small = Ask::none().with_blksize(Some(8));
    assert_eq!(Bench::new(small, 1).transfer.buffer_len(), 512 + 5, "it may not be granted");
}

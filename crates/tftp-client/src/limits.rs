//! Every number that bounds what the outside can make this crate do.

use std::time::Duration;

/// The UDP port a read request goes to (RFC 1350, section 4).
pub const SERVER_PORT: u16 = 69;
/// The longest file name, in bytes. With all options a request then stays below 512 bytes.
pub const MAX_FILE_NAME: usize = 255;
/// The longest request (RFC 2347: "the maximum size of a request packet is 512 octets").
pub const MAX_REQUEST: usize = 512;

/// Block size without the option, in bytes (RFC 1350).
pub const DEFAULT_BLKSIZE: u16 = 512;
/// Smallest block size, in bytes (RFC 2348).
pub const MIN_BLKSIZE: u16 = 8;
/// Largest block size, in bytes (RFC 2348).
pub const MAX_BLKSIZE: u16 = 65464;
/// Largest window asked for, in blocks. RFC 7440 allows 65535. The rate is flat from 64 on, and
/// half the range of the block numbers or more could no longer be told from old blocks.
pub const MAX_WINDOWSIZE: u16 = 1024;
/// Largest `timeout`, in seconds (RFC 2349). The smallest is 1.
pub const MAX_TIMEOUT: u8 = 255;
/// Smallest `utimeout`, in microseconds (tftpd-hpa's limits; the option has no RFC).
pub const MIN_UTIMEOUT: u32 = 10_000;
/// Largest `utimeout`, in microseconds.
pub const MAX_UTIMEOUT: u32 = 255_000_000;

/// Bytes of a peer's text that are shown; the rest is cut off.
pub const MAX_SHOWN_TEXT: usize = 200;
/// Digits of an option's value: as many as the largest `u64` has.
pub const MAX_VALUE_DIGITS: usize = 20;

/// Answers (ERROR 5) given to foreign senders in one transfer. Silence after that, so that no one
/// can use us as a mirror.
pub const MAX_FOREIGN_REPLIES: u32 = 16;
/// Answers to foreign senders that wait for the driver at one time.
pub const MAX_FOREIGN_QUEUE: usize = 4;
/// Repeated final ACKs while lingering.
pub const MAX_FINAL_REACKS: u32 = 16;

/// Shortest wait for the first reply before the request is sent again.
pub const MIN_FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between two requests.
pub const MAX_FIRST_WAIT: Duration = Duration::from_secs(2);
/// Shortest wait for block 1 after the OACK: the server may only now open the file.
pub const MIN_RTO_BLOCK_ONE: Duration = Duration::from_millis(200);
/// Shortest wait for a block before the last ACK is repeated.
pub const MIN_RTO: Duration = Duration::from_millis(20);
/// Longest wait for a block before the last ACK is repeated.
pub const MAX_RTO: Duration = Duration::from_secs(2);
/// Wait for a block as long as no round trip has been measured (RFC 6298, section 2).
pub const INITIAL_RTO: Duration = Duration::from_secs(1);
/// Shortest time a missing block has to turn up late before the gap is reported.
pub const MIN_GRACE: Duration = Duration::from_millis(2);
/// Longest such time, on paths that have shown to reorder.
pub const MAX_GRACE: Duration = Duration::from_millis(16);
/// Longest time to linger for a repeated last block.
pub const MAX_LINGER: Duration = Duration::from_secs(3);
/// How often a window has to come after block 65535 without a block 0 before block 1 is taken for
/// its successor. Only where the window's end cannot decide it (see `blocks.rs`).
pub const WRAP_ROUNDS: u8 = 3;

//! What a transfer shows of itself: its state, the pieces of the file, progress and counters.

use crate::failure::Failure;

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// No reply yet.
    Asking,
    /// The server answered, and blocks are coming.
    Receiving,
    /// The file is whole.
    Done {
        /// Its size in bytes.
        size: u64,
    },
    /// There will be no file. What was handed out is to be thrown away.
    Failed(&'a Failure),
}

/// A new piece of the file. Pieces can come out of order, but none comes twice and none overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Where it belongs in the file, in bytes.
    pub offset: u64,
    /// Its bytes, 1 to the block size, borrowed from the datagram.
    pub bytes: &'a [u8],
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The bytes from the start of the file that are there without a gap.
    pub bytes: u64,
    /// The file's size in bytes, if the server said it.
    pub tsize: Option<u64>,
}

/// What happened besides plain progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests and ACKs sent again because a timer ran out.
    pub retransmits: u64,
    /// ACKs that reported a missing block inside a window.
    pub gap_reports: u64,
    /// Blocks and OACKs that came again.
    pub duplicates: u64,
    /// Datagrams from another port or address than the server's.
    pub foreign: u64,
    /// Datagrams that are no TFTP packet for a reader, or not one that fits here.
    pub unexpected: u64,
}

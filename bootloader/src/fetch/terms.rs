//! How a file is asked for by TFTP: the options, from the fastest to the most modest (RFC 2348,
//! 2349, 7440). What a server likes is learnt in [`super::servers`].

use tftp_client::{Ask, Transfer};

/// Blocks of a window: enough for a server some milliseconds away, and still less than the
/// kernel's usual limit of a receive buffer (net.core.rmem_max).
const WINDOW: u16 = 64;
/// The second try's terms: the server's timer in microseconds, the window in blocks.
const GENTLE_UTIMEOUT: u32 = 200_000;
const GENTLE_WINDOW: u16 = 4;
/// A block beyond the MTU, in bytes: RFC 2348's largest.
pub(super) const LARGE_BLKSIZE: u16 = 65464;
/// The largest block that needs no IP fragments on Ethernet, in bytes.
pub(super) const BLKSIZE: u16 = 1468;
/// Blocks that may be lost before it counts that most of them are.
const LARGE_LOSSES: u64 = 4;

/// How a file is asked for: each is followed by a gentler one, and the last one by none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terms {
    /// A block beyond the MTU a round trip.
    Large,
    /// A window of blocks of the MTU's size; no window if the server knows none.
    Usual,
    /// A small window, a server that takes its time.
    Gentle,
    /// Blocks of 512 bytes, one at a time.
    Least,
}

impl Terms {
    pub(super) fn ask(self) -> Ask {
        let usual = Ask::default().with_blksize(Some(BLKSIZE)).with_windowsize(Some(WINDOW));
        let gentle = usual.with_utimeout(Some(GENTLE_UTIMEOUT));
        match self {
            Self::Large => usual.with_blksize(Some(LARGE_BLKSIZE)).with_windowsize(None),
            Self::Usual => usual,
            Self::Gentle => gentle.with_windowsize(Some(GENTLE_WINDOW)),
            Self::Least => gentle.with_blksize(None).with_windowsize(None),
        }
    }

    pub(super) fn is_second_try(self) -> bool {
        matches!(self, Self::Gentle | Self::Least)
    }
}

/// Large blocks are no good where most of them are lost, or where the option is refused: without
/// it, blocks have 512 bytes.
pub(super) fn does_badly(transfer: &Transfer) -> bool {
    let came = transfer.progress().bytes / u64::from(LARGE_BLKSIZE);
    let lost = transfer.counters().retransmits;
    transfer.options_refused() || lost > came.saturating_add(LARGE_LOSSES)
}

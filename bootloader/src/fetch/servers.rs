//! What this boot has learnt about each TFTP server: whether it answers, and how it likes to send.
//!
//! The first answer tells whether a server knows windows (RFC 7440). One that does not, as
//! tftpd-hpa up to 5.2, sends a block for each round trip: then the larger the block the better,
//! far beyond the MTU, for as long as no IP fragment is lost (RFC 2348 allows 65464 bytes).

use std::net::SocketAddrV4;
use std::sync::Mutex;

use tftp_client::{Counters, Granted};

use crate::limits::MAX_NAMES;

/// Whether blocks beyond the MTU are worth asking for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LargeBlocks {
    /// No answer has told yet.
    Unknown,
    /// It knows no windows, and nothing was lost on the way.
    Fit,
    /// It knows windows, or caps its blocks, or they do not get through.
    Unfit,
}

/// The servers of one boot.
#[derive(Debug, Default)]
pub struct Servers(Mutex<Vec<(SocketAddrV4, LargeBlocks)>>);

impl Servers {
    /// Whether this server has answered in this boot.
    #[must_use]
    pub fn has_answered(&self, server: SocketAddrV4) -> bool {
        self.known(server).is_some()
    }

    /// What is known of its blocks.
    #[must_use]
    pub fn large_blocks(&self, server: SocketAddrV4) -> LargeBlocks {
        self.known(server).unwrap_or(LargeBlocks::Unknown)
    }

    /// It has answered, and this is what it told; nothing makes a server fit again once it is not.
    pub fn learn(&self, server: SocketAddrV4, told: LargeBlocks) {
        let Ok(mut servers) = self.0.lock() else { return };
        let has_room = servers.len() < MAX_NAMES;
        match servers.iter_mut().find(|(known, _)| *known == server) {
            Some((_, LargeBlocks::Unfit)) => {}
            Some((_, known)) if told != LargeBlocks::Unknown => *known = told,
            None if has_room => servers.push((server, told)),
            Some(_) | None => {}
        }
    }

    fn known(&self, server: SocketAddrV4) -> Option<LargeBlocks> {
        let servers = self.0.lock().ok()?;
        servers.iter().find(|(known, _)| *known == server).map(|(_, large)| *large)
    }
}

/// What the answer to a request for `windowsize` and `blksize` tells.
#[must_use]
pub fn told(granted: &Granted, blksize: u16, counters: Counters) -> LargeBlocks {
    if granted.windowsize > 1 || (granted.oack && granted.blksize < blksize) {
        LargeBlocks::Unfit
    } else if granted.oack && counters.retransmits == 0 {
        LargeBlocks::Fit
    } else {
        LargeBlocks::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OACK: Granted = Granted {
        oack: true,
        blksize: 1468,
        windowsize: 1,
        tsize: Some(1 << 20),
        timeout: Some(1),
        utimeout: None,
    };

    fn server(last: u8) -> SocketAddrV4 {
        SocketAddrV4::new([192, 0, 2, last].into(), 69)
    }

    #[test]
    fn only_a_clean_answer_without_a_window_makes_large_blocks_fit() {
        let clean = Counters::default();
        let resent = Counters { retransmits: 1, ..clean };
        assert_eq!(told(&OACK, 1468, clean), LargeBlocks::Fit);
        assert_eq!(told(&OACK, 1468, resent), LargeBlocks::Unknown);
        assert_eq!(told(&Granted { windowsize: 64, ..OACK }, 1468, clean), LargeBlocks::Unfit);
        assert_eq!(told(&Granted { blksize: 1428, ..OACK }, 1468, clean), LargeBlocks::Unfit);
        assert_eq!(told(&OACK, 65464, clean), LargeBlocks::Unfit, "it caps its blocks");
        let plain = Granted { oack: false, blksize: 512, ..OACK };
        assert_eq!(told(&plain, 1468, clean), LargeBlocks::Unknown);
    }

    #[test]
    fn what_is_learnt_is_of_one_server_and_unfit_stays() {
        let servers = Servers::default();
        assert!(!servers.has_answered(server(1)));
        servers.learn(server(1), LargeBlocks::Unknown);
        assert!(servers.has_answered(server(1)));
        assert_eq!(servers.large_blocks(server(1)), LargeBlocks::Unknown);
        servers.learn(server(1), LargeBlocks::Fit);
        assert_eq!(servers.large_blocks(server(1)), LargeBlocks::Fit);
        servers.learn(server(1), LargeBlocks::Unknown);
        assert_eq!(servers.large_blocks(server(1)), LargeBlocks::Fit);
        servers.learn(server(1), LargeBlocks::Unfit);
        servers.learn(server(1), LargeBlocks::Fit);
        assert_eq!(servers.large_blocks(server(1)), LargeBlocks::Unfit);
        assert_eq!(servers.large_blocks(server(2)), LargeBlocks::Unknown);
    }
}

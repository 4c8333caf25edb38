//! What the caller asks for: the file, the options, the limits (RFC 1350 section 2, RFC 2347).

use std::fmt;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::limits;
use crate::text;

/// One file to read from one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// Where the request goes; the port is [`limits::SERVER_PORT`] unless the server is special.
    pub server: SocketAddrV4,
    /// The file's name as it goes on the wire.
    pub file: FileName,
    /// The options to ask for.
    pub ask: Ask,
    /// The largest file to accept, in bytes. No block beyond it is ever handed out.
    pub max_size: u64,
    /// How long to wait for a silent server.
    pub patience: Patience,
}

impl ReadRequest {
    /// A request with the default options and the default patience.
    #[must_use]
    pub fn new(server: SocketAddrV4, file: FileName, max_size: u64) -> Self {
        Self { server, file, ask: Ask::default(), max_size, patience: Patience::default() }
    }
}

/// A file name that fits a request: 1 to 255 bytes, none of them NUL.
///
/// TFTP names have no character set, so this is bytes. `Display` escapes what is not printable.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName(Vec<u8>);

/// Why a name cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFileName {
    /// No name at all.
    #[error("the TFTP file name is empty")]
    Empty,
    /// The name holds a NUL, which ends a name on the wire.
    #[error("the TFTP file name holds a NUL byte")]
    Nul,
    /// The name has more than [`limits::MAX_FILE_NAME`] bytes.
    #[error("the TFTP file name is {0} bytes long, the limit is {max}", max = limits::MAX_FILE_NAME)]
    TooLong(usize),
}

impl FileName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, holds a NUL, or is longer than [`limits::MAX_FILE_NAME`] bytes.
    pub fn new(name: impl Into<Vec<u8>>) -> Result<Self, BadFileName> {
        let name = name.into();
        if name.is_empty() {
            Err(BadFileName::Empty)
        } else if name.contains(&0) {
            Err(BadFileName::Nul)
        } else if name.len() > limits::MAX_FILE_NAME {
            Err(BadFileName::TooLong(name.len()))
        } else {
            Ok(Self(name))
        }
    }

    /// The name as it goes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::shown(&self.0))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName(\"{self}\")")
    }
}

/// The options of a request. The mode is always `octet`.
///
/// The default asks for blksize 1468 (an Ethernet frame of 1500 bytes without fragments),
/// windowsize 16, tsize, timeout 1 and utimeout 100000. A server takes what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub(crate) blksize: Option<u16>,
    pub(crate) windowsize: Option<u16>,
    pub(crate) tsize: bool,
    pub(crate) timeout: Option<u8>,
    pub(crate) utimeout: Option<u32>,
}

impl Ask {
    /// A plain RFC 1350 request: no option, so blocks of 512 bytes, one at a time.
    #[must_use]
    pub const fn none() -> Self {
        Self { blksize: None, windowsize: None, tsize: false, timeout: None, utimeout: None }
    }

    /// The block size in bytes, brought into 8 to 65464. `None`: not asked for, so 512.
    #[must_use]
    pub fn with_blksize(mut self, bytes: Option<u16>) -> Self {
        self.blksize = bytes.map(|b| b.clamp(limits::MIN_BLKSIZE, limits::MAX_BLKSIZE));
        self
    }

    /// The window in blocks, brought into 1 to [`limits::MAX_WINDOWSIZE`]. `None`: lock-step.
    #[must_use]
    pub fn with_windowsize(mut self, blocks: Option<u16>) -> Self {
        self.windowsize = blocks.map(|w| w.clamp(1, limits::MAX_WINDOWSIZE));
        self
    }

    /// Whether to ask for the file's size.
    #[must_use]
    pub fn with_tsize(mut self, tsize: bool) -> Self {
        self.tsize = tsize;
        self
    }

    /// The server's retransmission timer in seconds, brought into 1 to 255.
    #[must_use]
    pub fn with_timeout(mut self, seconds: Option<u8>) -> Self {
        self.timeout = seconds.map(|s| s.max(1));
        self
    }

    /// The server's retransmission timer in microseconds, brought into 10 000 to 255 000 000.
    /// It is understood by tftpd-hpa and rs-tftpd; other servers leave it out of their answer.
    #[must_use]
    pub fn with_utimeout(mut self, micros: Option<u32>) -> Self {
        self.utimeout = micros.map(|u| u.clamp(limits::MIN_UTIMEOUT, limits::MAX_UTIMEOUT));
        self
    }

    /// Whether no option is asked for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// The bytes that can be in flight at once. The socket's receive buffer must hold more than
    /// that: the kernel counts its own bookkeeping, so allow twice as much.
    #[must_use]
    pub fn window_bytes(&self) -> usize {
        usize::from(self.blksize.unwrap_or(limits::DEFAULT_BLKSIZE))
            .saturating_mul(usize::from(self.windowsize.unwrap_or(1)))
    }
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            blksize: Some(1468),
            windowsize: Some(16),
            tsize: true,
            timeout: Some(1),
            // Short, as tftpd-hpa repeats a lost block by this timer only. Not shorter, as rs-tftpd
            // ends a transfer after six such waits in all, and a busy host can be that slow.
            utimeout: Some(100_000),
        }
    }
}

/// How long a silent server is waited for before the transfer has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// In all for the first reply. The request is sent again after 1 s, then every 2 s.
    pub first_reply: Duration,
    /// In all for each block.
    pub block: Duration,
}

impl Patience {
    /// For a name that may well not exist, and of which there are many to try: three requests,
    /// and 5 s for a block, as some servers announce a directory's size and then say nothing.
    #[must_use]
    pub const fn probing() -> Self {
        Self { first_reply: Duration::from_secs(4), block: Duration::from_secs(5) }
    }
}

impl Default for Patience {
    /// Four requests in 7 s; 15 s for each block.
    fn default() -> Self {
        Self { first_reply: Duration::from_secs(7), block: Duration::from_secs(15) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_fit_a_request_are_refused() {
        assert_eq!(FileName::new(""), Err(BadFileName::Empty));
        assert_eq!(FileName::new("a\0b"), Err(BadFileName::Nul));
        assert_eq!(FileName::new(vec![b'a'; 256]), Err(BadFileName::TooLong(256)));
        assert_eq!(FileName::new(vec![b'a'; 255]).unwrap().as_bytes().len(), 255);
    }

    #[test]
    fn a_name_is_shown_without_control_bytes() {
        assert_eq!(FileName::new(b"a\x1b[2J\xff").unwrap().to_string(), "a\\x1b[2J\\xff");
    }

    #[test]
    fn asked_values_are_brought_into_their_range() {
        let ask = Ask::none()
            .with_blksize(Some(1))
            .with_windowsize(Some(65535))
            .with_timeout(Some(0))
            .with_utimeout(Some(1));
        assert_eq!(ask.blksize, Some(8));
        assert_eq!(ask.windowsize, Some(limits::MAX_WINDOWSIZE));
        assert_eq!(ask.timeout, Some(1));
        assert_eq!(ask.utimeout, Some(10_000));
        assert_eq!(Ask::none().with_blksize(Some(u16::MAX)).blksize, Some(65464));
    }

    #[test]
    fn window_bytes_is_what_can_be_in_flight() {
        assert_eq!(Ask::default().window_bytes(), 1468 * 16);
        assert_eq!(Ask::none().window_bytes(), 512);
    }
}

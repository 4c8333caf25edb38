//! How a transfer can fail. Not found, refused, timed out and malformed are different types.

use std::fmt;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::limits::{self, SERVER_PORT};
use crate::options::{Granted, OptionFault};
use crate::packet::ErrorCode;
use crate::request::FileName;

/// Why a transfer ended without the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server says that it has no such file, or none for us.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The server ended the transfer for any other reason.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The server was silent for too long.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The server broke the protocol.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The file is larger than the caller's limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The file did not end where the server said it would.
    #[error(transparent)]
    SizeMismatch(#[from] SizeMismatch),
    /// The caller gave up, by [`crate::Transfer::abandon`].
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
}

/// What was asked of whom. `Display` writes a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The server.
    pub server: SocketAddrV4,
    /// The file.
    pub file: FileName,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.server.port() {
            SERVER_PORT => write!(f, "tftp://{}/{}", self.server.ip(), self.file),
            _ => write!(f, "tftp://{}/{}", self.server, self.file),
        }
    }
}

/// ERROR 1 or ERROR 2 before any data. Both mean "try the next name" where names are probed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: {}{}{}", not_found_words(*.access_violation), said(.text), directory(*.announced))]
pub struct NotFound {
    /// The file that was asked for.
    pub target: Target,
    /// Whether it was ERROR 2: there may be a file, with permissions that keep the server from it.
    pub access_violation: bool,
    /// What the server wrote, made printable and cut to a length.
    pub text: String,
    /// The size that the server had announced before. Servers do so for a directory.
    pub announced: Option<u64>,
}

/// An ERROR from the server other than "not found".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{target}: the server ended the transfer after {received} bytes with error {code}{}; \
     its log says more{}",
    said(.text), directory(*.announced), code = .code.number()
)]
pub struct Refused {
    /// The file that was asked for.
    pub target: Target,
    /// The server's code.
    pub code: ErrorCode,
    /// What the server wrote, made printable and cut to a length.
    pub text: String,
    /// The bytes received up to then, without a gap.
    pub received: u64,
    /// The size announced, when not a byte of it came. Servers do so for a directory.
    pub announced: Option<u64>,
}

/// The server was silent for as long as the caller's patience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: no {awaited} within {:.1} s ({sent} packets sent); {}", .waited.as_secs_f32(), advice(*.awaited, *.granted, *.foreign))]
pub struct TimedOut {
    /// The file that was asked for.
    pub target: Target,
    /// What did not come.
    pub awaited: Awaited,
    /// How long it was waited for.
    pub waited: Duration,
    /// How often the request, or the ACK before that block, was sent.
    pub sent: u32,
    /// The terms of the transfer, if there was a first reply.
    pub granted: Option<Granted>,
    /// Someone else who answered: a server with several addresses, or a NAT between.
    pub foreign: Option<SocketAddrV4>,
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Any answer to the request.
    FirstReply,
    /// The block of this number, from 1 on, without the wire's rollover.
    Block(u64),
}

/// The server sent what no server may send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: {fault}; the server is faulty, try another one or fewer options")]
pub struct Malformed {
    /// The file that was asked for.
    pub target: Target,
    /// What is wrong.
    pub fault: Fault,
}

/// What no server may send. Blocks are counted from 1 on, without the wire's rollover.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The OACK cannot be accepted. The server was told so with ERROR 8.
    #[error("the server's option acknowledgment cannot be accepted: {0}")]
    Options(OptionFault),
    /// A block is longer than the block size agreed on.
    #[error("block {block} has {len} bytes, more than the block size of {blksize}")]
    BlockTooLong {
        /// The block's number.
        block: u64,
        /// Its length in bytes.
        len: usize,
        /// The block size agreed on.
        blksize: u16,
    },
    /// A block ends the file, and there are blocks after it.
    #[error("block {block} comes after the end of the file")]
    BlockAfterEnd {
        /// The number of the block after the end.
        block: u64,
    },
    /// After 65535 block numbers went on with 1, and now 0 is used: blocks cannot be told apart.
    #[error("the block numbers after 65535 are ambiguous")]
    Numbering,
}

/// The file is larger than the caller accepts. The server was told so with ERROR 3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: the file has {}{} the limit of {limit}", size_words(*.announced), if .announced.is_some() {", more than"} else {" than"})]
pub struct TooLarge {
    /// The file that was asked for.
    pub target: Target,
    /// The size that the server announced; `None` if it announced none and sent too much.
    pub announced: Option<u64>,
    /// The limit, in bytes.
    pub limit: u64,
}

/// The file is shorter or longer than announced. It may have changed meanwhile, or be a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: the server announced {announced} bytes and sent {sent}{}; was the file changed meanwhile? try again", if *.ended {""} else {" or more"})]
pub struct SizeMismatch {
    /// The file that was asked for.
    pub target: Target,
    /// The size announced, in bytes.
    pub announced: u64,
    /// The size sent, in bytes: all of it, or as much as was too much.
    pub sent: u64,
    /// Whether the file ended there. If not, there would have been more.
    pub ended: bool,
}

/// The caller gave up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: given up after {received} bytes")]
pub struct Abandoned {
    /// The file that was asked for.
    pub target: Target,
    /// The bytes received up to then, without a gap.
    pub received: u64,
}

fn not_found_words(access_violation: bool) -> &'static str {
    if access_violation { "no access on the server" } else { "not found on the server" }
}

/// The server's own words, if it had any.
fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" (\"{text}\")") }
}

fn directory(announced: Option<u64>) -> String {
    announced.map_or_else(String::new, |size| {
        format!("; it had announced {size} bytes: is the name a directory?")
    })
}

fn advice(awaited: Awaited, granted: Option<Granted>, foreign: Option<SocketAddrV4>) -> String {
    match (awaited, foreign) {
        (Awaited::FirstReply, Some(foreign)) => format!(
            "{foreign} answered instead and was refused: does the server have several addresses?"
        ),
        (Awaited::FirstReply, None) => {
            "is a TFTP server running there, and does a firewall let UDP through?".into()
        }
        (Awaited::Block(1), _) => format!(
            "blocks of {} bytes may not get through, try a smaller blksize{}",
            granted.map_or(limits::DEFAULT_BLKSIZE, |granted| granted.blksize),
            directory(granted.and_then(|granted| granted.tsize))
        ),
        (Awaited::Block(_), _) => "the server or the network went away, try again".into(),
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstReply => f.write_str("reply"),
            Self::Block(number) => write!(f, "block {number}"),
        }
    }
}

fn size_words(announced: Option<u64>) -> String {
    announced.map_or_else(|| "more bytes".into(), |size| format!("{size} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            server: SocketAddrV4::new([192, 0, 2, 1].into(), SERVER_PORT),
            file: FileName::new("a/b\n").unwrap(),
        }
    }

    #[test]
    fn messages_name_the_file_the_cause_and_what_to_do() {
        let not_found = NotFound {
            target: target(),
            access_violation: false,
            text: "no".into(),
            announced: Some(4096),
        };
        assert_eq!(
            not_found.to_string(),
            "tftp://192.0.2.1/a/b\\x0a: not found on the server (\"no\"); \
             it had announced 4096 bytes: is the name a directory?"
        );
        let silent = TimedOut {
            target: Target { server: SocketAddrV4::new([192, 0, 2, 1].into(), 70), ..target() },
            awaited: Awaited::FirstReply,
            waited: Duration::from_millis(7000),
            sent: 4,
            granted: None,
            foreign: None,
        };
        assert_eq!(
            silent.to_string(),
            "tftp://192.0.2.1:70/a/b\\x0a: no reply within 7.0 s (4 packets sent); \
             is a TFTP server running there, and does a firewall let UDP through?"
        );
        let large = TooLarge { target: target(), announced: None, limit: 10 };
        assert!(large.to_string().ends_with("the file has more bytes than the limit of 10"));
        let large = TooLarge { announced: Some(11), ..large };
        assert!(large.to_string().ends_with("the file has 11 bytes, more than the limit of 10"));
    }
}

//! The packets of TFTP on the wire (RFC 1350 section 5, RFC 2347).

use crate::request::{Ask, FileName};

const RRQ: u16 = 1;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OACK: u16 = 6;

/// An ERROR packet's code (RFC 1350 appendix, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 0: see the text.
    NotDefined,
    /// 1: file not found.
    FileNotFound,
    /// 2: access violation. Servers send it for files that are there but not for us.
    AccessViolation,
    /// 3: disk full or allocation exceeded.
    DiskFull,
    /// 4: illegal TFTP operation.
    IllegalOperation,
    /// 5: unknown transfer ID.
    UnknownTransfer,
    /// 6: file already exists.
    FileExists,
    /// 7: no such user.
    NoSuchUser,
    /// 8: option negotiation refused.
    OptionRefused,
    /// Any other number.
    Other(u16),
}

impl ErrorCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::NotDefined => 0,
            Self::FileNotFound => 1,
            Self::AccessViolation => 2,
            Self::DiskFull => 3,
            Self::IllegalOperation => 4,
            Self::UnknownTransfer => 5,
            Self::FileExists => 6,
            Self::NoSuchUser => 7,
            Self::OptionRefused => 8,
            Self::Other(number) => number,
        }
    }
}

impl From<u16> for ErrorCode {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::NotDefined,
            1 => Self::FileNotFound,
            2 => Self::AccessViolation,
            3 => Self::DiskFull,
            4 => Self::IllegalOperation,
            5 => Self::UnknownTransfer,
            6 => Self::FileExists,
            7 => Self::NoSuchUser,
            8 => Self::OptionRefused,
            _ => Self::Other(number),
        }
    }
}

/// What a server can send to a reader. Borrowed from the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// A block: its number on the wire, and 0 to any number of bytes.
    Data { block: u16, bytes: &'a [u8] },
    /// The options, not yet looked at.
    Oack { options: &'a [u8] },
    /// The code and the text, without its NUL if it has one.
    Error { code: ErrorCode, text: &'a [u8] },
}

/// Reads a datagram. `None`: too short, or not a packet that a server sends to a reader.
pub(crate) fn parse(datagram: &[u8]) -> Option<Packet<'_>> {
    let (opcode, rest) = take_u16(datagram)?;
    match opcode {
        DATA => take_u16(rest).map(|(block, bytes)| Packet::Data { block, bytes }),
        OACK => Some(Packet::Oack { options: rest }),
        ERROR => take_u16(rest).map(|(code, text)| Packet::Error {
            code: code.into(),
            // A text without its NUL is still worth showing.
            text: text.split(|&b| b == 0).next().unwrap_or(text),
        }),
        _ => None,
    }
}

fn take_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*head), rest))
}

/// Writes a read request in place of what `out` holds.
pub(crate) fn write_request(out: &mut Vec<u8>, file: &FileName, ask: &Ask) {
    out.clear();
    out.extend_from_slice(&RRQ.to_be_bytes());
    out.extend_from_slice(file.as_bytes());
    out.extend_from_slice(b"\0octet\0");
    let mut option = |name: &str, value: u64| {
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.extend_from_slice(value.to_string().as_bytes());
        out.push(0);
    };
    if ask.tsize {
        option("tsize", 0);
    }
    if let Some(blksize) = ask.blksize {
        option("blksize", blksize.into());
    }
    if let Some(windowsize) = ask.windowsize {
        option("windowsize", windowsize.into());
    }
    // utimeout last: a server that knows both (tftpd-hpa) keeps the one it reads last.
    if let Some(timeout) = ask.timeout {
        option("timeout", timeout.into());
    }
    if let Some(utimeout) = ask.utimeout {
        option("utimeout", utimeout.into());
    }
}

/// Writes an ACK in place of what `out` holds.
pub(crate) fn write_ack(out: &mut Vec<u8>, block: u16) {
    out.clear();
    out.extend_from_slice(&ACK.to_be_bytes());
    out.extend_from_slice(&block.to_be_bytes());
}

/// Writes an ERROR in place of what `out` holds. `text` is ours: short, without a NUL.
pub(crate) fn write_error(out: &mut Vec<u8>, code: ErrorCode, text: &str) {
    out.clear();
    out.extend_from_slice(&ERROR.to_be_bytes());
    out.extend_from_slice(&code.number().to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[test]
    fn a_request_reads_as_rfc_2347_says() {
        let mut out = Vec::new();
        write_request(&mut out, &FileName::new("a/b").unwrap(), &Ask::default());
        let want: &[u8] = b"\0\x01a/b\0octet\0tsize\x000\0blksize\x001468\0windowsize\x0016\0\
            timeout\x001\0utimeout\x00100000\0";
        assert_eq!(out, want);
        write_request(&mut out, &FileName::new("x").unwrap(), &Ask::none());
        assert_eq!(out, b"\0\x01x\0octet\0");
    }

    #[test]
    fn the_longest_request_stays_within_512_bytes() {
        let ask = Ask::default()
            .with_blksize(Some(u16::MAX))
            .with_windowsize(Some(u16::MAX))
            .with_timeout(Some(u8::MAX))
            .with_utimeout(Some(u32::MAX));
        let mut out = Vec::new();
        write_request(&mut out, &FileName::new(vec![b'n'; 255]).unwrap(), &ask);
        assert!(out.len() <= limits::MAX_REQUEST, "{} bytes", out.len());
    }

    #[test]
    fn truncated_packets_and_unknown_opcodes_are_no_packets() {
        let bad: [&[u8]; 9] = [
            b"",
            b"\0",
            b"\0\x03",
            b"\0\x03\0",
            b"\0\x05",
            b"\0\x05\0",
            b"\0\x09\0\x01",
            b"\0\x04\0\x01",
            b"\0\x01x\0octet\0",
        ];
        for datagram in bad {
            assert_eq!(parse(datagram), None, "{datagram:?}");
        }
    }

    #[test]
    fn packets_of_a_server_are_read() {
        assert_eq!(parse(b"\0\x03\x01\x02xy"), Some(Packet::Data { block: 258, bytes: b"xy" }));
        assert_eq!(parse(b"\0\x03\0\x01"), Some(Packet::Data { block: 1, bytes: b"" }));
        assert_eq!(parse(b"\0\x06a\0"), Some(Packet::Oack { options: b"a\0" }));
        let error = Some(Packet::Error { code: ErrorCode::FileNotFound, text: b"no" });
        assert_eq!(parse(b"\0\x05\0\x01no\0"), error);
        assert_eq!(parse(b"\0\x05\0\x01no"), error, "without its NUL");
        assert_eq!(
            parse(b"\0\x05\0\x01"),
            Some(Packet::Error { code: ErrorCode::FileNotFound, text: b"" })
        );
    }

    #[test]
    fn error_codes_keep_their_number() {
        for number in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535] {
            assert_eq!(ErrorCode::from(number).number(), number);
        }
    }

    #[test]
    fn acks_and_errors_are_written() {
        let mut out = b"old".to_vec();
        write_ack(&mut out, 0xfffe);
        assert_eq!(out, b"\0\x04\xff\xfe");
        write_error(&mut out, ErrorCode::UnknownTransfer, "who");
        assert_eq!(out, b"\0\x05\0\x05who\0");
    }
}

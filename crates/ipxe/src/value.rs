//! Types of settings: how the bytes of a value are shown, and how text becomes bytes.
//!
//! Follows `src/core/settings.c`, `src/core/base16.c`, `src/core/uuid.c` and, for addresses,
//! `src/net/ipv4.c` and `src/net/ipv6.c`.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::text::{c_string, strtoul};

/// A type of setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// `string`, and `uristring`, which today's iPXE treats in the same way.
    String,
    Ipv4,
    Ipv6,
    /// `int8` to `uint32`.
    Int {
        bytes: usize,
        signed: bool,
    },
    /// `hex`, `hexhyp` and `hexraw`, by what stands between two bytes.
    Hex(Option<u8>),
    Base64,
    Uuid,
    /// A UUID in the byte order of EFI.
    Guid,
    BusDevFn,
}

/// `hex`.
pub(crate) const HEX: Type = Type::Hex(Some(b':'));
/// `int32`.
pub(crate) const INT32: Type = Type::Int { bytes: 4, signed: true };
/// `uint32`.
pub(crate) const UINT32: Type = Type::Int { bytes: 4, signed: false };

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Type {
    pub(crate) fn by_name(name: &[u8]) -> Option<Type> {
        Some(match name {
            b"string" | b"uristring" => Type::String,
            b"ipv4" => Type::Ipv4,
            b"ipv6" => Type::Ipv6,
            b"int8" => Type::Int { bytes: 1, signed: true },
            b"int16" => Type::Int { bytes: 2, signed: true },
            b"int32" => INT32,
            b"uint8" => Type::Int { bytes: 1, signed: false },
            b"uint16" => Type::Int { bytes: 2, signed: false },
            b"uint32" => UINT32,
            b"hex" => HEX,
            b"hexhyp" => Type::Hex(Some(b'-')),
            b"hexraw" => Type::Hex(None),
            b"base64" => Type::Base64,
            b"uuid" => Type::Uuid,
            b"guid" => Type::Guid,
            b"busdevfn" => Type::BusDevFn,
            _ => return None,
        })
    }

    /// The value as text; none if its length does not fit the type, which iPXE shows as nothing.
    pub(crate) fn format(self, raw: &[u8]) -> Option<Vec<u8>> {
        let text = match self {
            Type::String => return Some(c_string(raw).to_vec()),
            Type::Ipv4 => {
                let octets: [u8; 4] = raw.get(..4)?.try_into().ok()?;
                Ipv4Addr::from(octets).to_string()
            }
            Type::Ipv6 => {
                let octets: [u8; 16] = raw.get(..16)?.try_into().ok()?;
                Ipv6Addr::from(octets).to_string()
            }
            Type::Int { signed: true, .. } => number(raw, true)?.cast_signed().to_string(),
            Type::Int { signed: false, .. } => format!("{:#x}", number(raw, false)?),
            Type::Hex(separator) => return Some(hex(raw, separator)),
            Type::Base64 => return Some(base64(raw)),
            Type::Uuid => uuid(&raw.try_into().ok()?),
            Type::Guid => {
                let [a, b, c, d, e, f, g, h, rest @ ..]: [u8; 16] = raw.try_into().ok()?;
                let mut swapped = [d, c, b, a, f, e, h, g, 0, 0, 0, 0, 0, 0, 0, 0];
                for (to, from) in swapped.iter_mut().skip(8).zip(rest) {
                    *to = from;
                }
                uuid(&swapped)
            }
            Type::BusDevFn => {
                let value = number(raw, false)?;
                let bus = (value >> 8) & 0xff;
                format!("{bus:02x}:{:02x}.{:x}", (value >> 3) & 0x1f, value & 7)
            }
        };
        Some(text.into_bytes())
    }

    /// The bytes the text stands for; none if it is no such value.
    pub(crate) fn parse(self, text: &[u8]) -> Option<Vec<u8>> {
        let as_str = || std::str::from_utf8(text).ok();
        match self {
            Type::String => Some(text.to_vec()),
            Type::Ipv4 => Some(as_str()?.parse::<Ipv4Addr>().ok()?.octets().to_vec()),
            Type::Ipv6 => Some(as_str()?.parse::<Ipv6Addr>().ok()?.octets().to_vec()),
            Type::Int { .. } => match strtoul(text, 0) {
                (value, []) => self.to_bytes(value),
                _ => None,
            },
            Type::Hex(separator) => unhex(text, separator),
            Type::Base64 => unbase64(text),
            Type::Uuid | Type::Guid | Type::BusDevFn => None,
        }
    }

    /// The value as a number; only integers have one.
    pub(crate) fn number(self, raw: &[u8]) -> Option<u32> {
        match self {
            Type::Int { signed, .. } => number(raw, signed),
            _ => None,
        }
    }

    /// The bytes of a number, cut to the type's width; only integers have them.
    pub(crate) fn to_bytes(self, value: u32) -> Option<Vec<u8>> {
        match self {
            Type::Int { bytes, .. } => {
                let all = value.to_be_bytes();
                Some(all.get(all.len().checked_sub(bytes)?..)?.to_vec())
            }
            _ => None,
        }
    }
}

/// A number of any length, big end first; none if it does not fit.
fn number(raw: &[u8], signed: bool) -> Option<u32> {
    let negative = signed && raw.first().is_some_and(|byte| byte & 0x80 != 0);
    let pad = if negative { 0xff } else { 0 };
    let (head, tail) = raw.split_at_checked(raw.len().saturating_sub(4))?;
    if head.iter().any(|&byte| byte != pad) {
        return None;
    }
    let start = if negative { u32::MAX } else { 0 };
    Some(tail.iter().fold(start, |value, &byte| (value << 8) | u32::from(byte)))
}

fn hex(raw: &[u8], separator: Option<u8>) -> Vec<u8> {
    let mut text = Vec::new();
    for (i, byte) in raw.iter().enumerate() {
        if i > 0 {
            text.extend(separator);
        }
        text.extend(format!("{byte:02x}").bytes());
    }
    text
}

fn unhex(text: &[u8], separator: Option<u8>) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut bytes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let (false, Some(separator)) = (bytes.is_empty(), separator) {
            let [first, tail @ ..] = rest else { return None };
            if *first != separator {
                return None;
            }
            rest = tail;
        }
        let [high, low, tail @ ..] = rest else { return None };
        bytes.push((digit(*high)? << 4) | digit(*low)?);
        rest = tail;
    }
    Some(bytes)
}

fn uuid(raw: &[u8; 16]) -> String {
    let mut text = String::new();
    for (i, byte) in raw.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn base64(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for chunk in raw.chunks(3) {
        let byte = |i: usize| chunk.get(i).copied().map_or(0, u32::from);
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for i in 0..4 {
            let index = usize::try_from((bits >> (18 - 6 * i)) & 63).unwrap_or(0);
            let used = usize::try_from(i).is_ok_and(|i| i <= chunk.len());
            text.push(if used { BASE64.get(index).copied().unwrap_or(b'=') } else { b'=' });
        }
    }
    text
}

fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().position(|&b| b == b'=').unwrap_or(text.len());
    let (digits, padding) = text.split_at_checked(end)?;
    if padding.iter().any(|&b| b != b'=') || padding.len() > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in chunk {
            let value = BASE64.iter().position(|b| b == digit)?;
            bits = (bits << 6) | u32::try_from(value).ok()?;
        }
        bits <<= 6 * u32::try_from(4_usize.checked_sub(chunk.len())?).ok()?;
        let [_, all @ ..] = bits.to_be_bytes();
        bytes.extend(all.get(..chunk.len().checked_sub(1)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, raw: &[u8]) -> Option<String> {
        let text = Type::by_name(kind.as_bytes())?.format(raw)?;
        Some(String::from_utf8(text).unwrap())
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn each_type_shows_bytes_in_its_own_way() {
        let mac = [0x52, 0x54, 0, 0x12, 0x34, 0xab];
        assert_eq!(shown("hex", &mac), some("52:54:00:12:34:ab"));
        assert_eq!(shown("hexhyp", &mac), some("52-54-00-12-34-ab"));
        assert_eq!(shown("hexraw", &mac), some("5254001234ab"));
        assert_eq!(shown("ipv4", &[10, 0, 0, 1, 10, 0, 0, 2]), some("10.0.0.1"));
        assert_eq!(shown("ipv4", &[10, 0, 0]), None);
        assert_eq!(shown("int8", &[0xff]), some("-1"));
        assert_eq!(shown("uint8", &[0xff]), some("0xff"));
        assert_eq!(shown("uint16", &[]), some("0x0"));
        assert_eq!(shown("int32", &[0, 0, 1, 0, 0]), some("65536"));
        assert_eq!(shown("int32", &[1, 0, 0, 0, 0]), None);
        assert_eq!(shown("string", b"a\0b"), some("a"));
        assert_eq!(shown("base64", b"user:pw"), some("dXNlcjpwdw=="));
        assert_eq!(shown("busdevfn", &[0, 0x08]), some("00:01.0"));
        assert_eq!(shown("nothing", b""), None);
    }

    #[test]
    fn a_uuid_and_a_guid_differ_in_the_order_of_bytes() {
        let raw: Vec<u8> = (0..16).collect();
        assert_eq!(shown("uuid", &raw), some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(shown("guid", &raw), some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert_eq!(shown("uuid", &raw[1..]), None);
    }

    #[test]
    fn text_becomes_the_bytes_of_its_type() {
        assert_eq!(HEX.parse(b"20:2a"), Some(vec![0x20, 0x2a]));
        assert_eq!(HEX.parse(b"20-2a"), None);
        assert_eq!(HEX.parse(b"2"), None);
        assert_eq!(Type::Hex(None).parse(b"202A"), Some(vec![0x20, 0x2a]));
        assert_eq!(INT32.parse(b"-1"), Some(vec![0xff; 4]));
        assert_eq!(Type::Int { bytes: 1, signed: false }.parse(b"0x1ff"), Some(vec![0xff]));
        assert_eq!(INT32.parse(b"five"), None);
        assert_eq!(Type::Ipv4.parse(b"10.1.2.3"), Some(vec![10, 1, 2, 3]));
        assert_eq!(Type::Ipv4.parse(b"10.1.2"), None);
        assert_eq!(Type::Uuid.parse(b"x"), None);
        for text in [&b""[..], b"a", b"ab", b"abc", b"abcd"] {
            assert_eq!(unbase64(&base64(text)).as_deref(), Some(text));
        }
        assert_eq!(unbase64(b"a*"), None);
    }
}

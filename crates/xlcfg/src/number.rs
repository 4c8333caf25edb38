//! Numbers as `xlu_cfg_get_long` reads them: C's `strtol` with base 0, and nothing left over.

use crate::escape::is_c_space;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// Not a number, or something after it.
    Malformed,
    /// More than 64 bits.
    OutOfRange,
}

/// Blanks and a sign may lead. `0x` is hexadecimal, another leading `0` octal, as in C.
///
/// C libraries from 2023 on also read `0b` as binary, older ones do not. It is refused here.
pub(crate) fn parse_long(text: &[u8]) -> Result<i64, NumberError> {
    let blanks = text.iter().take_while(|byte| is_c_space(**byte)).count();
    let text = text.get(blanks..).unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    if digits.is_empty() {
        return Err(NumberError::Malformed);
    }
    let mut value: Option<i64> = Some(0);
    for &byte in digits {
        let Some(digit) = char::from(byte).to_digit(base) else {
            // strtol has said "out of range" before it is seen that something is left over.
            return Err(if value.is_some() {
                NumberError::Malformed
            } else {
                NumberError::OutOfRange
            });
        };
        let digit = if negative { -i64::from(digit) } else { i64::from(digit) };
        value = value.and_then(|v| v.checked_mul(i64::from(base))?.checked_add(digit));
    }
    value.ok_or(NumberError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_strtol_reads() {
        for (text, want) in [
            ("0", 0),
            ("1024", 1024),
            (" 7", 7),
            ("\t\n\x0b\x0c\r+7", 7),
            ("-5", -5),
            ("0x1f", 31),
            ("0X1F", 31),
            ("010", 8),
            ("00", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_long(text.as_bytes()), Ok(want), "{text:?}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", " ", "-", "0x", "08", "10a", "1 ", "1e5", "0b1", "--1", "0xg"] {
            assert_eq!(parse_long(text.as_bytes()), Err(NumberError::Malformed), "{text:?}");
        }
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "0xffffffffffffffff",
            "99999999999999999999k",
        ] {
            assert_eq!(parse_long(text.as_bytes()), Err(NumberError::OutOfRange), "{text:?}");
        }
    }
}

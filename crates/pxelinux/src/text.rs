//! Byte strings as text for people, and the blanks and numbers of PXELINUX's C library.

use std::fmt;
use std::sync::Arc;

use crate::limits::MAX_SHOWN;

/// A place in a configuration, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The file, as it was asked for, made printable.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.file, self.line)
    }
}

/// Bytes from the network as printable text: no control character, and not endless.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        // A character has at most four bytes, so this many always hold enough of them.
        let head = self.0.get(..MAX_SHOWN * 4).unwrap_or(self.0);
        let text = String::from_utf8_lossy(head);
        for (shown, c) in text.chars().enumerate() {
            if shown == MAX_SHOWN {
                return f.write_str("...");
            }
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        if head.len() < self.0.len() { f.write_str("...") } else { Ok(()) }
    }
}

/// What PXELINUX calls a blank: every byte up to 0x20. Bytes from 0x80 on are data.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte <= b' '
}

/// The text without its leading blanks.
pub(crate) fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&b| !is_blank(b)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// The first word and what follows it, the blanks between them included.
pub(crate) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&b| is_blank(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// All words of the text.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| is_blank(b)).filter(|word| !word.is_empty())
}

/// C's `atoi`: leading blanks, a sign, digits; 0 if there is no number. Saturates.
pub(crate) fn atoi(text: &[u8]) -> i64 {
    let text = skip_blanks(text);
    let (negative, digits) = sign(text);
    let value = digits
        .iter()
        .map_while(|b| char::from(*b).to_digit(10))
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit)));
    if negative { -value } else { value }
}

/// C's `strtoul` with base 0: `0x` is hexadecimal, a leading `0` octal, a minus sign wraps.
pub(crate) fn strtoul(text: &[u8]) -> u32 {
    let (negative, digits) = sign(skip_blanks(text));
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        _ => (10, digits),
    };
    let value = digits
        .iter()
        .map_while(|b| char::from(*b).to_digit(radix))
        .try_fold(0_u32, |value, digit| value.checked_mul(radix)?.checked_add(digit))
        .unwrap_or(u32::MAX);
    if negative { value.wrapping_neg() } else { value }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        assert_eq!(atoi(b" 12x"), 12);
        assert_eq!(atoi(b"-5"), -5);
        assert_eq!(atoi(b"+5"), 5);
        assert_eq!(atoi(b"x"), 0);
        assert_eq!(atoi(&[b'9'; 40]), i64::MAX);
        assert_eq!(strtoul(b"0x3"), 3);
        assert_eq!(strtoul(b"010"), 8);
        assert_eq!(strtoul(b"7"), 7);
        assert_eq!(strtoul(b"-1"), u32::MAX);
        assert_eq!(strtoul(&[b'9'; 40]), u32::MAX);
    }

    #[test]
    fn shown_text_has_no_control_character_and_an_end() {
        assert_eq!(Shown(b"a\x1b[2Jb\n").to_string(), "a\\u{1b}[2Jb\\n");
        assert_eq!(Shown("gr\u{fc}n".as_bytes()).to_string(), "gr\u{fc}n");
        assert_eq!(Shown(&[b'a'; 5000]).to_string().len(), MAX_SHOWN + 3);
        assert_eq!(Shown(&[0x80; 300]).to_string().chars().count(), MAX_SHOWN + 3);
    }
}

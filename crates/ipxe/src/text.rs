//! Byte strings as text for people, and the blanks and numbers of iPXE's C library
//! (`src/core/ctype.c`, `src/core/string.c`).

use std::fmt;
use std::sync::Arc;

use crate::limits::MAX_SHOWN;

/// A place in a script, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The script's URL, made printable, and without a password.
    pub script: Arc<str>,
    /// The line, counted from 1. Of lines joined by a backslash it is the first.
    pub line: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.script, self.line)
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

/// C's `isspace`.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The words of the text.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| is_space(b)).filter(|word| !word.is_empty())
}

/// The words with one blank between them: what iPXE calls concatenated arguments. Empty words count.
pub(crate) fn join(words: &[Vec<u8>]) -> Vec<u8> {
    words.join(&b' ')
}

/// The text up to the first NUL, where a C string ends.
pub(crate) fn c_string(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// C's `strtoul` on 32 bits, and what follows the number. A radix of 0 means that `0x` or `0` in front
/// decide. Wraps like iPXE's.
pub(crate) fn strtoul(text: &[u8], radix: u32) -> (u32, &[u8]) {
    let start = text.iter().position(|&b| !is_space(b)).unwrap_or(text.len());
    let text = text.get(start..).unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = match (radix, digits) {
        (0 | 16, [b'0', b'x' | b'X', rest @ ..]) => (16, rest),
        (0, [b'0', ..]) => (8, digits),
        (0, _) => (10, digits),
        (radix, _) => (radix, digits),
    };
    let mut value = 0_u32;
    let mut rest = digits;
    while let [first, tail @ ..] = rest {
        let Some(digit) = char::from(*first).to_digit(radix) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        rest = tail;
    }
    (if negative { value.wrapping_neg() } else { value }, rest)
}

/// A whole number and nothing else, as `parse_integer` of `src/core/parseopt.c` takes it.
pub(crate) fn integer(text: &[u8]) -> Option<u32> {
    match strtoul(text, 0) {
        (value, []) => Some(value),
        _ => None,
    }
}

/// The URL as messages show it: printable, and with `***` for a password, as iPXE shows it.
pub(crate) fn shown_url(url: &[u8]) -> String {
    let find = |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|w| w == wanted);
    let hidden = find(url, b"://").and_then(|at| {
        let start = at.checked_add(3)?;
        let (scheme, rest) = url.split_at_checked(start)?;
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let sign = authority.iter().position(|&b| b == b'@')?;
        let (user, host) = authority.split_at_checked(sign)?;
        let colon = user.iter().position(|&b| b == b':')?;
        Some([scheme, user.get(..colon)?, b":***", host, path].concat())
    });
    Shown(hidden.as_deref().unwrap_or(url)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        assert_eq!(strtoul(b"12x", 0), (12, &b"x"[..]));
        assert_eq!(strtoul(b"0x1F", 0), (31, &b""[..]));
        assert_eq!(strtoul(b"010", 0), (8, &b""[..]));
        assert_eq!(strtoul(b"010", 10), (10, &b""[..]));
        assert_eq!(strtoul(b"-1", 0), (u32::MAX, &b""[..]));
        assert_eq!(strtoul(b"x", 0), (0, &b"x"[..]));
        assert_eq!(integer(b"7"), Some(7));
        assert_eq!(integer(b""), Some(0));
        assert_eq!(integer(b"7s"), None);
    }

    #[test]
    fn shown_text_has_no_control_character_and_an_end() {
        assert_eq!(Shown(b"a\x1b[2Jb\n").to_string(), "a\\u{1b}[2Jb\\n");
        assert_eq!(Shown(&[b'a'; 5000]).to_string().len(), MAX_SHOWN + 3);
    }

    #[test]
    fn a_shown_url_has_no_password() {
        assert_eq!(shown_url(b"http://me:secret@host/a:b@c"), "http://me:***@host/a:b@c");
        assert_eq!(shown_url(b"http://me@host/a"), "http://me@host/a");
        assert_eq!(shown_url(b"http://host:80/a@b"), "http://host:80/a@b");
        assert_eq!(shown_url(b"a:b@c"), "a:b@c");
    }
}

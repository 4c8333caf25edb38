//! A peer's bytes as text for a terminal and a log: printable ASCII, capped.

use std::fmt::Write as _;

use crate::limits::MAX_SHOWN_TEXT;

/// The bytes with everything but printable ASCII escaped, cut off after
/// [`MAX_SHOWN_TEXT`] bytes of input. Escapes make it at most four times as long.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes.iter().take(MAX_SHOWN_TEXT) {
        match byte {
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    if bytes.len() > MAX_SHOWN_TEXT {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_not_utf8_is_escaped() {
        assert_eq!(shown(b"\xff\xfe ok"), "\\xff\\xfe ok");
    }

    #[test]
    fn control_bytes_are_escaped() {
        assert_eq!(shown(b"a\r\n\x1b[31m\x7f"), "a\\x0d\\x0a\\x1b[31m\\x7f");
    }

    #[test]
    fn long_text_is_cut_off() {
        let text = shown(&[b'x'; 60_000]);
        assert_eq!(text.len(), MAX_SHOWN_TEXT + 3);
        assert!(text.ends_with("x..."));
    }

    #[test]
    fn a_backslash_cannot_pass_for_an_escape() {
        assert_eq!(shown(b"\\xff"), "\\\\xff");
    }
}

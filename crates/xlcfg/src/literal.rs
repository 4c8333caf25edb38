//! Values written in xl's language: the other direction of [`crate::escape`].

use crate::parser::NodeKind;

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes where the text is a number, else in double quotes.
    Bare,
    Single,
    Double,
}

impl Style {
    /// The style of a value that is there, from its first byte and kind.
    pub(crate) fn of(raw: &[u8], kind: NodeKind) -> Self {
        match (kind, raw.first()) {
            (NodeKind::Number, _) => Self::Bare,
            (_, Some(b'\'')) => Self::Single,
            _ => Self::Double,
        }
    }
}

/// A string as a literal. `None` if the language cannot express it: that is NUL alone.
pub(crate) fn write(text: &str, style: Style) -> Option<Vec<u8>> {
    if text.contains('\0') {
        return None;
    }
    if style == Style::Bare && is_number(text) {
        return Some(text.as_bytes().to_vec());
    }
    let quote = if style == Style::Single { b'\'' } else { b'"' };
    let mut out = vec![quote];
    for &byte in text.as_bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x0b => out.extend_from_slice(b"\\v"),
            byte if byte == quote => out.extend_from_slice(&[b'\\', quote]),
            byte => out.push(byte),
        }
    }
    out.push(quote);
    Some(out)
}

/// Whether the text may stand without quotes.
fn is_number(text: &str) -> bool {
    let rest = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'x');
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(rest)
}

//! What stands between a string's quotes, and what it means (libxlutil: `xlu__cfgl_dequote`).
//!
//! Both quotes have the same rules. The numeric escapes are read as libxlutil reads them, which is not
//! as anybody meant them: the first digit is dropped, two or three more characters are read as a decimal
//! number, and the result is thrown away.

use std::borrow::Cow;

use crate::error::ParseErrorKind;

/// The meaning of `raw`, the bytes between the quotes. An error carries its offset in `raw`.
pub(crate) fn unescape(raw: &[u8]) -> Result<Cow<'_, [u8]>, (usize, ParseErrorKind)> {
    if !raw.contains(&b'\\') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        let at = raw.len() - rest.len();
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let Some((&escape, tail)) = rest.split_first() else {
            return Err((at, ParseErrorKind::UnterminatedString));
        };
        rest = tail;
        match escape {
            b'"' | b'\'' | b'\\' => out.push(escape),
            b'a' => out.push(0x07),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(0x0b),
            b'x' => return Err((at, ParseErrorKind::HexEscape)),
            b'0'..=b'7' => {
                let taken = number_length(rest);
                if taken < 2 {
                    return Err((at, ParseErrorKind::ShortOctalEscape));
                }
                rest = rest.get(taken..).unwrap_or_default();
            }
            other => return Err((at, ParseErrorKind::BadEscape(char::from(other)))),
        }
    }
    Ok(Cow::Owned(out))
}

/// How many of the next three bytes C's `strtoul` takes for one decimal number: blanks, a sign, digits.
fn number_length(text: &[u8]) -> usize {
    let window = text.get(..3).unwrap_or(text);
    let blanks = window.iter().take_while(|byte| is_c_space(**byte)).count();
    let after = window.get(blanks..).unwrap_or_default();
    let sign = usize::from(matches!(after.first(), Some(b'+' | b'-')));
    let digits = after.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { 0 } else { blanks + sign + digits }
}

/// C's `isspace` in the C locale.
pub(crate) fn is_c_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(raw: &str) -> Result<String, ParseErrorKind> {
        unescape(raw.as_bytes())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|(_, kind)| kind)
    }

    #[test]
    fn plain_escapes() {
        assert_eq!(meaning(r#"a\"b\'c\\d"#).unwrap(), "a\"b'c\\d");
        assert_eq!(meaning(r"\a\b\f\n\r\t\v").unwrap(), "\x07\x08\x0c\n\r\t\x0b");
        assert_eq!(meaning("ä").unwrap(), "ä");
    }

    #[test]
    fn octal_escapes_are_read_as_libxlutil_reads_them() {
        assert_eq!(meaning(r"\101").unwrap(), "");
        assert_eq!(meaning(r"\0123z").unwrap(), "z");
        assert_eq!(meaning(r"\1234z").unwrap(), "z");
        assert_eq!(meaning(r"\01234z").unwrap(), "4z");
        assert_eq!(meaning(r"\0-1").unwrap(), "");
        assert_eq!(meaning(r"\0 12").unwrap(), "");
        assert_eq!(meaning(r"\0-1x").unwrap(), "x");
        assert_eq!(meaning(r"\0"), Err(ParseErrorKind::ShortOctalEscape));
        assert_eq!(meaning(r"\01"), Err(ParseErrorKind::ShortOctalEscape));
        assert_eq!(meaning(r"\0  x"), Err(ParseErrorKind::ShortOctalEscape));
    }

    #[test]
    fn refused_escapes() {
        assert_eq!(meaning(r"\x41"), Err(ParseErrorKind::HexEscape));
        assert_eq!(meaning(r"\8"), Err(ParseErrorKind::BadEscape('8')));
        assert_eq!(meaning(r"C:\dir"), Err(ParseErrorKind::BadEscape('d')));
    }
}

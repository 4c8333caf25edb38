//! Tokens of the xl configuration language (libxlutil: `libxlu_cfg_l.l`).
//!
//! Blanks are space and tab. A comment is a newline with a story before it, so it ends a statement as a
//! newline does. One bad byte at the very end of the text is swallowed, because libxlutil does.

use std::ops::Range;

use crate::error::{ParseError, ParseErrorKind};
use crate::escape;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Ident,
    Number,
    /// A string with its quotes; its escapes are known to be good.
    Text,
    /// A newline, or a comment with its newline.
    Newline,
    Semicolon,
    Comma,
    Open,
    Close,
    Equals,
    PlusEquals,
    End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Range<usize>,
}

pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next token. After [`TokenKind::End`] it is `End` for ever.
    pub(crate) fn next(&mut self) -> Result<Token, ParseError> {
        self.at += self.run(self.at, |byte| matches!(byte, b' ' | b'\t'));
        let start = self.at;
        let Some(&first) = self.text.get(start) else {
            return Ok(Token { kind: TokenKind::End, span: start..start });
        };
        let (kind, length) = match first {
            b'a'..=b'z' => (TokenKind::Ident, self.run(start, is_ident)),
            b'0'..=b'9' => (TokenKind::Number, self.run(start, is_number)),
            b',' => (TokenKind::Comma, 1),
            b'[' => (TokenKind::Open, 1),
            b']' => (TokenKind::Close, 1),
            b'=' => (TokenKind::Equals, 1),
            b';' => (TokenKind::Semicolon, 1),
            b'\n' => (TokenKind::Newline, 1),
            b'+' if self.text.get(start + 1) == Some(&b'=') => (TokenKind::PlusEquals, 2),
            // Such a byte alone at the end is passed over by libxlutil's error rule, which wants more text.
            _ if start + 1 == self.text.len() => (TokenKind::End, 1),
            b'#' => (TokenKind::Newline, self.comment(start)?),
            b'\'' | b'"' => (TokenKind::Text, self.string(start, first)?),
            _ => return Err(self.unexpected(start, first)),
        };
        self.at = start + length;
        Ok(Token { kind, span: start..self.at })
    }

    fn run(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        self.text.iter().skip(from).take_while(|byte| wanted(**byte)).count()
    }

    fn comment(&self, start: usize) -> Result<usize, ParseError> {
        let length = self.run(start, |byte| byte != b'\n');
        if start + length == self.text.len() {
            return Err(ParseError::new(ParseErrorKind::CommentWithoutNewline, self.text, start));
        }
        Ok(length + 1)
    }

    fn string(&self, start: usize, quote: u8) -> Result<usize, ParseError> {
        let mut escaped = false;
        for (index, &byte) in self.text.iter().enumerate().skip(start + 1) {
            if byte == b'\n' {
                break;
            } else if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if byte == quote {
                let inside = self.text.get(start + 1..index).unwrap_or_default();
                escape::unescape(inside)
                    .map_err(|(at, kind)| ParseError::new(kind, self.text, start + 1 + at))?;
                return Ok(index + 1 - start);
            }
        }
        Err(ParseError::new(ParseErrorKind::UnterminatedString, self.text, start))
    }

    fn unexpected(&self, start: usize, first: u8) -> ParseError {
        let rest = self.text.get(start..).unwrap_or_default();
        let kind = match first {
            b'\r' => ParseErrorKind::CarriageReturn,
            b'A'..=b'Z' => ParseErrorKind::UpperCaseKey,
            _ if start == 0 && rest.starts_with(b"\xef\xbb\xbf") => ParseErrorKind::ByteOrderMark,
            _ => {
                let near = String::from_utf8_lossy(rest.get(..4).unwrap_or(rest)).chars().next();
                ParseErrorKind::UnexpectedCharacter(near.unwrap_or(char::from(first)))
            }
        };
        ParseError::new(kind, self.text, start)
    }
}

fn is_ident(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.')
}

fn is_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'x')
}

/// Whether `key` can be written before an `=`.
pub(crate) fn is_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.bytes().all(is_ident)
}

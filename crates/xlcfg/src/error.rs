//! What can be wrong with a configuration, and how it is shown to the administrator.
//!
//! A [`ParseError`] knows its place. `Display` gives one line, [`ParseError::render`] adds the source
//! line with a caret under the place, and both end in what to do about it.

use std::fmt;

use crate::limits::{MAX_CONFIG_BYTES, MAX_NESTING, MAX_SHOWN_LINE};

/// A place in a configuration. Lines and columns count from 1; a column is a character, a tab is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1. A byte that is not UTF-8 counts as one character.
    pub column: usize,
}

impl Position {
    /// The place of an offset in bytes.
    pub(crate) fn at(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let lead = before.get(line_start(before)..).unwrap_or_default();
        Self { line, column: 1 + String::from_utf8_lossy(lead).chars().count() }
    }
}

/// The offset at which the last line of `before` begins.
fn line_start(before: &[u8]) -> usize {
    before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

/// xl would refuse this configuration, and here is why and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where it is.
    pub position: Position,
    /// The same place as an offset in bytes from the start.
    pub offset: usize,
    shown: String,
    caret: usize,
}

/// What xl does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text is longer than [`MAX_CONFIG_BYTES`].
    TooLong,
    /// A NUL byte. libxlutil aborts on some of these.
    Nul,
    /// The file starts with a UTF-8 byte order mark.
    ByteOrderMark,
    /// A carriage return outside a string or comment.
    CarriageReturn,
    /// A character no token starts with.
    UnexpectedCharacter(char),
    /// A key that has or starts with an upper-case letter.
    UpperCaseKey,
    /// A comment on the last line, which has no newline.
    CommentWithoutNewline,
    /// A string with no closing quote on its line.
    UnterminatedString,
    /// A backslash before a character that has no meaning there.
    BadEscape(char),
    /// `\x` in a string: xl's reader refuses each one.
    HexEscape,
    /// A numeric escape with fewer than two more digits.
    ShortOctalEscape,
    /// A statement that does not begin with a key; the text found.
    ExpectedKey(String),
    /// No `=` or `+=` after a key; the text found.
    ExpectedEquals(String),
    /// No string, number or list after `=` or in a list; the text found.
    ExpectedValue(String),
    /// Something between a value and the end of its line; the text found.
    ExpectedEndOfStatement(String),
    /// Neither a comma nor `]` after a list's item; the text found.
    ExpectedCommaOrClose(String),
    /// The end of the file inside a list that opened on this line.
    UnclosedList(usize),
    /// Lists nested deeper than [`MAX_NESTING`].
    NestedTooDeep,
    /// `+=` of a list to a string, or of a string to a list.
    MixedAddition,
}

impl ParseError {
    pub(crate) fn new(kind: ParseErrorKind, text: &[u8], offset: usize) -> Self {
        let position = Position::at(text, offset);
        let start = line_start(text.get(..offset).unwrap_or(text));
        let rest = text.get(start..).unwrap_or_default();
        let whole = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let (shown, caret) = window(&String::from_utf8_lossy(whole), position.column - 1);
        Self { kind, position, offset, shown, caret }
    }

    /// The error as a person wants to see it: `name:line:column: what`, the line, a caret under the place.
    /// `name` is the file's name as the administrator knows it.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        let Position { line, .. } = self.position;
        let gutter = line.to_string();
        let blank = " ".repeat(gutter.len());
        let lead = " ".repeat(self.caret);
        format!("{name}:{self}\n {gutter} | {}\n {blank} | {lead}^", self.shown)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.position.line, self.position.column, self.kind)
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the file is longer than {MAX_CONFIG_BYTES} bytes; is this a guest's configuration?"),
            Self::Nul => f.write_str("a NUL byte; remove it"),
            Self::ByteOrderMark => f.write_str("a UTF-8 byte order mark; save the file without one"),
            Self::CarriageReturn => f.write_str("a carriage return; save the file with Unix line ends"),
            Self::UnexpectedCharacter(found) => write!(f, "unexpected {found:?}; xl reads only KEY = \"string\", number or [list]{}", python(*found)),
            Self::UpperCaseKey => f.write_str("an upper-case letter in a bare word; keys are lower case, and text stands in quotes"),
            Self::CommentWithoutNewline => f.write_str("the last line is a comment without a newline; end the file with a newline"),
            Self::UnterminatedString => f.write_str("a string without its closing quote; close it on the same line"),
            Self::BadEscape(found) => write!(f, "no such escape as a backslash and {found:?}; write \\\\ for a backslash"),
            Self::HexEscape => f.write_str("xl refuses every \\x escape; write the character itself"),
            Self::ShortOctalEscape => f.write_str("a backslash and a digit; write \\\\ for a backslash"),
            Self::ExpectedKey(found) => write!(f, "expected a key, found {found}; a line is KEY = VALUE"),
            Self::ExpectedEquals(found) => write!(f, "expected = or += after the key, found {found}"),
            Self::ExpectedValue(found) => write!(f, "expected a value, found {found}; write \"text\", a number or a [list]{}", bare(found)),
            Self::ExpectedEndOfStatement(found) => write!(f, "expected the end of the line after the value, found {found}; one setting a line"),
            Self::ExpectedCommaOrClose(found) => write!(f, "expected a comma or ] in the list, found {found}"),
            Self::UnclosedList(line) => write!(f, "the file ends inside the list that opened on line {line}; close it with ]"),
            Self::NestedTooDeep => write!(f, "lists nested more than {MAX_NESTING} deep"),
            Self::MixedAddition => f.write_str("+= cannot add a list to a string or a string to a list; use the same kind as before"),
        }
    }
}

/// A hint for files written for xm, whose configurations were Python.
fn python(found: char) -> &'static str {
    if matches!(found, '+' | '-' | '.' | '(' | ')' | ':') {
        " (no Python, no negative or fractional numbers)"
    } else {
        ""
    }
}

fn bare(found: &str) -> &'static str {
    if found.starts_with('`') { "; a bare word is not one" } else { "" }
}

/// The part of a line around the caret, without control characters, and the caret's column in it from 0.
fn window(line: &str, caret: usize) -> (String, usize) {
    let start = caret.saturating_sub(MAX_SHOWN_LINE / 2);
    let shown =
        line.trim_end_matches('\r').chars().skip(start).take(MAX_SHOWN_LINE).map(clean).collect();
    (shown, caret - start)
}

/// A control character is not for a terminal; a tab would move the caret.
pub(crate) fn clean(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// A key is set, but not to what was asked for. xl warns and goes on as if the key were not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// A list where a string or number belongs.
    #[error("line {line}: {key} is a list, but must be a single value")]
    IsList {
        /// The key.
        key: String,
        /// Its line.
        line: usize,
    },
    /// A string or number where a list belongs.
    #[error("line {line}: {key} is a single value, but must be a list: write {key} = [ ... ]")]
    IsString {
        /// The key.
        key: String,
        /// Its line.
        line: usize,
    },
    /// A list inside the list, where only strings belong.
    #[error("line {line}: item {item} of {key} is itself a list, but must be a string")]
    NestedList {
        /// The key.
        key: String,
        /// The item's number, from 1.
        item: usize,
        /// Its line.
        line: usize,
    },
    /// Not a number that C's `strtol` reads in full (decimal, 0x hexadecimal, 0 octal).
    #[error("line {line}: {key} is not a number: {text:?}")]
    NotANumber {
        /// The key.
        key: String,
        /// What stands there.
        text: String,
        /// Its line.
        line: usize,
    },
    /// A number that does not fit 64 bits.
    #[error("line {line}: {key} is too large a number: {text:?}")]
    OutOfRange {
        /// The key.
        key: String,
        /// What stands there.
        text: String,
        /// Its line.
        line: usize,
    },
    /// A number made with `+=`, which xl does not read.
    #[error("line {line}: {key} is a number, and xl does not read numbers set with +=; use =")]
    AddedNumber {
        /// The key.
        key: String,
        /// Its line.
        line: usize,
    },
    /// The value is not UTF-8 text. [`crate::Document::bytes`] gives it as it is.
    #[error("line {line}: {key} is not UTF-8 text")]
    NotUtf8 {
        /// The key.
        key: String,
        /// Its line.
        line: usize,
    },
}

//! A configuration file as lines of bytes.
//!
//! A line ends at LF; a longer piece than [`MAX_LINE`] bytes ends there, and the rest is a line of
//! its own. What follows the first CR, or a NUL, is not part of the line. There are no quotes,
//! escapes, continuation lines or comments: `#` is an unknown keyword.

use crate::limits::MAX_LINE;
use crate::text::{is_blank, skip_blanks, split_word};

/// A file that is being read line by line.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    position: usize,
    /// The number of the current line, from 1. The pieces of a long line share it.
    number: u32,
    ended: bool,
}

/// One line, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) number: u32,
    /// The line goes on in the next piece.
    pub(crate) split: bool,
    /// Text was cut off at a NUL.
    pub(crate) nul: bool,
}

impl Lines {
    pub(crate) fn new(bytes: Vec<u8>) -> Lines {
        Lines { bytes, position: 0, number: 0, ended: true }
    }

    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        let rest = self.bytes.get(self.position..).filter(|rest| !rest.is_empty())?;
        if self.ended {
            self.number = self.number.saturating_add(1);
        }
        let piece = rest.get(..MAX_LINE).unwrap_or(rest);
        let (text, taken, ended) = match piece.iter().position(|&b| b == b'\n') {
            Some(end) => (piece.get(..end).unwrap_or_default(), end + 1, true),
            None => (piece, piece.len(), false),
        };
        self.position += taken;
        self.ended = ended;
        let split = !ended && !matches!(self.bytes.get(self.position), None | Some(b'\r' | b'\n'));
        let end = text.iter().position(|&b| b == b'\r' || b == 0).unwrap_or(text.len());
        let nul = text.get(end) == Some(&0);
        let text = text.get(..end).unwrap_or_default();
        Some(Line { text, number: self.number, split, nul })
    }
}

/// The longest keyword there is; a longer word is an unknown one.
const MAX_KEYWORD: usize = 16;

/// A keyword in lower case, on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyword {
    bytes: [u8; MAX_KEYWORD],
    length: usize,
}

impl Keyword {
    /// The keyword; empty if the line has no word, or one that is too long to be a keyword.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Splits a line, or the rest of one, into its first word and what follows the blanks behind it.
/// Trailing blanks stay: they reach the kernel.
pub(crate) fn keyword(text: &[u8]) -> (Keyword, &[u8]) {
    let text = skip_blanks(text);
    let (word, rest) = split_word(text);
    let mut keyword = Keyword { bytes: [0; MAX_KEYWORD], length: 0 };
    if let Some(bytes) = keyword.bytes.get_mut(..word.len()) {
        bytes.copy_from_slice(word);
        bytes.make_ascii_lowercase();
        keyword.length = word.len();
    }
    (keyword, skip_blanks(rest))
}

/// Whether there is nothing but blanks.
pub(crate) fn is_empty(text: &[u8]) -> bool {
    text.iter().all(|&b| is_blank(b))
}

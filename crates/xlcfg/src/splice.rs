//! Changes to the bytes of a document, computed against one text and made all at once.

use std::ops::Range;

/// New bytes in the place of old ones; an empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) range: Range<usize>,
    pub(crate) with: Vec<u8>,
}

impl Splice {
    pub(crate) fn insert(at: usize, with: impl Into<Vec<u8>>) -> Self {
        Self { range: at..at, with: with.into() }
    }

    pub(crate) fn delete(range: Range<usize>) -> Self {
        Self { range, with: Vec::new() }
    }
}

/// The text with all changes made. Deletions may overlap; what is inserted is inserted in any case.
pub(crate) fn apply(text: &[u8], mut splices: Vec<Splice>) -> Vec<u8> {
    splices.sort_by_key(|splice| splice.range.start);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for splice in &splices {
        out.extend_from_slice(text.get(at..splice.range.start).unwrap_or_default());
        out.extend_from_slice(&splice.with);
        at = at.max(splice.range.end);
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// The bytes around a place: what a person sees when editing there.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    text: &'a [u8],
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    pub(crate) fn byte(self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    pub(crate) fn slice(self, range: Range<usize>) -> &'a [u8] {
        self.text.get(range).unwrap_or_default()
    }

    /// Where the blanks before a place begin.
    pub(crate) fn blanks_before(self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1)
    }

    /// Where the blanks after a place end.
    pub(crate) fn blanks_after(self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        at + after.iter().take_while(|byte| is_blank(**byte)).count()
    }

    /// Whether nothing but blanks stands before a place on its line.
    pub(crate) fn starts_line(self, at: usize) -> bool {
        let start = self.blanks_before(at);
        start == 0 || self.byte(start - 1) == Some(b'\n')
    }

    /// Whether nothing but blanks stands after a place on its line.
    pub(crate) fn ends_line(self, at: usize) -> bool {
        matches!(self.byte(self.blanks_after(at)), None | Some(b'\n'))
    }

    /// The place after the newline that ends this line, or the end of the text.
    pub(crate) fn line_end(self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        let newline = after.iter().position(|&byte| byte == b'\n');
        newline.map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The blanks a line begins with.
    pub(crate) fn indentation(self, at: usize) -> &'a [u8] {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        self.slice(start..self.blanks_after(start))
    }

    /// The first comma of a range that is not in a comment. For the gaps between a list's items only.
    pub(crate) fn comma(self, range: Range<usize>) -> Option<usize> {
        let mut in_comment = false;
        for (offset, &byte) in self.slice(range.clone()).iter().enumerate() {
            match byte {
                b'\n' => in_comment = false,
                b'#' => in_comment = true,
                b',' if !in_comment => return Some(range.start + offset),
                _ => {}
            }
        }
        None
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_made_at_once() {
        let changes = vec![
            Splice::insert(3, "+"),
            Splice::delete(4..8),
            Splice::delete(5..6),
            Splice { range: 0..1, with: b"x".to_vec() },
            Splice::insert(3, "-"),
        ];
        assert_eq!(apply(b"0123456789", changes), b"x12+-389");
        assert_eq!(apply(b"01", vec![Splice::insert(2, "!")]), b"01!");
    }
}

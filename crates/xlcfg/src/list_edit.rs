//! Where the bytes go when a list's items change.
//!
//! A list is laid out in one of two ways, and an edit keeps to it: an item that begins its line gets
//! lines above or below it, another gets neighbours on its line. A comma after the last item stays if
//! it is there. Comments stay in every case, also those of removed items.

use std::ops::Range;

use crate::splice::{Splice, Surroundings};

/// A list in the text: its own bytes with the brackets, and those of its items.
pub(crate) struct ListLayout<'a> {
    pub(crate) around: Surroundings<'a>,
    pub(crate) list: Range<usize>,
    pub(crate) items: Vec<Range<usize>>,
}

impl ListLayout<'_> {
    /// Puts literals before the item of this index, or after the last one.
    pub(crate) fn insert(&self, index: usize, literals: &[Vec<u8>]) -> Vec<Splice> {
        if literals.is_empty() {
            return Vec::new();
        }
        match (self.items.get(index), self.items.last()) {
            (Some(next), _) => {
                let mut with = Vec::new();
                for literal in literals {
                    with.extend_from_slice(literal);
                    with.push(b',');
                    with.extend_from_slice(&self.separator(next));
                }
                vec![Splice::insert(next.start, with)]
            }
            (None, Some(last)) => self.append(last, literals),
            (None, None) => {
                let inside = self.list.start + 1;
                let mut with = literals.join(&b", "[..]);
                // `[ ]` becomes `[ 'x' ]`.
                let blank = matches!(self.around.byte(inside), Some(b' ' | b'\t'));
                if blank && self.around.byte(inside + 1) == Some(b']') {
                    with.push(b' ');
                }
                vec![Splice::insert(inside + usize::from(blank), with)]
            }
        }
    }

    fn append(&self, last: &Range<usize>, literals: &[Vec<u8>]) -> Vec<Splice> {
        let separator = self.separator(last);
        let comma = self.around.comma(last.end..self.list.end - 1);
        let after = comma.map_or(last.end, |comma| comma + 1);
        let comment = self.around.blanks_after(after);
        if separator.starts_with(b"\n") && self.around.byte(comment) == Some(b'#') {
            // The comment at the end of the last item's line is that item's.
            let indentation = separator.get(1..).unwrap_or_default();
            let mut with = Vec::new();
            for (index, literal) in literals.iter().enumerate() {
                with.extend_from_slice(indentation);
                with.extend_from_slice(literal);
                if comma.is_some() || index + 1 < literals.len() {
                    with.push(b',');
                }
                with.push(b'\n');
            }
            let mut splices = vec![Splice::insert(self.around.line_end(comment), with)];
            if comma.is_none() {
                splices.push(Splice::insert(last.end, ","));
            }
            return splices;
        }
        let mut with = Vec::new();
        for literal in literals {
            if comma.is_none() {
                with.push(b',');
            }
            with.extend_from_slice(&separator);
            with.extend_from_slice(literal);
            if comma.is_some() {
                with.push(b',');
            }
        }
        vec![Splice::insert(after, with)]
    }

    /// What stands between a comma and the next item, seen from an item.
    fn separator(&self, item: &Range<usize>) -> Vec<u8> {
        let blanks = self.around.slice(self.around.blanks_before(item.start)..item.start);
        if self.around.starts_line(item.start) {
            return [b"\n", blanks].concat();
        }
        // The first item follows the bracket; the second one says what follows a comma.
        let is_first = self.items.first().is_some_and(|first| first.start == item.start);
        match (is_first, self.items.get(1)) {
            (true, Some(second)) if !self.around.starts_line(second.start) => {
                self.around.slice(self.around.blanks_before(second.start)..second.start).to_vec()
            }
            (true, _) => b" ".to_vec(),
            (false, _) => blanks.to_vec(),
        }
    }

    /// Takes the items of this range out, with their commas.
    pub(crate) fn remove(&self, range: Range<usize>) -> Vec<Splice> {
        let mut splices = Vec::new();
        let mut index = range.start;
        while let Some(first) = self.items.get(index).filter(|_| index < range.end) {
            // Items side by side on one line go as one.
            let (mut last, mut next) = (first, index + 1);
            while let Some(item) = self.items.get(next).filter(|_| next < range.end) {
                if self.around.slice(last.end..item.start).contains(&b'\n') {
                    break;
                }
                (last, next) = (item, next + 1);
            }
            self.remove_neighbours(first.start..last.end, next, &mut splices);
            index = next;
        }
        // Where the last item goes and had no comma, the one that is last now has none either.
        let kept = range.start.checked_sub(1).and_then(|index| self.items.get(index));
        if let (Some(kept), Some(last), true) =
            (kept, self.items.last(), range.end >= self.items.len())
            && self.around.comma(last.end..self.list.end - 1).is_none()
            && let Some(comma) = self.around.comma(kept.end..self.list.end - 1)
        {
            splices.push(Splice::delete(comma..comma + 1));
        }
        splices
    }

    /// Takes out items that share a line; `next` is the index of the item after them.
    fn remove_neighbours(&self, items: Range<usize>, next: usize, splices: &mut Vec<Splice>) {
        let limit = self.items.get(next).map_or(self.list.end - 1, |item| item.start);
        let comma = self.around.comma(items.end..limit);
        let near = comma.filter(|&comma| self.around.blanks_after(items.end) == comma);
        if let (Some(comma), None) = (comma, near) {
            // A newline or a comment stands between the item and its comma.
            splices.push(Splice::delete(comma..comma + 1));
        }
        let end = near.map_or(items.end, |comma| comma + 1);
        let before = self.around.blanks_before(items.start);
        let after = self.around.blanks_after(end);
        let follower = self.around.byte(after);
        let range = if self.around.starts_line(items.start) {
            match follower {
                Some(b'\n') => before..after + 1,
                _ => items.start..after,
            }
        } else if after == limit && self.items.get(next).is_some() {
            items.start..after
        } else {
            before..end
        };
        splices.push(Splice::delete(range));
    }
}

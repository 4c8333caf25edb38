//! Where the cursor is on a page: on a row that does something, and within what is seen.

use crate::worker::message::{ShownKind, ShownRow};

/// Rows of a page that are seen at once.
pub const WINDOW: usize = 12;

/// The cursor of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The row it is on.
    pub row: usize,
    /// The first row that is seen.
    pub top: usize,
}

impl Place {
    /// On this row, or on the next one that does something.
    pub fn at(rows: &[ShownRow], row: usize) -> Self {
        let mut place = Self::default();
        place.move_to(rows, row, true);
        place
    }

    /// Moves to a row, and from one that does nothing on in the same direction, else back. Where no
    /// row does anything it stays.
    pub fn move_to(&mut self, rows: &[ShownRow], row: usize, down: bool) {
        let row = row.min(rows.len().saturating_sub(1));
        let lives = |index: &usize| rows.get(*index).is_some_and(|row| row.kind != ShownKind::Dead);
        let found = if down {
            (row..rows.len()).find(lives).or_else(|| (0..row).rev().find(lives))
        } else {
            (0..=row).rev().find(lives).or_else(|| (row..rows.len()).find(lives))
        };
        if let Some(row) = found {
            *self = Self { row, top: self.top.clamp(row.saturating_sub(WINDOW - 1), row) };
        }
    }
}

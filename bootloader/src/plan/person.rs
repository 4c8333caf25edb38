//! Whoever may choose at the guest's console.

use pxelinux::Screen;

use crate::failure::Failure;

/// Somebody who is asked where PXELINUX would ask.
pub trait Person {
    /// Shows `screen`, and waits for a choice. `opens` says whether a password opens a row (or,
    /// without one, the page's entries for editing).
    ///
    /// # Errors
    /// A signal, the end of the budget; nobody to talk to any more.
    fn choose(&self, screen: &Screen, opens: &Opens<'_>) -> Result<Picked, Failure>;
}

/// Whether a password fits: page, row, what was typed.
pub type Opens<'a> = dyn Fn(usize, Option<usize>, &[u8]) -> bool + 'a;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Picked {
    /// Nobody is there, or nobody pressed a key in time.
    Unattended,
    /// An entry, as an index into the config's.
    Entry {
        /// The page it was picked on.
        page: usize,
        /// The entry.
        entry: usize,
    },
    /// A line that somebody typed, or made of an entry's.
    Typed {
        /// The page, or none for PXELINUX's own prompt.
        page: Option<usize>,
        /// The line.
        line: Vec<u8>,
    },
}

/// Nobody: what boots unattended is taken at once.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Person for Nobody {
    fn choose(&self, _: &Screen, _: &Opens<'_>) -> Result<Picked, Failure> {
        Ok(Picked::Unattended)
    }
}

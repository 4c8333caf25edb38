//! A menu as it came from the worker, made sound: bounded, and nothing in it leads to nowhere.

use crate::failure::Failure;
use crate::limits::{MAX_MENU_PAGES, MAX_MENU_ROWS, MAX_MENU_TEXT, MAX_TYPED};
use crate::text;
use crate::worker::message::{ShownKind, ShownMenu, ShownPage, ShownRow};

/// A menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Its pages.
    pub pages: Vec<Page>,
    /// The first one.
    pub first: usize,
    /// Shown only after a key.
    pub hidden: bool,
    /// Lines may be edited and typed.
    pub may_edit: bool,
    /// Tenths of a second; 0 for none.
    pub total_timeout: u64,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// What it is.
    pub head: ShownPage,
    /// Its rows.
    pub rows: Vec<ShownRow>,
}

impl Menu {
    /// A menu without rows.
    ///
    /// # Errors
    /// One that no honest worker sends.
    pub fn begin(shown: ShownMenu) -> Result<Self, Failure> {
        let count = shown.pages.len();
        let is_right = count <= MAX_MENU_PAGES
            && shown.first < count
            && shown.pages.iter().all(|page| {
                is_text(&page.title) && page.parent.is_none_or(|parent| parent < count)
            });
        if !is_right {
            return Err(impossible());
        }
        Ok(Self {
            pages: shown.pages.into_iter().map(|head| Page { head, rows: Vec::new() }).collect(),
            first: shown.first,
            hidden: shown.hidden,
            may_edit: shown.may_edit,
            total_timeout: shown.total_timeout,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Rows that no honest worker sends.
    pub fn add(&mut self, rows: Vec<ShownRow>) -> Result<(), Failure> {
        let count = self.pages.len();
        for row in rows {
            let leads = match &row.kind {
                ShownKind::Open(page) => *page < count,
                ShownKind::Boot { line: Some(line), .. } => {
                    line.len() <= MAX_TYPED + 1 && !line.chars().any(char::is_control)
                }
                ShownKind::Boot { line: None, .. } | ShownKind::Quit | ShownKind::Dead => true,
            };
            let texts = std::iter::once(&row.text).chain(&row.help);
            if !leads || !texts.into_iter().all(|text| is_text(text)) {
                return Err(impossible());
            }
            let page = self.pages.get_mut(row.page).ok_or_else(impossible)?;
            page.rows.push(row);
        }
        let rows: usize = self.pages.iter().map(|page| page.rows.len()).sum();
        if rows > MAX_MENU_ROWS { Err(impossible()) } else { Ok(()) }
    }
}

fn is_text(text: &str) -> bool {
    // Neither control characters nor what turns a line around.
    text.chars().count() <= MAX_MENU_TEXT && text::printable(text.as_bytes()) == text
}

fn impossible() -> Failure {
    Failure::bug("the worker reports an impossible menu")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(title: &str, parent: Option<usize>) -> ShownPage {
        ShownPage { title: title.to_owned(), default: 0, timeout: 0, parent, locked: false }
    }

    fn shown(pages: Vec<ShownPage>, first: usize) -> ShownMenu {
        ShownMenu { pages, first, hidden: false, may_edit: true, total_timeout: 0 }
    }

    fn row(page: usize, text: &str, kind: ShownKind) -> ShownRow {
        let text = text.to_owned();
        ShownRow { page, text, hot_key: None, indent: 0, help: Vec::new(), locked: false, kind }
    }

    #[test]
    fn a_worker_that_was_taken_over_cannot_paint_the_screen_or_lead_astray() {
        let refuses = |row| {
            let mut menu = Menu::begin(shown(vec![head("a", None)], 0)).unwrap();
            menu.add(vec![row]).is_err()
        };
        assert!(!refuses(row(0, "fine", ShownKind::Quit)));
        assert!(refuses(row(1, "no such page", ShownKind::Quit)));
        assert!(refuses(row(0, "nowhere", ShownKind::Open(1))));
        assert!(refuses(row(0, "\u{1b}[2J", ShownKind::Quit)));
        assert!(refuses(row(0, &"x".repeat(MAX_MENU_TEXT + 1), ShownKind::Quit)));
        assert!(!refuses(row(0, &"x".repeat(MAX_MENU_TEXT), ShownKind::Quit)));
        assert!(refuses(row(0, "a\u{202e}b", ShownKind::Quit)));
        let line = |line: &str| ShownKind::Boot { entry: 0, line: Some(line.to_owned()) };
        assert!(refuses(row(0, "", line("\u{7}"))));
        assert!(refuses(row(0, "", line(&"x".repeat(MAX_TYPED + 2)))));
        assert!(Menu::begin(shown(vec![head("a", Some(1))], 0)).is_err());
        assert!(Menu::begin(shown(vec![head("a\n", None)], 0)).is_err());
        assert!(Menu::begin(shown(vec![head("a", None)], 1)).is_err());
        assert!(Menu::begin(shown(vec![head("a", None); MAX_MENU_PAGES + 1], 0)).is_err());
        assert!(Menu::begin(shown(vec![head("a", None); MAX_MENU_PAGES], 0)).is_ok());
    }

    #[test]
    fn there_is_an_end_to_the_rows() {
        let mut menu = Menu::begin(shown(vec![head("a", None)], 0)).unwrap();
        assert!(menu.add(vec![row(0, "x", ShownKind::Dead); MAX_MENU_ROWS]).is_ok());
        assert!(menu.add(vec![row(0, "x", ShownKind::Dead)]).is_err());
    }
}

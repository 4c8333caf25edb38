//! Whoever is at the console, as the worker sees them: at the other end of the channel. The
//! supervisor has the terminal; it gets text that is fit to be shown, and sends back a choice.

use std::time::Duration;

use pxelinux::{Row, RowKind, Screen};

use super::Worker;
use super::message::{Instruction, Report, ShownKind, ShownMenu, ShownPage, ShownRow};
use crate::console::{Level, Say};
use crate::failure::Failure;
use crate::limits::{MAX_MENU_PAGES, MAX_MENU_ROWS, MAX_MENU_TEXT};
use crate::plan::person::{Opens, Person, Picked};
use crate::text;

/// Rows in one report: a row has a line of up to 2 KiB and some lines of help.
const ROWS_AT_ONCE: usize = 4;

impl Person for Worker<'_> {
    fn choose(&self, screen: &Screen, opens: &Opens<'_>) -> Result<Picked, Failure> {
        if !self.job.menu {
            return Ok(Picked::Unattended);
        }
        let Some(reports) = reports(screen) else {
            let why = format!(
                "no menu is shown: it begins after the first {MAX_MENU_PAGES} pages; what boots \
                 unattended is taken"
            );
            self.say(Level::Step, &why);
            return Ok(Picked::Unattended);
        };
        for report in &reports {
            self.report(report)?;
        }
        loop {
            match self.line.hear() {
                Ok((Instruction::Try { page, row, password }, _)) => {
                    self.report(&Report::Opens(opens(page, row, password.as_bytes())))?;
                }
                Ok((Instruction::Chosen { picked, waited_ms }, _)) => {
                    self.budget.stand_still(Duration::from_millis(waited_ms));
                    if let Picked::Typed { line, .. } = &picked {
                        let line = text::printable(line);
                        self.say(Level::Step, &format!("typed at the console: {line}"));
                    }
                    return Ok(picked);
                }
                other => return Err(Failure::bug(format!("instead of a choice came {other:?}"))),
            }
        }
    }
}

/// What the supervisor is told of a screen, the end of its rows last; none if the page that it begins
/// with is beyond those that are shown.
#[must_use]
pub fn reports(screen: &Screen) -> Option<Vec<Report>> {
    if screen.first >= MAX_MENU_PAGES {
        return None;
    }
    let rows: Vec<ShownRow> = screen
        .pages
        .iter()
        .enumerate()
        .take(MAX_MENU_PAGES)
        .flat_map(|(page, shown)| shown.rows.iter().map(move |row| shown_row(page, row)))
        .take(MAX_MENU_ROWS)
        .collect();
    let mut reports = vec![Report::Menu(Box::new(shown(screen)))];
    reports.extend(rows.chunks(ROWS_AT_ONCE).map(|some| Report::Rows(some.to_vec())));
    reports.push(Report::Rows(Vec::new()));
    Some(reports)
}

fn shown(screen: &Screen) -> ShownMenu {
    let pages = screen.pages.iter().take(MAX_MENU_PAGES).map(|page| ShownPage {
        title: short(&page.title),
        default: page.default,
        timeout: page.timeout,
        parent: page.parent.filter(|parent| *parent < MAX_MENU_PAGES),
        locked: page.locked,
    });
    ShownMenu {
        pages: pages.collect(),
        first: screen.first,
        hidden: screen.hidden,
        may_edit: screen.may_edit,
        total_timeout: screen.total_timeout,
    }
}

fn shown_row(page: usize, row: &Row) -> ShownRow {
    ShownRow {
        page,
        text: short(&row.text),
        hot_key: row.hot_key.map(char::from),
        indent: row.indent,
        help: row.help.iter().map(|line| short(line)).collect(),
        locked: row.locked,
        kind: match &row.kind {
            RowKind::Boot { entry, line } => {
                ShownKind::Boot { entry: *entry, line: editable(line) }
            }
            // Of a page that is not shown nothing leads anywhere.
            RowKind::Open(page) if *page >= MAX_MENU_PAGES => ShownKind::Dead,
            RowKind::Open(page) => ShownKind::Open(*page),
            RowKind::Quit => ShownKind::Quit,
            RowKind::Dead => ShownKind::Dead,
        },
    }
}

/// What cannot be seen whole must not be changed.
fn editable(line: &[u8]) -> Option<String> {
    let line = String::from_utf8(line.to_vec()).ok()?;
    let is_plain = line.chars().all(|c| !c.is_control());
    (is_plain && line.len() <= pxelinux::limits::MAX_COMMAND).then_some(line)
}

fn short(bytes: &[u8]) -> String {
    text::printable(bytes).chars().take(MAX_MENU_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::menu::received::Menu;
    use pxelinux::Page;

    #[test]
    fn a_menu_of_very_many_pages_is_one_that_the_supervisor_takes() {
        let many = |first, parent| Screen {
            pages: vec![Page { parent: Some(parent), ..Page::default() }; MAX_MENU_PAGES + 2],
            first,
            hidden: false,
            may_edit: true,
            total_timeout: 0,
        };
        let begun = |screen: &Screen| match reports(screen)?.remove(0) {
            Report::Menu(shown) => Menu::begin(*shown).ok(),
            _ => None,
        };
        let last = MAX_MENU_PAGES - 1;
        let menu = begun(&many(last, MAX_MENU_PAGES)).unwrap();
        assert_eq!((menu.pages.len(), menu.first), (MAX_MENU_PAGES, last));
        assert!(menu.pages.iter().all(|page| page.head.parent.is_none()));
        let menu = begun(&many(0, last)).unwrap();
        assert!(menu.pages.iter().all(|page| page.head.parent == Some(last)));
        assert!(reports(&many(MAX_MENU_PAGES, 0)).is_none(), "its first page is not shown");
    }
}

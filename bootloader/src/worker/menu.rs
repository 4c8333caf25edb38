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
        self.report(&Report::Menu(Box::new(shown(screen))))?;
        let rows: Vec<ShownRow> = screen
            .pages
            .iter()
            .enumerate()
            .take(MAX_MENU_PAGES)
            .flat_map(|(page, shown)| shown.rows.iter().map(move |row| shown_row(page, row)))
            .take(MAX_MENU_ROWS)
            .collect();
        for some in rows.chunks(ROWS_AT_ONCE) {
            self.report(&Report::Rows(some.to_vec()))?;
        }
        self.report(&Report::Rows(Vec::new()))?;
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

fn shown(screen: &Screen) -> ShownMenu {
    let pages = screen.pages.iter().take(MAX_MENU_PAGES).map(|page| ShownPage {
        title: short(&page.title),
        default: page.default,
        timeout: page.timeout,
        parent: page.parent,
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

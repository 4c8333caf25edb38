//! A configuration as a person would see it: pages with rows, for whoever draws them.
//!
//! com32/menu/{menumain,readconfig}.c of SYSLINUX 6.04. Nothing here boots anything: a row leads to
//! [`crate::choose_entry`] or [`crate::choose_typed`].

use crate::choose::{Asks, ChooseOptions};
use crate::cmdline::of_label;
use crate::config::{Entry, EntryKind, Menu, Navigation};

/// All pages of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The pages: one for each of [`Menu::menus`]; the prompt's comes after them.
    pub pages: Vec<Page>,
    /// The page shown first.
    pub first: usize,
    /// MENU HIDDEN: nothing but a countdown is shown until a key is pressed.
    pub hidden: bool,
    /// Lines may be edited, and the menu be left for the prompt: ALLOWOPTIONS.
    pub may_edit: bool,
    /// TOTALTIMEOUT in tenths of a second, whatever keys are pressed; 0 waits for ever.
    pub total_timeout: u64,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its title.
    pub title: Vec<u8>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// The row the cursor is on at first.
    pub default: usize,
    /// TIMEOUT in tenths of a second, for as long as no key is pressed; 0 waits for ever.
    pub timeout: u64,
    /// The page Escape leads to.
    pub parent: Option<usize>,
    /// Whether the page has a master password, which editing asks for.
    pub locked: bool,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its text, without the caret of the hot key.
    pub text: Vec<u8>,
    /// The key that moves the cursor here, in upper case.
    pub hot_key: Option<u8>,
    /// Columns in front of the text.
    pub indent: u8,
    /// Lines to show below the menu while the cursor is here.
    pub help: Vec<Vec<u8>>,
    /// Whether a password is asked for: this entry's, or the page's master password.
    pub locked: bool,
    /// What it does.
    pub kind: RowKind,
}

/// What a row does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Boots something.
    Boot {
        /// The entry, as an index into [`Menu::entries`].
        entry: usize,
        /// The line that a person may edit.
        line: Vec<u8>,
    },
    /// Shows another page.
    Open(usize),
    /// Leaves the menu for the prompt.
    Quit,
    /// Is only looked at; the cursor passes over it.
    Dead,
}

/// What is shown where a person is asked.
#[must_use]
pub fn screen(menu: &Menu, options: &ChooseOptions<'_>, asks: Asks) -> Screen {
    let mut pages: Vec<Page> = menu
        .menus
        .iter()
        .map(|inner| {
            let entries = inner.entries.iter().filter_map(|&index| {
                let entry = menu.entries.get(index)?;
                Some(row(menu, options, index, entry))
            });
            Page {
                title: inner.title.clone(),
                rows: entries.collect(),
                default: inner.default,
                timeout: inner.timeout,
                parent: inner.parent,
                locked: inner.master_password.is_some(),
            }
        })
        .collect();
    let first = match asks {
        Asks::Menu(number) => number,
        Asks::Prompt => {
            pages.push(prompt_page(menu, options));
            pages.len() - 1
        }
    };
    Screen {
        pages,
        first,
        hidden: menu.hidden && matches!(asks, Asks::Menu(_)),
        may_edit: menu.allow_options,
        total_timeout: menu.total_timeout,
    }
}

/// PXELINUX's prompt shows no labels. Whoever is asked there is better off with a list.
fn prompt_page(menu: &Menu, options: &ChooseOptions<'_>) -> Page {
    let bootable = menu.entries.iter().enumerate();
    let bootable = bootable.filter(|(_, entry)| matches!(entry.kind, EntryKind::Boot(_)));
    let first = menu.first_command().and_then(|first| menu.find(&first.command));
    let mut page = Page { timeout: menu.timeout, ..Page::default() };
    for (index, entry) in bootable {
        if first == Some(index) {
            page.default = page.rows.len();
        }
        page.rows.push(Row { text: entry.label.clone(), ..row(menu, options, index, entry) });
    }
    page
}

fn row(menu: &Menu, options: &ChooseOptions<'_>, index: usize, entry: &Entry) -> Row {
    let (text, hot_key) = without_caret(&entry.title);
    let kind = match &entry.kind {
        EntryKind::Boot(boot) => {
            RowKind::Boot { entry: index, line: of_label(boot, &entry.label_rest, &options.values) }
        }
        EntryKind::Submenu(page) => RowKind::Open(*page),
        EntryKind::Navigation(navigation) => leads(menu, entry, navigation),
        EntryKind::Separator | EntryKind::Disabled => RowKind::Dead,
    };
    Row {
        text,
        hot_key,
        indent: entry.indent,
        help: entry.help.clone(),
        locked: entry.password.is_some(),
        kind,
    }
}

fn leads(menu: &Menu, entry: &Entry, navigation: &Navigation) -> RowKind {
    let page = match navigation {
        Navigation::Goto(tag) => menu.menus.iter().position(|inner| inner.tag == *tag),
        Navigation::Exit => menu.menus.get(entry.menu).and_then(|inner| inner.parent),
        Navigation::Quit => return RowKind::Quit,
    };
    page.map_or(RowKind::Dead, RowKind::Open)
}

/// The text without the first caret, and the key behind it. `menu.c32` takes letters in either case.
fn without_caret(title: &[u8]) -> (Vec<u8>, Option<u8>) {
    let mut text = title.to_vec();
    let Some(at) = title.iter().position(|&b| b == b'^') else { return (text, None) };
    text.remove(at);
    let key = text.get(at).filter(|key| key.is_ascii_graphic()).map(u8::to_ascii_uppercase);
    (text, key)
}

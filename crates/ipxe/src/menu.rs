//! Menus: `menu`, `item` and `choose`. Follows `src/hci/commands/dynui_cmd.c`, `src/core/dynui.c` and
//! `show_menu` of `src/hci/tui/menu_ui.c`.

use crate::command::{Ask, Flow, Stop, number};
use crate::error::{Cause, Exceeded};
use crate::limits::{Limits, MAX_MENU_TEXT};
use crate::options::{ANY, Options, Spec, flag, value};
use crate::run::Run;
use crate::text::join;

/// A line of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What choosing it answers; none for a line that cannot be chosen.
    pub label: Option<Vec<u8>>,
    /// What it shows; long text is cut.
    pub text: Vec<u8>,
    /// The key that chooses it, as the script names it: a character, or a number like `0x197e`.
    pub key: Option<Vec<u8>>,
    default: bool,
}

/// A menu.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    name: Option<Vec<u8>>,
    pub(crate) title: Vec<u8>,
    pub(crate) items: Vec<Item>,
}

/// A menu that waits for a choice.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) menu: Menu,
    pub(crate) selected: usize,
    pub(crate) timeout: Option<u32>,
    pub(crate) setting: Vec<u8>,
}

/// The menus that exist; the one without a name is the default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Menus(Vec<Menu>);

const MENU: &[Spec] = &[value("name", b'n'), flag("delete", b'd')];
const ITEM: &[Spec] = &[
    value("menu", b'm'),
    value("form", b'f'),
    value("key", b'k'),
    flag("default", b'd'),
    flag("secret", b's'),
    flag("gap", b'g'),
];
const CHOOSE: &[Spec] = &[
    value("menu", b'm'),
    value("default", b'd'),
    value("timeout", b't'),
    value("retimeout", b'r'),
    flag("keep", b'k'),
];

impl Menus {
    /// `menu`: makes a menu anew.
    pub(crate) fn menu(&mut self, words: &[Vec<u8>], limits: &Limits) -> Result<Flow, Stop> {
        let options = Options::parse(words, MENU, 0, ANY)?;
        let name = options.value(b'n').map(<[u8]>::to_vec);
        self.0.retain(|menu| menu.name != name);
        if !options.has(b'd') {
            self.room(limits)?;
            let title = cut(join(&options.arguments));
            self.0.push(Menu { name, title, items: Vec::new() });
        }
        Ok(Flow::Next)
    }

    /// `item`: adds a line.
    pub(crate) fn item(&mut self, words: &[Vec<u8>], limits: &Limits) -> Result<Flow, Stop> {
        let options = Options::parse(words, ITEM, 0, ANY)?;
        self.room(limits)?;
        let wanted = options.value(b'm').or(options.value(b'f'));
        let menu = self.0.iter_mut().find(|menu| menu.name.as_deref() == wanted);
        let menu = menu.ok_or(Cause::NoMenu)?;
        let (label, text) = match options.arguments.split_first() {
            Some((label, text)) if !options.has(b'g') => (Some(label.clone()), text),
            _ => (None, options.from(0)),
        };
        let key = options.value(b'k').map(<[u8]>::to_vec);
        let default = options.has(b'd');
        menu.items.push(Item { label, text: cut(join(text)), key, default });
        Ok(Flow::Next)
    }

    fn room(&self, limits: &Limits) -> Result<(), Exceeded> {
        let count = self.0.iter().map(|menu| menu.items.len().saturating_add(1)).sum::<usize>();
        if count >= limits.items {
            return Err(Exceeded::Items { limit: limits.items });
        }
        Ok(())
    }
}

impl Run {
    /// `choose`: shows a menu.
    pub(crate) fn choose(&mut self, words: &[Vec<u8>]) -> Result<Flow, Stop> {
        let options = Options::parse(words, CHOOSE, 1, 1)?;
        let timeout = options.value(b't').map(number).transpose()?.filter(|&time| time != 0);
        let index =
            self.menus.0.iter().position(|menu| menu.name.as_deref() == options.value(b'm'));
        let index = index.ok_or(Cause::NoMenu)?;
        let menu = if options.has(b'k') {
            self.menus.0.get(index).cloned().ok_or(Cause::NoMenu)?
        } else {
            self.menus.0.remove(index)
        };
        let selected = selected(&menu, options.value(b'd')).ok_or(Cause::NoMenu)?;
        self.shown = self.shown.saturating_add(1);
        if self.shown > self.limits.menus {
            return Err(Exceeded::Menus { limit: self.limits.menus }.into());
        }
        let setting = options.argument(0).to_vec();
        Ok(Flow::Ask(Ask::Choose(Asked { menu, selected, timeout, setting })))
    }
}

/// The item that is marked at first: the one asked for, else the default, else the first.
fn selected(menu: &Menu, wanted: Option<&[u8]>) -> Option<usize> {
    let labels = || menu.items.iter().enumerate().filter(|(_, item)| item.label.is_some());
    let mut marked = labels().filter(|(_, item)| match wanted {
        Some(wanted) => item.label.as_deref() == Some(wanted),
        None => item.default,
    });
    marked.next_back().or_else(|| labels().next()).map(|(index, _)| index)
}

fn cut(mut text: Vec<u8>) -> Vec<u8> {
    text.truncate(MAX_MENU_TEXT);
    text
}

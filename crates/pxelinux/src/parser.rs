//! The effect of each line of a configuration.
//!
//! The SYSLINUX manual, "Configuration file format", and its menu manual. Which of several equal
//! directives counts is noted where it is decided.

use std::sync::Arc;

use crate::config::{
    Boot, Directive, Entry, EntryKind, HIDDEN, KernelDirective, Menu, Navigation, Note, SubMenu,
    TOP,
};
use crate::lexer::keyword;
use crate::limits::Limits;
use crate::reader::{Exceeded, ReadError};
use crate::text::{At, atoi, split_word, strtoul};

/// Reads lines into a [`Menu`].
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    pub(crate) menu: Menu,
    limits: Limits,
    /// The entry that is being read. It joins its menu when something closes it.
    pub(crate) open: Pending,
    /// APPEND outside labels, as it stands.
    append: Option<Arc<[u8]>>,
    /// The innermost menu that has begun.
    pub(crate) current: usize,
}

/// A file the text asks for.
pub(crate) struct Request {
    pub(crate) name: Vec<u8>,
    pub(crate) submenu: Option<Vec<u8>>,
}

/// An entry that is being read. Without a label, MENU HIDE and MENU DISABLE are still kept: a
/// separator that follows takes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) label: Option<(Vec<u8>, At)>,
    pub(crate) label_rest: Vec<u8>,
    pub(crate) kernel: Option<(KernelDirective, Vec<u8>)>,
    pub(crate) append: Option<Arc<[u8]>>,
    pub(crate) initrd: Option<Vec<u8>>,
    pub(crate) title: Option<Vec<u8>>,
    pub(crate) sysappend: u32,
    pub(crate) hidden: bool,
    pub(crate) default: bool,
    pub(crate) disabled: bool,
    pub(crate) separator: bool,
    pub(crate) navigation: Option<Navigation>,
    pub(crate) help: Vec<Vec<u8>>,
    pub(crate) indent: u8,
    pub(crate) password: Option<Vec<u8>>,
}

impl Parser {
    pub(crate) fn new(limits: Limits) -> Parser {
        Parser { menu: Menu::empty(), limits, open: Pending::default(), append: None, current: TOP }
    }

    pub(crate) fn current_menu(&self) -> usize {
        self.current
    }

    pub(crate) fn note(&mut self, note: Note) {
        if self.menu.notes.len() < self.limits.notes {
            self.menu.notes.push(note);
        }
    }

    /// Takes one line. `menu` is where its file stands; `in_text` is set when a TEXT block begins.
    pub(crate) fn line(
        &mut self,
        text: &[u8],
        at: &At,
        menu: &mut usize,
        in_text: &mut bool,
    ) -> Result<Option<Request>, ReadError> {
        let (word, value) = keyword(text);
        match word.as_bytes() {
            b"menu" => return self.menu_line(value, at, menu),
            b"text" => *in_text = true,
            b"include" => {
                let (name, _) = split_word(value);
                return Ok(Some(Request { name: name.to_vec(), submenu: None }));
            }
            b"label" => {
                self.close(*menu)?;
                let (label, rest) = split_word(value);
                self.open = Pending {
                    label: Some((label.to_vec(), at.clone())),
                    label_rest: rest.to_vec(),
                    sysappend: self.menu.sysappend,
                    ..Pending::default()
                };
            }
            b"append" if self.open.label.is_some() => self.open.append = Some(value.into()),
            b"append" => self.append = Some(value.into()),
            b"initrd" if self.open.label.is_some() => self.open.initrd = Some(value.to_vec()),
            b"ipappend" | b"sysappend" if self.open.label.is_some() => {
                self.open.sysappend = strtoul(value);
            }
            b"ipappend" | b"sysappend" => self.menu.sysappend = strtoul(value),
            b"default" => self.menu.default = Some(directive(value, at)),
            b"ui" => self.menu.ui = Some(directive(value, at)),
            b"ontimeout" => {
                self.menu.on_timeout = command(value, at);
                if let Some(menu) = self.menu.menus.get_mut(*menu) {
                    menu.on_timeout = command(value, at);
                }
            }
            b"onerror" => self.menu.on_error = command(value, at),
            b"timeout" => {
                self.menu.timeout = tenths(value);
                if let Some(menu) = self.menu.menus.get_mut(*menu) {
                    menu.timeout = tenths(value);
                }
            }
            b"totaltimeout" => self.menu.total_timeout = tenths(value),
            b"prompt" => self.menu.prompt = atoi(value) != 0,
            b"implicit" => self.menu.implicit = atoi(value) != 0,
            b"allowoptions" => self.menu.allow_options = atoi(value) != 0,
            b"noescape" => self.menu.no_escape = atoi(value) != 0,
            word => {
                // The last of these wins. Outside a label they do nothing.
                if let Some(directive) = KernelDirective::of_keyword(word)
                    && self.open.label.is_some()
                {
                    self.open.kernel = Some((directive, value.to_vec()));
                }
            }
        }
        Ok(None)
    }

    /// Opens a submenu in the current menu, and moves `menu` there.
    pub(crate) fn begin_submenu(
        &mut self,
        title: &[u8],
        at: &At,
        menu: &mut usize,
    ) -> Result<(), ReadError> {
        self.close(*menu)?;
        let parent = self.current;
        let child = self.menu.menus.len();
        let entry = Entry {
            label: Vec::new(),
            label_rest: Vec::new(),
            title: title.to_vec(),
            at: at.clone(),
            menu: parent,
            place: 0,
            help: Vec::new(),
            indent: 0,
            password: None,
            kind: EntryKind::Submenu(child),
        };
        let place = self.add(entry)?;
        // A submenu begins with its parent's timeouts.
        let mut inner = SubMenu {
            tag: title.to_vec(),
            parent: Some(parent),
            parent_entry: place,
            ..SubMenu::default()
        };
        if let Some(around) = self.menu.menus.get(parent) {
            inner.timeout = around.timeout;
            inner.master_password.clone_from(&around.master_password);
            inner.on_timeout.clone_from(&around.on_timeout);
            inner.on_error.clone_from(&around.on_error);
        }
        self.menu.menus.push(inner);
        self.current = child;
        *menu = child;
        Ok(())
    }

    /// Ends the submenu of a MENU INCLUDE. An entry that is still open joins it.
    pub(crate) fn end_submenu(&mut self, menu: usize) -> Result<(), ReadError> {
        self.close(menu)?;
        self.current = self.parent(self.current).unwrap_or(self.current);
        Ok(())
    }

    /// The end of all files.
    pub(crate) fn finish(mut self) -> Result<Menu, ReadError> {
        self.close(self.current)?;
        self.apply_default();
        Ok(self.menu)
    }

    /// In a menu DEFAULT counts only together with UI. It moves the start to the menu its label is
    /// in, and is that menu's default, unless the label is hidden.
    fn apply_default(&mut self) {
        let Some(default) = self.menu.default.as_ref().filter(|_| self.menu.ui.is_some()) else {
            return;
        };
        let Some(index) = self.menu.find_whole(&default.command) else { return };
        let Some(entry) = self.menu.entries.get(index).filter(|entry| entry.menu != HIDDEN) else {
            return;
        };
        let (number, place) = (entry.menu, entry.place);
        self.menu.start = number;
        if let Some(menu) = self.menu.menus.get_mut(number) {
            menu.default = place;
            menu.has_default = true;
        }
    }

    /// A line of a TEXT block; that of HELP is shown with its label.
    pub(crate) fn text_line(&mut self, line: &[u8]) {
        if self.open.label.is_some() && self.open.help.len() < self.limits.help_lines {
            self.open.help.push(line.to_vec());
        }
    }

    pub(crate) fn parent(&self, menu: usize) -> Option<usize> {
        self.menu.menus.get(menu)?.parent
    }

    /// Puts the entry that is being read into its menu. Without a label there is none.
    pub(crate) fn close(&mut self, menu: usize) -> Result<(), ReadError> {
        let Some((label, at)) = self.open.label.take() else { return Ok(()) };
        let open = std::mem::take(&mut self.open);
        let kind = if open.separator {
            EntryKind::Separator
        } else if open.disabled {
            EntryKind::Disabled
        } else if let Some(navigation) = open.navigation {
            EntryKind::Navigation(navigation)
        } else {
            let kernel_is_label = open.kernel.is_none();
            let (directive, kernel) =
                open.kernel.unwrap_or_else(|| (KernelDirective::Kernel, label.clone()));
            // The label's own APPEND replaces the global one, which counts as it stands now.
            let append = open.append.or_else(|| self.append.clone());
            let append = append.filter(|append| **append != *b"-").unwrap_or_default();
            EntryKind::Boot(Boot {
                directive,
                kernel,
                kernel_is_label,
                append,
                initrd: open.initrd,
                sysappend: open.sysappend,
            })
        };
        let menu = if open.hidden { HIDDEN } else { menu };
        let is_default = open.default && matches!(kind, EntryKind::Boot(_));
        let title = open.title.unwrap_or_else(|| label.clone());
        let label_rest = open.label_rest;
        let Pending { help, indent, password, .. } = open;
        let entry =
            Entry { label, label_rest, title, help, indent, password, at, menu, place: 0, kind };
        let place = self.add(entry)?;
        if is_default && let Some(menu) = self.menu.menus.get_mut(menu) {
            menu.default = place;
            menu.has_default = true;
        }
        Ok(())
    }

    fn add(&mut self, mut entry: Entry) -> Result<usize, ReadError> {
        let index = self.menu.entries.len();
        if index >= self.limits.entries {
            let limit = Exceeded::Entries { limit: self.limits.entries };
            return Err(ReadError { at: entry.at, limit });
        }
        let Some(menu) = self.menu.menus.get_mut(entry.menu) else { return Ok(0) };
        entry.place = menu.entries.len();
        menu.entries.push(index);
        let place = entry.place;
        self.menu.entries.push(entry);
        Ok(place)
    }
}

fn directive(value: &[u8], at: &At) -> Directive {
    Directive { command: value.into(), at: at.clone() }
}

/// ONTIMEOUT and ONERROR without a value take back what was said before.
pub(crate) fn command(value: &[u8], at: &At) -> Option<Directive> {
    (!value.is_empty()).then(|| directive(value, at))
}

/// A time in tenths of a second; what is no number, or below zero, waits for ever like 0.
fn tenths(value: &[u8]) -> u64 {
    u64::try_from(atoi(value)).unwrap_or(0)
}

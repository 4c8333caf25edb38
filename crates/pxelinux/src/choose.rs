//! The ways to a choice: by itself, by label, by a person.
//!
//! [`choose`] is what boots when nobody presses a key. A guest's console is most often watched by
//! nobody, so where PXELINUX would wait for ever, the default is taken at once. [`asks`] says where a
//! person would have a say.

use crate::choice::{Choice, Why};
use crate::chooser::Chooser;
use crate::config::{Directive, Entry, EntryKind, Menu};
use crate::error::ChooseError;
use crate::sysappend::SysValues;
use crate::text::{At, skip_blanks};

/// What decides besides the configuration.
#[derive(Clone, Debug, Default)]
pub struct ChooseOptions<'a> {
    /// A label to boot, as if it were typed at the prompt.
    pub label: Option<&'a [u8]>,
    /// What SYSAPPEND may add.
    pub values: SysValues,
}

/// A line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Whether it is what boots by itself.
    pub default: bool,
}

/// Finds what boots.
///
/// # Errors
/// Nothing boots, or it is nothing a Xen guest can boot. The error of a menu's or a label's own file
/// is the administrator's to correct: no other label is tried, as in PXELINUX.
pub fn choose(menu: &Menu, options: &ChooseOptions<'_>) -> Result<Choice, ChooseError> {
    Chooser::new(menu, options).begin(options.label)
}

/// Where [`choose`] would wait for a person; `None` if it waits nowhere.
#[must_use]
pub fn asks(menu: &Menu, options: &ChooseOptions<'_>) -> Option<Asks> {
    let chooser = Chooser::new(menu, options);
    // Whether the way leads to something bootable is for the person to see.
    let _ = chooser.begin(options.label);
    chooser.asked.get()
}

/// What a person chose: an entry, as an index into [`Menu::entries`].
///
/// # Errors
/// As for [`choose`].
pub fn choose_entry(
    menu: &Menu,
    options: &ChooseOptions<'_>,
    asks: Asks,
    entry: usize,
) -> Result<Choice, ChooseError> {
    let chooser = Chooser::new(menu, options);
    chooser.start(chooser.run_entry(entry, b"", b"", Why::Asked, asks.menu())?)
}

/// What a person typed at the prompt, or made of an entry's line in a menu.
///
/// # Errors
/// As for [`choose`].
pub fn choose_typed(
    menu: &Menu,
    options: &ChooseOptions<'_>,
    asks: Asks,
    line: &[u8],
) -> Result<Choice, ChooseError> {
    let chooser = Chooser::new(menu, options);
    let at = At { file: "what was typed".into(), line: 1 };
    let directive = Directive { command: skip_blanks(line).into(), at };
    match asks {
        Asks::Menu(number) => chooser.start(chooser.in_menu(&directive, number, Why::Asked)?),
        Asks::Prompt => chooser.load(&directive, Why::Asked),
    }
}

/// Finds what boots from a menu that was read for [`Action::Menu`].
///
/// # Errors
/// As for [`choose`].
pub fn choose_in_menu(menu: &Menu, options: &ChooseOptions<'_>) -> Result<Choice, ChooseError> {
    let chooser = Chooser::new(menu, options);
    match options.label {
        Some(label) => chooser.label(label),
        None => chooser.show_menu(),
    }
}

/// What PXELINUX goes on with after `failed` could not be loaded: ONERROR; without it, outside of
/// menus, it waits at its prompt, and a timeout there leads to ONTIMEOUT. `None`: it waits for ever.
///
/// # Errors
/// As for [`choose`].
pub fn choose_on_error(
    menu: &Menu,
    options: &ChooseOptions<'_>,
    failed: &Choice,
) -> Option<Result<Choice, ChooseError>> {
    let chooser = Chooser::new(menu, options);
    let at_prompt = || chooser.failed_at_prompt(failed.menu);
    match failed.why {
        Why::OnError => at_prompt(),
        // The prompt's next timeout would only lead here again.
        Why::OnTimeout => chooser.on_error(failed.menu),
        Why::Asked | Why::Default | Why::MenuDefault => {
            chooser.on_error(failed.menu).or_else(at_prompt)
        }
    }
}

/// The entries that can be booted, in order, with the one that boots by itself marked.
#[must_use]
pub fn entries<'a>(menu: &'a Menu, options: &ChooseOptions<'_>) -> Vec<Listed<'a>> {
    let options = ChooseOptions { label: None, ..options.clone() };
    let chosen = choose(menu, &options).ok().and_then(|choice| choice.entry);
    menu.entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| matches!(entry.kind, EntryKind::Boot(_)))
        .map(|(index, entry)| Listed { entry, default: chosen == Some(index) })
        .collect()
}

/// Where a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// In a menu, an index into [`Menu::menus`].
    Menu(usize),
    /// At the `boot:` prompt.
    Prompt,
}

impl Asks {
    fn menu(self) -> Option<usize> {
        match self {
            Asks::Menu(number) => Some(number),
            Asks::Prompt => None,
        }
    }
}

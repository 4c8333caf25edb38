//! What a configuration comes to: one thing to do, and what led there.

use crate::error::{ChooseError, Command};
use crate::text::At;

/// What boots, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The entry, as an index into [`crate::Menu::entries`]; none if a line names a file.
    pub entry: Option<usize>,
    /// The entry's label, or the command's line.
    pub command: Command,
    /// What led there.
    pub why: Why,
    /// The menu it was chosen in, as an index into [`crate::Menu::menus`]; none for the prompt.
    pub menu: Option<usize>,
    /// What to do.
    pub action: Action,
}

/// What led to a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was asked for.
    Asked,
    /// DEFAULT, or UI.
    Default,
    /// The default entry of a menu.
    MenuDefault,
    /// ONTIMEOUT.
    OnTimeout,
    /// ONERROR.
    OnError,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Boot a Linux kernel.
    Kernel(Kernel),
    /// A name without an extension that is no label: ask for the files in this order. The first that
    /// is there decides; the last needs no asking.
    Implicit(Vec<Candidate>),
    /// Boot from the guest's disk. The number is LOCALBOOT's, -1 for the next boot device;
    /// 0x80 and more is a hard disk.
    LocalBoot {
        /// LOCALBOOT's number.
        kind: i32,
    },
    /// Start again with another configuration.
    Config {
        /// Its name, relative to the prefix as it is.
        file: Vec<u8>,
        /// What [`crate::Prefix::enter`] then gets.
        directory: Option<Vec<u8>>,
    },
    /// Show a menu of other files: read them with [`crate::Reader::begin_files`] and choose with
    /// [`crate::choose_in_menu`].
    Menu {
        /// The files, in order.
        files: Vec<MenuFile>,
    },
}

/// A Linux kernel to boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its name, relative to the prefix.
    pub name: Vec<u8>,
    /// The initrds' names, in the order in which they are joined.
    pub initrds: Vec<Vec<u8>>,
    /// The command line, without control bytes. It begins with `BOOT_IMAGE=`.
    pub command_line: Vec<u8>,
}

/// One file an implicit command may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name, relative to the prefix.
    pub name: Vec<u8>,
    /// What happens if it is there.
    pub action: Result<Action, ChooseError>,
}

/// A file of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuFile {
    /// The configuration that is read now: `~`.
    Current,
    /// Another one, relative to the prefix.
    Named(Vec<u8>),
}

impl Choice {
    /// Where the label or the command stands.
    #[must_use]
    pub fn at(&self) -> &At {
        &self.command.at
    }
}

//! What a configuration says: plain data, in the order of the file.

use std::sync::Arc;

use crate::text::{At, split_word};

/// A configuration with all its includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// All entries of all menus, in the order PXELINUX searches them for a label: the first wins.
    pub entries: Vec<Entry>,
    /// The menus. The first is the top menu, the second holds the entries with MENU HIDE.
    pub menus: Vec<SubMenu>,
    /// The menu shown first, unless DEFAULT together with UI names an entry elsewhere: MENU START.
    pub start: usize,
    /// The last DEFAULT.
    pub default: Option<Directive>,
    /// The last UI, which beats DEFAULT.
    pub ui: Option<Directive>,
    /// The last ONTIMEOUT, for the `boot:` prompt.
    pub on_timeout: Option<Directive>,
    /// The last ONERROR or MENU ONERROR, for a kernel started outside a menu.
    pub on_error: Option<Directive>,
    /// The last TIMEOUT, for the `boot:` prompt, in tenths of a second; 0 waits for ever.
    pub timeout: u64,
    /// The last TOTALTIMEOUT, in tenths of a second; 0 waits for ever.
    pub total_timeout: u64,
    /// PROMPT: stop at the `boot:` prompt.
    pub prompt: bool,
    /// IMPLICIT: a command that is no label names a file. On unless switched off.
    pub implicit: bool,
    /// ALLOWOPTIONS: such a command may have arguments. On unless switched off.
    pub allow_options: bool,
    /// NOESCAPE: there is no prompt.
    pub no_escape: bool,
    /// MENU HIDDEN: the menu shows itself only after a key.
    pub hidden: bool,
    /// MENU SHIFTKEY: the menu shows itself only while a shift key is held.
    pub shift_key: bool,
    /// The SYSAPPEND mask outside labels, as it stands at the end; implicit kernels get it.
    pub sysappend: u32,
    /// Remarks for the administrator.
    pub notes: Vec<Note>,
}

/// Index of the top menu in [`Menu::menus`].
pub const TOP: usize = 0;
/// Index of the menu that holds entries with MENU HIDE.
pub const HIDDEN: usize = 1;

/// A directive whose value is a command: a label or a file, and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The value, from its first byte to the end of the line.
    pub command: Arc<[u8]>,
    /// Where it stands.
    pub at: At,
}

/// One menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubMenu {
    /// The name after MENU BEGIN, by which MENU GOTO and MENU EXIT find it.
    pub tag: Vec<u8>,
    /// MENU TITLE.
    pub title: Vec<u8>,
    /// MENU MASTER PASSWD: it opens all locked entries, and is needed to edit one.
    pub master_password: Option<Vec<u8>>,
    /// Its entries, as indexes into [`Menu::entries`].
    pub entries: Vec<usize>,
    /// The menu around it.
    pub parent: Option<usize>,
    /// Its line in the menu around it, as an index into that menu's `entries`.
    pub parent_entry: usize,
    /// The default, as an index into `entries`: the last MENU DEFAULT, else the first entry.
    pub default: usize,
    /// Whether a MENU DEFAULT said so.
    pub has_default: bool,
    /// TIMEOUT in tenths of a second; 0 waits for ever.
    pub timeout: u64,
    /// ONTIMEOUT.
    pub on_timeout: Option<Directive>,
    /// MENU ONERROR.
    pub on_error: Option<Directive>,
}

/// One line of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The label. Separators, submenus and disabled entries cannot be named by it.
    pub label: Vec<u8>,
    /// What follows the label on its line, blanks included. To the prompt it is nothing, but
    /// `menu.c32` takes it for a part of the label.
    pub label_rest: Vec<u8>,
    /// Its text in a menu: MENU LABEL, else the label. A caret marks the next letter as a hot key.
    pub title: Vec<u8>,
    /// TEXT HELP: what is shown below the menu while the cursor is on it, by line.
    pub help: Vec<Vec<u8>>,
    /// MENU INDENT, in columns.
    pub indent: u8,
    /// MENU PASSWD: plain, or as crypt(3) writes it. A person has to give it, a timeout does not.
    pub password: Option<Vec<u8>>,
    /// Where it begins.
    pub at: At,
    /// The menu it stands in, as an index into [`Menu::menus`].
    pub menu: usize,
    /// Its place there, as an index into [`SubMenu::entries`].
    pub place: usize,
    /// What it does.
    pub kind: EntryKind,
}

/// What an entry does when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Boots something.
    Boot(Boot),
    /// Opens a menu, an index into [`Menu::menus`].
    Submenu(usize),
    /// MENU SEPARATOR.
    Separator,
    /// MENU DISABLE.
    Disabled,
    /// Moves about in menus, or leaves them: only a person can use it.
    Navigation(Navigation),
}

/// Where an entry leads that boots nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Navigation {
    /// MENU GOTO, and MENU EXIT with a name: the menu with this tag.
    Goto(Vec<u8>),
    /// MENU EXIT: the menu around this one.
    Exit,
    /// MENU QUIT: the prompt.
    Quit,
}

/// What a label boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The last of KERNEL, LINUX, LOCALBOOT and so on.
    pub directive: KernelDirective,
    /// Its value to the end of the line: a name, and perhaps arguments. The label if there is none.
    pub kernel: Vec<u8>,
    /// No directive names a kernel, so it is the label; in a menu, with the rest of the label's line.
    pub kernel_is_label: bool,
    /// APPEND, already with the global one where the label has none, and empty for `-`.
    pub append: Arc<[u8]>,
    /// INITRD.
    pub initrd: Option<Vec<u8>>,
    /// The SYSAPPEND mask.
    pub sysappend: u32,
}

/// The directive that names what a label boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelDirective {
    /// KERNEL, or none: the file's extension says what it is.
    Kernel,
    /// LINUX.
    Linux,
    /// BOOT: a boot sector.
    Boot,
    /// BSS: a boot sector, patched.
    Bss,
    /// PXE: a network boot program.
    Pxe,
    /// FDIMAGE.
    FdImage,
    /// COMBOOT, a program type PXELINUX 6 no longer has.
    Comboot,
    /// COM32: a SYSLINUX module.
    Com32,
    /// CONFIG: another configuration.
    Config,
    /// LOCALBOOT.
    LocalBoot,
    /// NONE, which PXELINUX reads as a type but cannot boot.
    None,
}

impl KernelDirective {
    /// The directive a keyword in lower case stands for.
    pub(crate) fn of_keyword(word: &[u8]) -> Option<KernelDirective> {
        Some(match word {
            b"kernel" => KernelDirective::Kernel,
            b"linux" => KernelDirective::Linux,
            b"boot" => KernelDirective::Boot,
            b"bss" => KernelDirective::Bss,
            b"pxe" => KernelDirective::Pxe,
            b"fdimage" => KernelDirective::FdImage,
            b"comboot" => KernelDirective::Comboot,
            b"com32" => KernelDirective::Com32,
            b"config" => KernelDirective::Config,
            b"localboot" => KernelDirective::LocalBoot,
            b"none" => KernelDirective::None,
            _ => return None,
        })
    }
}

/// A remark about the configuration that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub at: At,
    /// What.
    pub text: String,
}

impl Menu {
    /// What an empty configuration says.
    pub(crate) fn empty() -> Menu {
        Menu {
            entries: Vec::new(),
            menus: vec![SubMenu::default(), SubMenu::default()],
            start: TOP,
            default: None,
            ui: None,
            on_timeout: None,
            on_error: None,
            timeout: 0,
            total_timeout: 0,
            prompt: false,
            implicit: true,
            allow_options: true,
            no_escape: false,
            hidden: false,
            shift_key: false,
            sysappend: 0,
            notes: Vec::new(),
        }
    }

    /// The entry a command names with its first word: case counts, the first of several wins, hidden
    /// ones and those in submenus can be named too.
    #[must_use]
    pub fn find(&self, command: &[u8]) -> Option<usize> {
        let (word, _) = split_word(command);
        self.entries.iter().position(|entry| {
            matches!(entry.kind, EntryKind::Boot(_) | EntryKind::Navigation(_))
                && entry.label == word
        })
    }

    /// The entry a command names in `menu.c32`, where the whole LABEL line is the label. So a label
    /// with further words, or only blanks behind it, is not found there.
    pub(crate) fn find_whole(&self, command: &[u8]) -> Option<usize> {
        let (word, _) = split_word(command);
        self.entries.iter().position(|entry| {
            matches!(entry.kind, EntryKind::Boot(_) | EntryKind::Navigation(_))
                && entry.label == word
                && entry.label_rest.is_empty()
        })
    }

    /// The command that runs first: UI, else DEFAULT. One without a value is as good as none.
    #[must_use]
    pub fn first_command(&self) -> Option<&Directive> {
        self.ui.as_ref().or(self.default.as_ref()).filter(|first| !first.command.is_empty())
    }

    /// The labels that can be booted, in order.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::Boot(_)))
            .map(|entry| entry.label.as_slice())
    }
}

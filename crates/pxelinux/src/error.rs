//! Why a configuration boots nothing here.

use std::fmt;

use crate::limits::{MAX_COMMAND, MAX_NAME, MAX_SHOWN_LABELS};
use crate::text::{At, Shown};

/// Why there is no choice. Each message says where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// There is no DEFAULT and no UI. PXELINUX stops at its prompt.
    #[error("the configuration has no DEFAULT or UI line: add one, or choose a label; {labels}")]
    NoDefault {
        /// The labels there are.
        labels: Labels,
    },
    /// The label asked for is not there.
    #[error("the configuration has no label \"{}\": choose another one; {labels}", Shown(label))]
    UnknownLabel {
        /// The label.
        label: Vec<u8>,
        /// The labels there are.
        labels: Labels,
    },
    /// A command is no label, and IMPLICIT 0 forbids files.
    #[error(
        "{at}: \"{}\" is no label, and IMPLICIT 0 forbids to boot a file: name a label; {labels}",
        Shown(command)
    )]
    ImplicitForbidden {
        /// The command.
        command: Vec<u8>,
        /// Where it stands.
        at: At,
        /// The labels there are.
        labels: Labels,
    },
    /// The label only moves about in menus.
    #[error(
        "{at}: the label \"{}\" leads to another menu and boots nothing: choose another label",
        Shown(label)
    )]
    Navigation {
        /// The label.
        label: Vec<u8>,
        /// Where it stands.
        at: At,
    },
    /// The menu shown first has nothing to boot.
    #[error("the menu has no entry that boots anything: add a LABEL to it")]
    EmptyMenu,
    /// A menu module started from its own menu, or a command that leads back to itself; a person could
    /// leave that loop, nobody else.
    #[error(
        "{command}: the entry leads back to itself or its own menu, so nothing would ever boot: choose another label"
    )]
    MenuLoop {
        /// The command.
        command: Command,
    },
    /// It is something a Xen guest cannot boot.
    #[error("{command}: cannot boot \"{}\": {reason}", Shown(kernel))]
    Unbootable {
        /// The command.
        command: Command,
        /// The file.
        kernel: Vec<u8>,
        /// Why.
        reason: Reason,
    },
    /// The command names no file.
    #[error("{command}: no kernel is named: add one")]
    NoKernel {
        /// The command.
        command: Command,
    },
    /// PXELINUX refuses such a line too.
    #[error("{command}: the command line has {length} bytes, PXELINUX boots at most {}: shorten it", MAX_COMMAND - 1)]
    TooLong {
        /// The command.
        command: Command,
        /// Its length.
        length: usize,
    },
    /// A control byte, which must not reach the toolstack.
    #[error("{command}: the command line holds the control byte 0x{byte:02x}: remove it")]
    ControlByte {
        /// The command.
        command: Command,
        /// The first such byte.
        byte: u8,
    },
    /// Two commas in a row in an initrd list, or none at all behind `initrd=`.
    #[error("{command}: the initrd list has an empty name: write initrd=a or initrd=a,b")]
    EmptyInitrd {
        /// The command.
        command: Command,
    },
    /// A name PXELINUX has no room for.
    #[error(
        "{command}: the name \"{}\" has more than {MAX_NAME} bytes: use a shorter path",
        Shown(name)
    )]
    NameTooLong {
        /// The command.
        command: Command,
        /// The name.
        name: Vec<u8>,
    },
}

/// Why a Xen guest cannot boot a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A network boot program for a BIOS. `vmlinuz-6.1.0` with KERNEL is one to PXELINUX.
    #[error("it is taken for a network boot program for a BIOS; use LINUX if it is a kernel")]
    NetworkProgram,
    /// A boot sector.
    #[error("it is taken for a boot sector for a BIOS; use LINUX if it is a kernel")]
    BootSector,
    /// memdisk needs a BIOS.
    #[error("memdisk starts a disk image through a BIOS, which the guest does not have")]
    Memdisk,
    /// A SYSLINUX module we do not emulate.
    #[error("it is a SYSLINUX module for a BIOS that is not emulated here")]
    Module,
    /// mboot.c32 with something that is not Xen.
    #[error("it starts a multiboot kernel; only that of a Xen host leads to one a guest can boot")]
    Multiboot,
    /// mboot.c32 with Xen alone.
    #[error("no kernel follows the hypervisor: write xen.gz --- vmlinuz --- initrd.img")]
    NoFirstDomain,
    /// linux.c32 with an option that makes a file for the initrd.
    #[error(
        "-dhcpinfo and initrdfile= make files for the initrd, which is not done here; use initrd="
    )]
    MadeFile,
    /// reboot.c32 or poweroff.c32.
    #[error("it stops or restarts the machine instead of booting")]
    PowerOff,
    /// chain.c32 with something that is not a hard disk.
    #[error("only the guest's own disk can be started with it")]
    ForeignDisk,
    /// COMBOOT and NONE.
    #[error("PXELINUX 6 has no such type of kernel; use KERNEL or LINUX")]
    NoSuchType,
}

/// A command and where it came from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The label, if the command is a label's.
    pub label: Option<Vec<u8>>,
    /// Where the label, or the line that holds the command, stands.
    pub at: At,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)?;
        match &self.label {
            Some(label) => write!(f, ", label \"{}\"", Shown(label)),
            None => Ok(()),
        }
    }
}

/// Labels, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The first of them.
    pub first: Vec<Vec<u8>>,
    /// How many there are.
    pub count: usize,
}

impl Labels {
    pub(crate) fn of<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Labels {
        let mut all = Labels { first: Vec::new(), count: 0 };
        for label in labels {
            if all.count < MAX_SHOWN_LABELS {
                all.first.push(label.to_vec());
            }
            all.count += 1;
        }
        all
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first.is_empty() {
            return f.write_str("there are no labels");
        }
        f.write_str("labels: ")?;
        for (i, label) in self.first.iter().enumerate() {
            write!(f, "{}\"{}\"", if i == 0 { "" } else { ", " }, Shown(label))?;
        }
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

//! What a script comes to.

use crate::text::At;

/// What a run ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Where it ended.
    pub at: At,
    /// What to do.
    pub outcome: Outcome,
    /// What the script printed since the last step, line by line, without control characters.
    pub console: Vec<String>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Boot a kernel.
    Boot(Boot),
    /// Leave iPXE, so that the next boot device counts: the guest's own disk.
    LocalDisk(Leave),
    /// Do what PXELINUX does.
    Pxelinux(Pxelinux),
}

/// A kernel, its command line and its initrds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The kernel's absolute URL: printable ASCII without blanks.
    pub kernel: String,
    /// The command line, byte for byte what iPXE hands to a Linux kernel on a BIOS: the words behind the
    /// URL with one blank between them, a word that came out empty included. Nothing is added, and
    /// `initrd=` stays what the script wrote. It holds no control byte.
    pub command_line: Vec<u8>,
    /// The initrds, in the order the script fetched them. iPXE lays them in memory one behind the other,
    /// each padded with zeros to a multiple of 4 bytes (it uses whole pages).
    pub initrds: Vec<Initrd>,
}

/// An initrd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initrd {
    /// Its absolute URL: printable ASCII without blanks.
    pub url: String,
    /// What the script calls it: `--name`, or the URL's last part.
    pub name: Vec<u8>,
    /// If it is no archive but a file, where in the initial root it belongs: iPXE puts a cpio header
    /// around a file when text follows its URL.
    pub place: Option<Place>,
}

/// Where a file of the initial root belongs. See `src/core/cpio.c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its path, as the script wrote it; usually with a slash in front.
    pub path: Vec<u8>,
    /// Its permissions: `mode=`, else 0644.
    pub mode: u32,
    /// How many of the directories above it get a header of their own, counted from the file:
    /// `mkdir=`, else 0. `u32::MAX` is all.
    pub directories: u32,
}

/// Why iPXE is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// `exit` in the first script, with this status.
    Exit(u32),
    /// The first script came to its end.
    End,
    /// `sanboot` from the first disk.
    Sanboot,
}

/// PXELINUX, started by a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pxelinux {
    /// The absolute URL of `pxelinux.0`, which the file names are relative to.
    pub url: String,
    /// DHCP option 209 as the script leaves it: the configuration file.
    pub config: Option<Vec<u8>>,
    /// DHCP option 210 as the script leaves it: the prefix.
    pub prefix: Option<Vec<u8>>,
}

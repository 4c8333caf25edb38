//! Every limit on what a server may make this crate hold or do.
//!
//! Two kinds stand here. PXELINUX's own limits decide what boots, so they are constants. Limits
//! PXELINUX does not have keep a hostile or broken server from using up memory and time; they are
//! far above any configuration seen in the field, and a test or a driver may lower them.

/// Longest file name, prefix or boot file, in bytes. PXELINUX: `FILENAME_MAX`.
pub const MAX_NAME: usize = 255;

/// Longest piece of a configuration line, in bytes. PXELINUX reads the rest of a longer line as a
/// new line.
pub const MAX_LINE: usize = 4095;

/// A command (kernel name, arguments and a forced type) of this many bytes or more does not boot in
/// PXELINUX: "cmdline too long".
pub const MAX_COMMAND: usize = 2048;

/// The longest command line Xen's PV `start_info` page can carry, in bytes, without the NUL. This
/// crate does not apply it, because the boot loader still appends the guest's own arguments.
pub const XEN_PV_COMMAND_LINE: usize = 1023;

/// How often a command may run another one (`ifcpu64.c32`) before it is taken for a loop, which
/// PXELINUX would run through for ever.
pub const MAX_HOPS: usize = 8;

/// How much text of a name or a line an error message repeats, in characters.
pub(crate) const MAX_SHOWN: usize = 160;

/// How many labels an error message lists.
pub(crate) const MAX_SHOWN_LABELS: usize = 16;

/// Limits on reading one configuration with all its includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: usize,
    /// Bytes of all files together.
    pub total_bytes: usize,
    /// Lines of all files together, in pieces of at most [`MAX_LINE`] bytes.
    pub lines: usize,
    /// Entries of all menus together: labels, submenus, separators.
    pub entries: usize,
    /// Files open at the same time: a file, the file it includes, and so on.
    pub include_depth: usize,
    /// Files asked for in all.
    pub includes: usize,
    /// Lines of TEXT HELP kept for each label; later ones are dropped.
    pub help_lines: usize,
    /// Remarks kept for the administrator; later ones are dropped.
    pub notes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_bytes: 1 << 20,
            total_bytes: 4 << 20,
            lines: 100_000,
            entries: 10_000,
            include_depth: 32,
            includes: 512,
            help_lines: 24,
            notes: 32,
        }
    }
}

//! What pygrub's end means: a system, none, or neither known.
//!
//! Its exit code says nothing. De-privileged, it ends with the *wait status* of its child as
//! exit code (`sys.exit(rc)` in depriv()), so that a child's 1, which every failure is, comes
//! out as 256, and that is 0. Only its words tell. Under `--debug` it also tells why it passed
//! over each partition, which it otherwise keeps to itself: without that, a boot menu that it
//! cannot decode, or memory that runs out, reads like an empty disk.
//!
//! Seen on the real pygrub (4.17.7), and what is made of it:
//!
//! | disk | pygrub's words | here |
//! |---|---|---|
//! | empty, random bytes, MBR or GPT with nothing in it | `OSError: [Errno 95]` for each partition, then `Unable to find partition containing kernel` | nothing there |
//! | file system without a boot menu, also a truncated or half-written one | `couldn't find bootloader config file`, then the same | nothing there |
//! | menu whose kernels are all missing | `[Errno 2]`, `Error opening K in guest` | nothing there |
//! | kernel there, its ramdisk missing | the same, naming the ramdisk | failed: a system is there, and damaged |
//! | the default kernel missing, another one there | the same, naming the kernel | failed, likewise |
//! | empty or cut-off menu, or one that is not UTF-8 | `Using … to parse`, `IndexError`, `RuntimeError: syntax error`, `UnicodeDecodeError` | failed: somebody has written a menu, the last step of an installation |
//! | unreadable for pygrub's uid, read errors, no memory | `PermissionError`, `OSError: [Errno 5]`, `MemoryError` | failed |
//! | missing disk | `bad_mount` | failed, and noticed before |
//! | superblock there, but not for this pygrub (newer features) | `OSError: [Errno 95]`, as for an empty disk | failed, by [`super::survey`] |
//! | btrfs, LVM, LUKS, RAID; qcow2 | the same | failed, by [`super::survey`] |
//! | ended by a signal or a limit; Python or a module missing | none, or a traceback | failed |
//!
//! The rule behind it: "nothing there" leads to the network, and so perhaps to an installer
//! that wipes the disk. It is said only when pygrub has looked everywhere, and every word that
//! it said is one of those that an empty or half-installed disk gives. A word that is not known
//! here is a failure: that costs an administrator a look, the other mistake costs a guest.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::limits::{MAX_MENU_KERNELS, MAX_PYGRUB_LAST_WORDS, MAX_PYGRUB_LINE};
use crate::text;

/// What pygrub says, line by line; bounded, whatever is on the disk.
#[derive(Debug, Default)]
pub struct Words {
    line: Vec<u8>,
    last: VecDeque<String>,
    in_traceback: bool,
    /// Exceptions that an empty partition does not give.
    strange: Option<String>,
    /// The last exception of all.
    exception: Option<String>,
    /// File systems without a boot menu.
    without_menu: usize,
    menu: bool,
    listed: Listing,
}

/// A boot menu, as pygrub lists it (`--list-entries`).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The kernels, each once, with the number of the first entry that boots it.
    pub kernels: Vec<(usize, String)>,
    titles: usize,
}

/// What pygrub has found, as far as its words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has looked at every partition, and there is no boot menu on any. So many file systems
    /// it could open.
    NoMenu(usize),
    /// There is a boot menu, and no such file as it names.
    Missing(String),
    /// Anything else: what is on the disk is not known.
    Unknown(String),
}

const NO_KERNEL: &str = "RuntimeError: Unable to find partition containing kernel";
const NO_MENU: &str = "RuntimeError: couldn't find bootloader config file";
/// libfsimage's "no file system that I know": EOPNOTSUPP. Python 2 calls it IOError.
const NO_FILE_SYSTEM: [&str; 2] = ["OSError: [Errno 95]", "IOError: [Errno 95]"];
const NO_FILE: &str = "[Errno 2]";

impl Words {
    /// Takes in what came, and gives `show` each whole line, fit to be shown.
    pub fn hear(&mut self, bytes: &[u8], show: &mut dyn FnMut(&str)) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(show),
                _ if self.line.len() < MAX_PYGRUB_LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }

    /// Ends a last line that has no end.
    pub fn end(&mut self, show: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(show);
        }
    }

    /// The menu, after `--list-entries`; none when pygrub has not come to its end.
    #[must_use]
    pub fn listing(&self) -> Option<&Listing> {
        self.exception.is_none().then_some(&self.listed)
    }

    /// The last lines that were said.
    pub fn last_words(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(String::as_str)
    }

    /// What it comes to, where there is no answer.
    #[must_use]
    pub fn outcome(&self, status: ExitStatus) -> Outcome {
        if let Some(signal) = status.signal() {
            return Outcome::Unknown(format!("pygrub was ended by signal {signal}"));
        }
        let last = self.last.back().map(String::as_str).unwrap_or_default();
        // 0: see above. 1: pygrubs that do better.
        if !matches!(status.code(), Some(0 | 1)) {
            return Outcome::Unknown(format!("pygrub ended with {status}; {last:?}"));
        }
        if let Some(strange) = &self.strange {
            return Outcome::Unknown(format!("pygrub: {strange}"));
        }
        let before = self.last.iter().rev().nth(1).map(String::as_str).unwrap_or_default();
        let missing = last.strip_prefix("Error opening ").and_then(|l| l.strip_suffix(" in guest"));
        if let Some(missing) = missing
            && before.starts_with(NO_FILE)
        {
            return Outcome::Missing(missing.to_owned());
        }
        match &self.exception {
            Some(end) if end == NO_KERNEL && end == last && !self.menu => {
                Outcome::NoMenu(self.without_menu)
            }
            _ if last.is_empty() => {
                Outcome::Unknown("pygrub gave no kernel and said nothing".to_owned())
            }
            _ => Outcome::Unknown(format!("pygrub: {last}")),
        }
    }

    fn end_line(&mut self, show: &mut dyn FnMut(&str)) {
        let bytes = std::mem::take(&mut self.line);
        let line = text::printable(bytes.trim_ascii_end());
        if line.is_empty() {
            return;
        }
        show(&line);
        self.read(&line);
        if self.last.len() == MAX_PYGRUB_LAST_WORDS {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    fn read(&mut self, line: &str) {
        if line.starts_with("Traceback (") {
            self.in_traceback = true;
        } else if self.in_traceback && !line.starts_with(' ') {
            self.in_traceback = false;
            self.exception = Some(line.to_owned());
            if line.starts_with(NO_MENU) {
                self.without_menu += 1;
            } else if line != NO_KERNEL && !NO_FILE_SYSTEM.iter().any(|word| line.starts_with(word))
            {
                // The first one is nearest to the cause.
                self.strange.get_or_insert_with(|| line.to_owned());
            }
        } else if line.starts_with("Using <") && line.contains(" to parse ") {
            self.menu = true;
        } else if line.starts_with("title: ") {
            self.listed.titles += 1;
        } else if let Some(kernel) = line.strip_prefix("  kernel: ") {
            self.listed.note(kernel);
        }
    }
}

impl Listing {
    fn note(&mut self, kernel: &str) {
        let is_new = self.kernels.iter().all(|(_, known)| known != kernel);
        // One more than is ever looked at, so that too many are noticed.
        if is_new && self.kernels.len() <= MAX_MENU_KERNELS {
            self.kernels.push((self.titles.saturating_sub(1), kernel.to_owned()));
        }
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;

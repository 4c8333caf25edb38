//! The one place that prints.
//!
//! Under libxl, stdin, stdout and stderr are one raw pty, logged to a file and perhaps
//! watched by nobody (libxl_bootloader.c): short lines, `\r\n` because a raw terminal adds
//! no carriage return, no cursor movements. Messages go to stderr; only an answer, a plan
//! or a list goes to stdout. A console that is gone never stops a boot.

use std::io::{IsTerminal, Write};

use crate::failure::Failure;
use crate::text;

/// How much is told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Level {
    /// A line a step.
    Step,
    /// What each step tried (`--verbose`).
    Detail,
    /// Packets (`--debug`).
    Debug,
}

/// Somebody who can be told what happens: the console itself, or the worker's channel to it.
pub trait Say {
    /// Whether a line of this level would be shown: saves making it.
    fn hears(&self, level: Level) -> bool;
    /// Tells one line.
    fn say(&self, level: Level, line: &str);
}

/// The supervisor's console.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    level: Level,
    line_end: &'static str,
}

impl Console {
    /// A console that shows lines up to `level`.
    #[must_use]
    pub fn new(level: Level) -> Self {
        let line_end = if std::io::stderr().is_terminal() { "\r\n" } else { "\n" };
        Self { level, line_end }
    }

    /// How much it shows.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Shows why the boot failed. Shown at every level: libxl's log has nothing else.
    pub fn failure(&self, failure: &Failure) {
        self.write(&format!("error: {}", failure.message));
    }

    /// Writes a result (a plan, a list, an answer) to stdout as it is.
    ///
    /// # Errors
    /// When stdout cannot be written: a result that nobody gets is a failure.
    pub fn result(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        if std::io::stdout().is_terminal() {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                match line.strip_suffix(b"\n") {
                    Some(text) => {
                        stdout.write_all(text)?;
                        stdout.write_all(b"\r\n")?;
                    }
                    None => stdout.write_all(line)?,
                }
            }
        } else {
            stdout.write_all(bytes)?;
        }
        stdout.flush()
    }

    fn write(&self, line: &str) {
        let line = format!("rpxeboot: {}{}", text::printable(line.as_bytes()), self.line_end);
        // The console may be gone (nobody has to watch a boot): that is no reason to fail.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

impl Say for Console {
    fn hears(&self, level: Level) -> bool {
        level <= self.level
    }

    fn say(&self, level: Level, line: &str) {
        if self.hears(level) {
            self.write(line);
        }
    }
}

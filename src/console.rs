//! The one place that prints. Results go to stdout: text for people, or one JSON value with
//! `--json`. Everything else (notes, progress, errors) goes to stderr.

use std::io::{IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::failure::{Failure, Kind};

/// How much is told beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only the result and errors (`--quiet`).
    Quiet,
    /// Notes as well.
    Normal,
    /// Each step and each program that is run (`--verbose`).
    Detail,
}

/// Where a command's words go.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    level: Level,
    json: bool,
}

impl Console {
    /// A console that shows notes up to `level`, and results as JSON if wanted.
    #[must_use]
    pub fn new(level: Level, json: bool) -> Self {
        Self { level, json }
    }

    /// Whether results are wanted as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person watches stderr on a terminal: there a line may be drawn over itself.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        !self.json && self.level > Level::Quiet && std::io::stderr().is_terminal()
    }

    /// Something worth knowing that is no part of the result.
    pub fn note(&self, line: &str) {
        self.tell(Level::Normal, line);
    }

    /// What is done on the way.
    pub fn detail(&self, line: &str) {
        self.tell(Level::Detail, line);
    }

    /// A line that the next one of its kind is drawn over; nothing where nobody watches.
    pub fn draw(&self, line: &str) {
        if self.is_watched() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{}", printable(line));
        }
    }

    /// Takes the drawn line away, so that whole lines can follow.
    pub fn undraw(&self) {
        if self.is_watched() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }

    /// A result for people, as it is.
    ///
    /// # Errors
    /// When stdout cannot be written: a result that nobody gets is a failure.
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::failed(format!("writing to stdout: {error}")))
    }

    /// A result: `value` with `--json`, else what `text` says.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn report<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return self.result(&text());
        }
        let value = serde_json::to_string(value)
            .map_err(|error| Failure::failed(format!("a bug in vmprov: no JSON: {error}")))?;
        self.result(&format!("{value}\n"))
    }

    /// Shows why the command failed, at every level.
    pub fn failure(&self, failure: &Failure) {
        self.undraw();
        let mut stderr = std::io::stderr().lock();
        let mut lines = failure.message.lines();
        let _ = writeln!(stderr, "vmprov: {}", printable(lines.next().unwrap_or_default()));
        for line in lines {
            let _ = writeln!(stderr, "{}", printable(line));
        }
        if self.json {
            let code = match failure.kind {
                Kind::Failed => "failed",
                Kind::Usage => "usage",
                Kind::Refused => "refused",
                Kind::NotFound => "not-found",
            };
            let error = json!({"error": {"kind": code, "message": failure.message}});
            let _ = self.result(&format!("{error}\n"));
        }
    }

    fn tell(&self, level: Level, line: &str) {
        if level <= self.level {
            self.undraw();
            let _ = writeln!(std::io::stderr().lock(), "vmprov: {}", printable(line));
        }
    }
}

/// `line` without anything that moves a terminal's cursor: parts of it come from guests, logs
/// and other people's files.
#[must_use]
pub fn printable(line: &str) -> String {
    let is_plain = |c: char| {
        c == '\t'
            || !(c.is_control()
                || ('\u{200b}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
                || c == '\u{feff}')
    };
    line.chars().map(|c| if is_plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c\td"), "a\u{fffd}[2Jb\u{fffd}c\td");
    }
}

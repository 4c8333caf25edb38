//! What is found.

use std::path::Path;

use serde::Serialize;
use xlcfg::Document;

use crate::console::printable;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The guest does not start, or not as its config means it.
    Error,
    /// It starts, and somebody may be surprised.
    Warning,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule: short, for programs.
    pub key: &'static str,
    /// The line of the config, counted from 1; none if it is about what is not there.
    pub line: Option<usize>,
    /// What is wrong, and the cure.
    pub message: String,
}

impl Finding {
    /// The finding as compilers write theirs.
    #[must_use]
    pub fn text(&self, path: &Path) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let path = path.display();
        format!("{path}{line}: {severity}: {} [{}]\n", printable(&self.message), self.key)
    }
}

/// The findings in one config.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The config.
    pub document: &'a Document,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// None yet.
    #[must_use]
    pub fn new(document: &'a Document) -> Self {
        Self { document, found: vec![] }
    }

    /// An error in the value of this key of the config's.
    pub fn error(&mut self, key: &'static str, at: &str, message: impl Into<String>) {
        self.add(Severity::Error, key, at, message.into());
    }

    /// A warning, likewise.
    pub fn warning(&mut self, key: &'static str, at: &str, message: impl Into<String>) {
        self.add(Severity::Warning, key, at, message.into());
    }

    /// A value that is set and not empty.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.document.string(key).ok().flatten().filter(|text| !text.is_empty())
    }

    /// The items of a list.
    #[must_use]
    pub fn list(&self, key: &str) -> Vec<String> {
        self.document.strings(key).ok().flatten().unwrap_or_default()
    }

    /// All of them in their order.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| (finding.severity, finding.line));
        self.found
    }

    fn add(&mut self, severity: Severity, key: &'static str, at: &str, message: String) {
        let line = self.document.position(at).map(|position| position.line);
        self.found.push(Finding { severity, key, line, message });
    }
}

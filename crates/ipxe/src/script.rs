//! The text of a script: lines, labels, words. Follows `src/image/script.c` and, for words,
//! `split_command` of `src/core/exec.c`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Exceeded, ScriptError};
use crate::limits::Limits;
use crate::text::{At, is_space, shown_url, words};

/// A script, split into lines.
#[derive(Debug)]
pub(crate) struct Script {
    /// Where it came from; what its relative names are relative to.
    pub(crate) url: String,
    /// The same for messages.
    pub(crate) name: Arc<str>,
    pub(crate) lines: Vec<Line>,
    labels: HashMap<Vec<u8>, usize>,
}

/// A line, with those a backslash joined to it.
#[derive(Debug)]
pub(crate) struct Line {
    /// Counted from 1.
    pub(crate) number: u32,
    /// What stands behind the label, if there is one.
    pub(crate) command: Vec<u8>,
}

/// Whether iPXE takes the file for a script.
pub(crate) fn is_script(bytes: &[u8]) -> bool {
    match bytes.split_at_checked(6) {
        Some((b"#!ipxe" | b"#!gpxe", [next, ..])) => is_space(*next),
        _ => false,
    }
}

impl Script {
    pub(crate) fn parse(url: &str, bytes: &[u8], limits: &Limits) -> Result<Script, ScriptError> {
        let name: Arc<str> = shown_url(url.as_bytes()).into();
        let at = |line| At { script: Arc::clone(&name), line };
        if bytes.len() > limits.script_bytes {
            let limit = Exceeded::ScriptBytes { limit: limits.script_bytes };
            return Err(ScriptError::Limit { at: at(1), limit });
        }
        if !is_script(bytes) {
            return Err(ScriptError::NoScript { script: name });
        }
        let mut lines = Vec::new();
        let mut labels = HashMap::new();
        let mut joined = Vec::new();
        let mut first = 1_u32;
        let mut open = false;
        // What follows the last line end is a line only if there is something.
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for (number, piece) in (1_u32..).zip(text.split(|&b| b == b'\n')) {
            if !open {
                first = number;
            }
            joined.extend(piece);
            if joined.last() == Some(&b'\r') {
                joined.pop();
            }
            if joined.contains(&0) {
                return Err(ScriptError::Nul { at: at(number) });
            }
            if joined.len() > limits.line_bytes {
                let limit = Exceeded::LineBytes { limit: limits.line_bytes };
                return Err(ScriptError::Limit { at: at(first), limit });
            }
            open = joined.last() == Some(&b'\\');
            if open {
                joined.pop();
                continue;
            }
            let (label, command) = split_label(&joined);
            if let Some(label) = label {
                labels.entry(label.to_vec()).or_insert(lines.len());
            }
            lines.push(Line { number: first, command: command.to_vec() });
            joined.clear();
        }
        if open {
            return Err(ScriptError::Unfinished { at: at(first) });
        }
        Ok(Script { url: url.to_owned(), name, lines, labels })
    }

    /// The first line with this label, as an index.
    pub(crate) fn label(&self, label: &[u8]) -> Option<usize> {
        self.labels.get(label).copied()
    }

    pub(crate) fn at(&self, line: usize) -> At {
        let number = self.lines.get(line).map_or(0, |line| line.number);
        At { script: Arc::clone(&self.name), line: number }
    }
}

impl Line {
    /// The line's words; a `#` in front of one begins a comment.
    pub(crate) fn words(&self) -> Vec<Vec<u8>> {
        words(&self.command)
            .take_while(|word| !word.starts_with(b"#"))
            .map(<[u8]>::to_vec)
            .collect()
    }
}

fn split_label(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let start = line.iter().position(|&b| !is_space(b)).unwrap_or(line.len());
    let text = line.get(start..).unwrap_or_default();
    let Some(rest) = text.strip_prefix(b":") else { return (None, text) };
    let end = rest.iter().position(|&b| is_space(b)).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((label, command)) => (Some(label), command),
        None => (Some(rest), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, ScriptError> {
        Script::parse("http://boot/a.ipxe", text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_script_is_known_by_its_first_word() {
        assert!(is_script(b"#!ipxe\n"));
        assert!(is_script(b"#!ipxe "));
        assert!(is_script(b"#!gpxe\r\n"));
        assert!(!is_script(b"#!ipxe"));
        assert!(!is_script(b"#!ipxe-script\n"));
        assert!(!is_script(b"#!/bin/sh\n"));
        assert!(!is_script(b""));
    }

    #[test]
    fn a_backslash_joins_lines_and_a_label_may_have_a_command() {
        let script = parse("#!ipxe\r\nset a \\\r\n  b\r\n:next echo c # d\n\n:next\n").unwrap();
        let lines: Vec<_> =
            script.lines.iter().map(|line| (line.number, line.words().concat())).collect();
        let word = |text: &str| text.as_bytes().to_vec();
        assert_eq!(
            lines,
            [(1, word("")), (2, word("setab")), (4, word("echoc")), (5, word("")), (6, word(""))]
        );
        assert_eq!(script.label(b"next"), Some(2));
        assert_eq!(script.label(b"b"), None);
    }

    #[test]
    fn a_line_has_a_limit() {
        let limits = Limits { line_bytes: 8, ..Limits::default() };
        let parse = |text: &[u8]| Script::parse("http://boot/a", text, &limits);
        assert_eq!(parse(b"#!ipxe\nabcd\\\nefgh").unwrap().lines.len(), 2);
        let error = parse(b"#!ipxe\nabcd\\\nefghi").unwrap_err();
        let limit = Exceeded::LineBytes { limit: 8 };
        let at = At { script: "http://boot/a".into(), line: 2 };
        assert_eq!(error, ScriptError::Limit { at, limit });
    }

    #[test]
    fn a_script_has_a_limit() {
        let limits = Limits { script_bytes: 8, ..Limits::default() };
        assert!(Script::parse("http://boot/a", b"#!ipxe\nx", &limits).is_ok());
        let error = Script::parse("http://boot/a", b"#!ipxe\nxy", &limits).unwrap_err();
        assert!(matches!(
            error,
            ScriptError::Limit { limit: Exceeded::ScriptBytes { limit: 8 }, .. }
        ));
    }

    #[test]
    fn what_is_no_plain_text_is_refused() {
        assert!(matches!(parse("#!ipxe\necho \0"), Err(ScriptError::Nul { at }) if at.line == 2));
        assert!(
            matches!(parse("#!ipxe\n\nset a \\"), Err(ScriptError::Unfinished { at }) if at.line == 3)
        );
        assert!(matches!(parse("<html>"), Err(ScriptError::NoScript { .. })));
    }
}

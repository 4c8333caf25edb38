//! The pieces of a disk specification (libxlutil: `libxlu_disk_l.l`).
//!
//! Of all rules that fit at a place, the one that takes most text wins, and the earlier one if two take
//! the same. Some rules look at the text behind what they take, and that counts too. This is the heart of
//! the matter: it decides whether `nbd:x` is a prefix or a path.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Blanks,
    /// `key=value`, the key with its `=`.
    Named(&'static str),
    /// `target=`, which takes all that follows on its line.
    Target,
    /// A word that is a switch.
    Flag(&'static str),
    /// An old `prefix:` that names a format, a script or nothing of use.
    Prefix(&'static str),
    UnknownKey,
    UnknownPrefix,
    Positional,
    /// What fits no rule.
    Bad,
    /// An `=` as the very last byte, which libxlutil passes over.
    Swallowed,
}

const NAMED: &[&str] = &[
    "format=",
    "devtype=",
    "access=",
    "backend=",
    "backendtype=",
    "specification=",
    "vdev=",
    "script=",
    "colo-host=",
    "colo-port=",
    "colo-export=",
    "active-disk=",
    "hidden-disk=",
];

const FLAGS: &[&str] = &[
    "cdrom",
    "direct-io-safe",
    "discard",
    "no-discard",
    "colo",
    "no-colo",
    "trusted",
    "untrusted",
    "grant_usage=1",
    "grant_usage=0",
];

const PREFIXES: &[&str] = &[
    "raw:", "qcow:", "qcow2:", "vhd:", "iscsi:", "nbd:", "enbd:", "drbd:", "tapdisk:", "tap:",
    "tap2:", "aio:", "ioemu:", "file:", "phy:",
];

/// The rule that takes the text at `at`, and what it takes. `None` at the end.
pub(crate) fn next(text: &str, at: usize) -> Option<(Rule, Range<usize>)> {
    let rest = text.as_bytes().get(at..).filter(|rest| !rest.is_empty())?;
    let mut best = Best { rule: Rule::Bad, taken: 0, reach: 0 };

    let blanks = run(rest, |byte| matches!(byte, b' ' | b'\t' | b'\n'));
    if blanks > 0 {
        best.offer(Rule::Blanks, blanks, blanks + line(rest, blanks));
    }
    for key in NAMED {
        if rest.starts_with(key.as_bytes()) {
            let length = field(rest);
            best.offer(Rule::Named(key), length, length);
        }
    }
    for flag in FLAGS {
        if rest.starts_with(flag.as_bytes()) {
            let length = flag.len() + usize::from(rest.get(flag.len()) == Some(&b','));
            best.offer(Rule::Flag(flag), length, length);
        }
    }
    if rest.starts_with(b"target=") {
        let length = line(rest, 0);
        best.offer(Rule::Target, length, length);
    }
    if let Some(length) = unknown_key(rest) {
        best.offer(Rule::UnknownKey, length, length);
    }
    for prefix in PREFIXES {
        if rest.starts_with(prefix.as_bytes()) {
            best.offer(Rule::Prefix(prefix), prefix.len(), line(rest, 0));
        }
    }
    if let Some((length, reach)) = unknown_prefix(rest) {
        best.offer(Rule::UnknownPrefix, length, reach);
    }
    let words = run(rest, |byte| !matches!(byte, b'=' | b','));
    let positional = words + usize::from(rest.get(words) == Some(&b','));
    if positional > 0 {
        best.offer(Rule::Positional, positional, positional);
    }
    if best.taken == 0 {
        // Only `=` fits no rule. The error rule wants more text; at the very end there is none.
        best.rule = if rest.len() == 1 { Rule::Swallowed } else { Rule::Bad };
        best.taken = rest.len();
    }
    Some((best.rule, at..at + best.taken))
}

struct Best {
    rule: Rule,
    /// How much the rule takes.
    taken: usize,
    /// How much it looks at.
    reach: usize,
}

impl Best {
    fn offer(&mut self, rule: Rule, taken: usize, reach: usize) {
        if reach > self.reach {
            *self = Self { rule, taken, reach };
        }
    }
}

fn run(text: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| wanted(**byte)).count()
}

/// How much there is from `from` to the end of the line.
fn line(text: &[u8], from: usize) -> usize {
    run(text.get(from..).unwrap_or_default(), |byte| byte != b'\n')
}

/// Up to the next comma, and with it.
fn field(text: &[u8]) -> usize {
    let length = run(text, |byte| byte != b',');
    length + usize::from(text.get(length) == Some(&b','))
}

/// A lower-case name, `=`, and one character that is no comma.
fn unknown_key(text: &[u8]) -> Option<usize> {
    let name = run(text, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let starts = text.first().is_some_and(u8::is_ascii_lowercase);
    if !starts || text.get(name) != Some(&b'=') || matches!(text.get(name + 1), None | Some(b',')) {
        return None;
    }
    Some(name + 2 + usize::from(text.get(name + 2) == Some(&b',')))
}

/// A lower-case name, a colon, and then nothing or something that is no name.
fn unknown_prefix(text: &[u8]) -> Option<(usize, usize)> {
    let name = run(text, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    let starts = text.first().is_some_and(u8::is_ascii_lowercase);
    if !starts || text.get(name) != Some(&b':') {
        return None;
    }
    let length = name + 1;
    match text.get(length) {
        None | Some(b'a'..=b'z' | b'0'..=b'9') => Some((length, length)),
        Some(_) => Some((length, length + 1 + line(text, length + 1))),
    }
}

//! Where a whole setting goes to and how it goes away.

use crate::document::Document;
use crate::parser::{NodeKind, Setting};
use crate::splice::{Splice, Surroundings};

/// Keys people keep together, in the order they write them.
const FAMILIES: &[&[&str]] = &[
    &["name", "uuid", "type", "builder"],
    &[
        "kernel",
        "ramdisk",
        "bootloader",
        "bootloader_args",
        "bootloader_restrict",
        "cmdline",
        "root",
        "extra",
    ],
    &["memory", "maxmem", "vcpus", "maxvcpus"],
    &["vif", "disk"],
    &["on_poweroff", "on_reboot", "on_watchdog", "on_crash"],
];

/// A new setting on a line of its own, after the line of the last setting of its family, else after the
/// last setting of all, indented and spaced like that one.
pub(crate) fn add(document: &Document, key: &str, literal: &[u8]) -> Splice {
    let text = document.to_bytes();
    let around = Surroundings::new(text);
    let settings = &document.tree().settings;
    let family = FAMILIES.iter().find(|family| family.contains(&key)).copied().unwrap_or_default();
    let in_family = |setting: &&Setting| {
        let name = text.get(setting.key.clone()).unwrap_or_default();
        family.iter().any(|member| member.as_bytes() == name)
    };
    let anchor = settings.iter().rev().find(in_family).or(settings.last());
    let Some(anchor) = anchor else {
        // Nothing is set: the end of the file, after what comments there are.
        let line = [key.as_bytes(), b" = ", literal, b"\n"].concat();
        return on_new_line(around, text.len(), line);
    };
    let node = document.tree().nodes.get(anchor.node);
    let end = node.map_or(anchor.operator.end, |node| node.span.end);
    let start = node.map_or(anchor.operator.end, |node| node.span.start);
    let line = [
        around.indentation(anchor.key.start),
        key.as_bytes(),
        around.slice(anchor.key.end..anchor.operator.start),
        b"=",
        around.slice(anchor.operator.end..start),
        literal,
        b"\n",
    ]
    .concat();
    let mut at = around.line_end(end);
    // `a = 1; b = [` on the anchor's line goes on over lines to come.
    for setting in settings.iter().filter(|setting| setting.key.start >= end) {
        if setting.key.start >= at {
            break;
        }
        let node = document.tree().nodes.get(setting.node);
        at = node.map_or(at, |node| around.line_end(node.span.end));
    }
    on_new_line(around, at, line)
}

fn on_new_line(around: Surroundings<'_>, at: usize, mut line: Vec<u8>) -> Splice {
    if at > 0 && around.byte(at - 1) != Some(b'\n') {
        line.insert(0, b'\n');
    }
    Splice::insert(at, line)
}

/// Takes settings out, each with its line if nothing else stands there. Comments inside a list stay, on
/// lines of their own.
pub(crate) fn remove(document: &Document, settings: &[&Setting]) -> Vec<Splice> {
    let around = Surroundings::new(document.to_bytes());
    let one = |setting: &&Setting| {
        let kept = comments_inside(document, setting).map(|lines| {
            let start = setting.key.start;
            let end = document.tree().nodes.get(setting.node).map_or(start, |node| node.span.end);
            if around.starts_line(start) {
                return Splice::insert(around.blanks_before(start), lines);
            }
            // What stands before it on its line stays there.
            on_new_line(around, around.line_end(end), lines)
        });
        kept.into_iter().chain([without(document, around, setting)])
    };
    settings.iter().flat_map(one).collect()
}

/// The comments between a list's items, a line each, indented as the setting is.
fn comments_inside(document: &Document, setting: &Setting) -> Option<Vec<u8>> {
    let nodes = &document.tree().nodes;
    let list = nodes.get(setting.node)?;
    let NodeKind::List { next } = list.kind else { return None };
    let around = Surroundings::new(document.to_bytes());
    let mut lines = Vec::new();
    let mut at = list.span.start;
    // What is no string is brackets, commas, blanks and comments.
    let inside = nodes.get(setting.node + 1..next).unwrap_or_default().iter();
    let strings = inside.filter(|node| !matches!(node.kind, NodeKind::List { .. }));
    let strings = strings.map(|node| node.span.clone());
    for string in strings.chain(std::iter::once(list.span.end..list.span.end)) {
        for line in around.slice(at..string.start).split(|byte| *byte == b'\n') {
            if let Some(comment) = line.iter().position(|byte| *byte == b'#') {
                lines.extend_from_slice(around.indentation(setting.key.start));
                lines.extend_from_slice(line.get(comment..).unwrap_or_default());
                lines.push(b'\n');
            }
        }
        at = string.end;
    }
    (!lines.is_empty()).then_some(lines)
}

fn without(document: &Document, around: Surroundings<'_>, setting: &Setting) -> Splice {
    let start = setting.key.start;
    let end = document.tree().nodes.get(setting.node).map_or(start, |node| node.span.end);
    let after = around.blanks_after(end);
    let before = around.blanks_before(start);
    let first = around.starts_line(start);
    let range = if before > 0 && around.byte(before - 1) == Some(b';') {
        before - 1..end
    } else if around.byte(after) == Some(b';') {
        // `a=1; b=2` without a is `b=2`; `a=1;` alone on its line goes with its line.
        let alone = first && around.ends_line(after + 1);
        if alone { before..around.line_end(after) } else { start..around.blanks_after(after + 1) }
    } else if first && around.ends_line(end) {
        before..around.line_end(end)
    } else if first {
        start..after
    } else {
        before..end
    };
    Splice::delete(range)
}

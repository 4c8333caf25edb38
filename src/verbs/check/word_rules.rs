//! Names, numbers and words.
//!
//! - `name-taken`, `uuid`, `uuid-taken`, `memory`, `action`, `key`, `control-byte`

use xlcfg::Value;

use super::around::Around;
use super::finding::Findings;
use super::known_keys::KNOWN;

/// What xl can do when a guest ends (xl.cfg(5)).
const ACTIONS: [&str; 8] = [
    "destroy",
    "restart",
    "rename-restart",
    "preserve",
    "coredump-destroy",
    "coredump-restart",
    "soft-reset",
    "suspend",
];
const EVENTS: [&str; 5] = ["on_poweroff", "on_reboot", "on_watchdog", "on_crash", "on_soft_reset"];

/// Looks at them.
pub fn check(findings: &mut Findings<'_>, around: &Around) {
    taken(findings, around);
    memory(findings, around);
    for event in EVENTS {
        if let Some(action) = findings.text(event)
            && !ACTIONS.contains(&action.as_str())
        {
            findings.error(
                "action",
                event,
                format!("xl knows no {event} = {action:?}; it knows {}", ACTIONS.join(", ")),
            );
        }
    }
    let keys: Vec<String> = findings.document.keys().map(str::to_owned).collect();
    for key in &keys {
        if findings.document.get(key).is_some_and(|value| has_control(&value)) {
            findings.warning(
                "control-byte",
                key,
                format!(
                    "{key}= has a control byte in it, maybe the CR of a file from Windows: xl \
                     takes it as part of the value"
                ),
            );
        }
        if let Some(known) = meant(key) {
            findings.warning(
                "key",
                key,
                format!("xl does not know {key}= and passes over it: is {known}= meant?"),
            );
        }
    }
}

fn taken(findings: &mut Findings<'_>, around: &Around) {
    let name = findings.text("name").unwrap_or_default();
    let uuid = findings.text("uuid").map(|uuid| uuid.to_lowercase());
    if let Some(uuid) = &uuid
        && uuid.bytes().filter(u8::is_ascii_hexdigit).count() != 32
    {
        findings.error("uuid", "uuid", format!("{uuid} is no UUID: `uuidgen` makes one"));
    }
    for other in &around.others {
        let path = other.path.display();
        if other.name == name {
            let message = format!("{path} is of a guest {name} as well: xl runs only one of them");
            findings.error("name-taken", "name", message);
        }
        if uuid.is_some() && other.uuid == uuid {
            let message = format!("{path} has the same uuid: xl runs only one of them");
            findings.error("uuid-taken", "uuid", message);
        }
    }
}

fn memory(findings: &mut Findings<'_>, around: &Around) {
    match findings.document.integer("memory") {
        Err(error) => findings.error("memory", "memory", error.to_string()),
        Ok(Some(memory)) if memory <= 0 => {
            findings.error("memory", "memory", format!("memory = {memory} is none at all"));
        }
        Ok(Some(memory)) => {
            let wanted = u64::try_from(memory).unwrap_or_default();
            if let Some(free) = around.free_memory_mib.filter(|free| *free < wanted && !around.runs)
            {
                findings.warning(
                    "memory",
                    "memory",
                    format!(
                        "it wants {wanted} MiB, and Xen has {free} MiB free: xl would take the \
                         rest from dom0, if it may"
                    ),
                );
            }
        }
        Ok(None) => {}
    }
}

/// Whether a byte that nobody types on purpose is in it; a tab is, and a line's end as `\n`. The
/// items of inner lists are not looked at: no key for a guest's boot has them.
fn has_control(value: &Value<'_>) -> bool {
    let is_odd = |text: &[u8]| {
        text.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n'))
    };
    match value {
        Value::String(text) => is_odd(text),
        Value::List(list) => {
            list.iter().any(|item| matches!(item, Value::String(text) if is_odd(&text)))
        }
    }
}

/// The key that was meant by one that xl does not know, if it is near to a known one.
fn meant(key: &str) -> Option<&'static str> {
    if KNOWN.binary_search(&key).is_ok() {
        return None;
    }
    // Short words are near to too many others.
    let allowed = match key.len() {
        0..=3 => return None,
        4..=7 => 1,
        _ => 2,
    };
    let near = KNOWN.iter().map(|known| (distance(key, known), *known));
    near.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}

/// How many letters were added, left out, changed, or changed places with the next (Damerau's
/// and Levenshtein's distance, in its common restricted form).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, j) + usize::from(x != y);
            let one_more = at(&last, j + 1).min(at(&row, j)) + 1;
            let is_swapped = i > 0
                && j > 0
                && Some(x) == j.checked_sub(1).and_then(|j| b.get(j))
                && i.checked_sub(1).and_then(|i| a.get(i)) == Some(y);
            let swapped = if is_swapped { at(&before, j - 1) + 1 } else { usize::MAX };
            row.push(replaced.min(one_more).min(swapped));
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_are_seen_and_other_words_left_alone() {
        assert_eq!(meant("bootloarder_args"), Some("bootloader_args"));
        assert_eq!(meant("memroy"), Some("memory"));
        assert_eq!(meant("on_rebot"), Some("on_reboot"));
        assert_eq!(meant("diks"), Some("disk"));
        assert_eq!(meant("disk"), None);
        assert_eq!(meant("my_own_note"), None);
        assert_eq!(meant("nam"), None);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("", "ab", 2), ("abc", "abc", 0), ("abcd", "abdc", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}

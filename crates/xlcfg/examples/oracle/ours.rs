//! This crate's reading, in the bytes `tests/oracle/libxlutil_oracle.c` answers with.

use std::collections::BTreeMap;

use xlcfg::{DiskSpec, Document, EditError, List, Value};

/// Every word of the text that could be a key, `most` of them. What the library finds besides them does
/// not exist.
pub(crate) fn candidate_keys(text: &[u8], most: usize) -> Vec<String> {
    let is_word = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    let mut keys: Vec<String> = vec!["unset".to_owned()];
    for word in text.split(|byte| !is_word(byte)) {
        let word = String::from_utf8_lossy(word).into_owned();
        if word.starts_with(|first: char| first.is_ascii_lowercase()) && !keys.contains(&word) {
            keys.push(word);
        }
        if keys.len() >= most {
            break;
        }
    }
    keys
}

/// A change to make.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    String { key: String, text: String },
    Integer { key: String, number: i64 },
    Strings { key: String, items: Vec<String> },
    SetItem { key: String, index: usize, text: String },
    InsertItem { key: String, index: usize, text: String },
    RemoveItem { key: String, index: usize },
    Remove { key: String },
}

pub(crate) struct Edited {
    pub(crate) text: Vec<u8>,
}

pub(crate) fn apply(text: &[u8], edit: &Edit) -> Result<Edited, EditError> {
    let Ok(mut document) = Document::parse(text) else { return Ok(Edited { text: text.to_vec() }) };
    match edit {
        Edit::String { key, text } => document.set_string(key, text),
        Edit::Integer { key, number } => document.set_integer(key, *number),
        Edit::Strings { key, items } => document.set_strings(key, items),
        Edit::SetItem { key, index, text } => document.set_item(key, *index, text),
        Edit::InsertItem { key, index, text } => document.insert_item(key, *index, text),
        Edit::RemoveItem { key, index } => document.remove_item(key, *index),
        Edit::Remove { key } => document.remove(key).map(|_| ()),
    }?;
    Ok(Edited { text: document.to_bytes().to_vec() })
}

/// What the text must mean after the edit: worked out from the old text, not from the new one.
pub(crate) fn expected(text: &[u8], edit: &Edit, keys: &[String]) -> Vec<u8> {
    let Ok(document) = Document::parse(text) else { return b"E".to_vec() };
    let old_items = |key: &str| match document.get(key) {
        Some(Value::List(list)) => items(&list),
        _ => Vec::new(),
    };
    let mut new = BTreeMap::new();
    match edit {
        Edit::String { key, text } => {
            // A string that was what it should be stays as it is, `+=` and all.
            if document.bytes(key).ok().flatten().as_deref() != Some(text.as_bytes()) {
                new.insert(key, Some(with_number(text)));
            }
        }
        Edit::Integer { key, number } => {
            // So does what was this number in another form.
            if document.integer(key) != Ok(Some(*number)) {
                new.insert(key, Some(with_number(&number.to_string())));
            }
        }
        Edit::Strings { key, items } => {
            new.insert(
                key,
                Some(list_of(
                    &items.iter().map(|item| string(item.as_bytes())).collect::<Vec<_>>(),
                )),
            );
        }
        Edit::SetItem { key, index, text } => {
            let mut items = old_items(key);
            if let Some(item) = items.get_mut(*index) {
                *item = string(text.as_bytes());
            }
            new.insert(key, Some(list_of(&items)));
        }
        Edit::InsertItem { key, index, text } => {
            let mut items = old_items(key);
            items.insert((*index).min(items.len()), string(text.as_bytes()));
            new.insert(key, Some(list_of(&items)));
        }
        Edit::RemoveItem { key, index } => {
            let mut items = old_items(key);
            if *index < items.len() {
                items.remove(*index);
            }
            new.insert(key, Some(list_of(&items)));
        }
        Edit::Remove { key } => {
            new.insert(key, Some(b"-".to_vec()));
        }
    }
    answer(&document, keys, |key| new.get(key).cloned().flatten())
}

pub(crate) fn config(text: &[u8], keys: &[String]) -> Vec<u8> {
    match Document::parse(text) {
        Ok(document) => {
            if document.to_bytes() != text {
                return b"the text is not what was read".to_vec();
            }
            answer(&document, keys, |_| None)
        }
        Err(_) => b"E".to_vec(),
    }
}

fn answer(
    document: &Document,
    keys: &[String],
    new: impl Fn(&String) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let mut out = b"O\n".to_vec();
    for key in keys {
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        out.extend(new(key).unwrap_or_else(|| match document.get(key) {
            None => b"-".to_vec(),
            Some(Value::List(list)) => list_of(&items(&list)),
            Some(Value::String(bytes)) => {
                let number = match document.integer(key) {
                    Ok(Some(number)) => format!("#{number}"),
                    _ => "!".to_owned(),
                };
                [string(&bytes), number.into_bytes()].concat()
            }
        }));
        out.push(b'\n');
    }
    out
}

/// The items of a list, each with all that is in it. The generated lists are not deep, so this recurses.
fn items(list: &List<'_>) -> Vec<Vec<u8>> {
    list.iter()
        .map(|item| match item {
            Value::String(bytes) => string(&bytes),
            Value::List(inner) => list_of(&items(&inner)),
        })
        .collect()
}

fn list_of(items: &[Vec<u8>]) -> Vec<u8> {
    [b"[".to_vec(), items.concat(), b"]".to_vec()].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [format!("S{}:", bytes.len()).as_bytes(), bytes].concat()
}

/// A string set by an edit. The texts of edits are decimal numbers or no numbers at all.
fn with_number(text: &str) -> Vec<u8> {
    let number = text.parse::<i64>().map_or("!".to_owned(), |number| format!("#{number}"));
    [string(text.as_bytes()), number.into_bytes()].concat()
}

pub(crate) fn disk(spec: &str) -> Vec<u8> {
    let Ok(disk) = DiskSpec::parse(spec) else { return b"E".to_vec() };
    let text = |text: Option<&str>| text.map_or(b"-".to_vec(), |text| string(text.as_bytes()));
    let flag = |on: bool| if on { b"1".to_vec() } else { b"0".to_vec() };
    let backend = disk.backendtype.map_or("unknown".to_owned(), |kind| kind.to_string());
    let discard = disk.discard.map_or("<default>", |on| if on { "True" } else { "False" });
    [
        b"O\n".to_vec(),
        text(disk.target.as_deref()),
        text(Some(&disk.vdev)),
        text(Some(&disk.format.to_string())),
        text(Some(&backend)),
        text(disk.backend.as_deref()),
        text(disk.script.as_deref()),
        flag(!disk.read_only),
        flag(disk.cdrom),
        flag(disk.direct_io_safe),
        text(Some(discard)),
    ]
    .concat()
}

/// The specification in the form the crate writes, if it accepts this one.
pub(crate) fn rewritten_disk(spec: &str) -> Option<String> {
    DiskSpec::parse(spec).ok()?.to_spec().ok()
}

pub(crate) fn mac(text: &str) -> Vec<u8> {
    match xlcfg::parse_mac(text) {
        Ok(mac) => [b"O".as_slice(), &mac].concat(),
        Err(_) => b"E".to_vec(),
    }
}

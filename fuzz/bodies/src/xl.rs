//! xl's configs, read and changed; specs of interfaces and disks.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use rpxeboot::guest::vif_spec::read_spec;
use xlcfg::{DiskSpec, Document, OvsBridge, VifSpec};

/// A config, and after a NUL what is changed in it.
pub(crate) fn config(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let text = parts.next().unwrap_or_default();
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            assert!(error.offset <= text.len());
            assert!(error.render("x.cfg").starts_with("x.cfg:"));
            return;
        }
    };
    assert_eq!(document.to_bytes(), text, "read and written is the same");
    for key in document.keys() {
        assert!(document.get(key).is_some() && document.position(key).is_some());
        let _ = (document.string(key), document.strings(key));
    }
    let _ = change(document, &mut Unstructured::new(parts.next().unwrap_or_default()));
}

fn change(mut document: Document, input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    while !input.is_empty() {
        let (before, bytes) = (Said::of(&document), document.to_bytes().to_vec());
        let key = *input.choose(&["name", "bootloader", "vif", "disk", "memory", "a", "b"])?;
        let text = *input.choose(&["pygrub", "", "it's", "a\"b'c", "x\\n", "é", "a\nb", "a\0b"])?;
        let index = usize::from(input.int_in_range(0..=3_u8)?);
        let mut wanted = before.lists.get(key).cloned().flatten();
        let list = wanted.get_or_insert_default();
        let done = match input.int_in_range(0..=6)? {
            0 => {
                let done = document.set_string(key, text).is_ok();
                assert!(!done || document.string(key).ok().flatten().as_deref() == Some(text));
                list.clear();
                list.push(text.to_owned());
                done
            }
            1 => {
                let number: i64 = input.arbitrary()?;
                let done = document.set_integer(key, number).is_ok();
                assert!(!done || document.integer(key) == Ok(Some(number)), "{key}: {number}");
                wanted = None;
                done
            }
            2 => {
                *list = vec![text.to_owned(), "second".to_owned()];
                document.set_strings(key, &[text, "second"]).is_ok()
            }
            3 => {
                let done = document.set_item(key, index, text).is_ok();
                list.get_mut(index).into_iter().for_each(|item| *item = text.to_owned());
                done
            }
            4 => {
                let done = document.insert_item(key, index, text).is_ok();
                list.insert(index.min(list.len()), text.to_owned());
                done
            }
            5 => {
                let done = document.remove_item(key, index).is_ok();
                drop((index < list.len()).then(|| list.remove(index)));
                done
            }
            _ => {
                let done = document.remove(key).is_ok();
                assert!(!done || document.get(key).is_none(), "{key} is gone");
                wanted = None;
                done
            }
        };
        let after = document.to_bytes();
        if !done {
            assert_eq!(after, bytes, "what is refused changes nothing");
        }
        let again = Document::parse(after).expect("what was written can be read");
        assert_eq!(again.to_bytes(), after);
        let said = Said::of(&again);
        for other in before.lists.keys().chain(said.lists.keys()).filter(|other| *other != key) {
            assert_eq!(said.bytes.get(other), before.bytes.get(other), "{other}, not {key}");
            assert_eq!(said.lists.get(other), before.lists.get(other), "{other}, not {key}");
        }
        // A list with items that are no text has no such list to compare with.
        if let (true, Some(wanted), Some(Some(list))) = (done, &wanted, said.lists.get(key))
            && before.lists.get(key).is_none_or(Option::is_some)
        {
            assert_eq!(list, wanted, "{key}");
        }
    }
    Ok(())
}

/// What a config says, key by key.
struct Said {
    bytes: BTreeMap<String, Option<Vec<u8>>>,
    lists: BTreeMap<String, Option<Vec<String>>>,
}

impl Said {
    fn of(document: &Document) -> Self {
        let bytes = |key: &str| document.bytes(key).ok().flatten().map(|bytes| bytes.into_owned());
        let list = |key: &str| document.strings(key).ok().flatten();
        Self {
            bytes: document.keys().map(|key| (key.to_owned(), bytes(key))).collect(),
            lists: document.keys().map(|key| (key.to_owned(), list(key))).collect(),
        }
    }
}

/// A spec of any kind.
pub(crate) fn specs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(vif) = VifSpec::parse(&text) {
        let _ = (vif.bridge(), vif.to_string());
    }
    if let Ok(disk) = DiskSpec::parse(&text) {
        let _ = format!("{disk:?}");
    }
    let _ = OvsBridge::parse(&text);
    if let Ok(mac) = xlcfg::parse_mac(&text) {
        let shown = xlcfg::format_mac(mac);
        assert_eq!(xlcfg::parse_mac(&shown).ok(), Some(mac));
    }
    let _ = read_spec(&text);
}

//! xl's configs, read and changed; specs of interfaces and disks.

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
        let before = document.to_bytes().to_vec();
        let key = *input.choose(&["name", "bootloader", "vif", "disk", "memory", "a", "b"])?;
        let text = *input.choose(&["pygrub", "", "it's", "a\"b'c", "x\\n", "é", "a\nb", "a\0b"])?;
        let index = usize::from(input.int_in_range(0..=3_u8)?);
        let done = match input.int_in_range(0..=6)? {
            0 => document.set_string(key, text).is_ok() && holds(&document, key, text),
            1 => document.set_integer(key, input.arbitrary()?).is_ok(),
            2 => document.set_strings(key, &[text, "second"]).is_ok(),
            3 => document.set_item(key, index, text).is_ok(),
            4 => document.insert_item(key, index, text).is_ok(),
            5 => document.remove_item(key, index).is_ok(),
            _ => document.remove(key).is_ok(),
        };
        let after = document.to_bytes();
        if !done {
            assert_eq!(after, before, "what is refused changes nothing");
        }
        let again = Document::parse(after).expect("what was written can be read");
        assert_eq!(again.to_bytes(), after);
    }
    Ok(())
}

/// What was set is what is read.
fn holds(document: &Document, key: &str, text: &str) -> bool {
    assert_eq!(document.string(key).ok().flatten().as_deref(), Some(text), "{key}");
    true
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

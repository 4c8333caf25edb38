//! What is read is kept, byte for byte, whatever it is; and nothing that comes in can do harm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use xlcfg::{
    DiskSpec, Document, MAX_CONFIG_BYTES, MAX_NESTING, MAX_SPEC_BYTES, OvsBridge, ParseErrorKind,
    Value, VifSpec,
};

/// A text made of the grammar's pieces, most often a valid one.
fn config() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        "\"[^\"\\\\\\n\\x00]{0,10}\"",
        "'([^'\\\\\\n\\x00]|\\\\[\"'\\\\abfnrtv]){0,10}'",
        "[0-9][0-9a-fx]{0,4}",
    ];
    let gap = prop_oneof![
        Just(String::new()),
        Just(" ".to_owned()),
        Just("\n    ".to_owned()),
        "# [^\\n\\x00]{0,8}\n"
    ];
    let list =
        (prop::collection::vec((gap.clone(), atom.clone(), gap.clone()), 0..4), any::<bool>());
    let list = list.prop_map(|(items, comma)| {
        let items: Vec<String> = items.iter().map(|(a, b, c)| format!("{a}{b}{c}")).collect();
        let comma = if comma && !items.is_empty() { "," } else { "" };
        format!("[{}{comma}]", items.join(","))
    });
    let setting = (
        "[ \t]{0,2}",
        "[a-z][._0-9a-z]{0,3}",
        "[ \t]{0,1}\\+?=[ \t]{0,1}",
        prop_oneof![atom, list],
    );
    let setting = setting.prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"));
    let end =
        prop_oneof![Just(";".to_owned()), Just("\n".to_owned()), "[ \t]{0,2}#[^\\n\\x00]{0,8}\n"];
    let line = prop_oneof![4 => setting, 1 => Just(String::new())];
    prop::collection::vec((line, end), 0..8)
        .prop_map(|lines| lines.iter().map(|(line, end)| format!("{line}{end}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_of_the_grammar_is_kept_byte_for_byte(text in config()) {
        match Document::parse(&text) {
            Ok(document) => prop_assert_eq!(document.to_bytes(), text.as_bytes()),
            // The one thing such a text can have wrong.
            Err(error) => prop_assert_eq!(error.kind, ParseErrorKind::MixedAddition),
        }
    }

    #[test]
    fn any_bytes_are_kept_or_refused_with_their_place(text in prop::collection::vec(any::<u8>(), 0..64)) {
        match Document::parse(&text) {
            Ok(document) => prop_assert_eq!(document.to_bytes(), &text[..]),
            Err(error) => {
                prop_assert!(error.offset <= text.len());
                prop_assert!(error.render("x.cfg").starts_with("x.cfg:"));
            }
        }
    }

    #[test]
    fn nearly_valid_text_is_kept_or_refused(text in "[a-c=\\[\\]'\",;#\\\\ \n\t+0-9xF]{0,40}") {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(document.to_bytes(), text.as_bytes());
            for key in document.keys() {
                prop_assert!(document.get(key).is_some(), "{} is a key without a value", key);
                prop_assert!(document.position(key).is_some());
            }
        }
    }

    #[test]
    fn no_specification_does_harm(text in "[a-z0-9=,:/ \n.\\-\u{e4}]{0,40}") {
        let _ = VifSpec::parse(&text);
        let _ = DiskSpec::parse(&text);
        let _ = OvsBridge::parse(&text);
        let _ = xlcfg::parse_mac(&text);
    }
}

/// Each file of the corpus says by its name whether xl accepts it.
#[test]
fn corpus() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracle/corpus");
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        files += 1;
        match Document::parse(&text) {
            Ok(document) => {
                assert_eq!(document.to_bytes(), text, "{}", path.display());
                assert!(
                    !path.to_string_lossy().ends_with(".bad.cfg"),
                    "{} was accepted",
                    path.display()
                );
            }
            Err(error) => {
                assert!(
                    path.to_string_lossy().ends_with(".bad.cfg"),
                    "{}",
                    error.render(&path.to_string_lossy())
                );
            }
        }
    }
    assert!(files > 90, "the corpus is not there: {files} files");
}

#[test]
fn lists_are_read_to_the_limit_and_not_beyond() {
    let nest = |depth: usize| format!("a = {}{}\n", "[".repeat(depth), "]".repeat(depth));
    let document = Document::parse(nest(MAX_NESTING)).unwrap();
    let mut value = document.get("a").unwrap();
    let mut depth = 0;
    while let Some(list) = value.as_list() {
        depth += 1;
        let Some(inner) = list.iter().next() else { break };
        value = inner;
    }
    assert_eq!(depth, MAX_NESTING);
    assert_eq!(
        Document::parse(nest(MAX_NESTING + 1)).unwrap_err().kind,
        ParseErrorKind::NestedTooDeep
    );
    // As a second item, where libxlutil's own limit is lowest.
    let second = format!("a = {}{}\n", "[1,".repeat(MAX_NESTING), "]".repeat(MAX_NESTING));
    assert!(Document::parse(second).is_ok());
}

#[test]
fn a_file_is_read_to_the_limit_and_not_beyond() {
    let text = |length: usize| format!("# {}\n", "x".repeat(length - 3));
    assert!(Document::parse(text(MAX_CONFIG_BYTES)).is_ok());
    let error = Document::parse(text(MAX_CONFIG_BYTES + 1)).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::TooLong);
}

#[test]
fn specs_are_read_to_the_limit_and_not_beyond() {
    let vif = |length: usize| format!("script={}", "x".repeat(length - 7));
    assert!(VifSpec::parse(&vif(MAX_SPEC_BYTES)).is_ok());
    assert!(VifSpec::parse(&vif(MAX_SPEC_BYTES + 1)).unwrap_err().to_string().contains("longer"));
    let disk = |length: usize| format!("vdev=xvda,target=/{}", "x".repeat(length - 18));
    assert!(DiskSpec::parse(&disk(MAX_SPEC_BYTES)).is_ok());
    assert!(DiskSpec::parse(&disk(MAX_SPEC_BYTES + 1)).unwrap_err().to_string().contains("longer"));
}

#[test]
fn large_inputs_take_time_in_proportion() {
    let start = Instant::now();
    let items: String = (0..10_000).map(|n| format!("'item {n}',\n")).collect();
    let document = Document::parse(format!("a = [\n{items}]\n")).unwrap();
    assert_eq!(document.strings("a").unwrap().unwrap().len(), 10_000);

    let long = "x".repeat(1_000_000);
    let document = Document::parse(format!("a = '{long}'\n")).unwrap();
    assert!(matches!(document.get("a"), Some(Value::String(bytes)) if bytes.len() == 1_000_000));

    let keys: String = (0..20_000).map(|n| format!("k{n} = {n}\n")).collect();
    let document = Document::parse(&keys).unwrap();
    assert!(document.keys().all(|key| document.get(key).is_some()));

    for hostile in ["[", "a=[", "a+=1\n", "\"", "a=\"\\", "#", "a=''\n#"] {
        let _ = Document::parse(hostile.repeat(100_000));
    }
    // Seconds where the work is quadratic, well below one where it is not.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

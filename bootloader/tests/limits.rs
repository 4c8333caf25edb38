//! docs/limits.md against the code: every limit stands there, and every test that it names exists.

// A helper of a test may panic as the test itself may.
#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Constants that others see, and the fields of a crate's `Limits`.
fn limits_in(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let line = line.trim();
        let rest = line.strip_prefix("pub const ").or_else(|| line.strip_prefix("pub "))?;
        let (name, _) = rest.split_once(':')?;
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
    })
}

/// The cells of the table's rows, the name without its quotes.
fn rows(document: &str) -> Vec<(String, String)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
        let name = cells.first()?.trim_end_matches('`').to_owned();
        Some((name, (*cells.last()?).to_owned()))
    };
    document.lines().filter_map(row).collect()
}

/// What stands between back quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn sources(directory: &Path, found: &mut String) {
    for entry in fs::read_dir(directory).expect("a folder of the repository") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_limit_stands_in_the_document_and_nothing_else_does() {
    let document = fs::read_to_string(repository().join("docs/limits.md")).expect("the document");
    let documented: BTreeSet<String> = rows(&document).into_iter().map(|(name, _)| name).collect();
    let mut real = BTreeSet::new();
    let mut files = vec![repository().join("bootloader/src/limits.rs")];
    for name in ["ipxe", "kernel-image", "pxelinux", "tftp-client"] {
        files.push(repository().join(format!("crates/{name}/src/limits.rs")));
    }
    for file in files {
        let source = fs::read_to_string(&file).expect("a file of limits");
        real.extend(limits_in(&source).map(str::to_owned));
    }
    // Of xl's configs, some are the crate's own.
    real.extend(["MAX_CONFIG_BYTES", "MAX_NESTING", "MAX_SPEC_BYTES"].map(str::to_owned));
    assert!(real.len() > 100, "{} limits", real.len());
    assert_eq!(documented, real);
}

#[test]
fn every_test_that_the_document_names_exists() {
    let document = fs::read_to_string(repository().join("docs/limits.md")).expect("the document");
    let mut all = String::new();
    let folders = ["bootloader/src", "crates", "fuzz/bodies"];
    let tests = ["netns", "hostile", "sandbox", "faults"].map(|name| format!("tests/{name}"));
    for folder in folders.iter().copied().chain(tests.iter().map(String::as_str)) {
        sources(&repository().join(folder), &mut all);
    }
    for (name, shown) in rows(&document) {
        let tests: Vec<&str> = quoted(&shown).filter(|test| !test.contains(['.', '/'])).collect();
        assert!(!tests.is_empty() || shown.contains("the same"), "{name}: no test");
        for test in tests {
            let is_there = all.contains(&format!("fn {test}("))
                || all.contains(&format!("name: \"{test}\""))
                || all.contains(&format!("fn {test}<"));
            assert!(is_there, "{name}: there is no test {test}");
        }
    }
}

//! docs/faults.md promises what these tests show: it names each of them, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `module::name` of every test in this directory.
fn tests() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../faults");
    let mut tests = BTreeSet::new();
    for entry in fs::read_dir(directory).expect("this directory").flatten() {
        let path = entry.path();
        let module = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let text = fs::read_to_string(&path).expect("a module");
        for test in text.split("#[test]\nfn ").skip(1) {
            let name = test.split('(').next().expect("a name");
            if module != "matrix" {
                tests.insert(format!("{module}::{name}"));
            }
        }
    }
    tests
}

#[test]
fn the_matrix_names_every_test() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    let text = fs::read_to_string(path).expect("docs/faults.md");
    let tests = tests();
    assert!(tests.len() > 20, "{tests:?}");
    let modules: BTreeSet<&str> =
        tests.iter().filter_map(|test| test.split_once("::")).map(|(module, _)| module).collect();
    let quoted = text.split('`').skip(1).step_by(2);
    let named: BTreeSet<String> = quoted
        .filter(|word| word.split_once("::").is_some_and(|(module, _)| modules.contains(module)))
        .map(str::to_owned)
        .collect();
    assert_eq!(named, tests);
}

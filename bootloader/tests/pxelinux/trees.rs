//! Reads tests/pxelinux/trees/*.trees and what PXELINUX did with them, answers/*.answers; the
//! formats are described in tests/pxelinux/README.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A boot server's files, and what DHCP and the machine say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// What PXELINUX did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Real {
    /// It started a Linux kernel with this line.
    Line(Vec<u8>),
    /// It started a multiboot kernel with these modules.
    Modules(Vec<Vec<u8>>),
    /// It went on to the machine's disk.
    Disk,
    /// It waited for a person, or hung.
    Waits,
}

/// One answer: what it did, and which files it asked for on the way.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) did: Real,
    pub(crate) asked: Vec<Vec<u8>>,
}

/// The folder of the trees.
pub(crate) fn folder() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.map(|at| at.join("tests/pxelinux")).find(|at| at.join("trees").is_dir());
    found.expect("tests/pxelinux of the repository")
}

/// The trees of one file, with their answers.
pub(crate) fn of(stem: &str) -> Vec<(Tree, Answer)> {
    let path = folder().join("answers").join(format!("{stem}.answers"));
    let answers = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run tests/pxelinux/run.sh", path.display()));
    let answers = read_answers(&answers);
    let path = folder().join("trees").join(format!("{stem}.trees"));
    let trees = read_trees(&fs::read_to_string(path).expect("trees"));
    assert_eq!(trees.len(), answers.len(), "{stem}: an answer for each tree");
    let both = trees.into_iter().map(|tree| {
        let answer = answers.get(&tree.name);
        let answer = answer.unwrap_or_else(|| panic!("{stem}: no answer for {}", tree.name));
        (tree, answer.clone())
    });
    both.collect()
}

fn read_trees(text: &str) -> Vec<Tree> {
    let mut trees: Vec<Tree> = Vec::new();
    let mut file: Option<(String, bool)> = None;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("##### ") {
            trees.push(Tree { name: name.trim().to_owned(), ..Tree::default() });
            file = None;
        } else if let Some(words) = line.strip_prefix("=== ") {
            let words: Vec<&str> = words.split_whitespace().collect();
            let content = match words.get(1) {
                Some(&("kernel" | "multiboot" | "data")) => &b"x"[..],
                _ => b"",
            };
            let tree = trees.last_mut().expect("a tree before its files");
            tree.files.insert(words[0].to_owned(), content.to_vec());
            file = Some((words[0].to_owned(), words.get(1) == Some(&"escaped")));
        } else if let (Some(tree), Some((name, escaped))) = (trees.last_mut(), &file) {
            let bytes = if *escaped {
                unescape(line.trim_end_matches('\n'))
            } else {
                line.as_bytes().to_vec()
            };
            tree.files.get_mut(name).expect("the file").extend(bytes);
        } else if let Some(setting) = line.strip_prefix("set ") {
            let (key, value) =
                setting.trim_end_matches('\n').split_once(' ').expect("set KEY VALUE");
            let tree = trees.last_mut().expect("a tree before its settings");
            tree.settings.insert(key.to_owned(), value.to_owned());
        }
    }
    let bases: BTreeMap<String, Tree> = trees
        .iter()
        .filter(|tree| tree.name.starts_with('@'))
        .map(|tree| (tree.name.clone(), tree.clone()))
        .collect();
    trees.retain(|tree| !tree.name.starts_with('@'));
    for tree in &mut trees {
        if let Some(base) = tree.settings.get("base") {
            let mut files = bases[base].files.clone();
            files.append(&mut tree.files);
            tree.files = files;
        }
    }
    trees
}

fn read_answers(text: &str) -> BTreeMap<String, Answer> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let parts: Vec<&str> = line.split('\t').collect();
            let [name, kind, value, asked] = parts[..] else { panic!("not an answer: {line}") };
            let did = match kind {
                "line" => Real::Line(unescape(value)),
                "modules" => Real::Modules(value.split(" --- ").map(unescape).collect()),
                "disk" => Real::Disk,
                "waits" => Real::Waits,
                _ => panic!("not an answer: {line}"),
            };
            let asked = asked.split(' ').filter(|name| !name.is_empty()).map(unescape).collect();
            (name.to_owned(), Answer { did, asked })
        })
        .collect()
}

/// `\xNN`, `\n`, `\t`, `\r`, `\\`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digit = |b: &u8| char::from(*b).to_digit(16).expect("a digit");
                let byte = u8::try_from(digit(high) << 4 | digit(low)).expect("a byte");
                (byte, after)
            }
            (b'\\', [b'n', after @ ..]) => (b'\n', after),
            (b'\\', [b't', after @ ..]) => (b'\t', after),
            (b'\\', [b'r', after @ ..]) => (b'\r', after),
            (b'\\', [b'\\', after @ ..]) => (b'\\', after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

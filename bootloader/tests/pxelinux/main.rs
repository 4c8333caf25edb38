//! rpxeboot against the real PXELINUX, without it: what Debian's did with each tree of
//! tests/pxelinux is written down there, and rpxeboot has to do the same.

#[cfg(test)]
mod ours;
#[cfg(test)]
mod trees;

#[cfg(test)]
use std::fmt::Write as _;

#[cfg(test)]
use ours::{Ours, ours};
#[cfg(test)]
use trees::{Answer, Real, Tree};

/// What is different, in words; `None` if nothing is.
#[cfg(test)]
fn difference(tree: &Tree, answer: &Answer) -> Option<String> {
    let ours = ours(tree);
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let wanted = match &answer.did {
        // It waits for a person who is not there, or hangs: rpxeboot has to do something better, and
        // where a tree says what, that. It must not say that it has a bug.
        Real::Waits => {
            let did = match &ours {
                Ours::Kernel { line, .. } => format!("line {}", shown(line)),
                Ours::Disk => "disk".to_owned(),
                Ours::Refuses(why) => format!("refuses {why}"),
            };
            let wanted = tree.settings.get("ours")?;
            return (!did.starts_with(wanted)).then(|| format!("wanted {wanted}, did {did}"));
        }
        Real::Disk => Ours::Disk,
        Real::Line(line) => {
            let Ours::Kernel { names, .. } = &ours else {
                return Some(format!("boots {}, ours {ours:?}", shown(line)));
            };
            // The last requests are the kernel's and the initrds'; before them come names without a
            // config, and the extensions that are tried on a bare name.
            let start = answer.asked.len().saturating_sub(names.len());
            Ours::Kernel { names: answer.asked[start..].to_vec(), line: as_ours(line, tree) }
        }
        Real::Modules(modules) => {
            let name = |words: &Vec<u8>| words.split(|b| *b == b' ').next().map(<[u8]>::to_vec);
            let first = modules.first().map(|words| words.splitn(2, |b| *b == b' ').nth(1));
            Ours::Kernel {
                names: modules.iter().filter_map(name).collect(),
                line: first.flatten().unwrap_or_default().to_vec(),
            }
        }
    };
    (ours != wanted).then(|| format!("PXELINUX: {}\n    ours:     {}", told(&wanted), told(&ours)))
}

#[cfg(test)]
fn told(ours: &Ours) -> String {
    match ours {
        Ours::Kernel { names, line } => {
            let names: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
            format!("[{}] by {}", String::from_utf8_lossy(line), names.join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// The two differences that are meant: blanks other than the blank become one, since a toolstack
/// must not see them; and a UUID is written as `xl list` writes it, not as SMBIOS has its bytes.
#[cfg(test)]
fn as_ours(line: &[u8], tree: &Tree) -> Vec<u8> {
    let mut line: Vec<u8> = line
        .iter()
        .map(|byte| if matches!(byte, b'\t' | 0x0b | 0x0c) { b' ' } else { *byte })
        .collect();
    if let Some(uuid) = tree.settings.get("uuid") {
        let text = String::from_utf8_lossy(&line).into_owned();
        line = text.replace(&swapped(uuid), uuid).into_bytes();
    }
    line
}

/// The first three fields with their bytes in the other order.
#[cfg(test)]
fn swapped(uuid: &str) -> String {
    let fields: Vec<&str> = uuid.split('-').collect();
    let swap = |field: &str| {
        let bytes: Vec<&str> = (0..field.len() / 2).map(|at| &field[2 * at..2 * at + 2]).collect();
        bytes.into_iter().rev().collect::<String>()
    };
    let first: Vec<String> = fields[..3].iter().map(|field| swap(field)).collect();
    format!("{}-{}-{}", first.join("-"), fields[3], fields[4])
}

#[test]
fn rpxeboot_does_what_pxelinux_did() {
    let mut different = String::new();
    let (mut count, mut waits) = (0, 0);
    let files = std::fs::read_dir(trees::folder().join("trees")).expect("the trees");
    for file in files {
        let file = file.expect("an entry").path();
        let file = file.file_stem().expect("a name").to_string_lossy().into_owned();
        for (tree, answer) in &trees::of(&file) {
            count += 1;
            waits += usize::from(answer.did == Real::Waits);
            if let Some(how) = difference(tree, answer) {
                let _ = writeln!(different, "{file}/{}:\n    {how}", tree.name);
            }
        }
    }
    assert!(
        different.is_empty(),
        "of {count} trees ({waits} wait) these are different:\n{different}"
    );
    assert!(count >= 450 && waits * 2 < count, "{count} trees, {waits} of them wait");
}

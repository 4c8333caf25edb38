//! `finalize` and `netboot` on real-life configs: configs/NAME.cfg, with what each changes in
//! NAME.finalize.diff and NAME.netboot.diff. `BLESS=1 cargo test` writes the differences anew:
//! then read them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use crate::place::Place;

fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vmprov/configs");
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "cfg")).collect();
    paths.sort();
    assert!(paths.len() >= 25, "{}", paths.len());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// What changed, line by line: `-` before, `+` after, nothing of what stayed.
fn difference(before: &[u8], after: &[u8]) -> String {
    // A config can be in any encoding; each byte becomes a character of its own.
    let [before, after] =
        [before, after].map(|bytes| bytes.iter().copied().map(char::from).collect::<String>());
    let mut text = String::new();
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        text.push(sign);
        text.push_str(change.value());
        if !change.value().ends_with('\n') {
            text.push_str("\n(no newline)\n");
        }
    }
    text
}

fn compare(name: &str, verb: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/vmprov/configs/{name}.{verb}.diff"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name}: {verb}");
}

/// Runs a verb on the config, and gives it back as it is then.
fn after(place: &Place, verb: &str) -> Vec<u8> {
    let path = place.at("xen/guest.cfg").display().to_string();
    place.does(&[verb, &path]);
    fs::read(place.at("xen/guest.cfg")).unwrap()
}

#[test]
fn finalize_changes_the_right_lines_and_twice_is_once() {
    for (name, before) in corpus() {
        let place = Place::new();
        place.write("xen/guest.cfg", &before);
        let finalized = after(&place, "finalize");
        compare(&name, "finalize", &difference(&before, &finalized));
        assert_eq!(after(&place, "finalize"), finalized, "{name}: twice is not once");
    }
}

#[test]
fn netboot_changes_the_right_lines_and_twice_is_once() {
    for (name, before) in corpus() {
        let place = Place::new();
        place.write("xen/guest.cfg", &before);
        let network = after(&place, "netboot");
        compare(&name, "netboot", &difference(&before, &network));
        assert_eq!(after(&place, "netboot"), network, "{name}: twice is not once");
    }
}

#[test]
fn the_second_time_around_is_as_the_first() {
    for (name, before) in corpus() {
        let place = Place::new();
        place.write("xen/guest.cfg", &before);
        after(&place, "netboot");
        let finalized = after(&place, "finalize");
        let network = after(&place, "netboot");
        assert_eq!(after(&place, "finalize"), finalized, "{name}: finalize");
        assert_eq!(after(&place, "netboot"), network, "{name}: netboot");
    }
}

#[test]
fn xlcfg_reads_the_same_boot_from_every_result() {
    for (name, before) in corpus() {
        let place = Place::new();
        place.write("xen/guest.cfg", &before);
        let path = place.at("xen/guest.cfg").display().to_string();
        for (verb, bootloader) in [("netboot", "/usr/bin/rpxeboot"), ("finalize", "pygrub")] {
            place.does(&[verb, &path]);
            let shown = place.does(&["show", "--file", &path, "--json"]).json();
            let found = shown["values"]["bootloader"].as_str().unwrap();
            assert!(found.ends_with(bootloader), "{name}: {verb}: {found}");
            let args = &shown["values"]["bootloader_args"];
            assert!(!args.to_string().contains("disk,net"), "{name}: {verb}: {args}");
        }
    }
}

const CONFIG: &str = "name = 'RK'\nbootloader = '/usr/bin/rpxeboot'\n\
    disk = [ '/srv/RK.img,raw,xvda,rw' ]\nvif = [ 'mac=00:16:3e:62:39:d3' ]\n";

#[test]
fn what_does_not_change_is_not_written() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    place.does(&["finalize", "RK"]);
    let data = |place: &Place| {
        let data = fs::metadata(place.at("xen/RK.cfg")).unwrap();
        (data.ino(), data.mtime(), data.mtime_nsec())
    };
    let before = data(&place);
    place.does(&["finalize", "RK"]);
    assert_eq!(data(&place), before);
}

#[test]
fn the_files_mode_stays() {
    for mode in [0o600, 0o640, 0o644, 0o444] {
        let place = Place::new();
        place.write("xen/RK.cfg", CONFIG);
        fs::set_permissions(place.at("xen/RK.cfg"), fs::Permissions::from_mode(mode)).unwrap();
        place.does(&["finalize", "RK"]);
        let data = fs::metadata(place.at("xen/RK.cfg")).unwrap();
        assert_eq!(data.mode() & 0o7777, mode);
    }
}

#[test]
fn a_link_stays_a_link_and_its_file_is_changed() {
    let place = Place::new();
    place.write("far/RK.cfg", CONFIG);
    symlink("../far/RK.cfg", place.at("xen/RK.cfg")).unwrap();
    place.does(&["finalize", "RK"]);
    assert!(fs::symlink_metadata(place.at("xen/RK.cfg")).unwrap().is_symlink());
    assert!(place.read("far/RK.cfg").contains("pygrub"));
}

#[test]
fn a_dry_run_shows_the_difference_and_makes_none() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    let before = place.tree();
    let shown = place.does(&["finalize", "RK", "--dry-run"]).out;
    assert!(
        shown.contains("-bootloader = '/usr/bin/rpxeboot'\n+bootloader = 'pygrub'\n"),
        "{shown}"
    );
    assert_eq!(place.tree(), before);
    assert!(!place.at("state").exists());
}

#[test]
fn nothing_else_is_left_in_the_directory() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    place.does(&["finalize", "RK"]);
    place.does(&["netboot", "RK"]);
    let names: Vec<_> =
        fs::read_dir(place.at("xen")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["RK.cfg"], "xl's autostart takes every file");
    assert_eq!(fs::read_dir(place.at("state")).unwrap().count(), 0, "no lock stays");
}

//! vmprov as a program: exit codes, words, and what is there afterwards.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn vmprov(place: &Path, words: &[&str]) -> Output {
    let at = |name: &str| place.join(name).display().to_string();
    Command::new(env!("CARGO_BIN_EXE_vmprov"))
        .args(["--config-dir", &at("xen"), "--image-dir", &at("img"), "--state-dir", &at("state")])
        .args(words)
        .output()
        .unwrap()
}

fn config(place: &Path) -> String {
    std::fs::read_to_string(place.join("xen/RK.cfg")).unwrap()
}

#[test]
fn a_guest_from_create_to_delete() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let ends = |words: &[&str], code: i32| {
        let output = vmprov(place, words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    };
    ends(&["create", "RK", "--mac", "00:16:3e:62:39:d3", "--autostart"], 0);
    assert!(config(place).contains("--order=disk,net"));
    assert_eq!(std::fs::metadata(place.join("img/RK/disk.img")).unwrap().len(), 8 << 30);
    ends(&["create", "RK"], 3);
    ends(&["create", "web", "--mac", "00:16:3e:62:39:d3"], 3);
    ends(&["finalize", "RK"], 0);
    assert!(config(place).contains("bootloader = \"pygrub\""));
    ends(&["delete", "RK"], 3);
    ends(&["delete", "RK", "--yes"], 0);
    for name in ["xen/RK.cfg", "xen/auto/RK.cfg", "img/RK", "state/RK.json"] {
        assert!(place.join(name).symlink_metadata().is_err(), "{name}");
    }
}

#[test]
fn bad_words_are_refused_and_touch_nothing() {
    let place = tempfile::tempdir().unwrap();
    let table: [(&[&str], i32, &str); 5] = [
        (&["create", "../x"], 2, "cannot be a guest's name"),
        (&["create", "RK", "--disk-size", "8Q"], 2, "8GiB"),
        (&["create", "RK", "--mac", "01:00:00:00:00:00"], 2, "multicast"),
        (&["finalize", "RK"], 4, "there is no guest RK"),
        (&["delete", "RK", "--yes"], 4, "there is no guest RK"),
    ];
    for (words, code, told) in table {
        let output = vmprov(place.path(), words);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        assert!(stderr.contains(told), "{words:?}: {stderr}");
        assert!(!place.path().join("xen").exists() && !place.path().join("img").exists());
    }
}

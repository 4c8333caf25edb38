//! `vmprov delete`.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use crate::place::Place;

fn with_guest() -> Place {
    let place = Place::new();
    place.does(&["create", "RK", "--mac", "00:16:3e:62:39:d3", "--autostart"]);
    place
}

#[test]
fn all_that_create_made_goes_and_nothing_else() {
    let place = Place::new();
    place.write("xen/web.cfg", "name = 'web'\n");
    place.write("images/theirs", "x");
    place.write("xen/auto/web.cfg", "x");
    let before = place.tree();
    place.does(&["create", "RK", "--autostart"]);
    place.does(&["delete", "RK", "--yes"]);
    assert_eq!(place.tree(), before);
}

#[test]
fn what_somebody_put_beside_the_image_stays() {
    let place = with_guest();
    place.write("images/RK/notes", "x");
    place.does(&["delete", "RK", "--yes"]);
    assert!(place.at("images/RK/notes").exists());
    assert!(!place.at("images/RK/disk.img").exists());
}

#[test]
fn a_guest_that_vmprov_did_not_make_is_not_its_to_delete() {
    let place = Place::new();
    place.write("xen/web.cfg", "name = 'web'\n");
    place.refuses(&["delete", "web", "--yes"], 3, "was not made by vmprov");
}

#[test]
fn a_config_that_is_another_guests_by_now_stays() {
    let place = with_guest();
    place.write("xen/RK.cfg", "name = 'web'\n");
    place.refuses(&["delete", "RK", "--yes"], 3, "RK.cfg");
}

#[test]
fn a_finalized_guest_can_be_deleted() {
    let place = with_guest();
    place.does(&["finalize", "RK"]);
    place.does(&["delete", "RK", "--yes"]);
    assert!(!place.at("xen/RK.cfg").exists());
}

#[test]
fn nobody_to_ask_is_a_no() {
    let place = with_guest();
    place.refuses(&["delete", "RK"], 3, "--yes");
}

#[test]
fn a_dry_run_says_what_would_go() {
    let place = with_guest();
    let before = place.tree();
    let shown = place.does(&["delete", "RK", "--dry-run"]).out;
    for name in ["xen/RK.cfg", "images/RK/disk.img", "xen/auto/RK.cfg"] {
        assert!(shown.contains(&place.at(name).display().to_string()), "{shown}");
    }
    assert_eq!(place.tree(), before);
}

/// Answers on a terminal.
fn answered(place: &Place, answer: &str) -> (i32, String) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let stdio = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
    let mut command = place.command(&["delete", "RK"]);
    command.stdin(stdio(&pty.slave)).stdout(stdio(&pty.slave)).stderr(stdio(&pty.slave));
    let mut child = command.spawn().unwrap();
    drop((command, pty.slave));
    let mut terminal = fs::File::from(pty.master);
    terminal.write_all(answer.as_bytes()).unwrap();
    let code = child.wait().unwrap().code().unwrap();
    let mut said = Vec::new();
    // It ends with an error, when the other side is closed.
    let _ = terminal.read_to_end(&mut said);
    (code, String::from_utf8(said).unwrap())
}

#[test]
fn a_person_is_asked_and_only_a_yes_is_one() {
    for no in ["\n", "n\n", "no\n", "yesterday\n", "\u{4}"] {
        let place = with_guest();
        let before = place.tree();
        let (code, said) = answered(&place, no);
        assert_eq!(code, 3, "{no:?}: {said}");
        assert_eq!(place.tree(), before, "{no:?}");
    }
    for yes in ["y\n", "yes\n", "Y\n"] {
        let place = with_guest();
        let (code, said) = answered(&place, yes);
        assert_eq!(code, 0, "{yes:?}: {said}");
        assert!(said.contains("disk.img"), "it says what goes: {said}");
        assert!(!place.at("xen/RK.cfg").exists());
    }
}

//! What only shows something: `list`, `status`, `show`, `check`, and `install --dry-run`.

use crate::place::Place;

fn with_guests() -> Place {
    let place = Place::new();
    place.does(&[
        "create",
        "RK",
        "--mac",
        "00:16:3e:62:39:d3",
        "--uuid",
        "01234567-89ab-cdef-0123-456789abcdef",
    ]);
    place.write("xen/web.cfg", "name = 'web'\nmemory = 512\nbootloader = 'pygrub'\n");
    place
}

#[test]
fn the_list_has_all_guests_and_says_what_it_cannot_read() {
    let place = with_guests();
    place.write("xen/bad.cfg", "name =\n");
    let listed = place.does(&["list"]);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines.len(), 3, "{listed:?}");
    assert!(lines[1].starts_with("RK    off    -      1024 MiB"), "{listed:?}");
    assert!(lines[1].ends_with("00:16:3e:62:39:d3  disk, else network"), "{listed:?}");
    assert!(lines[2].ends_with("disk (pygrub)"), "{listed:?}");
    assert!(listed.err.contains("bad.cfg"), "{listed:?}");
    let json = place.does(&["list", "--json"]).json();
    assert_eq!(json["guests"][0]["disks"][0]["size"], 8_u64 << 30);
    assert_eq!(json["guests"][1]["created"], false);
    assert!(json["unreadable"][0].as_str().unwrap().contains("bad.cfg"));
}

#[test]
fn nothing_that_shows_leaves_anything() {
    let place = with_guests();
    let before = place.tree();
    for words in [
        &["list"] as &[&str],
        &["status", "RK"],
        &["show", "RK"],
        &["check", "RK"],
        &["install", "RK", "--dry-run"],
        &["finalize", "RK", "--dry-run"],
        &["netboot", "RK", "--dry-run"],
        &["delete", "RK", "--dry-run"],
    ] {
        place.does(words);
        assert_eq!(place.tree(), before, "{words:?}");
    }
}

#[test]
fn a_creation_that_was_broken_off_is_told() {
    let place = with_guests();
    std::fs::remove_file(place.at("xen/RK.cfg")).unwrap();
    let status = place.does(&["status", "RK"]).out;
    assert!(status.starts_with("RK: unfinished"), "{status}");
    assert!(status.contains("vmprov delete RK"), "{status}");
    place.does(&["delete", "RK", "--yes"]);
    place.refuses(&["status", "RK"], 4, "there is no guest RK");
}

#[test]
fn a_typo_in_a_config_is_told_and_nothing_is_to_be_deleted() {
    let place = with_guests();
    let path = place.at("xen/RK.cfg");
    let text = std::fs::read_to_string(&path).unwrap() + "vif = vif[0]\n";
    std::fs::write(&path, text).unwrap();
    let status = place.vmprov(&["status", "RK"]);
    assert_eq!((status.code, status.out.as_str()), (1, ""), "{status:?}");
    assert!(status.err.contains("RK.cfg") && !status.err.contains("delete"), "{status:?}");
    let listed = place.does(&["list"]);
    assert!(listed.out.contains("RK    unreadable"), "{listed:?}");
    assert!(!listed.err.contains('\u{fffd}'), "{listed:?}");
}

#[test]
fn what_create_writes_has_no_errors() {
    let place = with_guests();
    let json = place.does(&["check", "RK", "--json"]).json();
    let keys: Vec<&str> =
        json["findings"].as_array().unwrap().iter().map(|f| f["key"].as_str().unwrap()).collect();
    // This host has neither.
    assert!(
        keys.iter().all(|key| ["bridge-missing", "bootloader-missing"].contains(key)),
        "{keys:?}"
    );
    assert_eq!(json["boot"], serde_json::Value::Null);
}

#[test]
fn check_ends_with_1_when_there_are_errors_and_shows_them_as_its_result() {
    let place = Place::new();
    place
        .write("xen/RK.cfg", "name = 'RK'\nbootloader = '/usr/bin/pypxeboot'\ndisk = [ '/x,y' ]\n");
    let checked = place.vmprov(&["check", "RK"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(
        checked.out.contains("RK.cfg:2: error: pypxeboot does not run under xl"),
        "{checked:?}"
    );
    assert!(checked.err.contains("3 errors"), "{checked:?}");
}

#[test]
fn an_installation_can_be_looked_at_before() {
    let place = with_guests();
    let shown = place.does(&["install", "RK", "--dry-run"]).out;
    let path = place.at("xen/RK.cfg").display().to_string();
    assert!(shown.starts_with(&format!("xl create {path}\n")), "{shown}");
    assert!(shown.contains("+bootloader = \"pygrub\""), "{shown}");
    let json = place.does(&["install", "RK", "--dry-run", "--json"]).json();
    assert_eq!(json["start"][2], path);
}

#[test]
fn show_is_in_the_files_order() {
    let place = with_guests();
    let shown = place.does(&["show", "RK"]).out;
    let keys: Vec<&str> = shown.lines().filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(keys[..4], ["name", "uuid", "type", "memory"]);
}

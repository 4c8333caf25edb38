//! What is wrong: each a clear sentence, the right exit code, and nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::place::{Place, ended};

const CONFIG: &str = "name = 'RK'\nbootloader = '/usr/bin/rpxeboot'\n";
const VERBS: [&[&str]; 6] = [
    &["finalize", "RK"],
    &["netboot", "RK"],
    &["install", "RK"],
    &["show", "RK"],
    &["status", "RK"],
    &["check", "RK"],
];

#[test]
fn an_unknown_guest() {
    let place = Place::new();
    for verb in VERBS {
        place.refuses(verb, 4, "there is no guest RK");
    }
    place.refuses(&["delete", "RK", "--yes"], 4, "there is no guest RK");
    place.refuses(&["finalize", "./nowhere.cfg"], 4, "nowhere.cfg");
}

#[test]
fn a_config_that_xl_would_refuse() {
    let place = Place::new();
    place.write("xen/RK.cfg", "name = 'RK'\nvif = vif[0]\n");
    for verb in VERBS {
        place.refuses(verb, 1, "RK.cfg");
        place.refuses(verb, 1, "      ^");
    }
}

#[test]
fn a_config_that_is_not_a_small_file() {
    for verb in VERBS {
        let place = Place::new();
        place.write(
            "xen/RK.cfg",
            format!("name = 'RK'\n#{}\n", "x".repeat(xlcfg::MAX_CONFIG_BYTES)),
        );
        place.refuses(verb, 1, "longer than any config");
        let place = Place::new();
        place.write("xen/RK.cfg", "name = 'R\0K'\n");
        place.refuses(verb, 1, "RK.cfg");
        let place = Place::new();
        nix::unistd::mkfifo(&place.at("xen/RK.cfg"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let started = Instant::now();
        place.refuses(verb, 1, "not a regular file");
        assert!(started.elapsed() < Duration::from_secs(20), "it waits for a writer");
    }
    let place = Place::new();
    fs::create_dir(place.at("xen/RK.cfg")).unwrap();
    place.refuses(&["finalize", "RK"], 4, "there is no guest RK");
}

#[test]
fn a_config_that_may_not_be_read() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    fs::set_permissions(place.at("xen/RK.cfg"), fs::Permissions::from_mode(0o0)).unwrap();
    for verb in VERBS {
        let ended = place.vmprov_as_nobody(verb);
        assert_eq!(ended.code, 1, "{verb:?}: {ended:?}");
        assert!(ended.err.contains("RK.cfg: Permission denied (is this root?)"), "{ended:?}");
    }
}

#[test]
fn a_directory_that_may_not_be_written() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    fs::create_dir(place.at("state")).unwrap();
    fs::set_permissions(place.at("state"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(place.at("xen"), fs::Permissions::from_mode(0o555)).unwrap();
    let before = place.tree();
    let ended = place.vmprov_as_nobody(&["finalize", "RK"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("is this root?"), "{ended:?}");
    assert_eq!(place.tree(), before);
    // So that it can be removed.
    fs::set_permissions(place.at("xen"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn words_that_mean_nothing() {
    let place = Place::new();
    let long = "x".repeat(64);
    let table: [(&[&str], &str); 22] = [
        (&["create", "../x"], "cannot be a guest's name"),
        (&["create", ".."], "cannot be a guest's name"),
        (&["create", "a/b"], "cannot be a guest's name"),
        (&["create", ""], "cannot be empty"),
        (&["create", "a b"], "cannot be a guest's name"),
        (&["create", "--", "-x"], "cannot be a guest's name"),
        (&["create", &long], "63 characters"),
        (&["create", "RK", "--disk-size", "8Q"], "8GiB"),
        (&["create", "RK", "--disk-size", "8"], "no unit"),
        (&["create", "RK", "--disk-size", "0G"], "less than"),
        (&["create", "RK", "--disk-size=-1G"], "is not a size"),
        (&["create", "RK", "--disk-size", "99999999999G"], "more than"),
        (&["create", "RK", "--memory", "1"], "between"),
        (&["create", "RK", "--memory", "lots"], "no amount of memory"),
        (&["create", "RK", "--vcpus", "0"], "1..=512"),
        (&["create", "RK", "--mac", "01:00:5e:00:00:01"], "multicast"),
        (&["create", "RK", "--mac", "00:16:3e"], "no MAC"),
        (&["create", "RK", "--disk", "/dev/null", "--disk-size", "8G"], "cannot be used with"),
        (&["install", "RK", "--timeout", "0"], "no time"),
        (&["install", "RK", "--boot", "kernel"], "vmprov finalize"),
        (&["finalize", "RK", "--boot", "floppy"], "floppy"),
        (&["frobnicate"], "frobnicate"),
    ];
    for (words, sentence) in table {
        place.refuses(words, 2, sentence);
    }
}

#[test]
fn with_json_a_failure_is_an_object_on_stdout() {
    let place = Place::new();
    place.write("xen/bad.cfg", "name =\n");
    let bad = place.at("xen/bad.cfg").display().to_string();
    let table: [(&[&str], i32, &str); 5] = [
        (&["create", "../x"], 2, "usage"),
        (&["finalize", "RK"], 4, "not-found"),
        (&["finalize", "./bad.cfg"], 4, "not-found"),
        (&["finalize", &bad], 1, "failed"),
        (&["create", "bad"], 3, "refused"),
    ];
    for (words, code, kind) in table {
        let words = [words, &["--json"]].concat();
        let ended = place.vmprov(&words);
        assert_eq!(ended.code, code, "{ended:?}");
        let error = &ended.json()["error"];
        assert_eq!(error["kind"], kind, "{words:?}");
        let message = error["message"].as_str().unwrap().lines().next().unwrap();
        assert!(ended.err.contains(message), "{ended:?}");
    }
}

#[test]
fn settings_with_a_mistake_in_them() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    place.write("settings.toml", "memroy = 512\n");
    let settings = place.at("settings.toml").display().to_string();
    place.refuses(&["finalize", "RK", "--settings", &settings], 1, "memroy");
    place.refuses(&["finalize", "RK", "--settings", "/nowhere.toml"], 4, "/nowhere.toml");
}

#[test]
fn a_result_that_nobody_gets_is_a_failure() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    for words in [&["show", "RK"], &["list", "--json"] as &[&str]] {
        let mut command = place.command(words);
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = ended(command.stdout(Stdio::from(full)).output().unwrap());
        assert_eq!(ended.code, 1, "{words:?}");
        assert!(ended.err.contains("writing to stdout"), "{ended:?}");
    }
}

#[test]
fn another_vmprov_at_work_on_the_same_guest() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    fs::create_dir(place.at("state")).unwrap();
    let file = fs::File::create(place.at("state/RK.lock")).unwrap();
    fs::write(place.at("state/RK.lock"), "4711\n").unwrap();
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap();
    for words in [&["finalize", "RK"], &["netboot", "RK"], &["delete", "RK"], &["create", "RK"]] {
        place.refuses(words, 3, "another vmprov (process 4711) is at work on RK");
    }
    drop(lock);
    place.does(&["finalize", "RK"]);
}

#[test]
fn an_hvm_guest_has_no_bootloader() {
    let place = Place::new();
    place.write("xen/RK.cfg", "name = 'RK'\ntype = 'hvm'\n");
    for verb in ["finalize", "netboot", "install"] {
        place.refuses(&[verb, "RK"], 3, "HVM");
    }
}

#[test]
fn a_guest_that_boots_its_disk_is_not_installed() {
    let place = Place::new();
    place.write("xen/RK.cfg", "name = 'RK'\nbootloader = 'pygrub'\n");
    place.refuses(&["install", "RK"], 3, "vmprov netboot RK");
}

#[test]
fn away_from_a_dom0_nothing_is_installed() {
    let place = Place::new();
    place.write("xen/RK.cfg", CONFIG);
    place.refuses(&["install", "RK"], 1, "this is no dom0");
}

//! `vmprov profile` and `create --profile`: a profile of one's own, what create makes of the
//! options, and that no secret is seen by others.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::place::Place;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExample";

/// A host with a medium `debian-13`.
fn place() -> Place {
    let place = Place::new();
    let text = format!(
        "media_dir = '{}'\nprofile_dir = '{}'\n",
        place.at("media").display(),
        place.at("profiles").display()
    );
    place.write("vmprov.toml", text);
    place.write("source/vmlinuz", "kernel");
    place.write("source/initrd.img", "initrd");
    let source = place.at("source");
    does(&place, &["media", "add", "debian-13", source.to_str().unwrap()]);
    place
}

fn run(place: &Place, words: &[&str]) -> crate::place::Ended {
    let settings = place.at("vmprov.toml");
    let mut all = vec!["--settings", settings.to_str().unwrap()];
    all.extend(words);
    place.vmprov(&all)
}

fn does(place: &Place, words: &[&str]) -> String {
    let ended = run(place, words);
    assert_eq!(ended.code, 0, "{words:?}: {}", ended.err);
    ended.out
}

#[test]
fn a_profile_of_ones_own_begins_as_a_copy() {
    let place = place();
    does(&place, &["profile", "new", "mine", "--from", "debian-13"]);
    let list = does(&place, &["profile", "list"]);
    assert!(list.contains("mine                 Debian 13 (trixie) (this host's)\n"), "{list}");
    let template = place.at("profiles/mine/preseed.cfg.j2");
    let changed = fs::read_to_string(&template).unwrap().replace("ext4", "xfs");
    fs::write(&template, changed).unwrap();
    let example = place.at("example");
    does(&place, &["profile", "show", "mine", "--example", example.to_str().unwrap()]);
    let preseed = place.read("example/preseed.cfg");
    assert!(
        preseed.contains("filesystem{ xfs }") && preseed.contains("mirror/suite string trixie")
    );
    let again = run(&place, &["profile", "new", "mine", "--from", "debian-12"]);
    assert_eq!((again.code, again.err.contains("already")), (3, true), "{}", again.err);
    let shown: Value =
        serde_json::from_str(&does(&place, &["profile", "show", "mine", "--json"])).unwrap();
    assert_eq!(shown["set"][0]["key"], "security");
    assert!(shown["files"]["preseed.cfg.j2"].as_str().unwrap().contains("xfs"));
}

#[test]
fn what_the_options_say_is_in_the_record_which_root_alone_can_read() {
    let place = place();
    place.write("key.pub", format!("{KEY} it's mine\n"));
    place.write("password", "s3cret word\n");
    let (key, password) = (place.at("key.pub"), place.at("password"));
    let said = run(
        &place,
        &[
            "create",
            "web",
            "--profile",
            "debian-13",
            "--ssh-key",
            key.to_str().unwrap(),
            "--password-file",
            password.to_str().unwrap(),
            "--timezone",
            "Europe/Berlin",
            "--mirror",
            "http://10.0.0.1/debian/",
            "--packages",
            "rsync,htop",
            "--set",
            "security=no",
        ],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    let record: Value = serde_json::from_str(&place.read("state/web.json")).unwrap();
    let provision = &record["provision"];
    assert_eq!(provision["ssh_keys"][0], format!("{KEY} its_mine"));
    assert_eq!(provision["timezone"], "Europe/Berlin");
    assert_eq!(provision["mirror"], "http://10.0.0.1/debian");
    assert_eq!(provision["packages"], serde_json::json!(["rsync", "htop"]));
    assert_eq!(provision["set"], serde_json::json!({ "security": "no" }));
    assert!(provision["root_password"].as_str().unwrap().starts_with("$6$"));
    let mode = place.at("state/web.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!place.at("state/web.password").exists(), "none was made");
    let all = said.out + &said.err + &place.read("xen/web.cfg");
    assert!(!all.contains("s3cret") && !all.contains("$6$"), "{all}");
}

#[test]
fn a_dry_run_shows_no_secret() {
    let place = place();
    for words in [
        &["create", "web", "--profile", "debian-13", "-n"][..],
        &["create", "web", "--profile", "debian-13", "-n", "--json"],
    ] {
        let out = does(&place, words);
        assert!(out.contains("web.password") && !out.contains("$6$"), "{out}");
    }
    assert!(!place.at("state/web.password").exists());
}

#[test]
fn memory_and_disk_are_at_least_the_profiles() {
    let place = place();
    does(&place, &["profile", "new", "big", "--from", "debian-13"]);
    let path = place.at("profiles/big/profile.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text =
        text.replace("memory = \"1G\"", "memory = \"3G\"").replace("\"3G\"\n\n", "\"12G\"\n\n");
    fs::write(&path, text).unwrap();
    let create = ["create", "web", "--profile", "big", "--medium", "debian-13"];
    let small = run(&place, &[&create[..], &["--disk-size", "4G"]].concat());
    assert_eq!(small.code, 3, "{}", small.err);
    let little = run(&place, &[&create[..], &["--memory", "1G", "-n"]].concat());
    assert!(little.out.contains("wants at least 3072 MiB"), "{} {}", little.out, little.err);
    does(&place, &create);
    assert!(place.read("xen/web.cfg").contains("memory = 3072\n"));
    assert_eq!(place.at("images/web/disk.img").metadata().unwrap().len(), 12 << 30);
}

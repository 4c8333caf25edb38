//! `vmprov create`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::place::Place;

const MAC: &str = "00:16:3e:62:39:d3";

#[test]
fn eight_gigabytes_take_no_room_and_no_time() {
    let place = Place::new();
    place.does(&["create", "RK", "--mac", MAC]);
    let disk = fs::metadata(place.at("images/RK/disk.img")).unwrap();
    assert_eq!((disk.len(), disk.blocks()), (8 << 30, 0));
    assert_eq!(disk.permissions().mode() & 0o7777, 0o600, "other guests' disks are nobody's");
}

#[test]
fn units_are_those_of_dd() {
    let place = Place::new();
    let sizes = [("8GB", 8_000_000_000), ("8000M", 8000 << 20), ("8GiB", 8 << 30), ("1G", 1 << 30)];
    for (index, (word, bytes)) in sizes.into_iter().enumerate() {
        let name = format!("g{index}");
        place.does(&["create", &name, "--disk-size", word]);
        let disk = fs::metadata(place.at(&format!("images/{name}/disk.img"))).unwrap();
        assert_eq!(disk.len(), bytes, "{word}");
    }
}

#[test]
fn the_config_is_one_that_a_person_likes_to_read() {
    let place = Place::new();
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    place.does(&["create", "RK", "--mac", MAC, "--uuid", uuid]);
    let image = place.at("images/RK/disk.img");
    let expected = format!(
        "name = \"RK\"
uuid = \"{uuid}\"
type = \"pv\"

memory = 1024
vcpus = 1

disk = [ \"format=raw,vdev=xvda,access=rw,target={}\" ]
vif = [ \"mac={MAC},bridge=xenbr0\" ]

# The disk when there is a system on it, else the network: a new disk is
# installed once, and never twice. `vmprov finalize` ends the network's part.
bootloader = \"/usr/bin/rpxeboot\"
bootloader_args = [ \"--order=disk,net\" ]

on_poweroff = \"destroy\"
on_reboot = \"restart\"
on_crash = \"destroy\"
",
        image.display()
    );
    assert_eq!(place.read("xen/RK.cfg"), expected);
}

#[test]
fn every_option_reaches_the_config() {
    let place = Place::new();
    place.write("settings.toml", "bridge = 'br9'\nmemory = '2G'\non_reboot = 'destroy'\n");
    let settings = place.at("settings.toml").display().to_string();
    let words = [
        "create",
        "RK",
        "--mac",
        MAC,
        "--type",
        "pvh",
        "--vcpus",
        "3",
        "--nic",
        "bridge=storage",
        "--nic",
        "mac=00:16:3e:00:00:02",
        "--vnc",
        "--label",
        "rescue",
        "--autostart",
        "--settings",
        &settings,
        "--json",
    ];
    let made = place.does(&words).json();
    let shown = place.does(&["show", "RK", "--json"]).json();
    let value = |key: &str| shown["values"][key].clone();
    assert_eq!(
        (value("type"), value("vcpus"), value("memory")),
        ("pvh".into(), "3".into(), "2048".into())
    );
    assert_eq!(value("on_reboot"), "destroy");
    assert_eq!(value("bootloader_args").to_string(), r#"["--order=disk,net","--label=rescue"]"#);
    let vifs: Vec<String> = serde_json::from_value(value("vif")).unwrap();
    assert_eq!(vifs.len(), 3);
    assert_eq!(vifs[0], format!("mac={MAC},bridge=br9"));
    assert!(vifs[1].contains("mac=00:16:3e:") && vifs[1].contains("bridge=storage"), "{vifs:?}");
    assert!(vifs[2].contains("mac=00:16:3e:00:00:02"), "{vifs:?}");
    assert!(value("vfb").to_string().contains("127.0.0.1"), "{shown}");
    assert_eq!(fs::read_link(place.at("xen/auto/RK.cfg")).unwrap().to_str(), Some("../RK.cfg"));
    assert_eq!(made["next"], "vmprov install RK");
    assert_eq!(made["macs"].as_array().unwrap().len(), 3);
}

#[test]
fn macs_that_are_made_are_xens_and_all_different() {
    let place = Place::new();
    let mut macs = BTreeSet::new();
    for index in 0..50 {
        let name = format!("g{index}");
        let made = place.does(&["create", &name, "--json"]).json();
        let mac = made["macs"][0].as_str().unwrap().to_owned();
        assert!(mac.starts_with("00:16:3e:"), "{mac}");
        assert!(macs.insert(mac));
    }
}

#[test]
fn a_dry_run_touches_nothing() {
    let place = Place::new();
    let before = place.tree();
    let shown = place.does(&["create", "RK", "--autostart", "--dry-run"]);
    assert!(shown.out.contains("name = \"RK\""), "{}", shown.out);
    assert_eq!(place.tree(), before);
    assert!(!place.at("state").exists());
    let json = place.does(&["create", "RK", "--dry-run", "--json"]).json();
    assert_eq!((json["dry_run"].clone(), place.tree()), (true.into(), before));
}

#[test]
fn nothing_is_ever_overwritten() {
    let place = Place::new();
    place.does(&["create", "RK", "--mac", MAC]);
    place.refuses(&["create", "RK"], 3, "RK is there already");
    place.refuses(&["create", "web", "--mac", MAC], 3, MAC);
    place.refuses(&["create", "web", "--nic", &format!("mac={MAC}")], 3, MAC);
    place.refuses(
        &["create", "web", "--nic", "mac=00:16:3e:00:00:01", "--mac", "00:16:3e:00:00:01"],
        3,
        "two interfaces",
    );
    place.write("xen/plain", "name = 'plain'\n");
    place.refuses(&["create", "plain"], 3, "plain");
    place.write("xen/other.cfg", "name = 'web'\n");
    place.refuses(&["create", "web"], 3, "other.cfg");
    place.write("images/disk/disk.img", "somebody's");
    place.refuses(&["create", "disk"], 3, "disk.img");
    symlink("/nowhere", place.at("xen/link.cfg")).unwrap();
    place.refuses(&["create", "link"], 3, "link.cfg");
    place.write("xen/auto/late.cfg", "");
    place.refuses(&["create", "late", "--autostart"], 3, "late.cfg");
    place.write("state/half.json", place.read("state/RK.json").replace("RK", "half"));
    place.refuses(&["create", "half"], 3, "vmprov delete half");
}

#[test]
fn what_fails_half_way_leaves_nothing() {
    let place = Place::new();
    // The link is the last step, and its directory cannot be made.
    place.write("xen/auto", "a file");
    place.refuses(&["create", "RK", "--autostart"], 3, "xen/auto: File exists");
    assert!(!place.at("images").exists() && !place.at("xen/RK.cfg").exists());
}

#[test]
fn one_who_may_not_write_is_told_so() {
    let place = Place::new();
    fs::set_permissions(place.at("xen"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::create_dir(place.at("images")).unwrap();
    fs::set_permissions(place.at("images"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(place.at("state")).unwrap();
    fs::set_permissions(place.at("state"), fs::Permissions::from_mode(0o777)).unwrap();
    let before = place.tree();
    let ended = place.vmprov_as_nobody(&["create", "RK", "--mac", MAC]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("is this root?"), "{ended:?}");
    assert_eq!(place.tree(), before);
    // So that it can be removed.
    fs::set_permissions(place.at("xen"), fs::Permissions::from_mode(0o755)).unwrap();
}

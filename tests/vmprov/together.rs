//! Several vmprov at once.

use std::collections::BTreeSet;
use std::process::Child;

use crate::place::{Place, ended};

fn at_once(place: &Place, all: &[Vec<String>]) -> Vec<crate::place::Ended> {
    let start = |words: &Vec<String>| -> Child {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = place.command(&words);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = all.iter().map(start).collect();
    children.into_iter().map(|child| ended(child.wait_with_output().unwrap())).collect()
}

#[test]
fn twenty_guests_at_once_have_twenty_macs() {
    let place = Place::new();
    let words = |index| ["create", &format!("g{index}"), "--json"].map(str::to_owned).to_vec();
    let all: Vec<_> = (0..20).map(words).collect();
    let mut macs = BTreeSet::new();
    for ended in at_once(&place, &all) {
        assert_eq!(ended.code, 0, "{ended:?}");
        macs.insert(ended.json()["macs"][0].to_string());
    }
    assert_eq!(macs.len(), 20);
}

#[test]
fn of_ten_that_create_the_same_guest_one_does() {
    let place = Place::new();
    let words = ["create", "RK"].map(str::to_owned).to_vec();
    let codes: Vec<i32> = at_once(&place, &vec![words; 10]).iter().map(|e| e.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 3).count(), 9, "{codes:?}");
    place.does(&["delete", "RK", "--yes"]);
}

#[test]
fn ten_that_finalize_the_same_guest_do_it_once() {
    let place = Place::new();
    place.does(&["create", "RK", "--mac", "00:16:3e:62:39:d3"]);
    let words = ["finalize", "RK"].map(str::to_owned).to_vec();
    let all = at_once(&place, &vec![words; 10]);
    assert!(all.iter().all(|ended| [0, 3].contains(&ended.code)), "{all:?}");
    assert!(all.iter().any(|ended| ended.code == 0), "{all:?}");
    let config = place.read("xen/RK.cfg");
    assert_eq!(config.matches("bootloader").count(), 1, "{config}");
    place.does(&["finalize", "RK"]);
    assert_eq!(place.read("xen/RK.cfg"), config);
}

#[test]
fn finalize_and_netboot_at_once_leave_one_or_the_other() {
    let place = Place::new();
    place.does(&["create", "RK", "--mac", "00:16:3e:62:39:d3"]);
    let verbs = ["finalize", "netboot"];
    let all: Vec<Vec<String>> =
        (0..10).map(|index| vec![verbs[index % 2].to_owned(), "RK".to_owned()]).collect();
    assert!(at_once(&place, &all).iter().all(|ended| [0, 3].contains(&ended.code)));
    let config = place.read("xen/RK.cfg");
    place.does(&["netboot", "RK"]);
    place.does(&["finalize", "RK"]);
    let finalized = place.read("xen/RK.cfg");
    place.does(&["netboot", "RK"]);
    assert!([finalized, place.read("xen/RK.cfg")].contains(&config), "{config}");
}

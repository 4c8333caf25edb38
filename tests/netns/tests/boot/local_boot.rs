//! Boots from the guest's disk, handed over to pygrub: `LOCALBOOT`, and `--order disk,net`.

use netns_tests::Lab;
use netns_tests::pygrub::Pygrub;

use crate::common::{check, usual, with_config};

const DISK: &str = "/run/lab/disk/system.img";

/// Runs a boot whose config says `statement`, and checks that pygrub was given libxl's words.
fn hands_over(statement: &str) {
    Lab::run(|lab| {
        with_config(lab, &format!("default disk\nlabel disk\n{statement}\n"));
        let pygrub = Pygrub::that_boots(lab);

        let end = lab.boot().own("--args=extra=1").run();

        let answer = end.booted();
        assert_eq!(answer.kernel, b"a kernel from the disk\n");
        assert_eq!(answer.args, "root=/dev/xvda1");
        let words = pygrub.called_with().expect("pygrub was called");
        assert_eq!(words.last().map(String::as_str), Some(DISK), "{words:?}");
        assert!(
            words.contains(&"--output-directory=/var/lib/xen/bootloader.7.d".to_owned()),
            "{words:?}"
        );
        assert!(words.contains(&"--args=extra=1".to_owned()), "{words:?}");
        assert!(
            !words.iter().any(|word| word.contains("mac=")),
            "our own words are not pygrub's: {words:?}"
        );
    });
}

#[test]
fn localboot_zero() {
    hands_over("localboot 0");
}

#[test]
fn localboot_minus_one() {
    hands_over("localboot -1");
}

#[test]
fn localboot_without_a_number() {
    hands_over("localboot");
}

#[test]
fn chain_to_the_first_disk() {
    hands_over("kernel chain.c32\nappend hd0 0");
}

#[test]
fn pypxeboots_word_names_the_disk() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_boots(lab);
        lab.boot().and(["--pygrub-image=/dev/vg0/rk"]).run().booted();
        let words = pygrub.called_with().expect("pygrub was called");
        assert_eq!(words.last().map(String::as_str), Some("/dev/vg0/rk"), "{words:?}");
    });
}

#[test]
fn a_restricted_boot_restricts_pygrub_too() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_boots(lab);
        lab.boot().own("--runas=65534").own("--quiet").run().booted();
        let words = pygrub.called_with().expect("pygrub was called");
        assert!(words.contains(&"--runas=65534".to_owned()), "{words:?}");
        assert!(
            words.contains(&"--quiet".to_owned()) || words.contains(&"-q".to_owned()),
            "{words:?}"
        );
    });
}

#[test]
fn a_disk_without_a_system_is_an_error_and_leaves_nothing() {
    Lab::run(|lab| {
        with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let pygrub = Pygrub::that_finds_nothing(lab);
        let end = lab.boot().run();
        assert!(!end.status.success(), "{end}");
        assert!(end.console.contains("pygrub"), "{end}");
        assert!(pygrub.called_with().is_some());
    });
}

#[test]
fn order_disk_first_boots_the_disk_when_there_is_a_system() {
    Lab::run(|lab| {
        usual(lab);
        let pygrub = Pygrub::that_boots(lab);
        let end = lab.boot().and(["--order", "disk,net"]).run();
        assert_eq!(end.booted().kernel, b"a kernel from the disk\n");
        assert!(pygrub.called_with().is_some());
    });
}

#[test]
fn order_disk_first_boots_the_network_when_there_is_none() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let pygrub = Pygrub::that_finds_nothing(lab);
        check(&lab.boot().and(["--order=disk,net"]).run(), &images);
        assert!(pygrub.called_with().is_some());
    });
}

#[test]
fn a_network_boot_does_not_ask_pygrub() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let pygrub = Pygrub::that_boots(lab);
        check(&lab.boot().run(), &images);
        assert_eq!(pygrub.called_with(), None);
    });
}

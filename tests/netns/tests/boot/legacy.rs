//! The command lines of bootloaders that came before, and of toolstacks that cut words
//! in their own ways.

use netns_tests::Lab;
use netns_tests::fixtures::MAC;

use crate::common::{check, usual, with_config};

fn boots_with(words: &[&str]) {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        check(&lab.boot().words(words).run(), &images);
    });
}

#[test]
fn a_mac_alone() {
    boots_with(&["mac=00:16:3e:62:39:d3"]);
}

#[test]
fn a_mac_in_upper_case() {
    boots_with(&["mac=00:16:3E:62:39:D3"]);
}

#[test]
fn a_vif_spec() {
    boots_with(&["mac=00:16:3e:62:39:d3,bridge=xenbr0,vifname=rk0"]);
}

#[test]
fn a_vif_spec_with_blanks() {
    boots_with(&["mac=00:16:3e:62:39:d3, bridge=xenbr0"]);
}

#[test]
fn a_vif_spec_with_a_trailing_comma() {
    boots_with(&["mac=00:16:3e:62:39:d3,"]);
}

#[test]
fn options_with_separate_values() {
    boots_with(&["--mac", MAC, "--bridge", "xenbr0"]);
}

#[test]
fn options_with_joined_values() {
    boots_with(&[
        "--mac=00:16:3e:62:39:d3",
        "--bridge=xenbr0",
        "--deadline=30",
        "--net=guest",
        "--order=net",
        "--menu=never",
    ]);
}

#[test]
fn all_words_in_one() {
    boots_with(&["--mac 00:16:3e:62:39:d3 --bridge xenbr0 --verbose"]);
}

#[test]
fn an_empty_word_among_them() {
    boots_with(&["", "mac=00:16:3e:62:39:d3"]);
}

#[test]
fn pypxeboots_words() {
    boots_with(&["--interface=xenbr0", "mac=00:16:3e:62:39:d3", "-v", "--label=linux"]);
}

#[test]
fn pypxeboots_udhcpc_is_passed_over_with_a_note() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let end =
            lab.boot().words(["--udhcpc=/usr/local/sbin/udhcpc", "mac=00:16:3e:62:39:d3"]).run();
        check(&end, &images);
        assert!(end.console.contains("udhcpc"), "{end}");
    });
}

#[test]
fn pypxeboots_config_dir() {
    Lab::run(|lab| {
        let (_, root, images) = usual(lab);
        std::fs::rename(root.join("pxelinux.cfg"), root.join("own.cfg")).expect("the directory");
        check(&lab.boot().words(["--config-dir=own.cfg", "mac=00:16:3e:62:39:d3"]).run(), &images);
    });
}

#[test]
fn a_label_that_is_named() {
    for words in [
        vec!["--label", "other"],
        vec!["--label=other"],
        vec!["--entry", "other"],
        vec!["--entry=other"],
    ] {
        Lab::run(|lab| {
            let config = "default linux\nlabel linux\nkernel nosuch\nlabel other\nkernel vmlinuz\nappend other=1\n";
            with_config(lab, config);
            let end = lab.boot().and(words).run();
            assert_eq!(end.booted().args, "BOOT_IMAGE=vmlinuz other=1");
        });
    }
}

#[test]
fn a_restricted_libxls_words() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        check(&lab.boot().own("--runas=65534").own("--quiet").run(), &images);
    });
}

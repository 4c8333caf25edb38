//! Which guest boots: libxl passes neither its name nor its MAC, so both are found out.
//! `bootloader = "/usr/bin/rpxeboot"` alone is enough.

use std::fs;
use std::time::Duration;

use netns_tests::fixtures::{CONFIG_NAME, MAC};
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{Lab, Request};

use crate::common::{check, usual};

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";
/// A guest's config as it was written for another bootloader, with the one line that changes.
const GUEST_CONFIG: &str = r#"name = "RK"
memory = "1024"
disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', '', ]
on_reboot = 'restart'
on_crash = 'restart'
bootloader = "/usr/bin/rpxeboot"
"#;

const NO_WORDS: [&str; 0] = [];

fn store(lab: &Lab, domid: u32) -> Xenstored {
    Xenstored::start(lab, Xenstored::guest(domid, "RK", UUID, "pv"), Manner::Prompt)
}

/// A boot with no words at all, only a domain number.
fn bare<'lab>(lab: &'lab Lab, store: &Xenstored) -> Request<'lab> {
    lab.boot().words(NO_WORDS).env(PATH_VARIABLE, store.socket())
}

#[test]
fn by_the_config_in_etc_xen() {
    for name in ["RK.cfg", "RK"] {
        Lab::run(|lab| {
            let (_, _, images) = usual(lab);
            fs::write(format!("/etc/xen/{name}"), GUEST_CONFIG).expect("the guest's config");
            let store = store(lab, 7);
            check(&bare(lab, &store).run(), &images);
        });
    }
}

#[test]
fn by_the_file_that_xl_create_was_given() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        fs::write(lab.directory("work").join("guest.cfg"), GUEST_CONFIG)
            .expect("the guest's config");
        let store = store(lab, 7);
        check(&bare(lab, &store).under_xl(&["create", "guest.cfg"]).run(), &images);
        check(
            &bare(lab, &store).under_xl(&["-v", "create", "-c", "/run/lab/work/guest.cfg"]).run(),
            &images,
        );
    });
}

#[test]
fn by_a_config_that_is_named() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let config = lab.directory("work").join("guest.cfg");
        fs::write(&config, GUEST_CONFIG).expect("the guest's config");
        check(
            &lab.boot().words(["--config".into(), config.clone().into_os_string()]).run(),
            &images,
        );
        check(&lab.boot().words([format!("--config={}", config.display())]).run(), &images);
    });
}

#[test]
fn by_libvirts_record() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        fs::create_dir_all("/etc/libvirt/libxl").expect("libvirt's directory");
        let xml = format!(
            "<domain type='xen'><name>RK</name><uuid>{UUID}</uuid><devices><interface type='bridge'>\
             <mac address='{MAC}'/><source bridge='xenbr0'/></interface></devices></domain>"
        );
        fs::write("/etc/libvirt/libxl/RK.xml", xml).expect("libvirt's record");
        let store = store(lab, 7);
        check(&bare(lab, &store).run(), &images);
    });
}

#[test]
fn a_reboot_uses_what_was_remembered() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let config = lab.directory("work").join("guest.cfg");
        fs::write(&config, GUEST_CONFIG).expect("the guest's config");
        let first = store(lab, 7);
        check(&bare(lab, &first).under_xl(&["create", "guest.cfg"]).run(), &images);

        // The daemonized xl works in "/", where the name leads nowhere; the domain's number is another.
        drop(first);
        let second = store(lab, 8);
        let reboot = bare(lab, &second).domid(8).directory("/").under_xl(&["create", "guest.cfg"]);
        check(&reboot.run(), &images);
    });
}

#[test]
fn what_was_remembered_of_another_guest_is_not_used() {
    Lab::run(|lab| {
        usual(lab);
        fs::write(lab.directory("work").join("guest.cfg"), GUEST_CONFIG)
            .expect("the guest's config");
        let first = store(lab, 7);
        bare(lab, &first).under_xl(&["create", "guest.cfg"]).run().booted();

        drop(first);
        let other = "11111111-2222-4333-8444-555555555555";
        let second =
            Xenstored::start(lab, Xenstored::guest(8, "other", other, "pv"), Manner::Prompt);
        bare(lab, &second)
            .domid(8)
            .directory("/")
            .under_xl(&["create", "guest.cfg"])
            .run()
            .failed(18, &["other"]);
    });
}

#[test]
fn a_config_with_another_name_is_not_taken() {
    Lab::run(|lab| {
        usual(lab);
        fs::write("/etc/xen/RK.cfg", GUEST_CONFIG.replace("\"RK\"", "\"another\""))
            .expect("a config");
        let store = store(lab, 7);
        bare(lab, &store).run().failed(18, &["RK"]);
    });
}

#[test]
fn words_go_before_the_config() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        fs::write("/etc/xen/RK.cfg", GUEST_CONFIG.replace("62:39:d3", "00:00:01"))
            .expect("a config");
        let store = store(lab, 7);
        check(&bare(lab, &store).words([format!("--mac={MAC}")]).run(), &images);
    });
}

#[test]
fn the_default_bridge_is_xl_confs() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        lab.ip("link set xenbr0 name lan0");
        fs::write("/etc/xen/xl.conf", "vif.default.bridge=\"lan0\"\n").expect("xl.conf");
        lab.rebaseline();
        check(&lab.boot().words([format!("mac={MAC}")]).run(), &images);
    });
}

#[test]
fn a_vif_without_a_mac_is_an_error_that_names_the_line_to_add() {
    Lab::run(|lab| {
        usual(lab);
        fs::write("/etc/xen/RK.cfg", GUEST_CONFIG.replace("mac=00:16:3e:62:39:d3,", ""))
            .expect("a config");
        let store = store(lab, 7);
        bare(lab, &store).run().failed(18, &["/etc/xen/RK.cfg", "mac="]);
    });
}

#[test]
fn no_config_anywhere_is_an_error_that_names_the_line_to_add() {
    Lab::run(|lab| {
        let store = store(lab, 7);
        bare(lab, &store).run().failed(18, &["RK", "mac="]);
    });
}

#[test]
fn a_bridge_that_is_not_there_is_named() {
    Lab::run(|lab| {
        lab.boot().words([format!("mac={MAC},bridge=nosuch0")]).run().failed(18, &["nosuch0"]);
    });
}

#[test]
fn a_store_that_answers_in_pieces_is_understood() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        fs::write("/etc/xen/RK.cfg", GUEST_CONFIG).expect("the guest's config");
        let store = Xenstored::start(lab, Xenstored::guest(7, "RK", UUID, "pv"), Manner::InPieces);
        check(&bare(lab, &store).run(), &images);
    });
}

#[test]
fn a_silent_or_broken_store_does_not_hold_up_a_boot_that_names_its_vif() {
    for manner in [Manner::Silent, Manner::Overlong] {
        Lab::run(|lab| {
            let (_, _, images) = usual(lab);
            let store = Xenstored::start(lab, Vec::new(), manner);
            let end = lab.boot().env(PATH_VARIABLE, store.socket()).run();
            check(&end, &images);
            assert!(end.took < Duration::from_secs(20), "{manner:?}: {end}");
        });
    }
}

#[test]
fn the_guests_uuid_is_asked_for_first() {
    Lab::run(|lab| {
        let (_, root, images) = usual(lab);
        fs::rename(root.join(CONFIG_NAME), root.join("pxelinux.cfg").join(UUID))
            .expect("the config");
        fs::write("/etc/xen/RK.cfg", GUEST_CONFIG).expect("the guest's config");
        let store = store(lab, 7);
        check(&bare(lab, &store).run(), &images);
    });
}

//! Every TFTP server gives every file byte for byte, whatever its size; and the other ways
//! in which a file can be named.

use netns_tests::fixtures::{self, CONFIG_NAME, MAC, SERVER};
use netns_tests::servers::{Offer, dhcpd, http, tftp};
use netns_tests::wire::Wire;
use netns_tests::{Lab, programs};

use crate::common::{OTHER, assert_same, check, files, usual, with_config};

/// The whole boot, then boots with images of difficult sizes.
fn serves(kind: tftp::Kind) {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, kind, &root);
        check(&lab.boot().run(), &images);

        // One byte; a multiple of every block size in use, so that the last block is empty;
        // one byte less and more; more than 65,535 blocks of 512 bytes. A kernel is longer.
        let multiple = 512 * 1408 * 11;
        let sizes = [
            (512, 1),
            (1468, 1468 * 16),
            (1408, multiple),
            (multiple - 1, multiple + 1),
            (1000, 40 << 20),
        ];
        for (kernel_size, ramdisk_size) in sizes {
            let (kernel, ramdisk) =
                (fixtures::kernel(3, kernel_size), fixtures::bytes(4, ramdisk_size));
            fixtures::write(&root, "vmlinuz", &kernel);
            fixtures::write(&root, "initrd.img", &ramdisk);
            let end = lab.boot().run();
            let answer = end.booted();
            assert_same("kernel", &answer.kernel, &kernel);
            assert_same("ramdisk", answer.ramdisk.as_deref().expect("a ramdisk"), &ramdisk);
        }
    });
}

#[test]
fn dnsmasq_serves_every_size() {
    serves(tftp::Kind::Dnsmasq);
}

#[test]
fn tftpd_hpa_serves_every_size() {
    serves(tftp::Kind::Hpa);
}

#[test]
fn atftpd_serves_every_size() {
    serves(tftp::Kind::Atftpd);
}

#[test]
fn rs_tftpd_serves_every_size() {
    serves(tftp::Kind::RsTftpd);
}

#[test]
fn an_empty_ramdisk_is_refused_by_name() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        fixtures::write(&root, "initrd.img", b"");
        lab.boot().run().failed(14, &["initrd.img", "empty"]);
    });
}

#[test]
fn the_installers_tree_boots_as_packaged() {
    Lab::run(|lab| {
        let tree = programs::installer_tree("text");
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, tftp::Kind::Hpa, &tree);

        let end = lab.boot().run();

        let answer = end.booted();
        let wanted = "BOOT_IMAGE=debian-installer/amd64/linux vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet";
        assert_eq!(answer.args.trim_end(), wanted);
        let packaged = |name: &str| {
            std::fs::read(tree.join("debian-installer/amd64").join(name))
                .expect("the packaged file")
        };
        assert_same("kernel", &answer.kernel, &packaged("linux"));
        assert_same(
            "ramdisk",
            answer.ramdisk.as_deref().expect("a ramdisk"),
            &packaged("initrd.gz"),
        );
    });
}

#[test]
fn every_label_of_both_installers_leads_to_files_that_are_there() {
    for flavour in ["text", "gtk"] {
        Lab::run(move |lab| {
            let tree = programs::installer_tree(flavour);
            let server = lab.host("server", SERVER);
            dhcpd::start(&server, &Offer::usual("192.168.200.1"));
            tftp::start(&server, tftp::Kind::Hpa, &tree);
            let vif = format!("mac={MAC},bridge=xenbr0");

            let listed = String::from_utf8(lab.shell(&["--list-entries", &vif]).stdout);
            let listed = listed.expect("a list");
            let labels: Vec<&str> =
                listed.lines().filter_map(|line| line.get(2..)?.split('\t').next()).collect();

            assert!(labels.len() >= 6 && labels.contains(&"install"), "{listed}");
            for label in labels {
                let said = lab.shell(&["--dry-run", "--label", label, &vif]);
                let plan: serde_json::Value =
                    serde_json::from_slice(&said.stdout).expect("one JSON object");
                assert_eq!(plan["action"], "kernel", "{label}: {plan}");
                let initrds = plan["initrds"].as_array().expect("initrds");
                for url in std::iter::once(&plan["kernel"]).chain(initrds) {
                    let path =
                        url.as_str().and_then(|url| url.strip_prefix("tftp://192.168.200.1/"));
                    let path = tree.join(path.expect("a file of the server"));
                    assert!(path.is_file(), "{label}: {}", path.display());
                }
            }
        });
    }
}

#[test]
fn the_graphical_installers_menu_times_out_into_the_spoken_one() {
    Lab::run(|lab| {
        let tree = programs::installer_tree("gtk");
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, tftp::Kind::Hpa, &tree);

        let end = lab.boot().run();

        // Its "ontimeout" is a command line, not a label.
        let screens =
            std::fs::read_to_string(tree.join("debian-installer/amd64/boot-screens/spk.cfg"))
                .expect("the packaged menu");
        let wanted = screens
            .lines()
            .find_map(|line| line.strip_prefix("ontimeout "))
            .expect("its ontimeout");
        assert_eq!(end.booted().args.trim_end(), format!("BOOT_IMAGE={}", wanted.trim_end()));
    });
}

#[test]
fn files_named_by_url_and_by_server() {
    for kernel in [
        "tftp://192.168.200.7/vmlinuz",
        "tftp://192.168.200.7:69/vmlinuz",
        "192.168.200.7::vmlinuz",
        "http://192.168.200.7/vmlinuz",
    ] {
        Lab::run(|lab| {
            let config = format!("default a\nlabel a\nkernel {kernel}\nappend x=1\n");
            with_config(lab, &config);
            let (other, root, _) = files(lab, OTHER);
            let image = fixtures::kernel(9, 1_000_003);
            fixtures::write(&root, "vmlinuz", &image);
            tftp::start(&other, tftp::Kind::Hpa, &root);
            http::start(&other, &root);

            let end = lab.boot().run();

            let answer = end.booted();
            assert_same("kernel", &answer.kernel, &image);
            assert_eq!(answer.args, format!("BOOT_IMAGE={kernel} x=1"));
        });
    }
}

#[test]
fn a_whole_boot_over_http() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        http::start(&server, &root);
        // What MAAS does: the prefix of every name is a URL.
        dhcpd::start(
            &server,
            &Offer {
                option_210: Some("http://192.168.200.1/".into()),
                ..Offer::usual("192.168.200.1")
            },
        );
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn a_kernel_of_the_guests_config_needs_no_pxe_config() {
    for scheme in ["tftp", "http"] {
        Lab::run(|lab| {
            let (server, root, images) = usual(lab);
            http::start(&server, &root);
            std::fs::remove_file(root.join(CONFIG_NAME)).expect("the config");
            let wire = Wire::tap(server.netns(), "eth0");

            let end = lab
                .boot()
                .own(format!("--kernel={scheme}://192.168.200.1/vmlinuz"))
                .own(format!("--ramdisk={scheme}://192.168.200.1/initrd.img"))
                .own("--args=root=/dev/nfs quiet")
                .run();

            let answer = end.booted();
            assert_same("kernel", &answer.kernel, &images.kernel);
            assert_same("ramdisk", answer.ramdisk.as_deref().expect("a ramdisk"), &images.ramdisk);
            assert_eq!(answer.args, "root=/dev/nfs quiet");
            let searched = wire
                .datagrams_to(69)
                .iter()
                .any(|request| request.payload.windows(8).any(|text| text == b"pxelinux"));
            assert!(!searched, "a config was asked for");
        });
    }
}

#[test]
fn the_bridges_mtu_is_not_changed_by_our_port() {
    Lab::run(|lab| {
        let (server, _, images) = usual(lab);
        lab.ip("link set port1 mtu 9000");
        server.ip("link set eth0 mtu 9000");
        lab.ip("link set xenbr0 mtu 9000");

        let boot = lab.boot().start();
        let mut smallest = u64::MAX;
        boot.wait_until("its port on the bridge", || {
            let bridge = lab.ip_json("link show dev xenbr0");
            smallest = smallest.min(bridge[0]["mtu"].as_u64().expect("an MTU"));
            lab.ip_json("link show master xenbr0").as_array().map_or(0, Vec::len) > 1
        });
        check(&boot.finish(), &images);

        let bridge = lab.ip_json("link show dev xenbr0");
        assert_eq!(bridge[0]["mtu"], 9000);
        assert_eq!(smallest, 9000, "while it booted");
    });
}

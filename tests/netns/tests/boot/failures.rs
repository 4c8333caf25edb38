//! Every way to fail has its exit code and a sentence for the administrator, comes in
//! bounded time, and leaves nothing.

use std::time::Duration;

use netns_tests::Lab;
use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, GUEST, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::{Offer, dhcpd, dnsmasq, tftp};

use crate::common::{files, usual, with_config};

#[test]
fn no_dhcp_server() {
    Lab::run(|lab| {
        let _silent = lab.host("silent", SERVER);
        let end = lab.boot().and(["--deadline", "5"]).run();
        end.failed(10, &["no DHCP answer on xenbr0 for 00:16:3e:62:39:d3"]);
        assert!(end.took < Duration::from_secs(6), "{end}");
    });
}

#[test]
fn a_lease_without_a_boot_file() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::default());
        lab.boot().run().failed(11, &["192.168.200.1", GUEST]);
    });
}

#[test]
fn no_tftp_server_on_the_machine() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        let end = lab.boot().run();
        end.failed(14, &["192.168.200.1"]);
        assert!(end.took < Duration::from_secs(30), "{end}");
    });
}

#[test]
fn no_machine_at_the_boot_servers_address() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::usual("192.168.200.99"));
        let end = lab.boot().run();
        end.failed(14, &["192.168.200.99"]);
        assert!(end.took < Duration::from_secs(45), "{end}");
    });
}

#[test]
fn no_config() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        std::fs::remove_dir_all(root.join("pxelinux.cfg")).expect("the configs");
        lab.boot().run().failed(12, &["192.168.200.1", "pxelinux.cfg"]);
    });
}

#[test]
fn an_empty_config_counts_as_none() {
    Lab::run(|lab| {
        with_config(lab, "");
        lab.boot().run().failed(12, &["pxelinux.cfg"]);
    });
}

#[test]
fn a_label_that_is_not_there() {
    Lab::run(|lab| {
        usual(lab);
        lab.boot().and(["--label", "nosuch"]).run().failed(13, &["nosuch", "linux"]);
    });
}

#[test]
fn a_config_without_anything_to_boot() {
    Lab::run(|lab| {
        with_config(lab, "say hello\n");
        lab.boot().run().failed(13, &[CONFIG_NAME]);
    });
}

#[test]
fn a_kernel_that_no_pv_guest_can_boot() {
    for kernel in ["memdisk.bin", "pxelinux.0", "hdt.c32"] {
        Lab::run(|lab| {
            with_config(lab, &format!("default a\nlabel a\nkernel {kernel}\n"));
            lab.boot().run().failed(13, &[kernel]);
        });
    }
}

#[test]
fn a_kernel_that_is_not_there() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        std::fs::remove_file(root.join("vmlinuz")).expect("the kernel");
        lab.boot().run().failed(14, &["tftp://192.168.200.1/vmlinuz"]);
    });
}

#[test]
fn a_ramdisk_that_is_not_there() {
    Lab::run(|lab| {
        let (_, root, _) = usual(lab);
        std::fs::remove_file(root.join("initrd.img")).expect("the ramdisk");
        lab.boot().run().failed(14, &["tftp://192.168.200.1/initrd.img"]);
    });
}

#[test]
fn one_of_several_initrds_that_is_not_there() {
    Lab::run(|lab| {
        with_config(lab, "default a\nlabel a\nkernel vmlinuz\ninitrd initrd.img,missing.img\n");
        lab.boot().run().failed(14, &["missing.img"]);
    });
}

#[test]
fn a_directory_where_the_kernel_should_be() {
    Lab::run(|lab| {
        let (server, root, _) = files(lab, SERVER);
        std::fs::remove_file(root.join("vmlinuz")).expect("the kernel");
        std::fs::create_dir(root.join("vmlinuz")).expect("a directory");
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, tftp::Kind::Hpa, &root);
        lab.boot().run().failed(14, &["vmlinuz"]);
    });
}

#[test]
fn the_server_dies_in_the_middle_of_a_file() {
    Lab::run(|lab| {
        let faults = Faults { delay: Duration::from_millis(5), seed: 1, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, faults);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 32 << 20));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 32 << 20));
        let running = dnsmasq::whole(&server, &root);
        let boot = lab.boot().start();
        boot.wait_until("a part of the kernel", || received(7) > 100_000);
        running.stop();
        let end = boot.finish();
        end.failed(14, &["192.168.200.1"]);
        assert!(end.took < Duration::from_secs(45), "{end}");
    });
}

/// How many bytes are in libxl's directory so far.
fn received(domid: u32) -> u64 {
    let entries =
        std::fs::read_dir(format!("/var/lib/xen/bootloader.{domid}.d")).expect("libxl's directory");
    // Sparse files grow by what is really in them.
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|about| std::os::unix::fs::MetadataExt::blocks(&about) * 512)
        .sum()
}

#[test]
fn the_deadline_ends_a_slow_transfer() {
    Lab::run(|lab| {
        let faults = Faults { delay: Duration::from_millis(20), seed: 1, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, faults);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 32 << 20));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 32 << 20));
        dnsmasq::whole(&server, &root);
        let end = lab.boot().and(["--deadline=3"]).run();
        end.failed(16, &["tftp://192.168.200.1", "--deadline"]);
        assert!(end.took < Duration::from_secs(4), "{end}");
    });
}

#[test]
fn no_mac_and_no_domain_to_find_it_by() {
    Lab::run(|lab| {
        let output = lab.shell(&["--dry-run"]);
        assert_eq!(output.status.code(), Some(18), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("mac="));
    });
}

#[test]
fn not_root() {
    Lab::run(|lab| {
        let mut command = lab.command_as(65534, lab.program());
        command.args(["--dry-run", "mac=00:16:3e:62:39:d3"]).current_dir("/");
        let output = command.output().expect("rpxeboot can be started");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(17), "{told}");
        assert!(told.contains("root"), "{told}");
    });
}

#[test]
fn an_output_directory_that_cannot_be() {
    Lab::run(|lab| {
        usual(lab);
        let output = lab.shell(&[
            "--output-format=simple0",
            "--output-directory=/dev/null/nosuch",
            "mac=00:16:3e:62:39:d3",
        ]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(17), "{told}");
        assert!(told.contains("/dev/null/nosuch"), "{told}");
    });
}

#[test]
fn usage_errors() {
    for words in [
        &["--nosuch"][..],
        &["--deadline", "soon"],
        &["--deadline=0"],
        &["--net=other"],
        &["--order=net,disk,net"],
        &["--output-format=xml"],
        &["--mac"],
        &["--mac=00:16:3e:62:39"],
        &["mac=01:16:3e:62:39:d3"],
        &["--vlan=4095", "mac=00:16:3e:62:39:d3"],
        &["--uuid=short", "mac=00:16:3e:62:39:d3"],
    ] {
        Lab::run(|lab| {
            let output = lab.shell(words);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
            assert!(told.lines().count() >= 1, "{words:?}");
        });
    }
}

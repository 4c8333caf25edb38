//! Bridges, links and servers that go away in the middle, for good or for a moment.

use std::thread;
use std::time::Duration;

use netns_tests::fixtures::{CONFIG_NAME, SERVER};
use netns_tests::servers::{dnsmasq, nginx, tftp};
use netns_tests::{Boot, End, Lab, fixtures};

use super::{GRACE, assert_right, boots, far_server, received, tree};

/// Far more than these boots take, and less than rpxeboot's patience with a silent server.
const DEADLINE: u64 = 5;

fn start(lab: &Lab) -> Boot<'_> {
    lab.boot().and([format!("--deadline={DEADLINE}")]).start()
}

fn in_time(end: &End, row: &str) {
    assert!(end.took < Duration::from_secs(DEADLINE) + GRACE, "{end}");
    end.record("faults", row);
}

/// In the middle of the images, `what` happens; the boot fails in its time.
fn fails_after(row: &str, says: &str, what: impl Fn(&Lab) + Sync, back: impl Fn(&Lab) + Sync) {
    Lab::run(|lab| {
        let (_server, images, _running) = far_server(lab);
        let boot = start(lab);
        boot.wait_until("a part of the images", || received() > 200_000);
        what(lab);
        let end = boot.finish();
        assert!([14, 16].contains(&end.status.code().unwrap_or(-1)), "{end}");
        assert!(end.console.contains("tftp://192.168.200.1/"), "it names a file: {end}");
        assert!(end.console.contains(says), "it does not say {says:?}: {end}");
        in_time(&end, row);
        back(lab);
        boots(lab, &images);
    });
}

/// The other end of our veth: the port of the bridge that no server has.
fn our_port(lab: &Lab) -> String {
    let ports = lab.ip_json("link show master xenbr0");
    let names = ports.as_array().expect("a list").iter();
    let mut names = names.filter_map(|port| port["ifname"].as_str());
    names.find(|name| !name.starts_with("port")).expect("our port").to_owned()
}

#[test]
fn the_guests_port_is_taken_away() {
    fails_after(
        "our port of the bridge is deleted",
        "the guest's port on xenbr0 in dom0 was removed meanwhile",
        |lab| lab.ip(&format!("link del {}", our_port(lab))),
        |_| {},
    );
}

#[test]
fn the_port_leaves_the_bridge() {
    fails_after(
        "our port is taken off the bridge",
        "the guest's port on xenbr0 in dom0 was taken off it meanwhile",
        |lab| lab.ip(&format!("link set {} nomaster", our_port(lab))),
        |_| {},
    );
}

#[test]
fn the_link_goes_down_for_good() {
    fails_after(
        "the server's link goes down for good",
        "192.168.200.1",
        |lab| lab.ip("link set port1 down"),
        |lab| lab.ip("link set port1 up"),
    );
}

#[test]
fn the_bridge_is_deleted() {
    fails_after(
        "the bridge is deleted",
        "the bridge xenbr0 was removed meanwhile",
        |lab| lab.ip("link del xenbr0"),
        |lab| {
            lab.ip("link add xenbr0 type bridge");
            lab.ip("link set xenbr0 up");
            lab.ip("link set port1 master xenbr0 up");
            lab.rebaseline();
        },
    );
}

#[test]
fn the_guests_port_goes_down_for_good() {
    fails_after(
        "our port of the bridge goes down for good",
        "the guest's port on xenbr0 in dom0 is down",
        |lab| lab.ip(&format!("link set {} down", our_port(lab))),
        |_| {},
    );
}

#[test]
fn the_bridge_goes_down_for_good() {
    fails_after(
        "the bridge goes down for good",
        "the bridge xenbr0 in dom0 is down",
        |lab| lab.ip("link set xenbr0 down"),
        |lab| lab.ip("link set xenbr0 up"),
    );
}

/// While the spanning tree holds the port, and while nobody answers: there is no file yet.
#[test]
fn the_bridge_is_deleted_before_there_is_a_lease() {
    for (tree, sign) in [("1", "waiting for xenbr0"), ("0", "DHCP: sent")] {
        Lab::run(|lab| {
            let _silent = lab.host("silent", SERVER);
            let words = format!("link set xenbr0 type bridge forward_delay 200 stp_state {tree}");
            lab.ip(&words);
            let boot = lab.boot().and(["--verbose", "--deadline=4"]).start();
            boot.wait_until(sign, || boot.console().contains(sign));
            lab.ip("link del xenbr0");
            let end = boot.finish();
            lab.ip("link add xenbr0 type bridge");
            lab.ip("link set xenbr0 up");
            lab.ip("link set port1 master xenbr0 up");
            end.failed(
                10,
                &["no DHCP answer on xenbr0", "the bridge xenbr0 was removed meanwhile"],
            );
            assert!(end.took < Duration::from_secs(4) + GRACE, "{end}");
            end.record("faults", &format!("the bridge is deleted: {sign}"));
        });
    }
}

/// The server's machine answers no ARP request: for two seconds, or ever.
#[test]
fn a_server_that_answers_arp_late_or_never() {
    for late in [true, false] {
        Lab::run(|lab| {
            let dhcp = lab.host("dhcp", [192, 168, 200, 7]);
            let mut lines = dnsmasq::lease();
            lines.push("dhcp-boot=pxelinux.0,,192.168.200.1".to_owned());
            dnsmasq::start(&dhcp, &lines);
            let server = lab.host("server", SERVER);
            let root = server.directory("root");
            let images = tree(&root);
            tftp::start(&server, tftp::Kind::Hpa, &root);
            server.ip("link set eth0 arp off");
            let boot = lab.boot().and(["--deadline=6"]).start();
            if late {
                thread::sleep(Duration::from_secs(2));
                server.ip("link set eth0 arp on");
                let end = boot.finish();
                assert_right(&end, &images);
                assert!(end.took > Duration::from_secs(2), "it did not need the server: {end}");
                end.record("faults", "the server answers ARP 2 s late");
            } else {
                let end = boot.finish();
                assert!([14, 16].contains(&end.status.code().unwrap_or(-1)), "{end}");
                assert!(end.console.contains("tftp://192.168.200.1"), "it names it: {end}");
                assert!(end.took < Duration::from_secs(6) + GRACE, "{end}");
                end.record("faults", "the server never answers ARP");
            }
        });
    }
}

/// For a moment: the boot goes on, and what comes is right.
fn goes_on_after(row: &str, down: &'static str, up: &'static str) {
    Lab::run(|lab| {
        let (_server, images, _running) = far_server(lab);
        let boot = lab.boot().start();
        boot.wait_until("a part of the images", || received() > 200_000);
        lab.ip(down);
        thread::sleep(Duration::from_secs(2));
        lab.ip(up);
        let end = boot.finish();
        assert_right(&end, &images);
        end.record("faults", row);
    });
}

#[test]
fn the_link_goes_down_and_comes_back() {
    goes_on_after("the link goes down for 2 s", "link set port1 down", "link set port1 up");
}

#[test]
fn the_bridge_goes_down_and_comes_back() {
    goes_on_after("the bridge goes down for 2 s", "link set xenbr0 down", "link set xenbr0 up");
}

#[test]
fn a_tftp_server_that_dies_and_comes_back() {
    for kind in [tftp::Kind::Hpa, tftp::Kind::Atftpd] {
        Lab::run(|lab| {
            let (server, images, running) = far_server(lab);
            running.stop();
            let _dhcp = dnsmasq::start(&server, &{
                let mut lines = dnsmasq::lease();
                lines.push("dhcp-boot=pxelinux.0".to_owned());
                lines
            });
            let root = server.directory("root");
            let running = tftp::start(&server, kind, &root);
            let boot = lab.boot().start();
            boot.wait_until("a part of the images", || received() > 100_000);
            running.stop();
            thread::sleep(Duration::from_secs(1));
            let _again = tftp::start(&server, kind, &root);
            let end = boot.finish();
            assert_right(&end, &images);
            end.record("faults", &format!("{kind:?} dies in the middle and comes back"));
        });
    }
}

#[test]
fn a_web_server_that_dies_and_comes_back() {
    Lab::run(|lab| {
        let (server, images, _running) = far_server(lab);
        let root = server.directory("root");
        let config = "default a\nlabel a\nkernel http://192.168.200.1/vmlinuz\n\
                      initrd http://192.168.200.1/initrd.img\n";
        fixtures::write(&root, CONFIG_NAME, config.as_bytes());
        let slow = "limit_rate 300k;";
        let running = nginx::start(&server, &root, None, slow);
        let boot = lab.boot().start();
        boot.wait_until("a part of the images", || received() > 200_000);
        running.server.stop();
        let _again = nginx::start(&server, &root, None, "");
        let end = boot.finish();
        let answer = end.booted();
        assert!(answer.kernel == images.kernel && answer.ramdisk.as_ref() == Some(&images.ramdisk));
        end.record("faults", "nginx dies in the middle and comes back");
    });
}

#[test]
fn a_dhcp_server_that_comes_late() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = tree(&root);
        let boot = lab.boot().start();
        thread::sleep(Duration::from_secs(3));
        dnsmasq::whole(&server, &root);
        let end = boot.finish();
        assert_right(&end, &images);
        end.record("faults", "the DHCP server comes 3 s late");
    });
}

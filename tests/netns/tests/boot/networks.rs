//! dom0's own network, several guests at once, and lease questions between boots.

use netns_tests::fixtures::{self, ARGS, MAC, MAC_BYTES, SERVER};
use netns_tests::servers::dnsmasq;
use netns_tests::wire::Wire;
use netns_tests::{Host, Lab, programs};

use crate::common::{assert_same, check, files, usual};

#[test]
fn dom0s_own_network_when_it_is_asked_for() {
    Lab::run(|lab| {
        let (server, _, images) = usual(lab);
        lab.ip("addr add 192.168.200.5/24 dev xenbr0");
        let wire = Wire::tap(server.netns(), "eth0");

        check(&lab.boot().and(["--net=host"]).run(), &images);

        let requests = wire.datagrams_to(67);
        assert!(!requests.is_empty());
        for request in requests {
            assert_eq!(request.payload[28..34], MAC_BYTES, "chaddr is the guest's");
            assert_eq!(request.payload[10] & 0x80, 0x80, "the broadcast flag");
        }
        let files = wire.datagrams_to(69);
        assert!(
            !files.is_empty() && files.iter().all(|request| request.from == [192, 168, 200, 5]),
            "{files:?}"
        );
    });
}

#[test]
fn dom0s_own_network_when_the_bridge_is_in_a_driver_domain() {
    Lab::run(|lab| {
        let (_server, _, images) = usual(lab);
        lab.ip("addr add 192.168.200.5/24 dev xenbr0");
        lab.ip("route add default via 192.168.200.1 dev xenbr0");

        let vif = format!("mac={MAC},bridge=br-of-net,backend=net");
        let end = lab.boot().words([vif]).run();

        check(&end, &images);
        assert!(end.console.contains("br-of-net is in the domain net"), "{end}");
    });
}

/// A boot server for several guests, each with a config and a kernel of its own.
fn for_guests(lab: &Lab, guests: &[(&str, &str)]) -> Host {
    let (server, root, _) = files(lab, SERVER);
    let mut lines =
        vec!["dhcp-range=192.168.200.0,static,1h".to_owned(), "dhcp-boot=pxelinux.0".to_owned()];
    lines.extend(dnsmasq::tftp(&root));
    for (number, (mac, name)) in guests.iter().enumerate() {
        lines.push(format!("dhcp-host={mac},192.168.200.{}", 20 + number));
        let config =
            format!("default {name}\nlabel {name}\nkernel kernel-{name}\nappend guest={name}\n");
        fixtures::write(
            &root,
            &format!("pxelinux.cfg/01-{}", mac.replace(':', "-")),
            config.as_bytes(),
        );
        fixtures::write(
            &root,
            &format!("kernel-{name}"),
            &fixtures::kernel(100 + number as u64, 4 << 20),
        );
    }
    dnsmasq::start(&server, &lines);
    server
}

#[test]
fn guests_that_boot_at_the_same_time_get_each_their_own() {
    Lab::run(|lab| {
        let guests = [
            ("00:16:3e:00:00:01", "one"),
            ("00:16:3e:00:00:02", "two"),
            ("00:16:3e:00:00:03", "three"),
            ("00:16:3e:00:00:04", "four"),
        ];
        for_guests(lab, &guests);
        let boots: Vec<_> = guests
            .iter()
            .enumerate()
            .map(|(number, (mac, _))| {
                let word = format!("mac={mac},bridge=xenbr0");
                lab.boot().domid(20 + u32::try_from(number).expect("a few")).words([word]).start()
            })
            .collect();
        for (number, (boot, (_, name))) in boots.into_iter().zip(guests).enumerate() {
            let end = boot.finish();
            let answer = end.booted();
            assert_eq!(answer.args, format!("BOOT_IMAGE=kernel-{name} guest={name}"));
            assert_same(name, &answer.kernel, &fixtures::kernel(100 + number as u64, 4 << 20));
        }
    });
}

#[test]
fn one_guests_boot_after_the_other_leaves_the_network_as_it_was() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        for _ in 0..3 {
            check(&lab.boot().run(), &images);
            lab.assert_nothing_left();
        }
    });
}

#[test]
fn the_installer_gets_the_address_that_we_got() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        // A pool, not a reservation: the server has to know the client again.
        let mut lines = dnsmasq::pool();
        lines.extend(dnsmasq::tftp(&root));
        lines.push("dhcp-boot=pxelinux.0".into());
        dnsmasq::start(&server, &lines);
        std::fs::rename(root.join(fixtures::CONFIG_NAME), root.join("pxelinux.cfg/default"))
            .expect("the config");
        let wire = Wire::tap(server.netns(), "eth0");
        check(&lab.boot().run(), &images);
        let ours = offered(&wire);

        let guest = lab.guest();
        let script = guest.directory("udhcpc").join("script");
        std::fs::write(&script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"$ip\"\nexit 0\n")
            .expect("a script");
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("a script");
        let mut command = guest.command(programs::installed("busybox"));
        command.args(["udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s"]).arg(&script);
        let theirs = String::from_utf8(netns_tests::process::run(command).stdout).expect("text");

        assert_eq!(theirs.trim(), ours, "{MAC}");
        lab.rebaseline();
        assert!(ARGS.contains("ip=dhcp"), "which is why the installer asks");
    });
}

/// The address of the last ACK.
fn offered(wire: &Wire) -> String {
    let acks = wire.datagrams_to(68);
    let ack = acks.iter().rfind(|reply| reply.dhcp_type() == Some(5)).expect("an ACK");
    ack.payload[16..20].iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

#[test]
fn a_vlan_of_the_bridge() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        let mut command = lab.command(programs::installed("ip"));
        command.args(["link", "set", "xenbr0", "type", "bridge", "vlan_filtering", "1"]);
        let in_the_vlan = lab.boot().and(["--vlan=42", "--deadline=20"]);
        if !command.output().expect("ip").status.success() {
            // A kernel without VLANs on bridges: no boot in the wrong network, but an error.
            return in_the_vlan.run().failed(17, &["VLAN 42", "xenbr0"]);
        }
        lab.bridge("vlan add dev port1 vid 42 pvid untagged");
        lab.bridge("vlan del dev port1 vid 1");

        check(&in_the_vlan.run(), &images);
        // Without the word the guest is in another network, where nobody answers.
        lab.boot().and(["--deadline=5"]).run().failed(10, &["xenbr0"]);
    });
}

#[test]
fn a_bridge_with_a_spanning_tree_is_waited_for() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        // The shortest forward delay there is: 2 s of listening, 2 s of learning.
        lab.ip("link set xenbr0 type bridge forward_delay 200");
        lab.ip("link set xenbr0 type bridge stp_state 1");

        let end = lab.boot().run();

        check(&end, &images);
        assert!(end.console.contains("spanning tree"), "{end}");
    });
}

#[test]
fn a_failed_boot_leaves_the_server_ready_for_the_next() {
    Lab::run(|lab| {
        let (_, root, images) = usual(lab);
        let kernel = root.join("vmlinuz");
        std::fs::remove_file(&kernel).expect("the kernel");
        lab.boot().run().failed(14, &["vmlinuz"]);
        std::fs::write(&kernel, &images.kernel).expect("the kernel");
        check(&lab.boot().run(), &images);
    });
}

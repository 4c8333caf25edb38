//! Every DHCP server serves the whole boot, and every place is understood where a server
//! may say what to boot: the siaddr and file fields, options 66, 67, 150, 209, 210, a
//! proxyDHCP server.

use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, GUEST, MAC, MAC_BYTES, SERVER};
use netns_tests::servers::{Offer, dhcpd, dnsmasq, kea, tftp};
use netns_tests::wire::Wire;
use netns_tests::{Host, Lab};

use crate::common::{OTHER, assert_same, check, files, usual};

/// A DHCP server at .1 that has no files, which are all at .7: so the right server must be found.
fn boots_from_the_other(dhcp: impl FnOnce(&Host) + Send) {
    Lab::run(|lab| {
        let (other, root, images) = files(lab, OTHER);
        tftp::start(&other, tftp::Kind::Hpa, &root);
        let server = lab.host("server", SERVER);
        dhcp(&server);
        check(&lab.boot().run(), &images);
    });
}

fn dnsmasq_says(lines: &[&str]) -> impl FnOnce(&Host) + Send {
    let mut all = dnsmasq::lease();
    all.extend(lines.iter().map(ToString::to_string));
    move |server| {
        dnsmasq::start(server, &all);
    }
}

#[test]
fn dnsmasq_serves_the_whole_boot() {
    Lab::run(|lab| {
        let (_, _, images) = usual(lab);
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn isc_dhcpd_serves_the_whole_boot() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        tftp::start(&server, tftp::Kind::Dnsmasq, &root);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn kea_serves_the_whole_boot() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        tftp::start(&server, tftp::Kind::Dnsmasq, &root);
        kea::start(&server, &Offer::usual("192.168.200.1"));
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn dnsmasq_names_another_server_with_dhcp_boot() {
    boots_from_the_other(dnsmasq_says(&["dhcp-boot=pxelinux.0,bootserver,192.168.200.7"]));
}

#[test]
fn dnsmasq_with_options_66_and_67_only_has_a_misleading_siaddr() {
    boots_from_the_other(dnsmasq_says(&[
        "dhcp-option=66,192.168.200.7",
        "dhcp-option=67,pxelinux.0",
    ]));
}

#[test]
fn dnsmasq_with_dhcp_boot_and_a_conflicting_option_66() {
    boots_from_the_other(dnsmasq_says(&[
        "dhcp-boot=pxelinux.0,,192.168.200.7",
        "dhcp-option=66,192.168.200.8",
    ]));
}

#[test]
fn dnsmasq_with_a_pxe_menu_of_its_own() {
    boots_from_the_other(dnsmasq_says(&[
        "dhcp-boot=pxelinux.0,,192.168.200.7",
        "pxe-service=x86PC,\"Boot from network\",pxelinux,192.168.200.7",
    ]));
}

#[test]
fn dnsmasq_names_the_server_by_a_dns_name() {
    boots_from_the_other(dnsmasq_says(&[
        "port=53",
        "address=/boot.example/192.168.200.7",
        "dhcp-option=6,192.168.200.1",
        "dhcp-option=66,boot.example",
        "dhcp-option=67,pxelinux.0",
    ]));
}

#[test]
fn isc_dhcpd_names_another_server_with_next_server() {
    boots_from_the_other(|server| {
        dhcpd::start(server, &Offer::usual("192.168.200.7"));
    });
}

#[test]
fn isc_dhcpd_with_options_66_and_67_only_leaves_siaddr_zero() {
    boots_from_the_other(|server| {
        let offer = Offer {
            option_66: Some("192.168.200.7".into()),
            option_67: Some("pxelinux.0".into()),
            ..Offer::default()
        };
        dhcpd::start(server, &offer);
    });
}

#[test]
fn isc_dhcpd_with_conflicting_fields_and_options() {
    boots_from_the_other(|server| {
        let offer = Offer {
            option_66: Some("192.168.200.8".into()),
            option_67: Some("pxelinux.0".into()),
            file: Some("elsewhere/other.0".into()),
            ..Offer::usual("192.168.200.7")
        };
        dhcpd::start(server, &offer);
    });
}

#[test]
fn isc_dhcpd_with_an_address_as_server_name() {
    boots_from_the_other(|server| {
        let offer = Offer {
            server_name: Some("192.168.200.7".into()),
            file: Some("pxelinux.0".into()),
            ..Offer::default()
        };
        dhcpd::start(server, &offer);
    });
}

#[test]
fn isc_dhcpd_with_option_150() {
    boots_from_the_other(|server| {
        let offer = Offer { file: Some("pxelinux.0".into()), ..Offer::default() };
        let option = "option tftp-servers code 150 = array of ip-address;\noption tftp-servers 192.168.200.7, 192.168.200.8;";
        dhcpd::start_with(server, &offer, option);
    });
}

#[test]
fn isc_dhcpd_names_a_file_and_no_server() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        tftp::start(&server, tftp::Kind::Hpa, &root);
        dhcpd::start(&server, &Offer { file: Some("pxelinux.0".into()), ..Offer::default() });
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn kea_names_another_server_with_next_server() {
    boots_from_the_other(|server| {
        kea::start(server, &Offer::usual("192.168.200.7"));
    });
}

#[test]
fn kea_with_options_66_and_67_only_leaves_siaddr_zero() {
    boots_from_the_other(|server| {
        let offer = Offer {
            option_66: Some("192.168.200.7".into()),
            option_67: Some("pxelinux.0".into()),
            ..Offer::default()
        };
        kea::start(server, &offer);
    });
}

#[test]
fn a_boot_file_in_a_directory_moves_all_names_there() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = fixtures::tree(&root.join("boot/rk"));
        let mut lines = dnsmasq::lease();
        lines.extend(dnsmasq::tftp(&root));
        lines.push("dhcp-boot=boot/rk/pxelinux.0".into());
        dnsmasq::start(&server, &lines);
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn option_209_names_the_config() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        std::fs::rename(root.join(CONFIG_NAME), root.join("special.cfg")).expect("the config");
        tftp::start(&server, tftp::Kind::Hpa, &root);
        dhcpd::start(
            &server,
            &Offer { option_209: Some("special.cfg".into()), ..Offer::usual("192.168.200.1") },
        );
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn option_210_is_the_prefix_of_all_names() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = fixtures::tree(&root.join("deep/er"));
        let mut lines = dnsmasq::lease();
        lines.extend(dnsmasq::tftp(&root));
        lines.extend([
            "dhcp-boot=elsewhere/pxelinux.0".into(),
            "dhcp-option-force=210,deep/er/".into(),
        ]);
        dnsmasq::start(&server, &lines);
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn option_209_is_relative_to_option_210() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = fixtures::tree(&root.join("rel"));
        fixtures::write(&root, "rel/mine", CONFIG.as_bytes());
        std::fs::remove_file(root.join("rel").join(CONFIG_NAME)).expect("the usual config");
        tftp::start(&server, tftp::Kind::Hpa, &root);
        let offer = Offer {
            option_209: Some("mine".into()),
            option_210: Some("rel/".into()),
            ..Offer::usual("192.168.200.1")
        };
        kea::start(&server, &offer);
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn a_proxy_beside_a_dhcp_server_without_boot_information() {
    Lab::run(|lab| {
        let (proxy, root, images) = files(lab, OTHER);
        dnsmasq::proxy(&proxy, &root);
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::default());
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn a_proxy_that_names_the_file_only_on_port_4011() {
    Lab::run(|lab| {
        let (proxy, root, images) = files(lab, OTHER);
        let mut lines = dnsmasq::tftp(&root);
        // Two services: the offer holds a menu, and the file is asked for afterwards.
        lines.extend(
            [
                "dhcp-range=192.168.200.0,proxy",
                "pxe-prompt=\"Boot\",0",
                "pxe-service=x86PC,\"one\",pxelinux",
                "pxe-service=x86PC,\"two\",other",
            ]
            .map(String::from),
        );
        dnsmasq::start(&proxy, &lines);
        let server = lab.host("server", SERVER);
        dhcpd::start(&server, &Offer::default());
        let wire = Wire::tap(proxy.netns(), "eth0");

        check(&lab.boot().run(), &images);

        assert!(!wire.datagrams_to(4011).is_empty(), "port 4011 was not asked");
    });
}

#[test]
fn of_two_dhcp_servers_the_one_with_boot_information_is_taken() {
    Lab::run(|lab| {
        let (knows, root, images) = files(lab, OTHER);
        dnsmasq::whole(&knows, &root);
        // The faster one: it answers in less than a millisecond.
        let ignorant = lab.host("server", SERVER);
        kea::start(&ignorant, &Offer::default());
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn a_late_offer_is_taken_and_the_transaction_kept() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        // Without "no-ping" dnsmasq pings an address for 3 s before it offers it first.
        let mut lines = vec![
            "dhcp-range=192.168.200.177,192.168.200.177,1h".to_owned(),
            "dhcp-boot=pxelinux.0".to_owned(),
        ];
        lines.extend(dnsmasq::tftp(&root));
        dnsmasq::start(&server, &lines);
        let wire = Wire::tap(server.netns(), "eth0");

        let end = lab.boot().run();

        check(&end, &images);
        let mut transactions: Vec<Vec<u8>> =
            wire.datagrams_to(67).iter().map(|request| request.payload[4..8].to_vec()).collect();
        transactions.dedup();
        assert_eq!(transactions.len(), 1, "{transactions:?}");
    });
}

#[test]
fn the_guest_alone_is_seen_on_the_wire() {
    Lab::run(|lab| {
        let (server, _, images) = usual(lab);
        let wire = Wire::tap(server.netns(), "eth0");

        check(&lab.boot().run(), &images);

        let own = server.mac();
        // The bridge itself speaks IPv6, as every interface does, and IGMP (protocol 2) for its
        // snooping; the rest of IPv4, and ARP, are what counts.
        let strangers: Vec<Vec<u8>> = wire
            .frames()
            .into_iter()
            .filter(|frame| [[0x08, 0x00], [0x08, 0x06]].contains(&[frame[12], frame[13]]))
            .filter(|frame| frame[13] == 0x06 || frame[23] != 2)
            .filter(|frame| frame[6..12] != MAC_BYTES && frame[6..12] != own)
            .collect();
        assert_eq!(strangers, Vec::<Vec<u8>>::new());
        let files = wire.datagrams_to(69);
        assert!(!files.is_empty());
        assert!(files.iter().all(|request| request.from == [192, 168, 200, 177]), "{files:?}");
    });
}

#[test]
fn the_requests_are_those_of_a_pxe_client() {
    Lab::run(|lab| {
        let (server, _, images) = usual(lab);
        let wire = Wire::tap(server.netns(), "eth0");
        let uuid = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";

        check(&lab.boot().and(["--uuid", uuid]).run(), &images);

        let requests = wire.datagrams_to(67);
        let types: Vec<Option<u8>> =
            requests.iter().map(netns_tests::wire::Datagram::dhcp_type).collect();
        assert_eq!(types, [Some(1), Some(3)], "a DISCOVER and a REQUEST");
        for request in &requests {
            assert_eq!(request.from_mac, MAC_BYTES);
            assert_eq!(request.payload[28..34], MAC_BYTES, "chaddr");
            assert_eq!(request.dhcp_option(60), Some(&b"PXEClient:Arch:00000:UNDI:002001"[..]));
            assert_eq!(request.dhcp_option(93), Some(&[0, 0][..]));
            assert_eq!(request.dhcp_option(94), Some(&[1, 2, 1][..]));
            assert_eq!(
                request.dhcp_option(97).map(|id| id[..5].to_vec()),
                Some(vec![0, 0x8b, 0x3c, 0x1f, 0x0e])
            );
            let asked = request.dhcp_option(55).expect("a parameter request list");
            for option in [1, 3, 6, 43, 54, 66, 67, 150, 209, 210] {
                assert!(asked.contains(&option), "option {option} is not asked for: {asked:?}");
            }
        }
    });
}

#[test]
fn the_configs_are_asked_for_in_the_usual_order() {
    Lab::run(|lab| {
        let (server, root, images) = usual(lab);
        std::fs::rename(root.join(CONFIG_NAME), root.join("pxelinux.cfg/default"))
            .expect("the config");
        let wire = Wire::tap(server.netns(), "eth0");
        let uuid = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";

        check(&lab.boot().and(["--uuid", uuid]).run(), &images);

        let names: Vec<String> =
            wire.datagrams_to(69).iter().map(|request| name(&request.payload)).collect();
        let mac = format!("pxelinux.cfg/01-{}", MAC.replace(':', "-"));
        let position = |wanted: &str| {
            names
                .iter()
                .position(|name| name == wanted)
                .unwrap_or_else(|| panic!("{wanted} was not asked for: {names:?}"))
        };
        let wanted = [
            format!("pxelinux.cfg/{uuid}"),
            mac,
            CONFIG_NAME.to_owned(),
            "pxelinux.cfg/C0A8C8B".into(),
            "pxelinux.cfg/C".into(),
            "pxelinux.cfg/default".into(),
        ];
        let order: Vec<usize> = wanted.iter().map(|name| position(name)).collect();
        assert!(order.is_sorted(), "{names:?}");
        assert_eq!(GUEST, "192.168.200.177", "whose hexadecimal form is C0A8C8B1");
    });
}

/// The file that a read request names.
fn name(request: &[u8]) -> String {
    String::from_utf8_lossy(request[2..].split(|byte| *byte == 0).next().unwrap_or_default())
        .into_owned()
}

#[test]
fn sysappend_tells_the_guest_its_lease() {
    Lab::run(|lab| {
        let (_, root, images) = usual(lab);
        let config = "default linux\nlabel linux\nkernel vmlinuz\nappend quiet\nipappend 3\n";
        fixtures::write(&root, CONFIG_NAME, config.as_bytes());

        let end = lab.boot().run();

        let answer = end.booted();
        assert_eq!(
            answer.args,
            format!(
                "BOOT_IMAGE=vmlinuz quiet ip={GUEST}:192.168.200.1:192.168.200.1:255.255.255.0 BOOTIF=01-00-16-3e-62-39-d3"
            )
        );
        assert_same("kernel", &answer.kernel, &images.kernel);
        assert_eq!(answer.ramdisk, None);
    });
}

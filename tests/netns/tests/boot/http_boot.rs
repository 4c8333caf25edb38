//! DHCP servers that have a boot file only for UEFI's HTTP boot.

use netns_tests::fixtures::{MAC, SERVER};
use netns_tests::servers::{Offer, dhcpd, kea, nginx};
use netns_tests::wire::Wire;
use netns_tests::{Host, Lab};

use crate::common::{check, files, lease_with};

/// What administrators write: the class, the URL, and the option by which the client knows that
/// it is meant.
const DNSMASQ: [&str; 3] = [
    "dhcp-vendorclass=set:http,HTTPClient",
    "dhcp-boot=tag:http,http://192.168.200.1/shimx64.efi",
    "dhcp-option-force=tag:http,60,HTTPClient",
];

fn boots_from(dhcp: impl FnOnce(&Host) + Send) {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        nginx::start(&server, &root, None, "");
        dhcp(&server);
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn http_boot_by_dnsmasq_when_a_pxe_client_is_told_nothing() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &DNSMASQ);
        nginx::start(&server, &root, None, "");
        let wire = Wire::tap(server.netns(), "eth0");

        check(&lab.boot().run(), &images);

        let asked: Vec<_> = wire
            .datagrams_to(67)
            .iter()
            .map(|asked| {
                let class = String::from_utf8_lossy(asked.dhcp_option(60).expect("a class"));
                (
                    asked.dhcp_type(),
                    class[..10].to_owned(),
                    asked.dhcp_option(93).map(<[u8]>::to_vec),
                )
            })
            .collect();
        let pxe = |kind| (Some(kind), "PXEClient:".to_owned(), Some(vec![0, 0]));
        let http = |kind| (Some(kind), "HTTPClient".to_owned(), Some(vec![0, 16]));
        assert_eq!(asked, [pxe(1), http(1), http(3)]);
    });
}

#[test]
fn http_boot_by_dnsmasq_with_a_url_and_no_class_in_the_answer() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &DNSMASQ[..2]);
        nginx::start(&server, &root, None, "");
        check(&lab.boot().run(), &images);
    });
}

#[test]
fn http_boot_by_isc_dhcpd() {
    boots_from(|server| {
        dhcpd::start_with(
            server,
            &Offer::default(),
            "class \"httpclients\" {\n\
             match if substring (option vendor-class-identifier, 0, 10) = \"HTTPClient\";\n\
             option vendor-class-identifier \"HTTPClient\";\n\
             filename \"http://192.168.200.1/grubx64.efi\";\n}",
        );
    });
}

#[test]
fn http_boot_by_kea() {
    boots_from(|server| {
        kea::start_with(
            server,
            &Offer::default(),
            &serde_json::json!({ "client-classes": [{
                "name": "http",
                "test": "substring(option[60].hex,0,10) == 'HTTPClient'",
                "boot-file-name": "http://192.168.200.1/grubx64.efi",
                "option-data": [{ "code": 60, "name": "vendor-class-identifier", "data": "HTTPClient", "always-send": true }],
            }] }),
        );
    });
}

#[test]
fn http_boot_at_once_with_a_server_that_hears_no_other_client() {
    Lab::run(|lab| {
        let mut lines = DNSMASQ.to_vec();
        lines.push("dhcp-ignore=tag:!http");
        let (server, root, images) = lease_with(lab, &lines);
        nginx::start(&server, &root, None, "");

        check(&lab.boot().and(["--client=http"]).run(), &images);
        lab.boot().and(["--deadline=3"]).run().failed(10, &[MAC]);
    });
}

#[test]
fn a_pxe_client_that_is_told_something_is_no_other_client() {
    Lab::run(|lab| {
        let mut lines = DNSMASQ.to_vec();
        lines.push("dhcp-boot=tag:!http,http://192.168.200.1/lpxelinux.0");
        let (server, root, images) = lease_with(lab, &lines);
        nginx::start(&server, &root, None, "");
        let wire = Wire::tap(server.netns(), "eth0");
        check(&lab.boot().run(), &images);
        let is_pxe = |asked: &netns_tests::wire::Datagram| {
            asked.dhcp_option(60).is_some_and(|class| class.starts_with(b"PXEClient"))
        };
        assert!(wire.datagrams_to(67).iter().all(is_pxe));
    });
}

#[test]
fn with_client_pxe_nobody_is_asked_otherwise() {
    Lab::run(|lab| {
        lease_with(lab, &DNSMASQ);
        lab.boot().and(["--client=pxe"]).run().failed(11, &["names no boot file"]);
    });
}

#[test]
fn an_efi_program_without_a_config_beside_it_is_said_to_be_one() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &DNSMASQ);
        std::fs::remove_dir_all(root.join("pxelinux.cfg")).expect("the configs");
        nginx::start(&server, &root, None, "");
        let end = lab.boot().run();
        end.failed(12, &["http://192.168.200.1/shimx64.efi", "EFI program", "pxelinux.cfg/"]);
    });
}

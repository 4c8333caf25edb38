//! Boots over https: checked against the right authorities or not at all, with a sentence for
//! each thing that is wrong.

use std::path::Path;

use netns_tests::certificates::{Authority, Valid};
use netns_tests::servers::nginx;
use netns_tests::{End, Lab};

use crate::common::{assert_same, check, lease_with};

const PREFIX: &str = "dhcp-option=210,https://192.168.200.1/";
const NAMES: &str = "IP:192.168.200.1,DNS:boot.example";
/// Where the distribution that the tests run on keeps its authorities.
const HOSTS_OWN: &str = "/etc/ssl/certs/ca-certificates.crt";

fn trusting(file: &Path) -> [String; 1] {
    [format!("--ca={}", file.display())]
}

/// A boot from a server whose certificate is made so, with its authority in `--ca`.
fn with_certificate(names: &str, valid: Valid) -> impl FnOnce(&Lab) -> End {
    move |lab| {
        let (server, root, _) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.sign(lab, names, valid)), "");
        lab.boot().and(trusting(&authority.own.certificate)).run()
    }
}

#[test]
fn https_with_an_authority_of_ones_own_over_two_connections() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        let nginx = nginx::start(&server, &root, Some(&authority.sign(lab, NAMES, Valid::Now)), "");

        check(&lab.boot().and(trusting(&authority.own.certificate)).run(), &images);

        // The names that are not there, the config, the kernel, the ramdisk beside it.
        assert!(nginx.asked().len() >= 4, "{:?}", nginx.asked());
        assert_eq!(nginx.connections(), 2, "{:?}", nginx.asked());
    });
}

#[test]
fn https_with_the_hosts_own_authorities() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.sign(lab, NAMES, Valid::Now)), "");
        let ours = std::fs::read_to_string(&authority.own.certificate).expect("the authority");
        // As update-ca-certificates would add it, after one that is not readable.
        let bundle = format!(
            "# a comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{ours}"
        );
        std::fs::create_dir_all("/etc/ssl/certs").expect("the host's authorities");
        std::fs::write(HOSTS_OWN, bundle).expect("the host's authorities");

        check(&lab.boot().run(), &images);
    });
}

#[test]
fn https_of_a_kernel_that_the_guests_config_names() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &[]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.sign(lab, NAMES, Valid::Now)), "");
        let end = lab
            .boot()
            .own("--kernel=https://192.168.200.1/vmlinuz")
            .own("--ramdisk=https://192.168.200.1/initrd.img")
            .and(trusting(&authority.own.certificate))
            .run();
        assert_same("kernel", &end.booted().kernel, &images.kernel);
        assert_same("ramdisk", end.booted().ramdisk.as_deref().expect("one"), &images.ramdisk);
    });
}

#[test]
fn https_by_tls_1_2_and_by_name() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(
            lab,
            &[
                "port=53",
                "address=/boot.site.example/192.168.200.1",
                "dhcp-option=6,192.168.200.1",
                "dhcp-option=210,https://boot.site.example/",
            ],
        );
        let authority = Authority::new(lab, "ours");
        let certificate = authority.sign(lab, "DNS:*.site.example", Valid::Now);
        nginx::start(&server, &root, Some(&certificate), "ssl_protocols TLSv1.2;");

        check(&lab.boot().and(trusting(&authority.own.certificate)).run(), &images);
    });
}

#[test]
fn https_that_nobody_has_signed_is_refused() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &[PREFIX]);
        let (ours, other) = (Authority::new(lab, "ours"), Authority::new(lab, "other"));
        let nginx = nginx::start(&server, &root, Some(&ours.sign(lab, NAMES, Valid::Now)), "");
        std::fs::create_dir_all("/etc/ssl/certs").expect("the host's authorities");
        std::fs::copy(&other.own.certificate, HOSTS_OWN).expect("the host's authorities");

        lab.boot().run().failed(14, &["signed by nobody", HOSTS_OWN, "--ca FILE"]);
        // Only these then, and not the host's as well.
        std::fs::copy(&ours.own.certificate, HOSTS_OWN).expect("the host's authorities");
        lab.rebaseline();
        let end = lab.boot().and(trusting(&other.own.certificate)).run();
        end.failed(14, &["signed by nobody", "authority-other"]);
        assert_eq!(nginx.asked(), [], "nothing is asked for");
    });
}

#[test]
fn https_on_a_host_without_authorities_says_what_to_install() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.sign(lab, NAMES, Valid::Now)), "");
        for bundle in [HOSTS_OWN, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"] {
            let _ = std::fs::remove_file(bundle);
        }

        lab.boot().run().failed(14, &["no certificate authorities", "ca-certificates", "--ca"]);
    });
}

#[test]
fn https_of_another_name_is_refused() {
    Lab::run(|lab| {
        let end = with_certificate("DNS:other.example", Valid::Now)(lab);
        end.failed(14, &["is for other.example, not for 192.168.200.1"]);
    });
}

#[test]
fn https_with_a_certificate_that_has_expired_is_refused() {
    Lab::run(|lab| {
        with_certificate(NAMES, Valid::InThePast)(lab)
            .failed(14, &["expired", "days ago by this host's clock", "renew"]);
    });
}

#[test]
fn https_with_a_certificate_of_the_future_is_refused() {
    Lab::run(|lab| {
        with_certificate(NAMES, Valid::InTheFuture)(lab)
            .failed(14, &["valid only in", "this host's clock"]);
    });
}

#[test]
fn https_with_the_authority_itself_as_the_server_is_refused() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.own), "");

        let end = lab.boot().and(trusting(&authority.own.certificate)).run();

        end.failed(14, &["certificate authority's own"]);
    });
}

#[test]
fn https_where_plain_http_is_spoken_says_so() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &["dhcp-option=210,https://192.168.200.1:80/"]);
        nginx::start(&server, &root, None, "");

        lab.boot().run().failed(14, &["https://192.168.200.1:80/", "does not speak TLS"]);
    });
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    Lab::run(|lab| {
        let (server, root, images) = lease_with(lab, &[PREFIX]);
        let authority = Authority::new(lab, "ours");
        nginx::start(&server, &root, Some(&authority.sign(lab, NAMES, Valid::Now)), "");

        lab.boot().and(["--ca=/nowhere/ca.pem"]).run().failed(2, &["/nowhere/ca.pem"]);
        let key = trusting(&authority.own.key);
        lab.boot().and(key).run().failed(14, &["ca.key holds no certificate"]);
        check(&lab.boot().and(trusting(&authority.own.certificate)).run(), &images);
    });
}

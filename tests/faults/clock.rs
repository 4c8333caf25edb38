//! The time of day jumps: no deadline is made of it. It counts for certificates alone, and a
//! clock that is wrong is named as the reason.

use std::time::Duration;

use netns_tests::Lab;
use netns_tests::boot::record;
use netns_tests::certificates::{Authority, Valid};
use netns_tests::fixtures::SERVER;
use netns_tests::servers::{dnsmasq, nginx};

use super::{GRACE, assert_right, server, traced, tree};

/// At each look the time of day is a day later or a day earlier than at the one before.
#[test]
fn a_clock_that_jumps_changes_nothing() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let end = traced::boot(lab, "clock jumping").run();
        assert_right(&end, &images);
        let seen = traced::seen(lab);
        // Else the tracer would see none of the looks at any clock.
        assert!(seen.other_clocks > 0, "{seen:?}");
        assert_eq!(seen.clock, 0, "the time of day is looked at: {seen:?}");
        record("faults", "the clock jumps by a day", "boots", end.took, seen.peak);
    });
}

/// A boot by https, whose certificates are looked at with the clock that `fault` makes.
fn by_https(
    row: &str,
    fault: &str,
    then: impl FnOnce(&netns_tests::End, &netns_tests::fixtures::Images, u64) + Send,
) {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = tree(&root);
        let authority = Authority::new(lab, "ours");
        let certificate = authority.sign(lab, "IP:192.168.200.1", Valid::Now);
        let mut lines = dnsmasq::lease();
        lines.push("dhcp-option=210,https://192.168.200.1/".to_owned());
        dnsmasq::start(&server, &lines);
        nginx::start(&server, &root, Some(&certificate), "");
        let ca = format!("--ca={}", authority.own.certificate.display());
        let end = traced::boot(lab, fault).and([ca, "--deadline=20".to_owned()]).run();
        assert!(end.took < Duration::from_secs(20) + GRACE, "{end}");
        let seen = traced::seen(lab);
        then(&end, &images, seen.clock);
        let outcome = if end.status.success() { "boots" } else { "exit 14" };
        record("faults", row, outcome, end.took, seen.peak);
    });
}

#[test]
fn a_clock_that_jumps_while_certificates_are_looked_at() {
    by_https("https, and the clock jumps by a day", "clock jumping", |end, images, looks| {
        assert_right(end, images);
        assert!(looks > 0, "a certificate was taken without a look at the clock: {end}");
    });
}

/// As after a winter with an empty battery: the certificates are not valid yet.
#[test]
fn a_clock_that_is_years_behind_is_named() {
    by_https("https, and the clock is 25 years behind", "clock -800000000", |end, _, looks| {
        end.failed(14, &["https://192.168.200.1/", "clock"]);
        assert!(looks > 0, "{end}");
    });
}

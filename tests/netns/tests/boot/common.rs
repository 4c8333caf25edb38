//! What many scenarios share: the usual server, and what a right boot looks like.

use std::path::PathBuf;

use netns_tests::fixtures::{self, ARGS, Images, SERVER};
use netns_tests::servers::dnsmasq;
use netns_tests::{End, Host, Lab};

/// The boot server's second address in scenarios with two machines.
pub(crate) const OTHER: [u8; 4] = [192, 168, 200, 7];

/// A machine that holds the whole boot, with no server on it yet.
pub(crate) fn files(lab: &Lab, address: [u8; 4]) -> (Host, PathBuf, Images) {
    let host = lab.host(&format!("host{}", address[3]), address);
    let root = host.directory("root");
    let images = fixtures::tree(&root);
    (host, root, images)
}

/// The usual set-up: one dnsmasq with the lease, the config and the images.
pub(crate) fn usual(lab: &Lab) -> (Host, PathBuf, Images) {
    let (host, root, images) = files(lab, SERVER);
    dnsmasq::whole(&host, &root);
    (host, root, images)
}

/// The usual set-up with another config.
pub(crate) fn with_config(lab: &Lab, config: &str) -> (Host, PathBuf, Images) {
    let (host, root, images) = usual(lab);
    fixtures::write(&root, fixtures::CONFIG_NAME, config.as_bytes());
    (host, root, images)
}

/// A machine that holds the whole boot and gives the lease, with these lines besides.
pub(crate) fn lease_with(lab: &Lab, lines: &[&str]) -> (Host, PathBuf, Images) {
    let (host, root, images) = files(lab, SERVER);
    let mut all = dnsmasq::lease();
    all.extend(lines.iter().map(ToString::to_string));
    dnsmasq::start(&host, &all);
    (host, root, images)
}

/// Checks that the guest gets exactly what the usual config says.
pub(crate) fn check(end: &End, images: &Images) {
    let answer = end.booted();
    assert_eq!(answer.args, ARGS, "{end}");
    assert_same("kernel", &answer.kernel, &images.kernel);
    assert_same("ramdisk", answer.ramdisk.as_deref().expect("a ramdisk"), &images.ramdisk);
}

/// Compares long byte strings without printing them.
pub(crate) fn assert_same(what: &str, got: &[u8], wanted: &[u8]) {
    assert_eq!(got.len(), wanted.len(), "the {what}'s length");
    let differs = got.iter().zip(wanted).position(|(got, wanted)| got != wanted);
    assert_eq!(differs, None, "the {what}'s first wrong byte");
}

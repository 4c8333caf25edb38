//! What can go wrong with dom0 and the network while a guest boots: processes killed at any step, full
//! disks, links that go down, servers that die, limits that are too low, a hundred boots at once.
//! docs/faults.md has the matrix: what is promised for each row, and its figures.

mod clock;
mod crowd;
mod disk;
mod host;
mod kills;
mod limits;
mod matrix;
mod network;
mod steps;
mod traced;
mod xenstore;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netns_tests::fixtures::{self, ARGS, CONFIG, CONFIG_NAME, Images, SERVER};
use netns_tests::host::Server;
use netns_tests::relay::Faults;
use netns_tests::servers::dnsmasq;
use netns_tests::{End, Host, Lab};

/// What a boot may take beyond its deadline: the supervisor's own grace, and some for the machine.
const GRACE: Duration = Duration::from_secs(2);
/// How long after the end of one process the other one may live: the kernel ends it, too.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Images of the usual kind, not too large: most tests only need a boot that works.
fn tree(root: &Path) -> Images {
    images(root, 300_000, 300_000)
}

fn images(root: &Path, kernel: usize, ramdisk: usize) -> Images {
    let images =
        Images { kernel: fixtures::kernel(5, kernel), ramdisk: fixtures::bytes(6, ramdisk) };
    fixtures::write(root, CONFIG_NAME, CONFIG.as_bytes());
    fixtures::write(root, "vmlinuz", &images.kernel);
    fixtures::write(root, "initrd.img", &images.ramdisk);
    images
}

/// The usual server, with small images.
fn server(lab: &Lab) -> (Host, Images) {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    let images = tree(&root);
    dnsmasq::whole(&server, &root);
    (server, images)
}

/// A server that is so far away that there is time to do something in the middle of a file.
fn far_server(lab: &Lab) -> (Host, Images, Server) {
    far_server_with(lab, 400_000, 100_000)
}

fn far_server_with(lab: &Lab, kernel: usize, ramdisk: usize) -> (Host, Images, Server) {
    let faults = Faults { delay: Duration::from_millis(4), seed: 1, ..Faults::default() };
    let server = lab.host_behind("server", SERVER, faults);
    let root = server.directory("root");
    let images = images(&root, kernel, ramdisk);
    let running = dnsmasq::whole(&server, &root);
    (server, images, running)
}

fn assert_right(end: &End, images: &Images) {
    let answer = end.booted();
    assert_eq!(answer.args, ARGS);
    assert!(answer.kernel == images.kernel, "a wrong kernel: {end}");
    assert!(answer.ramdisk.as_ref() == Some(&images.ramdisk), "a wrong ramdisk: {end}");
}

/// A guest that boots as if nothing had been.
fn boots(lab: &Lab, images: &Images) {
    lab.assert_nothing_left();
    assert_right(&lab.boot().run(), images);
}

/// How many bytes are in libxl's directory so far.
fn received() -> u64 {
    let Ok(entries) = std::fs::read_dir("/var/lib/xen/bootloader.7.d") else { return 0 };
    let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok());
    sizes.map(|about| std::os::unix::fs::MetadataExt::blocks(&about) * 512).sum()
}

/// A program that does something before it becomes rpxeboot: `$PROGRAM` in the script.
fn wrapped(lab: &Lab, script: &str) -> PathBuf {
    let path = lab.directory("wrapped").join("rpxeboot");
    let script = script.replace("$PROGRAM", &lab.program().to_string_lossy());
    std::fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("a script");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("its mode");
    path
}

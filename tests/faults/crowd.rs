//! A hundred boots at once on one dom0: all are right, nothing is left; also when a third of them
//! is killed on the way.

use std::path::Path;
use std::time::{Duration, Instant};

use netns_tests::fixtures::{self, Images, SERVER};
use netns_tests::lab::BRIDGE;
use netns_tests::servers::dnsmasq;
use netns_tests::{Boot, Lab};
use nix::sys::signal::Signal;

const GUESTS: u32 = 100;

/// A server for as many guests, and what they all boot.
fn many(lab: &Lab) -> Images {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    let images = fixtures_for_all(&root);
    let mut lines = dnsmasq::tftp(&root);
    lines.extend([
        "dhcp-range=192.168.200.20,192.168.200.250,1h".to_owned(),
        "no-ping".to_owned(),
        "dhcp-boot=pxelinux.0".to_owned(),
    ]);
    dnsmasq::start(&server, &lines);
    images
}

fn fixtures_for_all(root: &Path) -> Images {
    let images = super::tree(root);
    fixtures::write(root, "pxelinux.cfg/default", fixtures::CONFIG.as_bytes());
    images
}

fn start(lab: &Lab) -> Vec<Boot<'_>> {
    let boot = |guest| {
        let vif = format!("mac=00:16:3e:00:00:{guest:02x},bridge={BRIDGE}");
        lab.boot().domid(1000 + guest).words([vif]).start()
    };
    (0..GUESTS).map(boot).collect()
}

#[test]
fn a_hundred_boots_at_once() {
    Lab::run(|lab| {
        let images = many(lab);
        let began = Instant::now();
        let ends: Vec<_> = start(lab).into_iter().map(Boot::finish).collect();
        let took = began.elapsed();
        for end in &ends {
            let answer = end.booted();
            assert!(answer.kernel == images.kernel, "a wrong kernel: {end}");
            assert!(answer.ramdisk.as_ref() == Some(&images.ramdisk), "a wrong ramdisk: {end}");
        }
        let slowest = ends.iter().max_by_key(|end| end.took).expect("a hundred");
        slowest.record("faults", "a hundred boots at once: the slowest");
        assert!(took < Duration::from_secs(60), "each has 60 s, from its own start: {took:?}");
    });
}

#[test]
fn a_third_of_a_hundred_boots_is_killed() {
    Lab::run(|lab| {
        let images = many(lab);
        let boots = start(lab);
        for boot in boots.iter().step_by(3) {
            boot.signal(Signal::SIGKILL);
        }
        let ends: Vec<_> = boots.into_iter().map(Boot::finish).collect();
        for (guest, end) in ends.iter().enumerate() {
            // One that was killed may have been done already.
            if end.status.success() || guest % 3 != 0 {
                assert!(end.booted().kernel == images.kernel, "a wrong kernel: {end}");
            }
        }
        ends[1].record("faults", "a hundred boots at once, a third killed: one that was not");
    });
}

//! Ended from outside, at any point: gone within a second, and nothing is left.

use std::time::{Duration, Instant};

use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::dnsmasq;
use netns_tests::wire::Wire;
use netns_tests::{Boot, Lab};
use nix::sys::signal::Signal;

const AT_ONCE: Duration = Duration::from_secs(1);

/// Ends `boot`, and checks that it is gone, with all that it made.
fn end(boot: Boot<'_>, signal: Signal) {
    let lab = boot.lab();
    boot.signal(signal);
    let start = Instant::now();
    let end = boot.finish();
    assert!(start.elapsed() < AT_ONCE, "{signal}: {end}");
    assert!(!end.status.success(), "{signal}: {end}");
    if signal != Signal::SIGKILL {
        assert!(end.console.contains("rpxeboot: "), "it says why it ends: {end}");
    }
    lab.assert_nothing_left();
}

/// While nobody answers its DISCOVERs.
fn during_dhcp(signal: Signal) {
    Lab::run(|lab| {
        let silent = lab.host("silent", SERVER);
        let wire = Wire::tap(silent.netns(), "eth0");
        let boot = lab.boot().start();
        boot.wait_until("a DISCOVER", || !wire.datagrams_to(67).is_empty());
        end(boot, signal);
    });
}

/// In the middle of a file that would take minutes.
fn during_a_transfer(signal: Signal) {
    Lab::run(|lab| {
        let faults = Faults { delay: Duration::from_millis(20), seed: 1, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, faults);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 16 << 20));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 16 << 20));
        dnsmasq::whole(&server, &root);
        let wire = Wire::tap(server.netns(), "eth0");
        let boot = lab.boot().start();
        boot.wait_until("the kernel's first blocks", || {
            let frames = wire.frames();
            frames.len() > 40
                && frames.iter().any(|frame| frame.windows(8).any(|name| name == b"vmlinuz\0"))
        });
        end(boot, signal);
    });
}

#[test]
fn sigterm_during_dhcp() {
    during_dhcp(Signal::SIGTERM);
}

#[test]
fn sighup_during_dhcp() {
    during_dhcp(Signal::SIGHUP);
}

#[test]
fn sigint_during_dhcp() {
    during_dhcp(Signal::SIGINT);
}

#[test]
fn sigkill_during_dhcp() {
    during_dhcp(Signal::SIGKILL);
}

#[test]
fn sigterm_during_a_transfer() {
    during_a_transfer(Signal::SIGTERM);
}

#[test]
fn sighup_during_a_transfer() {
    during_a_transfer(Signal::SIGHUP);
}

#[test]
fn sigkill_during_a_transfer() {
    during_a_transfer(Signal::SIGKILL);
}

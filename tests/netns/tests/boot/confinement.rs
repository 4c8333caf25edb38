//! What the process that reads the network may do, seen from outside while it works: it is
//! not root, has no capabilities, gains none, and holds none of the descriptors that xl leaks.

use std::fs;
use std::time::Duration;

use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::dnsmasq;
use netns_tests::{Boot, Lab};
use nix::sys::signal::Signal;

/// Stops in the middle of a slow transfer, for a look at the worker.
fn while_it_transfers(own: &[&str], look: impl FnOnce(&Boot<'_>, u32) + Send) {
    Lab::run(|lab| {
        let faults = Faults { delay: Duration::from_millis(20), seed: 1, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, faults);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 16 << 20));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 16 << 20));
        dnsmasq::whole(&server, &root);
        let request = own.iter().fold(lab.boot(), |request, word| request.own(*word));
        let boot = request.start();
        let sizes = || {
            let entries = fs::read_dir("/var/lib/xen/bootloader.7.d").expect("libxl's directory");
            entries
                .flatten()
                .filter_map(|entry| entry.metadata().ok())
                .map(|file| file.len())
                .sum::<u64>()
        };
        boot.wait_until("a part of the images", || sizes() > 4096);
        let children =
            fs::read_to_string(format!("/proc/{0}/task/{0}/children", boot.id())).expect("/proc");
        let worker = children
            .split_whitespace()
            .next()
            .expect("a worker process")
            .parse()
            .expect("its number");
        look(&boot, worker);
        boot.signal(Signal::SIGTERM);
        let end = boot.finish();
        assert!(!end.status.success(), "{end}");
    });
}

/// A line of /proc/PID/status.
fn status(id: u32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("/proc");
    let line =
        status.lines().find(|line| line.starts_with(&format!("{key}:"))).expect("a line of status");
    line[key.len() + 1..].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_worker_is_nobody_and_can_do_nothing() {
    while_it_transfers(&[], |_, worker| {
        for key in ["Uid", "Gid"] {
            let ids = status(worker, key);
            assert!(ids.split(' ').all(|id| id != "0"), "{key}: {ids}");
        }
        for key in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status(worker, key), "0000000000000000", "{key}");
        }
        assert_eq!(status(worker, "Groups"), "");
        assert_eq!(status(worker, "NoNewPrivs"), "1");
    });
}

#[test]
fn the_worker_is_the_user_that_libxl_names() {
    while_it_transfers(&["--runas=54321", "--quiet"], |_, worker| {
        assert_eq!(status(worker, "Uid"), "54321 54321 54321 54321");
    });
}

#[test]
fn the_worker_is_in_the_guests_network_and_the_supervisor_is_not() {
    while_it_transfers(&[], |boot, worker| {
        let namespace = |id: &str| fs::read_link(format!("/proc/{id}/ns/net")).expect("/proc");
        assert_eq!(namespace(&boot.id().to_string()), namespace("thread-self"));
        let routes = fs::read_to_string(format!("/proc/{worker}/net/route")).expect("/proc");
        // The sockets may have been made for it instead: then it is in a namespace of its own or dom0's.
        assert!(
            routes.lines().count() > 1
                || namespace(&worker.to_string()) == namespace("thread-self"),
            "{routes}"
        );
    });
}

#[test]
fn what_xl_leaks_is_closed() {
    while_it_transfers(&[], |boot, worker| {
        for id in [boot.id(), worker] {
            let open: Vec<_> = fs::read_dir(format!("/proc/{id}/fd"))
                .expect("/proc")
                .flatten()
                .filter_map(|entry| fs::read_link(entry.path()).ok())
                .filter(|target| target.ends_with("xl.log"))
                .collect();
            assert!(open.is_empty(), "process {id} holds {open:?}");
        }
    });
}

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
        // SECCOMP_MODE_FILTER; a filter that hides clone3(2), and the list.
        assert_eq!(status(worker, "Seccomp"), "2");
        assert_eq!(status(worker, "Seccomp_filters"), "2");
    });
}

#[test]
fn the_worker_has_no_file_system_no_terminal_and_little_of_everything() {
    while_it_transfers(&[], |boot, worker| {
        let root = fs::read_dir(format!("/proc/{worker}/root/")).expect("its root directory");
        assert_eq!(root.count(), 0, "there is something in its root directory");
        let mounts = fs::read_to_string(format!("/proc/{worker}/mounts")).expect("/proc");
        assert_eq!(mounts.lines().count(), 1, "{mounts}");
        assert!(mounts.contains(" / tmpfs ro,nosuid,nodev,noexec"), "{mounts}");
        let session = |process: u32| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("/proc");
            let after = stat.rsplit(')').next().expect("fields").to_owned();
            let fields: Vec<&str> = after.split_whitespace().collect();
            // session, tty_nr (proc_pid_stat(5)).
            (fields[3].to_owned(), fields[4].to_owned())
        };
        assert_eq!(session(worker), (worker.to_string(), "0".to_owned()));
        assert_ne!(session(boot.id()).1, "0", "the supervisor has libxl's terminal");
        let limits = fs::read_to_string(format!("/proc/{worker}/limits")).expect("/proc");
        for (name, most) in [
            ("Max data size", 384 << 20),
            ("Max file size", (1 << 30) + (1 << 20)),
            ("Max open files", 128),
            ("Max processes", 8192),
            ("Max core file size", 0),
            ("Max locked memory", 0),
            ("Max msgqueue size", 0),
        ] {
            let line = limits.lines().find(|line| line.starts_with(name)).expect("a limit");
            let words: Vec<&str> = line[name.len()..].split_whitespace().collect();
            let within = |word: &str| word.parse::<u64>().is_ok_and(|limit| limit <= most);
            assert!(within(words[0]) && within(words[1]), "{line}");
        }
        let environment = fs::read(format!("/proc/{worker}/environ")).expect("/proc");
        assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
    });
}

/// Processes of the same uid may not look into it, nor change it.
#[test]
fn a_neighbour_of_the_same_uid_cannot_look_into_the_worker() {
    while_it_transfers(&["--runas=54321", "--quiet"], |boot, worker| {
        for (program, file) in [("/bin/cat", "maps"), ("/bin/cat", "auxv"), ("/bin/ls", "fd/")] {
            let look = |process: u32| {
                let mut neighbour = boot.lab().command_as(54_321, program);
                neighbour.arg(format!("/proc/{process}/{file}"));
                neighbour.output().expect("it can be started").status.success()
            };
            assert!(!look(worker), "{file} can be read");
        }
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

//! Either process killed, at any step: the other one goes with it, nothing is left but what libxl
//! removes, and the next boot works at once.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use netns_tests::boot::record;
use netns_tests::fixtures::SERVER;
use netns_tests::memory::Peak;
use netns_tests::servers::dnsmasq;
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{Lab, programs, relay};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{GRACE, assert_right, boots, far_server, received, server, traced, tree, wrapped};

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";
/// How many system calls are tried; `FAULTS_ALL=1` takes each single one.
const MOMENTS: u64 = 24;

/// The moments of `calls` that are tried: one of each stretch, by a seed.
fn moments(calls: u64) -> Vec<u64> {
    if std::env::var_os("FAULTS_ALL").is_some() {
        return (1..=calls).collect();
    }
    let mut seed = 7;
    let stretch = calls / MOMENTS;
    (0..MOMENTS).map(|at| at * stretch + relay::next(&mut seed) % stretch + 1).collect()
}

/// `who` is killed at its system calls, one after the other; after each kill all is gone at once,
/// and the guest boots.
fn is_killed_at_any_system_call(who: &str) {
    Lab::run(|lab| {
        let host = lab.host("server", SERVER);
        let root = host.directory("root");
        let images = tree(&root);
        let mut lines = dnsmasq::lease();
        lines.extend(dnsmasq::tftp(&root));
        // A killed worker's transfers live on there for two minutes, and it has room for 50.
        lines.extend(["dhcp-boot=pxelinux.0".to_owned(), "tftp-max=900".to_owned()]);
        dnsmasq::start(&host, &lines);
        // So that the boot also writes what it remembers of the guest.
        // Its console's terminal is one of this machine's, which somebody may be using.
        let mut values = Xenstored::guest(7, "RK", UUID, "pv");
        values.retain(|(key, _)| !key.ends_with("/console/tty"));
        let store = Xenstored::start(lab, values, Manner::Prompt);
        let boot = |fault: &str| traced::boot(lab, fault).env(PATH_VARIABLE, store.socket()).run();
        assert_right(&boot(&format!("kill {who} 0")), &images);
        let whole = traced::seen(lab);
        let calls = if who == "worker" { whole.worker } else { whole.supervisor };
        assert!(calls > 10 * MOMENTS, "only {calls} system calls of the {who}");
        let moments = moments(calls);
        let (mut killed, mut longest, mut peak) = (0, Duration::ZERO, Peak::default());
        for moment in &moments {
            let place = format!("the {who} at its system call {moment} of {calls}");
            let end = boot(&format!("kill {who} {moment}"));
            let seen = traced::seen(lab);
            longest = longest.max(end.took);
            peak.supervisor_kib = peak.supervisor_kib.max(seen.peak.supervisor_kib);
            peak.worker_kib = peak.worker_kib.max(seen.peak.worker_kib);
            // How many calls there are is not the same in every boot: the last ones may not come.
            if seen.last_call.is_none() {
                assert!(moment * 10 > calls * 8, "{place} was not killed: {end}");
                assert_right(&end, &images);
                continue;
            }
            killed += 1;
            assert!(seen.gone_after < GRACE, "{place}: {:?}: {end}", seen.gone_after);
            match who {
                "supervisor" => assert_eq!(end.status.signal(), Some(9), "{place}: {end}"),
                // All may be there by then.
                _ if end.status.success() => assert_right(&end, &images),
                _ => end.failed(17, &["the worker process was killed (signal 9)"]),
            }
            // At once: before the check that nothing is left. A new domain has a new number.
            let next = lab.boot().domid(8).env(PATH_VARIABLE, store.socket()).run();
            assert!(next.status.success(), "after {place}: {next}");
            assert_right(&next, &images);
            lab.assert_nothing_left();
        }
        println!("{who}: killed at {killed} of {calls} system calls");
        assert!(killed * 10 >= moments.len() * 8, "killed at {killed} of {moments:?}");
        let row = format!("kill -9 of the {who} at any system call: the longest, the most");
        record("faults", &row, "killed", longest, peak);
    });
}

#[test]
fn the_supervisor_is_killed_at_any_system_call() {
    is_killed_at_any_system_call("supervisor");
}

#[test]
fn the_worker_is_killed_at_any_system_call() {
    is_killed_at_any_system_call("worker");
}

/// At what the worker alone does: getting confined, hearing the lease, writing, ending.
#[test]
fn the_worker_is_killed_at_any_step() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let strace = programs::installed("strace");
        let steps = [
            ("pivot_root", 1),
            ("setresuid", 1),
            ("landlock_restrict_self", 1),
            ("seccomp", 1),
            ("seccomp", 2),
            ("pwrite64", 1),
            ("pwrite64", 2),
        ];
        for (call, when) in steps {
            let script = format!(
                "exec {} -f -o /dev/null --inject={call}:signal=SIGKILL:when={when} $PROGRAM \"$@\"",
                strace.display()
            );
            let end = lab.boot().program(wrapped(lab, &script)).run();
            // A thread's end may be the last one's, when all is there.
            if !end.status.success() {
                end.failed(17, &["the worker process was killed (signal 9)"]);
            }
            lab.assert_nothing_left();
            end.record("faults", &format!("kill -9 of the worker at {call}"));
        }
        boots(lab, &images);
    });
}

#[test]
fn the_worker_is_killed_in_the_middle_of_a_file() {
    Lab::run(|lab| {
        let (_server, images, _running) = far_server(lab);
        let boot = lab.boot().start();
        boot.wait_until("a part of the images", || received() > 200_000);
        let path = format!("/proc/{0}/task/{0}/children", boot.id());
        let children = fs::read_to_string(path).expect("/proc");
        let worker =
            children.split_whitespace().next().expect("a worker").parse().expect("a number");
        kill(Pid::from_raw(worker), Signal::SIGKILL).expect("it is there");
        let end = boot.finish();
        end.failed(17, &["the worker process was killed (signal 9)"]);
        end.record("faults", "kill -9 of the worker in the middle of a file");
        boots(lab, &images);
    });
}

#[test]
fn the_supervisor_is_killed_in_the_middle_of_a_file() {
    Lab::run(|lab| {
        let (_server, images, _running) = far_server(lab);
        let boot = lab.boot().start();
        boot.wait_until("a part of the images", || received() > 200_000);
        boot.signal(Signal::SIGKILL);
        let end = boot.finish();
        end.record("faults", "kill -9 of the supervisor in the middle of a file");
        boots(lab, &images);
    });
}

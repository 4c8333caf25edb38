//! Either process killed, at any step: the other one goes with it, nothing is left but what libxl
//! removes, and the next boot works at once.

use std::collections::BTreeMap;
use std::fs;

use netns_tests::{Lab, programs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{assert_right, boots, far_server, received, server, wrapped};

/// Every so many system calls; `FAULTS_ALL=1` takes each single one.
fn stride() -> usize {
    if std::env::var_os("FAULTS_ALL").is_some() { 1 } else { 37 }
}

/// The supervisor's system calls in a whole boot, in their order: each by its name, and which one of
/// that name it is, which is how strace counts.
fn calls_of_a_supervisor(lab: &Lab) -> Vec<(String, usize)> {
    let log = lab.directory("traced").join("log");
    let strace = programs::installed("strace");
    let script = format!("exec {} -o {} $PROGRAM \"$@\"", strace.display(), log.display());
    lab.boot().program(wrapped(lab, &script)).run().booted();
    let mut counts = BTreeMap::new();
    let text = fs::read_to_string(&log).expect("strace's log");
    let calls = text.lines().filter_map(|line| line.split_once('(').map(|(name, _)| name));
    calls
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .map(|name| {
            let count = counts.entry(name).or_insert(0);
            *count += 1;
            (name.to_owned(), *count)
        })
        .collect()
}

#[test]
fn the_supervisor_is_killed_at_any_system_call() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let calls = calls_of_a_supervisor(lab);
        assert!(calls.len() > 200, "{calls:?}");
        let strace = programs::installed("strace");
        let (mut killed, mut tried, mut last) = (0, 0, None);
        // Not the first one, which strace itself makes to become the program.
        for (name, when) in calls.iter().skip(2).step_by(stride()) {
            let script = format!(
                "exec {} -o /dev/null --inject={name}:signal=SIGKILL:when={when} $PROGRAM \"$@\"",
                strace.display()
            );
            let end = lab.boot().program(wrapped(lab, &script)).run();
            tried += 1;
            // Waiting is not done as often each time; and at the very end it may have answered.
            if end.status.success() {
                assert_right(&end, &images);
            } else {
                killed += 1;
            }
            lab.assert_nothing_left();
            last = Some(end);
        }
        assert!(killed * 10 >= tried * 8, "{killed} of {tried}");
        last.expect("one at least")
            .record("faults", "kill -9 of the supervisor at any system call");
        boots(lab, &images);
    });
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
                end.failed(70, &["the worker was ended by signal 9"]);
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
        end.failed(70, &["the worker was ended by signal 9"]);
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

//! The steps of a boot, seen from outside, and kill -9 of the supervisor and of the worker in
//! each: between system calls, too, and while they wait.

use std::time::Instant;

use netns_tests::fixtures::Images;
use netns_tests::wire::Wire;
use netns_tests::{Boot, Lab};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{AT_ONCE, assert_right, far_server_with};

/// What a boot is about to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Network,
    Lease,
    Config,
    Kernel,
    Ramdisk,
}

/// The guest's network at the server, to be looked at for steps.
fn tap(server: &netns_tests::Host) -> Wire {
    Wire::tap(server.netns(), "eth0")
}

/// Waits until `boot` is in the middle of `step`.
fn reaches(boot: &Boot<'_>, wire: &Wire, step: Step) {
    let asked = |frames: &[Vec<u8>], name: &[u8]| {
        frames.iter().any(|frame| frame.windows(name.len()).any(|window| window == name))
    };
    boot.wait_until(&format!("{step:?}"), || {
        let frames = wire.frames();
        match step {
            Step::Network => boot.console().contains("waiting for xenbr0"),
            Step::Lease => !wire.datagrams_to(67).is_empty(),
            Step::Config => asked(&frames, b"pxelinux.cfg/"),
            Step::Kernel => asked(&frames, b"vmlinuz") && frames.len() > 60,
            Step::Ramdisk => boot.console().contains("kernel tftp://"),
        }
    });
}

/// One boot, killed; then another, which must work.
fn killed(lab: &Lab, wire: &Wire, step: Step, kills_worker: bool, images: &Images) {
    let boot = lab.boot().start();
    reaches(&boot, wire, step);
    if kills_worker {
        let worker = boot.worker().expect("a worker").cast_signed();
        kill(Pid::from_raw(worker), Signal::SIGKILL).expect("it is there");
    } else {
        boot.signal(Signal::SIGKILL);
    }
    let start = Instant::now();
    let end = boot.finish();
    assert!(start.elapsed() < AT_ONCE, "{end}");
    if kills_worker {
        end.failed(17, &["the worker process was killed (signal 9)"]);
    }
    assert!(!end.status.success(), "{end}");
    let next = lab.boot().domid(8).run();
    assert_right(&next, images);
    lab.assert_nothing_left();
    let who = if kills_worker { "worker" } else { "supervisor" };
    end.record("faults", &format!("kill -9 of the {who}: {step:?}"));
}

fn kill_9_during(step: Step, victims: &[bool]) {
    Lab::run(|lab| {
        let (server, images, _running) = far_server_with(lab, 60_000, 200_000);
        if step == Step::Network {
            lab.ip("link set xenbr0 type bridge forward_delay 200 stp_state 1");
        }
        for kills_worker in victims {
            let wire = tap(&server);
            killed(lab, &wire, step, *kills_worker, &images);
        }
    });
}

const BOTH: [bool; 2] = [false, true];

#[test]
fn kill_9_while_the_spanning_tree_holds_the_port() {
    // There is no worker yet.
    kill_9_during(Step::Network, &[false]);
}

#[test]
fn kill_9_during_dhcp() {
    kill_9_during(Step::Lease, &BOTH);
}

#[test]
fn kill_9_during_the_config() {
    kill_9_during(Step::Config, &BOTH);
}

#[test]
fn kill_9_during_the_kernel() {
    kill_9_during(Step::Kernel, &BOTH);
}

#[test]
fn kill_9_during_the_ramdisk() {
    kill_9_during(Step::Ramdisk, &BOTH);
}

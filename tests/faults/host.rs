//! What dom0 itself may lack: xenstored, descriptors, processes, memory; and a clock that jumps.

use std::time::Duration;

use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{Lab, programs};

use super::{GRACE, assert_right, boots, server, wrapped};

#[test]
fn xenstored_is_gone() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        // With a MAC on the command line it is not needed.
        let end = lab.boot().env(PATH_VARIABLE, "/run/lab/no-such-socket").run();
        assert_right(&end, &images);
        end.record("faults", "xenstored gone, MAC given");
        let nothing: [&str; 0] = [];
        let request = lab.boot().words(nothing).env(PATH_VARIABLE, "/run/lab/no-such-socket");
        let end = request.run();
        end.failed(18, &["MAC"]);
        end.record("faults", "xenstored gone, MAC not given");
    });
}

#[test]
fn xenstored_does_not_answer() {
    for (manner, row) in [(Manner::Silent, "silent"), (Manner::Overlong, "talks nonsense")] {
        Lab::run(|lab| {
            let (_server, images) = server(lab);
            let store = Xenstored::start(lab, Vec::new(), manner);
            lab.rebaseline();
            let end = lab.boot().env(PATH_VARIABLE, store.socket()).run();
            assert_right(&end, &images);
            // Its limit is 5 s for each question, of which there are few.
            assert!(end.took < Duration::from_secs(15) + GRACE, "{end}");
            end.record("faults", &format!("xenstored is {row}, MAC given"));
        });
    }
}

#[test]
fn descriptors_are_used_up() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let mut enough = None;
        for limit in 4..=64 {
            let script = format!("ulimit -n {limit}; exec $PROGRAM \"$@\"");
            let end = lab.boot().program(wrapped(lab, &script)).run();
            if end.status.success() {
                assert_right(&end, &images);
                enough = Some(limit);
                end.record("faults", &format!("descriptors: {limit} are enough"));
                break;
            }
            let code = end.status.code().unwrap_or(-1);
            assert!([17, 18, 127].contains(&code), "with {limit} descriptors: {end}");
            let said = end.console.contains("Too many open files");
            assert!(code == 127 || said, "with {limit}: {end}");
        }
        assert!(enough.is_some_and(|limit| limit > 8), "{enough:?}");
        boots(lab, &images);
    });
}

#[test]
fn no_more_processes_can_be_started() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let uid = 54_321;
        // Of the worker's user: root itself has no such limit.
        let script = "ulimit -u 1; exec $PROGRAM \"$@\"";
        let request = lab.boot().own(format!("--runas={uid}")).own("--quiet");
        let end = request.program(wrapped(lab, script)).run();
        // Its first process is there; its threads are not.
        end.failed(17, &["thread"]);
        end.record("faults", "no thread can be started");
        boots(lab, &images);
    });
}

#[test]
fn there_is_little_memory() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        for mib in [8, 16, 24, 32, 48, 64, 96] {
            let script = format!("ulimit -v {}; exec $PROGRAM \"$@\"", mib * 1024);
            let end = lab.boot().program(wrapped(lab, &script)).run();
            // Whatever it comes to: an error, and never a wrong answer.
            if end.status.success() {
                assert_right(&end, &images);
                end.record("faults", &format!("memory: {mib} MiB of address space are enough"));
                break;
            }
            lab.assert_nothing_left();
        }
        boots(lab, &images);
    });
}

/// Every time that a deadline or a timer is made of is the monotonic clock's: the other one is
/// asked for nothing but the dates of certificates, which this boot has none of.
#[test]
fn a_clock_that_jumps_is_not_looked_at() {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let log = lab.directory("traced").join("log");
        let strace = programs::installed("strace");
        // A vDSO is no system call: without one, each look at a clock is.
        let script = format!(
            "exec {} -f -o {} -e trace=clock_gettime,gettimeofday,time,clock_nanosleep $PROGRAM \"$@\"",
            strace.display(),
            log.display()
        );
        let end = lab.boot().program(wrapped(lab, &script)).run();
        assert_right(&end, &images);
        let log = std::fs::read_to_string(&log).expect("strace's log");
        assert!(!log.contains("CLOCK_REALTIME,"), "{log}");
        end.record("faults", "clock jumps");
    });
}

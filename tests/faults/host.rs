//! What dom0 itself may lack: xenstored, and descriptors.

use std::time::Duration;

use netns_tests::Lab;
use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};

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
            // It is waited for once, however often it would be of use.
            assert!(end.took < Duration::from_secs(5) + GRACE, "{end}");
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

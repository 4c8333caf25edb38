//! A worker that lies: the supervisor ends the boot with a clear sentence, shows nothing of it
//! unescaped, and leaves nothing behind.

use netns_tests::fixtures::SERVER;
use netns_tests::{End, Lab};

use super::{MOST_MEMORY, compromised, run};

/// The boot fails with this code, and says this.
fn fails(lie: &str, code: i32, says: &str) -> End {
    let mut told = None;
    Lab::run(|lab| {
        let _server = lab.host("server", SERVER);
        let end = run(lab, &format!("lie:{lie}"));
        end.failed(code, &[says]);
        told = Some(end);
    });
    told.expect("it was run")
}

#[test]
fn what_is_no_message_ends_the_boot() {
    fails("not-json", 70, "a message is malformed");
    fails("too-long", 70, "a message is over");
    fails("deep-json", 70, "a message is malformed");
    fails("empty", 70, "the worker");
}

#[test]
fn silence_ends_with_the_boot_s_time() {
    fails("silence", 16, "--deadline");
}

#[test]
fn a_worker_that_does_not_stop_talking_is_stopped_and_the_log_stays_small() {
    let end = fails("endless-lines", 70, "does not stop talking");
    assert!(end.console.len() < 1_200_000, "{} bytes of log", end.console.len());
    assert!(end.console.contains("no more of it is shown"), "it says that lines are missing");
}

#[test]
fn text_of_the_worker_cannot_paint_the_console() {
    fails("painted-line", 70, "\\u{1b}[2J");
    let end = fails("painted-failure", 14, "\\u{1b}[2J");
    assert!(end.console.len() < 2000, "{} bytes", end.console.len());
    fails("painted-label", 70, "impossible plan");
}

#[test]
fn descriptors_from_the_worker_are_closed() {
    fails("descriptors", 70, "does not stop talking");
}

#[test]
fn an_impossible_lease_is_not_put_on_an_interface() {
    for lie in ["loopback-lease", "multicast-lease", "prefix-99"] {
        fails(lie, 70, "the worker reports the lease");
    }
}

#[test]
fn a_worker_that_speaks_out_of_turn_is_not_listened_to() {
    for lie in ["plan-before-lease", "fetched-before-plan", "entries-unasked", "opens-unasked"] {
        fails(lie, 70, "out of turn");
    }
    fails("menu-unasked", 70, "impossible menu");
}

#[test]
fn a_list_of_entries_without_end() {
    Lab::run(|lab| {
        let _server = lab.host("server", SERVER);
        let end = compromised(lab, "lie:endless-entries").and(["--list-entries"]).run();
        end.failed(70, &["does not stop listing"]);
        assert!(end.peak.supervisor_kib < MOST_MEMORY, "{:?}", end.peak);
    });
}

#[test]
fn an_impossible_plan_is_refused() {
    fails("too-many-initrds", 70, "impossible plan");
    fails("nul-in-args", 13, "command line");
    fails("newline-in-args", 13, "command line");
    fails("long-args", 13, "command line");
}

#[test]
fn files_are_checked_against_the_report() {
    for lie in ["nothing-fetched", "bytes-that-are-not-there", "one-file-too-few"] {
        fails(lie, 15, "is not what was reported");
    }
}

#[test]
fn a_file_has_an_end_whatever_the_worker_does() {
    // The worker sees its writes refused, and then tells the truth: that boot may go on.
    Lab::run(|lab| {
        let _server = lab.host("server", SERVER);
        let end = run(lab, "lie:endless-kernel");
        assert_eq!(end.booted().kernel, b"kernel");
    });
}

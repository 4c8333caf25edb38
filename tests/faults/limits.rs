//! The limits that xl hands down (setrlimit(2)), each raised step by step from nothing until the
//! boot works: before that it ends with a sentence, and leaves nothing.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use netns_tests::boot::record;
use netns_tests::memory::Peak;
use netns_tests::{End, Lab, programs};

use super::{GRACE, assert_right, boots, server, wrapped};

const DEADLINE: u64 = 10;

/// One boot under a limit, with a worker in whose name no other process runs.
fn boot(lab: &Lab, limit: &str) -> End {
    let prlimit = programs::installed("prlimit");
    let script = format!("exec {} {limit} $PROGRAM \"$@\"", prlimit.display());
    let boot = lab.boot().program(wrapped(lab, &script)).own("--runas=54321").own("--quiet");
    boot.and([format!("--deadline={DEADLINE}")]).run()
}

/// Whether the boot says itself why it ends, or those say it who could not even begin it: the
/// kernel and the C library's loader.
fn is_told(end: &End) -> bool {
    match end.status.code() {
        Some(126 | 127) => !end.console.trim().is_empty(),
        Some(14 | 17 | 18) => end.console.contains("rpxeboot: error: "),
        _ => false,
    }
}

fn until_it_works(
    row: &str,
    limits: impl Iterator<Item = String> + Send,
    is_told: impl Fn(&End) -> bool + Send,
) {
    Lab::run(move |lab| {
        let (_server, images) = server(lab);
        let (mut refused, mut longest, mut peak) = (0, Duration::ZERO, Peak::default());
        for limit in limits {
            let end = boot(lab, &limit);
            assert!(end.took < Duration::from_secs(DEADLINE) + GRACE, "{limit}: {end}");
            lab.assert_nothing_left();
            longest = longest.max(end.took);
            peak.supervisor_kib = peak.supervisor_kib.max(end.peak.supervisor_kib);
            peak.worker_kib = peak.worker_kib.max(end.peak.worker_kib);
            if end.status.success() {
                assert_right(&end, &images);
                assert!(refused > 0, "{limit} is none");
                record("faults", row, &format!("{limit} is enough"), longest, peak);
                boots(lab, &images);
                return;
            }
            refused += 1;
            assert!(is_told(&end), "{limit}: {end}");
        }
        panic!("it never works");
    });
}

#[test]
fn no_more_processes_can_be_started() {
    let limits = (0..20).map(|number| format!("--nproc={number}"));
    until_it_works("processes and threads exhausted", limits, is_told);
}

#[test]
fn there_is_little_memory() {
    let step = if std::env::var_os("FAULTS_ALL").is_some() { 128 } else { 1024 };
    let limits = (1..100_000 / step).map(|count| format!("--as={}", (count * step) << 10));
    until_it_works("little memory", limits, |end| {
        // The kernel ends a program without a word that it has no room to load.
        let is_never_begun = end.console.is_empty()
            && matches!(end.status.signal(), Some(libc::SIGSEGV | libc::SIGKILL));
        // Rust's library ends a program that gets none; the worker's own words go nowhere.
        let words = ["memory allocation of", "(signal 6), for want of memory"];
        is_never_begun || is_told(end) || words.iter().any(|words| end.console.contains(words))
    });
}

#[test]
fn files_are_limited_in_size() {
    let limits = (0..100).map(|step| format!("--fsize={}", step * (10 << 10)));
    until_it_works("files limited in size", limits, is_told);
}

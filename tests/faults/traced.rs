//! Boots under the tracer (tracer.rs, a program of its own), and what it saw.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use netns_tests::memory::Peak;
use netns_tests::{Lab, Request};

use super::wrapped;

/// What the tracer saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// System calls of the supervisor.
    pub(crate) supervisor: u64,
    /// System calls of the worker.
    pub(crate) worker: u64,
    /// Looks at the time of day.
    pub(crate) clock: u64,
    /// Looks at other clocks.
    pub(crate) other_clocks: u64,
    /// The number of the system call that was the last one, if a process was killed.
    pub(crate) last_call: Option<u64>,
    /// From the kill to the end of the last process.
    pub(crate) gone_after: Duration,
    /// The most memory.
    pub(crate) peak: Peak,
}

/// The file that the tracer writes.
fn figures(lab: &Lab) -> PathBuf {
    lab.directory("trace").join("figures")
}

/// A boot under the tracer; `fault` is the tracer's own words.
pub(crate) fn boot<'lab>(lab: &'lab Lab, fault: &str) -> Request<'lab> {
    let tracer = Lab::own_program("faults-tracer");
    let script = wrapped(lab, &format!("exec {} {fault} $PROGRAM \"$@\"", tracer.display()));
    let _ = fs::remove_file(figures(lab));
    lab.boot().program(script).env("TRACE", figures(lab))
}

/// What it saw of the boot that has just ended.
pub(crate) fn seen(lab: &Lab) -> Seen {
    let text = fs::read_to_string(figures(lab)).expect("what the tracer saw");
    let words: Vec<&str> = text.split(' ').collect();
    let number = |place: usize| words[place].parse::<u64>().expect("a number");
    Seen {
        supervisor: number(0),
        worker: number(1),
        clock: number(2),
        other_clocks: number(7),
        last_call: words[3].parse().ok(),
        gone_after: Duration::from_millis(number(4)),
        peak: Peak { supervisor_kib: number(5), worker_kib: number(6) },
    }
}

//! The worker's sandbox, tried from the inside: a worker that somebody has taken over
//! (compromised/) attacks dom0 and lies to the supervisor, which is rpxeboot's own.
//!
//! Each layer of the sandbox is shown to hold by itself, with all others left out, against an attack
//! that succeeds without it: so if one layer goes missing, a test fails. docs/sandbox.md has the
//! table.

mod calls;
mod layers;
mod lies;
mod missing;

use std::path::Path;
use std::time::Duration;

use netns_tests::{Boot, End, Lab, Request};

/// What a boot may take beyond its deadline: the supervisor's own grace, and some for the machine.
const GRACE: Duration = Duration::from_secs(2);
/// What it may take of dom0's memory to hear all that a worker can say, in KiB. The program itself
/// is half of it: a debug build.
const MOST_MEMORY: u64 = 64 << 10;

/// A boot whose worker has been taken over and does what `label` says.
fn compromised<'lab>(lab: &'lab Lab, label: &str) -> Request<'lab> {
    lab.boot().program(Lab::own_program("compromised")).and([format!("--label={label}")])
}

fn run(lab: &Lab, label: &str) -> End {
    // Silence is waited for; a flood has to be heard to its end.
    let deadline = if label == "lie:silence" { 3 } else { 30 };
    let end = compromised(lab, label).and([format!("--deadline={deadline}")]).run();
    assert!(end.took < Duration::from_secs(deadline) + GRACE, "{end}");
    assert!(end.peak.supervisor_kib < MOST_MEMORY, "{:?}: {end}", end.peak);
    let raw = |byte: &u8| byte.is_ascii_control() && !b"\r\n".contains(byte);
    assert_eq!(end.console.bytes().filter(raw).count(), 0, "raw bytes: {:?}", end.console);
    end.record("sandbox", label);
    end
}

/// What came of an attack.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Succeeded,
    Refused,
    Ended,
}

impl Outcome {
    fn of(end: &End) -> Self {
        let said = |text| end.console.contains(text);
        match () {
            () if said("attack succeeded: ") => Self::Succeeded,
            () if said("attack refused: ") => Self::Refused,
            () if said("ended by its sandbox, for a system call") => {
                assert_eq!(end.status.code(), Some(70), "{end}");
                Self::Ended
            }
            () => panic!("no outcome: {end}"),
        }
    }
}

/// The children of the bootloader.
fn worker(boot: &Boot<'_>) -> u32 {
    let mut found = None;
    boot.wait_until("a worker", || {
        let path = format!("/proc/{0}/task/{0}/children", boot.id());
        let children = std::fs::read_to_string(path).unwrap_or_default();
        found = children.split_whitespace().next().and_then(|id| id.parse().ok());
        found.is_some()
    });
    found.expect("a worker")
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}/exe")).exists()
}

//! vmprov under strace, which counts its system calls, and ends it or has them fail.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use crate::place::Place;

/// The system calls that change something, or are about to.
pub(crate) const CHANGING: [&str; 20] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "linkat",
    "link",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "ftruncate",
    "fchmod",
    "fchown",
    "flock",
];

/// What a file system answers when it cannot, or may not.
pub(crate) const ERRORS: [&str; 4] = ["EIO", "ENOSPC", "EROFS", "EACCES"];

/// Only what the verb itself opens: its libraries, and what it reads below /proc, change nothing,
/// and are no fixed number.
fn options(place: &Place, call: &str) -> Vec<String> {
    let mut options = vec!["-e".to_owned(), format!("trace={call}")];
    if call == "openat" {
        for name in [
            "xen",
            "xen/auto",
            "xen/RK.cfg",
            "images",
            "images/RK",
            "images/RK/disk.img",
            "state",
            "state/RK.json",
            "state/RK.lock",
        ] {
            options.extend(["-P".to_owned(), place.at(name).display().to_string()]);
        }
    }
    options
}

fn strace(place: &Place, words: &[&str], options: &[String]) -> Output {
    let vmprov = place.command(words);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options);
    command.arg("-o").arg(place.at("trace")).arg(vmprov.get_program()).args(vmprov.get_args());
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// How many calls of this kind an undisturbed run makes.
pub(crate) fn count(place: &Place, words: &[&str], call: &str) -> usize {
    let output = strace(place, words, &options(place, call));
    assert!(output.status.success(), "{output:?}");
    let open = format!(" {call}(");
    place.read("trace").lines().filter(|line| line.contains(&open)).count()
}

fn inject(place: &Place, words: &[&str], (call, when): (&str, usize), what: &str) -> Output {
    let mut options = options(place, call);
    options.extend(["-e".to_owned(), format!("inject={call}:{what}:when={when}")]);
    strace(place, words, &options)
}

/// Ends it at the `when`th call of this kind; says whether it got there.
pub(crate) fn kill_at(place: &Place, words: &[&str], call: &str, when: usize) -> bool {
    let output = inject(place, words, (call, when), "signal=SIGKILL");
    std::fs::remove_file(place.at("trace")).unwrap();
    // strace ends as the program did.
    output.status.signal() == Some(9)
}

/// Has the `when`th call of this kind fail; none if it makes no more of them.
pub(crate) fn fail_at(
    place: &Place,
    words: &[&str],
    at: (&str, usize),
    error: &str,
) -> Option<Output> {
    let output = inject(place, words, at, &format!("error={error}"));
    let was_injected = place.read("trace").contains("(INJECTED)");
    std::fs::remove_file(place.at("trace")).unwrap();
    was_injected.then_some(output)
}

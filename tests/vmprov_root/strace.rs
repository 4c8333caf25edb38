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

/// Those of them whose failure can be made: a program that cannot even open its libraries says
/// nothing.
pub(crate) const FAILING: [&str; 15] = [
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
    "mkdir",
    "symlink",
    "symlinkat",
    "ftruncate",
    "fchown",
];

fn strace(place: &Place, words: &[&str], options: &[&str]) -> Output {
    let vmprov = place.command(words);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options);
    command.arg("-o").arg(place.at("trace")).arg(vmprov.get_program()).args(vmprov.get_args());
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// Ends it at the `when`th call of this kind; says whether it got there.
pub(crate) fn kill_at(place: &Place, words: &[&str], call: &str, when: usize) -> bool {
    let inject = format!("inject={call}:signal=SIGKILL:when={when}");
    let output = strace(place, words, &["-e", &format!("trace={call}"), "-e", &inject]);
    std::fs::remove_file(place.at("trace")).unwrap();
    // strace ends as the program did.
    output.status.signal() == Some(9)
}

/// Has the `when`th call of this kind fail; none if it makes no more of them.
pub(crate) fn fail_at(
    place: &Place,
    words: &[&str],
    (call, when): (&str, usize),
    error: &str,
) -> Option<Output> {
    let inject = format!("inject={call}:error={error}:when={when}");
    let output = strace(place, words, &["-e", &format!("trace={call}"), "-e", &inject]);
    let was_injected = place.read("trace").contains("(INJECTED)");
    std::fs::remove_file(place.at("trace")).unwrap();
    was_injected.then_some(output)
}

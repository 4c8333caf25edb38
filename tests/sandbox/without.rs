//! Runs `$PROGRAM` on a kernel that seems to lack `$WITHOUT`: the system calls of that mechanism
//! answer as they do where it is not there; without room, limits are lower than ours.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

fn main() {
    let variable = |name| std::env::var(name).expect("a variable that says what to do");
    // Which calls, and what they answer.
    let (calls, answer): (&[i64], i32) = match variable("WITHOUT").as_str() {
        "nothing" => (&[], 0),
        "landlock" => (&[libc::SYS_landlock_create_ruleset], libc::ENOSYS),
        "landlock-off" => (&[libc::SYS_landlock_create_ruleset], libc::EOPNOTSUPP),
        "seccomp" => (&[libc::SYS_seccomp], libc::ENOSYS),
        "room" => {
            // What a dom0 of 512 MiB has.
            setrlimit(Resource::RLIMIT_NPROC, 1900, 1900).expect("root may do it");
            setrlimit(Resource::RLIMIT_DATA, 200 << 20, 200 << 20).expect("root may do it");
            (&[], 0)
        }
        other => panic!("no such mechanism: {other}"),
    };
    if calls.contains(&libc::SYS_seccomp) {
        // The older way to set a filter; first, because it is by the newer one that we set ours.
        let set = SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            libc::PR_SET_SECCOMP.cast_unsigned().into(),
        );
        let rule = SeccompRule::new(vec![set.expect("a condition")]).expect("a rule");
        install(
            BTreeMap::from([(libc::SYS_prctl, vec![rule])]),
            SeccompAction::Errno(libc::EINVAL.cast_unsigned()),
        );
    }
    if !calls.is_empty() {
        let answer = SeccompAction::Errno(answer.cast_unsigned());
        let rules = calls.iter().map(|call| (*call, Vec::new())).collect::<BTreeMap<_, _>>();
        install(rules, answer);
    }
    let error = Command::new(variable("PROGRAM")).args(std::env::args_os().skip(1)).exec();
    panic!("the program: {error}");
}

fn install(rules: BTreeMap<i64, Vec<SeccompRule>>, answer: SeccompAction) {
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, answer, arch).expect("a sound filter");
    let program: BpfProgram = filter.try_into().expect("a sound filter");
    apply_filter(&program).expect("the kernel takes it");
}

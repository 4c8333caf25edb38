//! Every system call against the list: one process for each, so that what ends it ends only itself.
#![allow(unsafe_code)] // fork, and system calls by number

use rpxeboot::sandbox::syscalls::ALLOWED;
use rpxeboot::sandbox::{Inmate, Layer};

/// Beyond the last number of any architecture today; gaps are ended too.
const LAST: libc::c_long = 600;

/// uretprobe and uprobe: only the kernel's own code makes them, from a page of its own, and Linux
/// lets no filter see them. Made from elsewhere they do nothing.
#[cfg(target_arch = "x86_64")]
const KERNELS_OWN: [libc::c_long; 2] = [335, 336];
#[cfg(not(target_arch = "x86_64"))]
const KERNELS_OWN: [libc::c_long; 0] = [];

/// Tries all numbers that are not on the list, and those of the list in a form that is not on it;
/// prints a line for each that was not ended.
pub(crate) fn try_all() {
    let mut tried = 0;
    for number in (0..=LAST).filter(|number| !KERNELS_OWN.contains(number)) {
        let listed = ALLOWED.iter().copied().flatten().find(|call| call.number == number);
        // Words that fit no form: these name no socket, no thread, no setting that is listed.
        let words: [libc::c_long; 6] = match listed {
            None => [0; 6],
            Some(call) if call.forms.is_empty() => continue,
            Some(_) => [0x77; 6],
        };
        tried += 1;
        let end = in_a_child(number, words);
        if end != Some(libc::SIGSYS) {
            println!("{number}: {end:?}");
        }
    }
    println!("{tried} tried");
}

/// The signal that ended a process which made this call in the sandbox's filter.
fn in_a_child(number: libc::c_long, words: [libc::c_long; 6]) -> Option<i32> {
    // SAFETY: this program has one thread.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let inmate = Inmate { uid: 65534, supervisor: 0 };
        Layer::SystemCalls.raise(inmate).expect("the filter");
        let [a, b, c, d, e, f] = words;
        // SAFETY: the process ends here in any case.
        unsafe {
            libc::syscall(number, a, b, c, d, e, f);
            libc::_exit(0);
        }
    }
    let mut status = 0;
    // SAFETY: it points to an integer.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child, "waitpid");
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

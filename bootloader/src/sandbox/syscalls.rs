//! The system calls that the inmate may make; any other ends it at once (seccomp(2)).
//!
//! The list is what a whole boot was seen to need, with both C libraries, and what these may fall
//! back on. Where a call's power lies in an argument, the argument is bounded as well: no socket
//! but an Internet one, no process but a thread, no memory that is shared or executable, no
//! setting of a packet socket.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::{Raised, refused};
use crate::failure::Failure;

/// A bound on one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// These bits of the argument have this value.
    Bits {
        /// Which argument, from 0.
        argument: u8,
        /// The bits that are looked at.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// The argument is this process's number.
    Own {
        /// Which argument, from 0.
        argument: u8,
    },
}

/// A system call on the list.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// As strace(1) and the manual call it.
    pub name: &'static str,
    /// Its number on this machine.
    pub number: libc::c_long,
    /// The forms in which it may be made, each a list of bounds that hold together; without any
    /// form it may be made as it likes.
    pub forms: &'static [&'static [Bound]],
}

const fn bits(argument: u8, mask: i32, value: i32) -> Bound {
    Bound::Bits { argument, mask: mask.cast_unsigned() as u64, value: value.cast_unsigned() as u64 }
}

const fn is(argument: u8, value: i32) -> Bound {
    bits(argument, -1, value)
}

macro_rules! allowed {
    ($($name:ident $number:ident $([$($bound:expr),*])* ;)*) => {
        &[$(Allowed {
            name: stringify!($name),
            number: libc::$number,
            forms: &[$(&[$($bound),*]),*],
        }),*]
    };
}

/// All of them, in groups.
pub const ALLOWED: &[&[Allowed]] = &[
    // Files and sockets that it holds.
    allowed! {
        read SYS_read;
        write SYS_write;
        pread64 SYS_pread64;
        pwrite64 SYS_pwrite64;
        lseek SYS_lseek;
        ftruncate SYS_ftruncate;
        statx SYS_statx;
        fstat SYS_fstat;
        fstatfs SYS_fstatfs;
        copy_file_range SYS_copy_file_range;
        sendfile SYS_sendfile;
        close SYS_close;
        fcntl SYS_fcntl
            [is(1, libc::F_GETFL)]
            [is(1, libc::F_SETFL)]
            [is(1, libc::F_GETFD)]
            [is(1, libc::F_DUPFD_CLOEXEC)];
        ioctl SYS_ioctl [is(1, 0x5421)];
        ppoll SYS_ppoll;
    },
    // The network.
    allowed! {
        socket SYS_socket
            [is(0, libc::AF_INET), bits(1, 0xf, libc::SOCK_DGRAM)]
            [is(0, libc::AF_INET), bits(1, 0xf, libc::SOCK_STREAM)];
        bind SYS_bind;
        connect SYS_connect;
        getsockopt SYS_getsockopt [is(1, libc::SOL_SOCKET), is(2, libc::SO_ERROR)];
        setsockopt SYS_setsockopt
            [is(1, libc::SOL_SOCKET), is(2, libc::SO_RCVTIMEO)]
            [is(1, libc::SOL_SOCKET), is(2, libc::SO_SNDTIMEO)]
            [is(1, libc::SOL_SOCKET), is(2, libc::SO_RCVBUF)]
            [is(1, libc::IPPROTO_TCP), is(2, libc::TCP_NODELAY)];
        sendto SYS_sendto;
        recvfrom SYS_recvfrom;
        sendmsg SYS_sendmsg;
        recvmsg SYS_recvmsg;
    },
    // Memory: private, and never executable.
    allowed! {
        mmap SYS_mmap [
            bits(2, libc::PROT_EXEC, 0),
            bits(3, libc::MAP_SHARED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                 libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
        ];
        mprotect SYS_mprotect [bits(2, libc::PROT_EXEC, 0)];
        munmap SYS_munmap;
        mremap SYS_mremap;
        madvise SYS_madvise;
        brk SYS_brk;
    },
    // Threads.
    allowed! {
        clone SYS_clone [bits(0, THREAD_AND_NAMESPACES, libc::CLONE_THREAD)];
        clone3 SYS_clone3;
        set_robust_list SYS_set_robust_list;
        rseq SYS_rseq;
        sigaltstack SYS_sigaltstack;
        rt_sigprocmask SYS_rt_sigprocmask;
        rt_sigaction SYS_rt_sigaction;
        rt_sigreturn SYS_rt_sigreturn;
        futex SYS_futex;
        membarrier SYS_membarrier;
        sched_yield SYS_sched_yield;
        sched_getaffinity SYS_sched_getaffinity;
        gettid SYS_gettid;
        getpid SYS_getpid;
        tgkill SYS_tgkill [Bound::Own { argument: 0 }];
        exit SYS_exit;
        exit_group SYS_exit_group;
    },
    // Time and chance.
    allowed! {
        clock_gettime SYS_clock_gettime;
        clock_nanosleep SYS_clock_nanosleep;
        nanosleep SYS_nanosleep;
        restart_syscall SYS_restart_syscall;
        getrandom SYS_getrandom;
    },
    // What newer architectures do without.
    #[cfg(target_arch = "x86_64")]
    allowed! {
        poll SYS_poll;
    },
];

/// A thread, and no namespace for it.
const THREAD_AND_NAMESPACES: i32 = libc::CLONE_THREAD
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// What the libraries must do while files can still be opened.
pub(super) fn prepare() {
    one_heap();
    // In a program without shared libraries, this one looks for the system call by name, finds
    // none, and takes /dev/urandom; which it then keeps open.
    let _ = getrandom::fill(&mut [0]);
}

pub(super) fn restrict() -> Result<Raised, Failure> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else {
        let arch = std::env::consts::ARCH;
        return Ok(Raised::Lacking(format!("there is no list of system calls for {arch}")));
    };
    let refused = |error: &dyn std::fmt::Display| refused("the filter of system calls", error);
    for program in [old_clone(arch), listed(arch)] {
        let program = program.map_err(|error| refused(&error))?;
        match apply_filter(&program) {
            Ok(()) => {}
            Err(seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error))
                if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) =>
            {
                let what = "this kernel filters no system calls (Linux does since 3.5, if it was \
                            built with CONFIG_SECCOMP_FILTER)";
                return Ok(Raised::Lacking(what.to_owned()));
            }
            Err(error) => return Err(refused(&error)),
        }
    }
    Ok(Raised::Whole)
}

/// The heaps that glibc makes for threads open a file of /proc when they shrink, which is not on the
/// list. One for all does not; and it is smaller.
#[allow(unsafe_code)]
fn one_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it sets a number of the C library's own, and no other thread is there yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// clone3(2) hands its flags over in memory, where no filter can look: said not to be there, the C
/// library takes clone(2).
fn old_clone(arch: TargetArch) -> Result<BpfProgram, seccompiler::BackendError> {
    let not_there = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    SeccompFilter::new(rules, SeccompAction::Allow, not_there, arch)?.try_into()
}

fn listed(arch: TargetArch) -> Result<BpfProgram, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    let mut rules = BTreeMap::new();
    for call in ALLOWED.iter().copied().flatten() {
        let forms = call.forms.iter().map(|form| rule(form, own)).collect::<Result<_, _>>()?;
        rules.insert(call.number, forms);
    }
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

fn rule(form: &[Bound], own: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let conditions = form.iter().map(|bound| match *bound {
        Bound::Bits { argument, mask, value } => SeccompCondition::new(
            argument,
            // What these arguments say is in their lower half; the upper one is not looked at by
            // the kernel either.
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(mask),
            value,
        ),
        Bound::Own { argument } => {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)
        }
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_makes_a_filter_that_the_kernel_takes() {
        let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        // BPF_MAXINSNS.
        assert!(listed(arch).unwrap().len() <= 4096);
        assert!(!old_clone(arch).unwrap().is_empty());
    }

    #[test]
    fn no_call_is_on_the_list_twice() {
        let mut numbers: Vec<_> =
            ALLOWED.iter().copied().flatten().map(|call| call.number).collect();
        numbers.sort_unstable();
        let all = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), all);
    }
}

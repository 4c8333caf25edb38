//! What somebody tries who has taken the worker over. Each attack says what it got, or with which
//! error the kernel refused it; where the sandbox ends the process instead, it says nothing.
#![allow(unsafe_code)] // bare system calls: an attacker uses no library

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rpxeboot::worker::message::Job;

/// A program of root's with the set-user-ID bit, made by the test.
pub(crate) const SET_USER_ID: &str = "/run/lab/set-user-id/cat";
/// An abstract socket that the test listens on.
pub(crate) const ABSTRACT: &str = "rpxeboot-test";

type Attack = fn(&Job, Vec<OwnedFd>) -> io::Result<String>;

/// The attack of this name.
pub(crate) fn find(name: &str) -> Attack {
    let (_, attack) = ALL.iter().find(|(known, _)| *known == name).expect("a known attack");
    *attack
}

const ALL: &[(&str, Attack)] = &[
    ("nothing", |_, _| Ok("no attack at all".to_owned())),
    ("read-shadow", |_, _| contents("/etc/shadow")),
    ("read-public", |_, _| contents("/etc/passwd")),
    ("list-root", |_, _| {
        let names = fs::read_dir("/")?.count();
        if names == 0 { Err(nothing("an empty directory")) } else { Ok(format!("{names} names")) }
    }),
    ("write-elsewhere", |_, _| {
        fs::write("/tmp/evil", b"evil")?;
        fs::remove_file("/tmp/evil")?;
        Ok("a file in /tmp".to_owned())
    }),
    ("write-in-its-root", |_, _| {
        fs::write("/evil", b"evil")?;
        fs::remove_file("/evil")?;
        Ok("a file in the root directory".to_owned())
    }),
    ("open-terminal", |_, _| File::open("/dev/tty").map(|_| "the terminal".to_owned())),
    ("set-user-id", |_, _| {
        let output = Command::new(SET_USER_ID).arg("/etc/shadow").output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("root:") { Ok("root's file".to_owned()) } else { Err(nothing("no root")) }
    }),
    ("memory", |_, _| {
        let length = 1 << 30;
        // SAFETY: fresh memory of its own, never dereferenced but where it was just made.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok("1 GiB".to_owned())
        }
    }),
    ("shared-memory", |_, _| {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        map(libc::PROT_READ | libc::PROT_WRITE, flags)
    }),
    ("executable-memory", |_, _| {
        map(libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
    }),
    ("huge-file", |_, _| {
        // SAFETY: a signal disposition.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        let file = File::create("/tmp/huge")?;
        fs::remove_file("/tmp/huge")?;
        file.set_len(8 << 30)?;
        Ok("a file of 8 GiB".to_owned())
    }),
    ("many-descriptors", |_, _| {
        let own = File::open("/proc/self/status")?;
        let many = (0..500).map(|_| own.try_clone()).collect::<io::Result<Vec<_>>>()?;
        Ok(format!("{} descriptors", many.len()))
    }),
    ("core-file", |_, _| {
        let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        let wanted = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
        // SAFETY: both point to a whole rlimit.
        done(i64::from(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const wanted) }))?;
        // SAFETY: as above.
        done(i64::from(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut now) }))?;
        Ok(format!("core files of {} bytes", now.rlim_cur))
    }),
    ("abstract-socket", |_, _| {
        let address = SocketAddr::from_abstract_name(ABSTRACT)?;
        UnixStream::connect_addr(&address).map(|_| "somebody on a socket of dom0's".to_owned())
    }),
    ("tcp-listen", |_, _| {
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).map(|_| "a TCP port".to_owned())
    }),
    ("signal-supervisor", |job, _| {
        // SAFETY: signal 0 only asks whether one may be sent.
        done(i64::from(unsafe { libc::kill(job.supervisor.cast_signed(), 0) }))?;
        Ok("the supervisor may be sent signals".to_owned())
    }),
    ("linger", |_, _| {
        thread::sleep(Duration::from_secs(60));
        Ok("it is still there".to_owned())
    }),
    ("fork", |_, _| {
        // SAFETY: the child does nothing but end.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: as above.
            0 => unsafe { libc::_exit(0) },
            child => Ok(format!("process {child}")),
        }
    }),
    ("execute", |_, _| Command::new("/bin/true").status().map(|status| status.to_string())),
    ("trace", |job, _| {
        let attach = libc::PTRACE_ATTACH.into();
        call(libc::SYS_ptrace, [attach, job.supervisor.into(), 0, 0, 0, 0])
    }),
    ("local-socket", |_, _| socket(libc::AF_UNIX, libc::SOCK_STREAM)),
    ("packet-socket", |_, _| socket(libc::AF_PACKET, libc::SOCK_RAW)),
    ("raw-socket", |_, _| {
        let (family, kind) = (libc::AF_INET.into(), libc::SOCK_RAW.into());
        call(libc::SYS_socket, [family, kind, libc::IPPROTO_ICMP.into(), 0, 0, 0])
    }),
    ("packet-ring", |_, descriptors| {
        let socket = i64::from(descriptors[0].as_raw_fd());
        let ring = [0_u32; 7];
        let size = i64::try_from(size_of_val(&ring)).expect("small");
        let at = ring.as_ptr().addr().cast_signed() as i64;
        let option = i64::from(libc::PACKET_RX_RING);
        call(libc::SYS_setsockopt, [socket, libc::SOL_PACKET.into(), option, at, size, 0])
    }),
    ("type-on-terminal", |_, _| {
        let key = b'x';
        call(
            libc::SYS_ioctl,
            [0, libc::TIOCSTI.cast_signed(), (&raw const key).addr() as i64, 0, 0, 0],
        )
    }),
    ("kill-neighbour", |job, _| {
        call(libc::SYS_tgkill, [job.supervisor.into(), job.supervisor.into(), 0, 0, 0, 0])
    }),
    ("new-user-namespace", |_, _| {
        call(libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0, 0, 0])
    }),
    ("thread-in-a-namespace", |_, _| {
        let flags = libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_VM | libc::CLONE_NEWNET;
        call(libc::SYS_clone, [flags.into(), 0, 0, 0, 0, 0])
    }),
];

fn contents(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(1 << 20).read_to_string(&mut text)?;
    Ok(format!("{} bytes of {path}", text.len()))
}

fn socket(family: i32, kind: i32) -> io::Result<String> {
    call(libc::SYS_socket, [family.into(), kind.into(), 0, 0, 0, 0])
}

fn map(protection: i32, flags: i32) -> io::Result<String> {
    call(libc::SYS_mmap, [0, 4096, protection.into(), flags.into(), -1, 0])
}

fn call(number: libc::c_long, words: [i64; 6]) -> io::Result<String> {
    let [a, b, c, d, e, f] = words;
    // SAFETY: what it does to this process is the point; no memory of Rust's is given away but
    // what outlives the call.
    done(unsafe { libc::syscall(number, a, b, c, d, e, f) })?;
    Ok(format!("system call {number}"))
}

fn done(result: i64) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn nothing(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

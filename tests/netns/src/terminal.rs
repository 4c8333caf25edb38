//! A bootloader's terminal: one raw pty, its stdin, stdout and stderr, in a session of its own.
#![allow(unsafe_code)] // login_tty: a new session and its terminal are made between fork and exec

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::Pid;

use crate::inventory::Console;

/// Makes `command` start like a login: a new session, `terminal` its controlling terminal
/// and its stdin, stdout and stderr.
pub fn login_tty(command: &mut Command, terminal: i32) {
    // SAFETY: only async-signal-safe system calls between fork and exec; the descriptor is open.
    unsafe {
        command.pre_exec(move || {
            let ok = libc::setsid() != -1
                && libc::ioctl(terminal, libc::TIOCSCTTY, 0) != -1
                && (0..3).all(|standard| libc::dup2(terminal, standard) != -1);
            if ok { Ok(()) } else { Err(io::Error::last_os_error()) }
        });
    }
}

/// Leaks `count` copies of a descriptor into `command`, from number 14 on, as xl's are.
pub(crate) fn keep_open(command: &mut Command, descriptor: i32, count: usize) {
    // SAFETY: only async-signal-safe system calls between fork and exec; the descriptor is open.
    unsafe {
        command.pre_exec(move || {
            for _ in 0..count {
                if libc::fcntl(descriptor, libc::F_DUPFD, 14) == -1 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// A new pty: master and slave, raw, closed on exec.
pub(crate) fn raw_pty() -> (OwnedFd, OwnedFd) {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("a pty");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("the pty's slave");
    let name = ptsname_r(&master).expect("the slave's name");
    let slave =
        open(name.as_str(), OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC, Mode::empty())
            .expect("the slave");
    let mut settings = tcgetattr(&slave).expect("the terminal's settings");
    cfmakeraw(&mut settings);
    tcsetattr(&slave, SetArg::TCSANOW, &settings).expect("a raw terminal");
    let master = File::from(OwnedFd::from(master));
    (master.into(), slave)
}

/// Copies the terminal's output until its last holder has closed it. libxl then sends
/// SIGTERM: a bootloader that closes its terminal early fails.
pub(crate) fn copy_console(
    master: OwnedFd,
    console: Console,
    child: Arc<Mutex<Child>>,
    bootloader: u32,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut master = File::from(master);
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = master.read(&mut buffer) {
            console
                .lock()
                .expect("nobody panics with the console")
                .extend_from_slice(&buffer[..length]);
        }
        // Under the lock nobody can reap the process, so its number is not another's by now.
        let mut child = child.lock().expect("nobody panics with the child");
        if matches!(child.try_wait(), Ok(None)) {
            let _ = kill(Pid::from_raw(bootloader.cast_signed()), Signal::SIGTERM);
        }
    })
}

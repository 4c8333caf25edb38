//! Child processes that live in one of a lab's namespaces and die with its thread.
#![allow(unsafe_code)] // pre_exec: the child must enter its namespace between fork and exec

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The variable that marks every process which a lab starts, and what those start.
pub const TAG: &str = "NETNS_LAB";

/// How long a server may take until it answers. Kea needs most: about a second on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// Makes `command` run in the network namespace `netns`, and die with the thread that
/// starts it, however that ends.
pub fn confine(command: &mut Command, netns: BorrowedFd<'_>, tag: &str) {
    command.env(TAG, tag);
    let netns = netns.as_raw_fd();
    // SAFETY: between fork and exec only two system calls are made, both async-signal-safe;
    // the descriptor is open until spawn returns, because the lab holds it.
    unsafe {
        command.pre_exec(move || {
            if libc::setns(netns, libc::CLONE_NEWNET) != 0 {
                return Err(io::Error::last_os_error());
            }
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

/// Makes `command`, which [`confine`] has prepared, run as the user and group `id`. (The
/// standard library's own way changes the user first, who then may not enter a namespace.)
pub(crate) fn become_user(command: &mut Command, id: u32) {
    // SAFETY: between fork and exec only three system calls are made, all async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            let ok = libc::setgroups(0, std::ptr::null()) == 0
                && libc::setgid(id) == 0
                && libc::setuid(id) == 0;
            if ok { Ok(()) } else { Err(io::Error::last_os_error()) }
        });
    }
}

/// A server that runs in the background, its output in a log file.
#[derive(Debug)]
pub struct Background {
    name: String,
    child: Child,
    log: PathBuf,
    running: bool,
}

impl Background {
    /// Starts `command`, which [`confine`] has prepared, in a process group of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(name: &str, mut command: Command, log: &Path) -> Self {
        let output = File::create(log).expect("the log can be written");
        let errors = output.try_clone().expect("a second handle of the log");
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
        Self { name: name.to_owned(), child, log: log.to_path_buf(), running: true }
    }

    /// Waits until `ready` says so.
    ///
    /// # Panics
    /// With its log, when the server ends or takes too long.
    pub fn wait_until(&mut self, mut ready: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !ready(self) {
            if let Some(status) = self.child.try_wait().expect("the server can be waited for") {
                self.running = false;
                panic!("{} did not start: {status}\n{}", self.name, self.log());
            }
            assert!(
                start.elapsed() < START_PATIENCE,
                "{} is not ready after {START_PATIENCE:?}\n{}",
                self.name,
                self.log()
            );
            thread::sleep(POLL);
        }
    }

    /// What the server is called in failure reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Whether a UDP socket in the server's namespace is bound to `port`.
    #[must_use]
    pub fn has_udp_port(&self, port: u16) -> bool {
        let wanted = format!(":{port:04X}");
        let table = fs::read_to_string(format!("/proc/{}/net/udp", self.id())).unwrap_or_default();
        table
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(1))
            .any(|local| local.ends_with(&wanted))
    }

    /// Kills the server and what it started.
    pub fn stop(&mut self) {
        if self.running {
            self.running = false;
            let group = Pid::from_raw(self.child.id().cast_signed());
            // Both may fail only because the server is gone already.
            let _ = killpg(group, Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `command` to its end.
///
/// # Panics
/// When it cannot be started or fails, with what it said.
pub fn run(mut command: Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Waits until `done` says so, at most `patience`. Returns whether it did.
pub fn wait_for(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() >= patience {
            return false;
        }
        thread::sleep(POLL);
    }
}

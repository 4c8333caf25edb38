//! Child processes: the worker and pygrub. Each dies with us, whatever ends us.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;

use super::signals::Signals;
use crate::budget::{Budget, poll_milliseconds};
use crate::failure::{Failure, Reason};

/// A child that is killed when this is dropped, and by the kernel when we die.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `command`.
    ///
    /// # Errors
    /// It cannot be started.
    #[allow(unsafe_code)]
    pub fn start(command: &mut Command) -> io::Result<Self> {
        // The parent's death is that of the thread that forks: the supervisor has only one.
        let bind = || prctl::set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from);
        // SAFETY: between fork and exec only async-signal-safe functions may be called; prctl
        // is a bare system call, and neither it nor the conversion of its error allocates.
        unsafe { command.pre_exec(bind) };
        command.spawn().map(Self)
    }

    /// Starts `command` as the first process of a process namespace. Whatever it starts, and
    /// whatever session that goes to, ends with it: the kernel sees to it, also when we are
    /// killed ourselves.
    ///
    /// # Errors
    /// It cannot be started, or there are no process namespaces.
    pub fn start_as_init(command: &mut Command) -> io::Result<Self> {
        let own = File::open("/proc/self/ns/pid")?;
        // It holds for the next child, not for us.
        unshare(CloneFlags::CLONE_NEWPID)?;
        let started = Self::start(command);
        // Our next children, the worker among them, are not to be born into a dead namespace.
        setns(&own, CloneFlags::CLONE_NEWPID)?;
        started
    }

    /// Has the kernel end it, without waiting until it is gone: that takes some milliseconds, in
    /// which there is other work. It is certain to be gone only when this is dropped.
    pub fn kill(&mut self) {
        // Fails only for a child that is gone and waited for.
        let _ = self.0.kill();
    }

    /// How it ended, if it does so within `patience`.
    pub fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            match self.0.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(1)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
    }

    /// Waits for its end, and gives what comes from `pipe` to `hear`.
    ///
    /// # Errors
    /// A signal that ends the boot; the end of the budget.
    pub fn wait(
        &mut self,
        signals: &Signals,
        budget: &Budget,
        pipe: &File,
        hear: &mut dyn FnMut(&[u8]),
    ) -> Result<ExitStatus, Failure> {
        let refused = |error: io::Error| Failure::not_permitted("waiting", &error);
        fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|error| refused(error.into()))?;
        let mut open = true;
        loop {
            signals.check()?;
            // Before the pipe is read: what was said before the end is heard then.
            let ended = self.0.try_wait().map_err(refused)?;
            open = open && read_all(pipe, hear);
            if let Some(status) = ended {
                return Ok(status);
            }
            if budget.is_over() {
                return Err(Failure::new(
                    Reason::Deadline,
                    format!("the boot's time of {} s is over", budget.total().as_secs()),
                ));
            }
            // SIGCHLD wakes this; the limit is for one that came before try_wait.
            let wait = budget.left().min(Duration::from_millis(100));
            let events = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let mut wanted: Vec<PollFd<'_>> = vec![events(signals.as_fd())];
            let pipe: Option<BorrowedFd<'_>> = open.then(|| pipe.as_fd());
            wanted.extend(pipe.map(events));
            let _ = poll(&mut wanted, PollTimeout::from(poll_milliseconds(wait)));
        }
    }
}

/// Reads what is there. Returns whether there can be more.
fn read_all(mut pipe: &File, hear: &mut dyn FnMut(&[u8])) -> bool {
    let mut buffer = [0; 4096];
    // Bounded: a child that never stops writing must not keep us from looking at the clock.
    for _ in 0..64 {
        match pipe.read(&mut buffer) {
            Ok(0) => return false,
            Ok(length) => hear(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
    true
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // As for killing it.
        let _ = self.0.wait();
    }
}

//! Child processes: the worker and pygrub. Each dies with us, whatever ends us.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use std::os::fd::AsFd;

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
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        // The parent's death is that of the thread that forks: the supervisor has only one.
        let bind = || prctl::set_pdeathsig(Signal::SIGKILL).map_err(std::io::Error::from);
        // SAFETY: between fork and exec only async-signal-safe functions may be called; prctl
        // is a bare system call, and neither it nor the conversion of its error allocates.
        unsafe { command.pre_exec(bind) };
        command.spawn().map(Self)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// A signal that ends the boot; the end of the budget.
    pub fn wait(&mut self, signals: &Signals, budget: &Budget) -> Result<ExitStatus, Failure> {
        loop {
            signals.check()?;
            let ended = self.0.try_wait();
            if let Some(status) =
                ended.map_err(|error| Failure::not_permitted("waiting", &error))?
            {
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
            let mut wanted = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut wanted, PollTimeout::from(poll_milliseconds(wait)));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a child that is gone and waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

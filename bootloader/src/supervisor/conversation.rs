//! The supervisor's side of the talk with the worker. Every report is taken as coming from
//! somebody who may have been taken over by the network: bounded, and checked before use.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::process::Process;
use super::signals::Signals;
use crate::budget::{Budget, poll_milliseconds};
use crate::console::{Console, Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::authorities::Authorities;
use crate::lease::is_usable;
use crate::limits::{MAX_INITRDS, MAX_LOG, MAX_MESSAGES};
use crate::link::{Addressing, Link};
use crate::text;
use crate::worker::channel::{self, Channel, ChannelError};
use crate::worker::message::{Addresses, Instruction, Job, Planned, PlannedAction, Report};

/// The worker notices the end of the budget itself and can say more about it.
const GRACE: Duration = Duration::from_millis(500);

/// A worker, and the talk with it. It dies when this is dropped.
pub struct Conversation<'a> {
    // Declared first, so that the worker goes before its channel does.
    worker: Process,
    line: Channel<Instruction, Report>,
    signals: &'a Signals,
    budget: &'a Budget,
    console: &'a Console,
    heard: usize,
    /// Bytes of the worker's lines that were shown.
    shown: usize,
}

impl<'a> Conversation<'a> {
    /// Starts a worker inside `link` and gives it `job`, and `authorities` if the job names some.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`] when it cannot be started.
    pub fn begin(
        link: &mut Link,
        job: Job,
        authorities: Option<&Authorities>,
        signals: &'a Signals,
        budget: &'a Budget,
        console: &'a Console,
    ) -> Result<Self, Failure> {
        let refused =
            |error: &dyn std::fmt::Display| Failure::not_permitted("starting the worker", error);
        let (line, theirs) = channel::pair().map_err(|error| refused(&error))?;
        let worker = link.within(|| start_worker(theirs))?.map_err(|error| refused(&error))?;
        let mut conversation = Self { worker, line, signals, budget, console, heard: 0, shown: 0 };
        let (packets, client_port) = link.take_sockets();
        let mut descriptors = VecDeque::new();
        descriptors.extend(packets.as_ref().map(AsFd::as_fd));
        descriptors.extend(authorities.map(|authorities| authorities.file.as_fd()));
        descriptors.extend(client_port.as_ref().map(AsFd::as_fd));
        conversation.tell(&Instruction::Begin(Box::new(job)), descriptors.make_contiguous())?;
        Ok(conversation)
    }

    /// Tells the worker something.
    ///
    /// # Errors
    /// It is gone.
    pub fn tell(
        &mut self,
        instruction: &Instruction,
        descriptors: &[std::os::fd::BorrowedFd<'_>],
    ) -> Result<(), Failure> {
        self.line.say(instruction, descriptors).map_err(|error| self.gone(&error))
    }

    /// Why there is nobody to talk to.
    fn gone(&mut self, error: &ChannelError) -> Failure {
        let ChannelError::Closed = error else {
            return Failure::bug(format!("talking to the worker: {error}"));
        };
        let signal = self.worker.end(GRACE).and_then(|status| status.signal());
        match signal {
            Some(libc::SIGSYS) => Failure::bug(
                "the worker was ended by its sandbox, for a system call that it never needs (or \
                 somebody on the guest's network has taken it over)",
            ),
            // Nothing of ours sends it: the kernel does, to the largest process, or a person.
            Some(libc::SIGKILL) => Failure::new(
                Reason::NotPermitted,
                "the worker process was killed (signal 9): if nobody did that, dom0 has run out \
                 of memory, and its kernel's log says so",
            ),
            // It has no memory to say so itself, and nothing to say it on.
            Some(libc::SIGABRT) => Failure::bug(
                "the worker ended itself (signal 6), for want of memory or by a mistake: if dom0 \
                 has memory to spare",
            ),
            Some(signal) => Failure::bug(format!("the worker was ended by signal {signal}")),
            None => Failure::bug("the worker died"),
        }
    }

    /// The next report that is no line for the console; those are shown.
    ///
    /// # Errors
    /// The worker's failure; its death; a signal; the end of the budget.
    pub fn hear(&mut self) -> Result<Report, Failure> {
        loop {
            self.wait()?;
            let (report, descriptors) = self.line.hear().map_err(|error| self.gone(&error))?;
            drop(descriptors); // none is ever expected from there
            self.heard += 1;
            if self.heard > MAX_MESSAGES {
                return Err(Failure::bug("the worker does not stop talking"));
            }
            match report {
                Report::Line(level, text) => self.show(level, &text),
                Report::Failed(failure) => return Err(failure),
                other => return Ok(other),
            }
        }
    }

    /// Ends the worker, and the network that it has worked in: side by side, as the kernel takes
    /// its time for both. Both are gone when this returns.
    pub fn end(mut self, link: Link) {
        self.worker.kill();
        drop(link);
        drop(self);
    }

    fn show(&mut self, level: Level, text: &str) {
        if self.shown >= MAX_LOG || !self.console.hears(level) {
            return;
        }
        let line = text::printable(text.as_bytes());
        self.shown = self.shown.saturating_add(line.len());
        self.console.say(level, &line);
        if self.shown >= MAX_LOG {
            let why = "the worker has said so much that no more of it is shown";
            self.console.say(Level::Step, why);
        }
    }

    fn out_of_time(&self) -> Failure {
        Failure::new(
            Reason::Deadline,
            format!(
                "the boot did not come to an end in {} s: give it more with --deadline",
                self.budget.total().as_secs()
            ),
        )
    }

    /// Waits for a report.
    fn wait(&self) -> Result<(), Failure> {
        loop {
            self.signals.check()?;
            // Whatever the worker says, and however often, does not move the end.
            if Instant::now() >= self.budget.end() + GRACE {
                return Err(self.out_of_time());
            }
            let left = (self.budget.left() + GRACE).min(Duration::from_secs(30));
            let mut wanted = [
                PollFd::new(self.line.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut wanted, PollTimeout::from(poll_milliseconds(left))) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(Failure::bug(format!("waiting for the worker: {error}"))),
            }
            let [report, _] = &wanted;
            if report.any() == Some(true) {
                return Ok(());
            }
        }
    }
}

/// The same binary, with nothing of ours but its end of the channel.
fn start_worker(line: OwnedFd) -> std::io::Result<Process> {
    Process::start(
        Command::new("/proc/self/exe")
            .arg0("rpxeboot")
            .arg(crate::worker::WORD)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(line))
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}

/// A lease that the worker reports, made fit for the kernel.
///
/// # Errors
/// An address that no guest can have.
pub fn checked_addresses(addresses: Addresses) -> Result<Addressing, Failure> {
    let Addresses { address, prefix, router } = addresses;
    let is_network = (1..=32).contains(&prefix);
    if !is_usable(address) || !is_network || router.is_some_and(|router| !is_usable(router)) {
        return Err(Failure::bug(format!("the worker reports the lease {address}/{prefix}")));
    }
    Ok(Addressing { address, prefix, router })
}

/// A plan that the worker reports, within its limits. The command line has its own check.
///
/// # Errors
/// More ramdisks than there are files for, or text that would not have come from a real plan.
pub fn checked_plan(planned: Planned) -> Result<Planned, Failure> {
    let is_shown = |text: &str| !text.chars().any(char::is_control);
    let names = [&planned.server, &planned.boot_file, &planned.config, &planned.label];
    let mut is_right = names.into_iter().flatten().all(|text| is_shown(text));
    if let PlannedAction::Kernel { kernel, initrds, .. } = &planned.action {
        is_right &= initrds.len() <= MAX_INITRDS
            && std::iter::once(kernel).chain(initrds).all(|url| is_shown(url));
    }
    if is_right { Ok(planned) } else { Err(Failure::bug("the worker reports an impossible plan")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(initrds: usize, label: &str) -> Planned {
        Planned {
            server: None,
            boot_file: None,
            config: None,
            label: Some(label.to_owned()),
            action: PlannedAction::Kernel {
                kernel: "tftp://10.0.0.1/k".to_owned(),
                initrds: vec!["tftp://10.0.0.1/i".to_owned(); initrds],
                args: Vec::new(),
            },
        }
    }

    #[test]
    fn a_worker_that_was_taken_over_cannot_ask_for_more_files_or_paint_the_screen() {
        assert!(checked_plan(plan(MAX_INITRDS, "linux")).is_ok());
        assert!(checked_plan(plan(MAX_INITRDS + 1, "linux")).is_err());
        assert!(checked_plan(plan(1, "\u{1b}[2J")).is_err());
    }

    #[test]
    fn a_lease_must_be_one() {
        let lease = |address: [u8; 4], prefix, router: Option<[u8; 4]>| {
            checked_addresses(Addresses {
                address: address.into(),
                prefix,
                router: router.map(Into::into),
            })
        };
        assert!(lease([10, 0, 0, 7], 24, Some([10, 0, 0, 1])).is_ok());
        assert!(lease([127, 0, 0, 1], 24, None).is_err());
        assert!(lease([10, 0, 0, 7], 33, None).is_err());
        assert!(lease([10, 0, 0, 7], 0, None).is_err());
        assert!(lease([10, 0, 0, 7], 24, Some([255, 255, 255, 255])).is_err());
    }
}

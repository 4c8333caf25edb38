//! The course of an installation, as a state machine: what is seen goes in, what to do and what
//! to tell comes out. No I/O, and no clock: the time since the start comes with each sight.
//!
//! xl runs the bootloader at each start, the guest's own reboots too (libxl_bootloader.c,
//! xl_vmcontrol.c), and each start has a new domid. So an installation is a row of boots: from
//! the network until the installer has left a system on the disk, then from there.

use std::time::Duration;

use super::event::Event;
use crate::host::bootloader_log::{Origin, path as log};
use crate::host::xl_log::Reason;

/// How often the network may be booted before something is wrong with the installer. It takes
/// one; one that was broken off takes more.
pub const MAX_NETWORK_BOOTS: u32 = 3;
/// How long a guest must have been up from disk: its kernel has found its root by then, or
/// panicked.
pub const SETTLED: Duration = Duration::from_secs(5);
/// A domain that has shut down is gone sooner, unless its config says `preserve`.
const SHUT_DOWN: Duration = Duration::from_secs(60);

/// What a running domain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Its bootloader runs, or xl builds it.
    Starting,
    /// Its kernel runs.
    Running(Origin),
    /// It has ended, and waits for xl to clean up.
    Ending,
    /// Its kernel panicked, and xl keeps what is left.
    Crashed,
}

/// A domain of this guest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub domid: u32,
    /// What it does.
    pub doing: Doing,
    /// Its memory.
    pub memory_mib: u64,
    /// Processor time that it has had, in tenths of a second.
    pub cpu_tenths: u64,
    /// Bytes written to its disk; none when nobody counts them.
    pub written: Option<u64>,
}

/// What is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// A line of the bootloader of this domain's.
    Line(u32, String),
    /// `xl create` ended; if badly, with its last words.
    Created(Result<(), String>),
    /// The guest's domain.
    Domain(Seen),
    /// It has none, and no xl is going to start it again; with the reason of its last end.
    Gone(Reason),
    /// Its installer says that it is done.
    InstallerDone,
    /// Somebody wants us to stop: Ctrl-C, or a signal.
    Interrupted,
    /// `--timeout` is over.
    TimedOut,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Tell this.
    Tell(Event),
    /// Run `xl create`.
    Create,
    /// Destroy the domain: its bootloader has been given up.
    Destroy,
    /// Let the guest's next start look at its disk first.
    DiskFirst,
    /// Make it boot from disk for good.
    Finalize,
    /// That is all.
    End(Ending),
}

/// How it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Up from disk. Whether anything was installed: else a system was there already.
    Installed(bool),
    /// `--detach`: the guest goes on alone.
    Detached,
    /// It goes on, but nobody follows it: why.
    Left(String),
    /// It did not work out: why.
    Failed(String),
}

/// The course of one installation.
#[derive(Debug)]
pub struct Story {
    guest: String,
    detach: bool,
    /// Whether every start would be from the network, as the config is now.
    network_order: bool,
    creating: bool,
    leaving: Option<String>,
    network_boots: u32,
    boot: Option<Boot>,
}

/// The boot that is going on.
#[derive(Debug)]
struct Boot {
    domid: u32,
    /// The bootloader's last complaint.
    complaint: Option<String>,
    origin: Option<Origin>,
    /// What it had written when it was last seen.
    written: Option<u64>,
    /// When it was first seen running, and its processor time then.
    up: Option<(Duration, u64)>,
    shut_down: Option<Duration>,
}

impl Story {
    /// The beginning: the first act is [`Act::Create`].
    ///
    /// `network_order`: the config boots the network at every start, so that the installed
    /// guest's own reboot would install it again.
    #[must_use]
    pub fn new(guest: &str, network_order: bool, detach: bool) -> Self {
        Self {
            guest: guest.to_owned(),
            detach,
            network_order,
            creating: true,
            leaving: None,
            network_boots: 0,
            boot: None,
        }
    }

    /// Whether `xl create` runs.
    #[must_use]
    pub fn is_creating(&self) -> bool {
        self.creating
    }

    /// What follows from what was seen at `now`, counted from the start.
    pub fn see(&mut self, now: Duration, sight: Sight) -> Vec<Act> {
        match sight {
            Sight::Line(domid, line) => self.line(domid, line),
            Sight::Created(result) => self.created(result),
            Sight::Domain(seen) => self.domain(now, &seen),
            Sight::Gone(reason) => self.gone(reason),
            Sight::InstallerDone => vec![Act::Tell(Event::InstallerDone)],
            Sight::Interrupted => self.leave("stopped"),
            Sight::TimedOut => self.leave("the time is over"),
        }
    }

    fn line(&mut self, domid: u32, line: String) -> Vec<Act> {
        let boot = self.boot_of(domid);
        if let Some(complaint) = line.strip_prefix("error: ") {
            boot.complaint = Some(complaint.to_owned());
            // It is told with the failure.
            return vec![];
        }
        vec![Act::Tell(Event::Bootloader { domid, line })]
    }

    fn created(&mut self, result: Result<(), String>) -> Vec<Act> {
        self.creating = false;
        match (result, self.leaving.take()) {
            (Ok(()), Some(why)) => vec![self.left(&why)],
            (Ok(()), None) => vec![],
            (Err(words), why) => {
                let complaint = self.boot.as_mut().and_then(|boot| boot.complaint.take());
                let stopped = why.map(|why| format!("{why}; ")).unwrap_or_default();
                let guest = &self.guest;
                failed(match (complaint, &self.boot) {
                    (Some(complaint), _) => format!("{stopped}{guest} did not start: {complaint}"),
                    (None, Some(boot)) => format!(
                        "{stopped}{guest} did not start: {words} (its bootloader's log: {})",
                        log(boot.domid).display()
                    ),
                    (None, None) => format!("{stopped}{guest} did not start: {words}"),
                })
            }
        }
    }

    fn domain(&mut self, now: Duration, seen: &Seen) -> Vec<Act> {
        let mut acts = Vec::new();
        let before = self.boot.as_ref().filter(|boot| boot.domid != seen.domid);
        if let Some(written) = before.filter(|_| !self.creating).map(|boot| boot.written) {
            acts.push(Act::Tell(Event::Rebooted { domid: seen.domid, written }));
        }
        let is_creating = self.creating;
        let boot = self.boot_of(seen.domid);
        boot.written = seen.written.or(boot.written);
        match seen.doing {
            Doing::Starting => {}
            Doing::Crashed => acts.push(self.crashed()),
            Doing::Ending => {
                let since = *boot.shut_down.get_or_insert(now);
                if now.saturating_sub(since) >= SHUT_DOWN {
                    acts.extend(failed(format!(
                        "{} has shut down, and xl keeps its domain {}: does its config say \
                         \"preserve\"? `xl destroy {0}`, then `vmprov install {0}`",
                        self.guest, seen.domid
                    )));
                }
            }
            // The console shows what a boot is before `xl create` ends; all else has to wait.
            Doing::Running(_) if is_creating => {}
            Doing::Running(origin) => match boot.up {
                None => {
                    boot.up = Some((now, seen.cpu_tenths));
                    boot.origin = Some(origin);
                    acts.extend(self.up(seen, origin));
                }
                Some(since) => acts.extend(self.going_on(now, seen, origin, since)),
            },
        }
        acts
    }

    /// The first sight of a kernel that runs.
    fn up(&mut self, seen: &Seen, origin: Origin) -> Vec<Act> {
        let up = Act::Tell(Event::Up { domid: seen.domid, origin });
        match origin {
            Origin::Unknown => failed(format!(
                "{0} runs, but nothing says what it booted from (no {1}): look at it by `xl \
                 console {0}`; `vmprov finalize {0}` once it is installed",
                self.guest,
                log(seen.domid).display()
            )),
            Origin::Disk => vec![up],
            Origin::Network => {
                self.network_boots += 1;
                let mut acts = Vec::new();
                if self.network_boots > 1 {
                    acts.push(Act::Tell(Event::NothingInstalled { boots: self.network_boots }));
                }
                acts.push(up);
                if self.network_order {
                    self.network_order = false;
                    acts.push(Act::DiskFirst);
                }
                if self.network_boots > MAX_NETWORK_BOOTS {
                    acts.extend(failed(format!(
                        "{0} has booted over the network {MAX_NETWORK_BOOTS} times, and each time \
                         its installer left no system on the disk: see what it says by `xl console \
                         {0}`. It runs on",
                        self.guest
                    )));
                } else if self.detach {
                    acts.push(Act::End(Ending::Detached));
                }
                acts
            }
        }
    }

    fn going_on(
        &mut self,
        now: Duration,
        seen: &Seen,
        origin: Origin,
        (since, cpu_tenths): (Duration, u64),
    ) -> Vec<Act> {
        if origin == Origin::Network {
            return vec![Act::Tell(Event::Installing {
                seconds: now.saturating_sub(since).as_secs(),
                memory_mib: seen.memory_mib,
                written: seen.written,
            })];
        }
        if now.saturating_sub(since) < SETTLED || seen.cpu_tenths <= cpu_tenths {
            return vec![];
        }
        vec![Act::Finalize, Act::End(Ending::Installed(self.network_boots > 0))]
    }

    fn gone(&mut self, reason: Reason) -> Vec<Act> {
        if self.creating {
            return vec![];
        }
        let guest = &self.guest;
        let Some(boot) = &self.boot else {
            return failed(format!("{guest} was gone as soon as it was there: see /var/log/xen"));
        };
        if boot.up.is_none() {
            // It was on its way up again.
            let why = boot
                .complaint
                .clone()
                .unwrap_or_else(|| format!("see {}", log(boot.domid).display()));
            return failed(format!("{guest} did not start again after its reboot: {why}"));
        }
        match (reason, boot.origin) {
            (Reason::Crash, _) => vec![self.crashed()],
            (_, Some(Origin::Disk)) => failed(format!(
                "{guest} came up from disk and was gone at once: `xl create` it and see what it \
                 says by `xl console {guest}`; `vmprov finalize {guest}` once it is right"
            )),
            _ => {
                let off = Event::Off { domid: boot.domid, written: boot.written };
                self.creating = true;
                self.boot = None;
                vec![Act::Tell(off), Act::Create]
            }
        }
    }

    fn crashed(&self) -> Act {
        let from = match self.boot.as_ref().and_then(|boot| boot.origin) {
            Some(Origin::Disk) => "the system on its disk",
            _ => "what it booted over the network",
        };
        let guest = &self.guest;
        Act::End(Ending::Failed(format!(
            "{guest} crashed: {from} panicked. Its console says why: {CONSOLE_LOGS}/guest-{guest}.log \
             if xenconsoled keeps logs, else `xl create -c` it"
        )))
    }

    fn leave(&mut self, why: &str) -> Vec<Act> {
        if !self.creating {
            return vec![self.left(why)];
        }
        // Cut off half way, xl would leave a domain that never runs (SIGHUP to the bootloader,
        // the domain paused): so its end is waited for.
        if self.leaving.replace(why.to_owned()).is_some() {
            return vec![Act::Tell(Event::Destroying), Act::Destroy];
        }
        vec![Act::Tell(Event::Leaving)]
    }

    fn left(&self, why: &str) -> Act {
        let guest = &self.guest;
        Act::End(Ending::Left(format!(
            "{why}: {guest} runs on, and nobody follows it: `vmprov status {guest}` shows where it \
             is, `xl console {guest}` what it says; `vmprov finalize {guest}` when it is installed"
        )))
    }

    fn boot_of(&mut self, domid: u32) -> &mut Boot {
        let fresh = || Boot {
            domid,
            complaint: None,
            origin: None,
            written: None,
            up: None,
            shut_down: None,
        };
        let boot = self.boot.get_or_insert_with(fresh);
        if boot.domid != domid {
            *boot = fresh();
        }
        boot
    }
}

/// Where xenconsoled keeps what guests say, when it does.
const CONSOLE_LOGS: &str = "/var/log/xen/console";

fn failed(why: String) -> Vec<Act> {
    vec![Act::End(Ending::Failed(why))]
}

#[cfg(test)]
mod tests;

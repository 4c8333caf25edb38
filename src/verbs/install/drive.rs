//! xl, signals and time: what [`Story`] is fed with, and what it wants done.

use std::fs::File;
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::event::{Event, Teller};
use super::story::{Act, Doing, Ending, Seen, Sight, Story};
use super::watch::Watch;
use crate::cli::Finalize;
use crate::config::GuestConfig;
use crate::config::boot_mode::BootMode;
use crate::config::switch::{self, Beside, NetBoot};
use crate::failure::Failure;
use crate::host::domains::Xl;
use crate::host::program;
use crate::verbs::Here;
use crate::verbs::finalize;
use crate::verbs::switching::{Switch, locked_patiently};

/// How often is looked while a bootloader may run: it is over in seconds.
const QUICK: Duration = Duration::from_millis(200);
/// How often else.
const SLOW: Duration = Duration::from_secs(1);
/// xl may fail to list the domains while one comes or goes; not as often as this.
const MAX_BLIND: u32 = 10;
/// After the time is over, a bootloader that does not end gets this long.
const GRACE: Duration = Duration::from_secs(120);

/// What is installed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Installation<'a> {
    /// The guest.
    pub config: &'a GuestConfig,
    /// What to do in the end.
    pub finalize: &'a Finalize,
    /// Whether the config boots the network at every start.
    pub network_order: bool,
    /// This host's xl.
    pub xl: &'a Xl,
    /// Places, and who is told.
    pub here: Here<'a>,
}

impl Installation<'_> {
    /// Starts the guest and follows it until it is up from disk, at most for `timeout`.
    ///
    /// # Errors
    /// It does not get there.
    pub fn follow(self, timeout: Duration, detach: bool) -> Result<(), Failure> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("starting: {error}")))?;
        let followed =
            runtime.block_on(async { Follower::new(self, detach, timeout)?.run().await });
        // A look that is still going on is not worth waiting for.
        runtime.shutdown_background();
        followed
    }
}

/// One run.
struct Follower<'a> {
    installation: Installation<'a>,
    story: Story,
    teller: Teller,
    start: Instant,
    deadline: tokio::time::Instant,
    creating: Option<Creating>,
    /// Those that are not to be passed over: nohup and shells have some ignored.
    signals: Vec<Signal>,
    domid: Option<u32>,
}

/// An `xl create` that runs.
struct Creating {
    child: Child,
    words: File,
}

impl<'a> Follower<'a> {
    fn new(
        installation: Installation<'a>,
        detach: bool,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let heard = kinds.into_iter().filter(|kind| !is_ignored(*kind)).map(signal);
        let heard: Result<Vec<Signal>, _> = heard.collect();
        let start = Instant::now();
        Ok(Self {
            installation,
            story: Story::new(&installation.config.name, installation.network_order, detach),
            teller: Teller::new(*installation.here.console),
            start,
            deadline: (start + timeout).into(),
            creating: None,
            signals: heard
                .map_err(|error| Failure::failed(format!("listening to signals: {error}")))?,
            domid: None,
        })
    }

    async fn run(mut self) -> Result<(), Failure> {
        self.create()?;
        let watch = Watch::new(self.installation.config, *self.installation.here.console);
        let mut blind = 0;
        let mut look = Box::pin(look(watch, Duration::ZERO, true));
        let mut ended: Option<Result<(), String>> = None;
        loop {
            let sights: Vec<Sight> = tokio::select! {
                (mut watch, seen) = &mut look => {
                    blind = if seen.is_ok() { 0 } else { blind + 1 };
                    let mut sights = match seen {
                        Err(failure) if blind >= MAX_BLIND => {
                            return Err(failure.and(self.goes_on()));
                        }
                        seen => seen.unwrap_or_default(),
                    };
                    // Only now: what its bootloader said comes before its end.
                    if let Some(result) = ended.take() {
                        sights.extend(created(&mut watch, result));
                    }
                    let is_quick = self.creating.is_some() || !is_running(&sights);
                    let pause = if is_quick { QUICK } else { SLOW };
                    look = Box::pin(self::look(watch, pause, self.creating.is_some()));
                    sights
                }
                result = end_of(&mut self.creating) => {
                    ended = Some(result);
                    self.creating = None;
                    vec![]
                }
                () = any(&mut self.signals) => vec![Sight::Interrupted],
                () = tokio::time::sleep_until(self.deadline) => {
                    self.deadline += GRACE;
                    vec![Sight::TimedOut]
                }
            };
            for sight in sights {
                if let Sight::Domain(seen) = &sight {
                    self.domid = Some(seen.domid);
                }
                let now = self.start.elapsed();
                for act in self.story.see(now, sight) {
                    if let Some(result) = self.perform(now, act)? {
                        return result;
                    }
                }
            }
        }
    }

    fn perform(&mut self, now: Duration, act: Act) -> Result<Option<Result<(), Failure>>, Failure> {
        match act {
            Act::Tell(event) => self.teller.tell(now, &event)?,
            Act::Create => self.create()?,
            Act::Destroy => self.destroy(),
            Act::DiskFirst => {
                self.disk_first().map_err(|failure| failure.and(self.goes_on()))?;
                self.teller.tell(now, &Event::DiskFirst)?;
            }
            Act::Finalize => {
                let event = self.finalize().map_err(|failure| failure.and(self.goes_on()))?;
                self.teller.tell(now, &event)?;
            }
            Act::End(ending) => return self.end(now, ending).map(Some),
        }
        Ok(None)
    }

    fn end(&mut self, now: Duration, ending: Ending) -> Result<Result<(), Failure>, Failure> {
        let (guest, domid) = (self.installation.config.name.clone(), self.domid);
        let event = match ending {
            Ending::Left(why) | Ending::Failed(why) => return Ok(Err(Failure::failed(why))),
            Ending::Detached => Event::Detached { guest, domid },
            Ending::Installed(installed) => {
                Event::Done { guest, domid, seconds: now.as_secs(), installed }
            }
        };
        self.teller.tell(now, &event)?;
        Ok(Ok(()))
    }

    /// Runs `xl create`, in a process group of its own: a terminal's Ctrl-C is for us, and would
    /// leave xl with a domain that never runs.
    fn create(&mut self) -> Result<(), Failure> {
        let config = self.installation.config.path.clone();
        let failure =
            |error: std::io::Error| Failure::failed(format!("running xl create: {error}"));
        let words = program::scratch().map_err(failure)?;
        let handed = || words.try_clone().map(|file| Stdio::from(OwnedFd::from(file)));
        let mut command = Command::from(self.installation.xl.command("create"));
        command.arg(&config).process_group(0).stdin(Stdio::null());
        command.stdout(handed().map_err(failure)?).stderr(handed().map_err(failure)?);
        self.teller.tell(self.start.elapsed(), &Event::Starting { config })?;
        let child = command.spawn().map_err(failure)?;
        self.creating = Some(Creating { child, words });
        Ok(())
    }

    /// Gives a bootloader up. It may be over by itself just now; `xl create` says how it ended.
    fn destroy(&self) {
        let Some(domid) = self.domid else { return };
        let mut command = self.installation.xl.command("destroy");
        command.arg(domid.to_string());
        if let Err(failure) = program::run_well(command, self.installation.here.console) {
            self.installation.here.console.note(&failure.message);
        }
    }

    /// The guest was to boot the network at every start: the installed system's first start
    /// would install it again.
    fn disk_first(&self) -> Result<(), Failure> {
        let here = self.installation.here;
        let (config, _lock) = locked_patiently(&self.installation.finalize.guest, here)?;
        if !matches!(BootMode::of(&config.document), BootMode::Network { .. }) {
            // Somebody has finalized it meanwhile.
            return Ok(());
        }
        let boot = NetBoot { label: None, disk_first: true };
        let switched = switch::to_network(&config.document, &boot, Beside::default())
            .map_err(|error| Failure::refused(format!("{}: {error}", config.path.display())))?;
        let undo = format!("vmprov netboot {}", config.name);
        Switch::plan(&config, switched, undo, here)?.make(here).map(drop)
    }

    fn finalize(&self) -> Result<Event, Failure> {
        let here = self.installation.here;
        let (config, _lock) = locked_patiently(&self.installation.finalize.guest, here)?;
        let boots = BootMode::of(&config.document);
        if matches!(boots, BootMode::Disk { .. } | BootMode::Kernel { .. }) {
            return Ok(Event::Finalized { boots, changed: false });
        }
        let done = finalize::plan(&config, self.installation.finalize, here)?.make(here)?;
        for note in &done.notes {
            here.console.note(note);
        }
        Ok(Event::Finalized { boots: done.boots, changed: done.changed })
    }

    fn goes_on(&self) -> String {
        let name = &self.installation.config.name;
        format!("{name} runs on: `vmprov status {name}` shows where it is")
    }
}

/// One look after a pause, on a thread: xl takes its time, and signals must not wait for it.
async fn look(
    mut watch: Watch,
    pause: Duration,
    is_creating: bool,
) -> (Watch, Result<Vec<Sight>, Failure>) {
    sleep(pause).await;
    let look = spawn_blocking(move || {
        let sights = watch.look(is_creating);
        (watch, sights)
    });
    match look.await {
        Ok(looked) => looked,
        // It does not panic, and nobody aborts it.
        Err(_) => std::future::pending().await,
    }
}

/// The end of `xl create`, if it runs: its words when it failed.
async fn end_of(creating: &mut Option<Creating>) -> Result<(), String> {
    let Some(creating) = creating else { return std::future::pending().await };
    match creating.child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let words = program::rest(&mut creating.words).unwrap_or_default();
            Err(if words.trim().is_empty() { format!("xl create: {status}") } else { words })
        }
        Err(error) => Err(format!("waiting for xl create: {error}")),
    }
}

/// What its bootloader said to the last, and that `xl create` has ended so.
fn created(watch: &mut Watch, result: Result<(), String>) -> Vec<Sight> {
    let words = result.as_ref().err().map_or("", String::as_str);
    let mut sights = watch.created(words);
    sights.push(Sight::Created(result.map_err(|words| reason(&words))));
    sights
}

/// Whether a kernel runs; else a bootloader does now or soon, whose words can be heard.
fn is_running(sights: &[Sight]) -> bool {
    let is_running = |seen: &Seen| matches!(seen.doing, Doing::Running(_));
    sights.iter().any(|sight| matches!(sight, Sight::Domain(seen) if is_running(seen)))
}

async fn any(signals: &mut [Signal]) {
    poll_fn(|context| {
        let came = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if came { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Whether this process was started with a signal ignored (proc(5), SigIgn).
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

/// Of all that xl says when it fails, its first complaint: the later ones come from tidying up.
fn reason(words: &str) -> String {
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().find(|line| line.contains("error"));
    let line = first.or_else(|| lines.next_back()).unwrap_or("xl create failed");
    // `libxl: error: FILE:LINE:FUNCTION: …`
    let said = line.strip_prefix("libxl: error: ").and_then(|rest| rest.split_once(": "));
    said.map_or(line, |(_, said)| said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xls_first_complaint_is_the_reason() {
        let words = "Parsing config from /etc/xen/RK.cfg\n\
            libxl: error: libxl_disk.c:345:libxl__device_disk_set_backend: Disk vdev=xvda failed to stat: /x\n\
            libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 15:Non-existant domain\n";
        assert_eq!(reason(words), "Disk vdev=xvda failed to stat: /x");
        assert_eq!(
            reason("failed to free memory for the domain\n"),
            "failed to free memory for the domain"
        );
        assert_eq!(reason(""), "xl create failed");
    }
}

//! One contest: several commands that do the same job, in rounds, on the same machine.

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use netns_tests::memory::Watch;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

/// Whoever takes longer has not done the job.
const LIMIT: Duration = Duration::from_secs(60);

/// Looks at what a run has said and brought.
type Check<'a> = dyn Fn(&Output) -> Result<(), String> + 'a;

/// A command that takes part.
pub struct Contender<'a> {
    name: String,
    command: Box<dyn Fn() -> Command + 'a>,
    check: Box<Check<'a>>,
}

/// What one run took.
#[derive(Debug, Clone)]
pub struct Run {
    /// Wall time, or what is wrong with what it brought.
    pub outcome: Result<Duration, String>,
    /// Of the processor, its own and the kernel's for it; what clients and not servers take.
    pub cpu: Duration,
    /// The most that one of its processes had in memory, in KiB. Shells of pipelines count too.
    pub peak_kib: u64,
}

impl<'a> Contender<'a> {
    /// `command` makes the command anew for each run; `check` looks at what it has
    /// printed and brought.
    pub fn new(
        name: &str,
        command: impl Fn() -> Command + 'a,
        check: impl Fn(&Output) -> Result<(), String> + 'a,
    ) -> Self {
        Self { name: name.to_owned(), command: Box::new(command), check: Box::new(check) }
    }

    fn run(&self) -> Run {
        let mut command = (self.command)();
        // Of its own, so that all of a pipeline can be ended.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let cpu_before = cpu_of_children();
        let start = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let id = child.id();
        let watch = Watch::start(id);
        let (ended, end) = mpsc::channel::<()>();
        let guard = thread::spawn(move || {
            if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = killpg(Pid::from_raw(id.cast_signed()), Signal::SIGKILL);
            }
        });
        let output =
            child.wait_with_output().unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let time = start.elapsed();
        drop(ended);
        let peak = watch.peak();
        guard.join().expect("the guard only waits");
        let outcome = if time >= LIMIT {
            Err(format!("over {} s", LIMIT.as_secs()))
        } else if output.status.success() {
            (self.check)(&output).map(|()| time)
        } else {
            Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
        };
        Run {
            outcome,
            cpu: cpu_of_children().saturating_sub(cpu_before),
            peak_kib: peak.supervisor_kib.max(peak.worker_kib),
        }
    }
}

/// Whom all children that were waited for have taken.
fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage of children");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}

/// Where a contest stands in the report.
#[derive(Debug, Clone)]
pub struct Place {
    /// The table it belongs to.
    pub section: &'static str,
    /// What is done.
    pub title: String,
    /// Where it stands on a plot's axis, in what the section's axis counts.
    pub x: Option<f64>,
    /// Bytes that each run moves; 0 where that says nothing.
    pub bytes: u64,
}

/// A contest and its runs; the first contender is the one that the others are compared with.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Where it stands in the report.
    pub place: Place,
    /// Who took part, and each one's runs.
    pub entries: Vec<(String, Vec<Run>)>,
}

impl Contest {
    /// Lets `contenders` run `runs` times each, in turn, after a round that does not count.
    pub fn hold(place: Place, runs: usize, contenders: &[Contender<'_>]) -> Self {
        for contender in contenders {
            contender.run();
        }
        Self::hold_cold(place, runs, contenders)
    }

    /// The same without a round beforehand, for what takes long enough by itself.
    pub fn hold_cold(place: Place, runs: usize, contenders: &[Contender<'_>]) -> Self {
        eprintln!("{}: {}", place.section, place.title);
        let mut entries: Vec<(String, Vec<Run>)> =
            contenders.iter().map(|contender| (contender.name.clone(), Vec::new())).collect();
        for _ in 0..runs {
            for (contender, (name, runs)) in contenders.iter().zip(&mut entries) {
                let run = contender.run();
                if let Err(why) = &run.outcome {
                    eprintln!("  {name}: {why}");
                }
                runs.push(run);
            }
        }
        Self { place, entries }
    }

    /// The median of a contender's wall times; none when it failed in half of its runs.
    pub fn median(&self, contender: usize) -> Option<Duration> {
        let (_, runs) = &self.entries[contender];
        let mut times: Vec<Option<Duration>> =
            runs.iter().map(|run| run.outcome.clone().ok()).collect();
        // A run without an end is longer than any with one.
        times.sort_by_key(|time| time.unwrap_or(Duration::MAX));
        times.get(times.len() / 2).copied().flatten()
    }

    /// How often the first one's time goes into each contender's: the median over the rounds.
    pub fn ratio(&self, contender: usize) -> Option<f64> {
        let seconds = |run: &Run| run.outcome.as_ref().map_or(f64::INFINITY, Duration::as_secs_f64);
        let (own, other) = (&self.entries[0].1, &self.entries[contender].1);
        let mut ratios: Vec<f64> =
            own.iter().zip(other).map(|(own, other)| seconds(other) / seconds(own)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().filter(|ratio| ratio.is_finite())
    }

    /// The fastest of the others, by its median.
    pub fn best_peer(&self) -> Option<usize> {
        (1..self.entries.len())
            .filter_map(|contender| Some((contender, self.median(contender)?)))
            .min_by_key(|(_, time)| *time)
            .map(|(contender, _)| contender)
    }

    /// How many of a contender's runs did not do the job.
    pub fn failures(&self, contender: usize) -> usize {
        self.entries[contender].1.iter().filter(|run| run.outcome.is_err()).count()
    }
}

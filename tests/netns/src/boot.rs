//! A bootloader that runs under libxl's eyes, and how it ended.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZero;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::answer::Answer;
use crate::inventory::Console;
use crate::lab::Lab;
use crate::memory::{Peak, Watch};
use crate::process::wait_for;

/// Longer than rpxeboot's own deadline: a boot that takes this long is a failure.
const PATIENCE: Duration = Duration::from_secs(90);

/// The variable that names the file for the figures of hostile and faulty boots.
pub const RECORD: &str = "ROBUSTNESS_RECORD";

/// A bootloader that runs.
#[derive(Debug)]
pub struct Boot<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) bootloader: u32,
    pub(crate) child: Arc<Mutex<Child>>,
    pub(crate) report: BufReader<std::process::ChildStdout>,
    pub(crate) reader: Option<JoinHandle<()>>,
    pub(crate) console: Console,
    pub(crate) keyboard: std::fs::File,
    pub(crate) started: Instant,
    pub(crate) memory: Watch,
    pub(crate) output: PathBuf,
    pub(crate) directory: PathBuf,
}

impl<'lab> Boot<'lab> {
    /// Sends a signal to the bootloader itself, as libxl does: not to its children.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.bootloader.cast_signed()), signal)
            .expect("the bootloader is there");
    }

    /// The same, unless it has ended by now. Returns whether it had not.
    ///
    /// # Panics
    /// Never in a sound test: only when the console's reader has panicked.
    #[must_use]
    pub fn signal_if_running(&self, signal: Signal) -> bool {
        let mut child = self.child.lock().expect("the reader has not panicked");
        // Nobody else can wait for it now, so its number is still its own.
        let runs = matches!(child.try_wait(), Ok(None));
        if runs {
            self.signal(signal);
        }
        runs
    }

    /// Its worker's process id, while it has one.
    #[must_use]
    pub fn worker(&self) -> Option<u32> {
        crate::memory::children(self.bootloader).first().copied()
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.bootloader
    }

    /// What it has written to its terminal so far.
    ///
    /// # Panics
    /// Never in a sound test: only when the console's reader has panicked.
    #[must_use]
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&self.console.lock().expect("the reader has not panicked"))
            .into_owned()
    }

    /// What a terminal of 80 columns and 24 rows shows by now.
    ///
    /// # Panics
    /// As [`Boot::console`].
    #[must_use]
    pub fn screen(&self) -> String {
        let [rows, columns] = [24, 80].map(|size| NonZero::new(size).expect("not zero"));
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        terminal.process(&self.console.lock().expect("the reader has not panicked"));
        terminal.screen().contents()
    }

    /// Types on its terminal.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn types(&self, keys: &str) {
        (&self.keyboard).write_all(keys.as_bytes()).expect("the bootloader's terminal");
    }

    /// Waits until `condition` holds, while the bootloader runs.
    ///
    /// # Panics
    /// When the bootloader ends first, or it takes too long.
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let mut ended = None;
        let met = wait_for(PATIENCE, || {
            if condition() {
                return true;
            }
            ended = self
                .child
                .lock()
                .expect("the reader has not panicked")
                .try_wait()
                .expect("a child");
            ended.is_some()
        });
        assert!(
            met && ended.is_none(),
            "waiting for {what}: the bootloader {}:\n{}",
            ended.map_or("goes on".into(), |status| status.to_string()),
            self.console()
        );
    }

    /// Waits for the bootloader's end, reads its answer and cleans up, as libxl does. Checks
    /// what must hold for every boot: a failed one leaves neither an answer nor a file, and one
    /// that worked nothing but what it names.
    ///
    /// # Panics
    /// When it does not end, or one of these checks fails.
    #[must_use]
    pub fn finish(mut self) -> End {
        let mut status = None;
        wait_for(PATIENCE, || {
            status = self
                .child
                .lock()
                .expect("the reader has not panicked")
                .try_wait()
                .expect("a child");
            status.is_some()
        });
        let took = self.started.elapsed();
        let Some(mut status) = status else {
            self.signal(Signal::SIGKILL);
            panic!("the bootloader still runs after {PATIENCE:?}:\n{}", self.console());
        };
        if let Some(reported) = read_status(&mut self.report) {
            status = reported;
        }
        let reader = self.reader.take().expect("only finish takes it");
        assert!(
            wait_for(Duration::from_secs(2), || reader.is_finished()),
            "the bootloader is gone, but something holds its terminal:\n{}",
            self.console()
        );
        reader.join().expect("the console's reader");

        let answered = fs::read(&self.output).expect("libxl's output file");
        let mut left = names(&self.directory);
        let answer = status.success().then(|| Answer::take(&answered, &self.directory, &mut left));
        fs::remove_file(&self.output).expect("libxl's output file");
        fs::remove_dir_all(&self.directory).expect("libxl's output directory");
        let peak = self.memory.peak();
        let mut end = End { status, console: self.console(), answer: None, took, peak };
        if status.signal() != Some(libc::SIGKILL) {
            assert!(left.is_empty(), "left in libxl's directory: {left:?}\n{end}");
            assert!(
                status.success() || answered.is_empty(),
                "an answer of a failed boot: {:?}\n{end}",
                String::from_utf8_lossy(&answered)
            );
        }
        end.answer = answer.map(|answer| {
            answer.unwrap_or_else(|problem| {
                panic!("libxl would not take this answer: {problem}\n{end}")
            })
        });
        end
    }

    /// The lab it runs in.
    #[must_use]
    pub fn lab(&self) -> &'lab Lab {
        self.lab
    }
}

/// How a boot ended.
#[derive(Debug, Clone)]
pub struct End {
    /// The bootloader's exit status; libxl takes anything but 0 as a failure.
    pub status: ExitStatus,
    /// All that it wrote to its terminal.
    pub console: String,
    /// What it gave to libxl, when it worked.
    pub answer: Option<Answer>,
    /// From its start to its end.
    pub took: Duration,
    /// The most memory that it took.
    pub peak: Peak,
}

impl End {
    /// The answer of a boot that must have worked.
    ///
    /// # Panics
    /// When it failed, with its console.
    pub fn booted(&self) -> &Answer {
        self.answer.as_ref().unwrap_or_else(|| panic!("the boot failed: {self}"))
    }

    /// A boot that must have failed with this exit code, and told this.
    ///
    /// # Panics
    /// When it did otherwise.
    pub fn failed(&self, code: i32, told: &[&str]) {
        assert_eq!(self.status.code(), Some(code), "{self}");
        for text in told {
            assert!(self.console.contains(text), "the console does not say {text:?}: {self}");
        }
    }

    /// Adds this boot's figures to the [`record`].
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn record(&self, table: &str, row: &str) {
        let code = self.status.code().map_or("killed".to_owned(), |code| format!("exit {code}"));
        let outcome = if self.status.success() { "boots".to_owned() } else { code };
        record(table, row, &outcome, self.took, self.peak);
    }
}

/// Adds figures, of one boot or of several, to the file that [`RECORD`] names, if it names one: a
/// line with table, row, what became of it, seconds, KiB of the supervisor and of the worker,
/// separated by tabs.
///
/// # Panics
/// When the file cannot be written.
pub fn record(table: &str, row: &str, outcome: &str, took: Duration, peak: Peak) {
    let Some(file) = std::env::var_os(RECORD) else { return };
    let Peak { supervisor_kib, worker_kib } = peak;
    let seconds = took.as_secs_f64();
    let line = format!("{table}\t{row}\t{outcome}\t{seconds:.3}\t{supervisor_kib}\t{worker_kib}\n");
    // As this process's first thread sees it: a lab has a /tmp and a /run of its own.
    let file = Path::new("/").join(file);
    let outside = format!("/proc/{}/root{}", std::process::id(), file.display());
    let file = fs::OpenOptions::new().append(true).create(true).open(outside);
    // In one write, so that tests that run side by side do not mix their lines.
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the record");
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} after {:?}; console:\n{}", self.status, self.took, self.console)
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("libxl's output directory");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn read_status(report: &mut impl BufRead) -> Option<ExitStatus> {
    let mut line = String::new();
    report.read_line(&mut line).expect("the report ends with the bootloader");
    line.trim().parse().ok().map(ExitStatus::from_raw)
}

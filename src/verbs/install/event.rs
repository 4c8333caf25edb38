//! What is told on the way: a line for people, or one JSON object a line with `--json`:
//!
//! - `{"event":"starting","config":FILE}`
//! - `{"event":"bootloader","domid":N,"line":TEXT}`: what rpxeboot says: lease, config, files.
//! - `{"event":"up","domid":N,"origin":"network"|"disk"}`: its kernel runs.
//! - `{"event":"installing","seconds":N,"memory_mib":N,"written":BYTES|null}`: every ten seconds.
//! - `{"event":"disk-first"}`: from now on it looks at its disk first.
//! - `{"event":"installer-done"}`: its answer file's last command said so, to `vmprov serve`.
//! - `{"event":"rebooted","domid":N,"written":BYTES|null}`, `{"event":"off",` likewise `}`: what the
//!   boot before had written; `{"event":"nothing-installed","boots":N}`
//! - `{"event":"leaving"}`, `{"event":"destroying"}`: somebody wants us to stop.
//! - `{"event":"finalized","boots":…,"changed":BOOL}`
//! - `{"event":"detached","guest":NAME,"domid":N}` or
//!   `{"event":"done","guest":NAME,"domid":N,"seconds":N,"installed":BOOL}`: the last one.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::config::boot_mode::BootMode;
use crate::console::Console;
use crate::failure::Failure;
use crate::host::bootloader_log::Origin;
use crate::values::size::about;

/// Something worth telling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the module's list says what they are")]
pub enum Event {
    Starting { config: PathBuf },
    Bootloader { domid: u32, line: String },
    Up { domid: u32, origin: Origin },
    Installing { seconds: u64, memory_mib: u64, written: Option<u64> },
    DiskFirst,
    InstallerDone,
    Rebooted { domid: u32, written: Option<u64> },
    Off { domid: u32, written: Option<u64> },
    NothingInstalled { boots: u32 },
    Leaving,
    Destroying,
    Finalized { boots: BootMode, changed: bool },
    Detached { guest: String, domid: Option<u32> },
    Done { guest: String, domid: Option<u32>, seconds: u64, installed: bool },
}

impl Event {
    /// The line for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Starting { config } => format!("starting it: xl create {}", config.display()),
            Self::Bootloader { line, .. } => format!("  {line}"),
            Self::Up { domid, origin: Origin::Disk } => {
                format!("up from its disk (domain {domid})")
            }
            Self::Up { domid, .. } => format!("its installer runs (domain {domid})"),
            Self::Installing { seconds, memory_mib, written } => {
                let time = spoken_time(Duration::from_secs(*seconds));
                let written =
                    written.map(|bytes| format!(", {} written to its disk", about(bytes)));
                format!(
                    "installing: {time}{}, {memory_mib} MiB of memory",
                    written.unwrap_or_default()
                )
            }
            Self::InstallerDone => "its installer says that it is done".to_owned(),
            Self::DiskFirst => "its next start looks at the disk first".to_owned(),
            Self::Rebooted { domid, written } => {
                format!("it reboots{} (domain {domid} now)", after(*written))
            }
            Self::Off { written, .. } => {
                format!("it has switched itself off{}: starting it again", after(*written))
            }
            Self::NothingInstalled { boots } => format!(
                "the installer left nothing that boots: it is in the network for the {boots}. time"
            ),
            Self::Leaving => "its bootloader still runs, and xl cannot be left alone with it: \
                 waiting for its end; once more destroys the guest"
                .to_owned(),
            Self::Destroying => "destroying it".to_owned(),
            Self::Finalized { boots, .. } => format!("finalized: it boots from: {boots}"),
            Self::Detached { guest, .. } => format!(
                "{guest} installs itself, and boots from its disk when that is done; \
                 `vmprov status {guest}` shows where it is\n"
            ),
            Self::Done { guest, seconds, installed: true, .. } => format!(
                "{guest} is installed: up from disk after {}\n",
                spoken_time(Duration::from_secs(*seconds))
            ),
            Self::Done { guest, .. } => format!(
                "{guest} is up from disk: a system was there already, and nothing was installed \
                 (`vmprov netboot {guest}` to install it again)\n"
            ),
        }
    }

    fn is_result(&self) -> bool {
        matches!(self, Self::Detached { .. } | Self::Done { .. })
    }
}

fn after(written: Option<u64>) -> String {
    written.map(|bytes| format!(" after {} written to its disk", about(bytes))).unwrap_or_default()
}

/// Tells events: all of them but the running ones, of which some are enough.
#[derive(Debug)]
pub struct Teller {
    console: Console,
    /// When the running event was told last, and with how many bytes.
    told: Option<(Duration, Option<u64>)>,
}

/// Where nobody watches, a line this often is enough for a log.
const LINES_APART: Duration = Duration::from_secs(30);
/// Programs may want to draw something themselves.
const OBJECTS_APART: Duration = Duration::from_secs(10);

impl Teller {
    /// Tells on `console`.
    #[must_use]
    pub fn new(console: Console) -> Self {
        Self { console, told: None }
    }

    /// Tells `event`, which happened at `now`.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn tell(&mut self, now: Duration, event: &Event) -> Result<(), Failure> {
        if let Event::Installing { written, .. } = event {
            if self.console.is_watched() {
                self.console.draw(&event.text());
                return Ok(());
            }
            if !self.is_due(now, *written) {
                return Ok(());
            }
        }
        if self.console.is_json() || event.is_result() {
            self.console.undraw();
            return self.console.report(event, || event.text());
        }
        self.console.note(&event.text());
        Ok(())
    }

    fn is_due(&mut self, now: Duration, written: Option<u64>) -> bool {
        let apart = if self.console.is_json() { OBJECTS_APART } else { LINES_APART };
        let is_due = match self.told {
            None => true,
            Some((then, before)) => {
                now.saturating_sub(then) >= apart && (self.console.is_json() || before != written)
            }
        };
        if is_due {
            self.told = Some((now, written));
        }
        is_due
    }
}

/// `3 s`, `12 min 3 s`, `1 h 2 min`.
#[must_use]
pub fn spoken_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Level;

    #[test]
    fn times_are_short() {
        let spoken = |seconds| spoken_time(Duration::from_secs(seconds));
        assert_eq!(spoken(3), "3 s");
        assert_eq!(spoken(723), "12 min 3 s");
        assert_eq!(spoken(7262), "2 h 1 min");
    }

    #[test]
    fn a_log_gets_a_line_now_and_then_and_only_when_something_was_written() {
        let mut teller = Teller::new(Console::new(Level::Quiet, false));
        let mut due = |seconds, written| teller.is_due(Duration::from_secs(seconds), Some(written));
        assert!(due(0, 1));
        assert!(!due(29, 2));
        assert!(due(30, 2));
        assert!(!due(90, 2));
        assert!(due(91, 3));
    }

    #[test]
    fn events_are_objects_with_a_name() {
        let event = Event::Up { domid: 7, origin: Origin::Network };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"event":"up","domid":7,"origin":"network"}"#);
        assert_eq!(serde_json::to_string(&Event::Leaving).unwrap(), r#"{"event":"leaving"}"#);
    }
}

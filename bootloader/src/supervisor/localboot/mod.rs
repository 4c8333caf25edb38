//! Handing over to pygrub: what LOCALBOOT means for a guest, and the disk half of
//! `--order=disk,net`.
//!
//! pygrub is called as libxl calls it in its restricted mode, by [`pygrub`], as whom [`uid`]
//! says; but it works in a directory of ours, its answer is checked and its files are moved
//! by [`mod@answer`], and passed on as our own: so every output format works, and nothing
//! half-written is seen. Whether a disk on which it finds no system is an empty one is for
//! [`outcome`] and [`survey`] to say.

pub mod answer;
pub mod loop_device;
pub mod outcome;
pub mod pygrub;
pub mod survey;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub use answer::Booted;

use answer::Workshop;
use outcome::Outcome;
use pygrub::{Disk, Pygrub};

use super::signals::Signals;
use crate::budget::Budget;
use crate::console::{Console, Level, Say};
use crate::failure::{Failure, Reason};
use crate::guest::GuestType;
use crate::limits::MAX_MENU_KERNELS;
use crate::plan::args::command_line;
use crate::request::{Order, Request};

/// What every step of a local boot has to heed.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The command line.
    pub request: &'a Request,
    /// What may end the boot.
    pub signals: &'a Signals,
    /// Its time.
    pub budget: &'a Budget,
    /// Where it is told.
    pub console: &'a Console,
}

/// Why the disk is not booted.
#[derive(Debug)]
pub enum NoBoot {
    /// There is no system on the disk, for sure.
    NothingThere(String),
    /// Something else is wrong; what is on the disk is not known.
    Failed(Failure),
}

impl From<Failure> for NoBoot {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<NoBoot> for Failure {
    fn from(why: NoBoot) -> Self {
        match why {
            NoBoot::NothingThere(why) => Self::new(Reason::BadConfig, why),
            NoBoot::Failed(failure) => failure,
        }
    }
}

/// What the guest boots from its disk; `request.directory` must be there.
///
/// # Errors
/// [`NoBoot`].
pub fn boot(setting: &Setting<'_>, guest_type: GuestType) -> Result<Booted, NoBoot> {
    let path = setting.request.disk.as_deref().ok_or_else(|| {
        Failure::new(Reason::BadConfig, "boot from disk: no disk was named on the command line")
    })?;
    let pygrub = Pygrub::find(setting)?;
    let uid = super::uid::choose(setting.request.runas, setting.request.domid());
    let disk = Disk::open(path, uid)?;
    let line = format!("pygrub is to look at {} as uid {uid}", path.display());
    setting.console.say(Level::Detail, &line);
    let search = Search { setting, pygrub, disk, uid };
    let (missing, opened) = match search.run(None)? {
        Found::System(workshop, answer) => {
            command_line(&answer.args, b"", guest_type)?;
            return Ok(workshop.hand_on(answer, &setting.request.directory)?);
        }
        Found::Outcome(Outcome::NoMenu(opened)) => (None, opened),
        // What comes behind the partition with the menu was not looked at.
        Found::Outcome(Outcome::Missing(file)) => (Some(file), usize::MAX),
        Found::Outcome(Outcome::Unknown(why)) => return Err(search.unknown(&why).into()),
    };
    if let Some(file) = &missing {
        search.check_that_no_kernel_is_there(file)?;
    }
    search.check_that_pygrub_could_read(opened)?;
    let why = match missing {
        Some(kernel) => format!("its boot menu is there, but not the kernel {kernel}"),
        None => "pygrub finds no boot menu".to_owned(),
    };
    Err(NoBoot::NothingThere(format!("nothing to boot on {} ({why})", path.display())))
}

struct Search<'a> {
    setting: &'a Setting<'a>,
    pygrub: Pygrub,
    disk: Disk,
    uid: u32,
}

enum Found {
    System(Workshop, crate::answer::Answer),
    Outcome(Outcome),
}

impl Search<'_> {
    /// Has pygrub look for the default entry of the menu, or for a certain one.
    fn run(&self, entry: Option<usize>) -> Result<Found, Failure> {
        let request = self.setting.request;
        let workshop = Workshop::open(&request.directory)?;
        let mut words = output(&workshop);
        if !request.args.is_empty() {
            words.push(option("--args=", &request.args));
        }
        words.extend(entry.map(|number| format!("--entry={number}").into()));
        let (status, said) =
            self.pygrub.run(&words, &self.disk, self.uid, &workshop.view(), self.setting)?;
        if status.success()
            && let Some(answer) = workshop.read()?
        {
            return Ok(Found::System(workshop, answer));
        }
        let outcome = said.outcome(status);
        if let Outcome::Unknown(_) = outcome
            // With --verbose they were shown when they were said.
            && !self.setting.console.hears(Level::Detail)
        {
            for line in said.last_words() {
                self.setting.console.say(Level::Step, &format!("pygrub: {line}"));
            }
        }
        Ok(Found::Outcome(outcome))
    }

    /// A menu that names a missing file is that of a broken installation only when none of its
    /// kernels is there. A missing ramdisk, or an old kernel beside a new one that went amiss,
    /// is what an update can leave of a system that is in use.
    fn check_that_no_kernel_is_there(&self, missing: &str) -> Result<(), Failure> {
        // A path that pygrub takes for one in the root directory though it is none.
        if !missing.starts_with('/') || missing.contains('$') {
            return Err(self.unknown(&format!("pygrub cannot find {missing:?}")));
        }
        let workshop = Workshop::open(&self.setting.request.directory)?;
        let mut words = output(&workshop);
        words.push("--list-entries".into());
        let (status, said) =
            self.pygrub.run(&words, &self.disk, self.uid, &workshop.view(), self.setting)?;
        let kernels = match said.listing() {
            Some(listing) if status.success() => &listing.kernels,
            _ => return Err(self.unknown("pygrub cannot list its boot menu")),
        };
        if !kernels.iter().any(|(_, kernel)| kernel == missing) {
            return Err(self.unknown(&format!("its ramdisk {missing} is missing")));
        }
        if kernels.len() > MAX_MENU_KERNELS {
            return Err(self.unknown("its boot menu has too many kernels"));
        }
        for (number, kernel) in kernels.iter().filter(|(_, kernel)| kernel != missing) {
            match self.run(Some(*number))? {
                Found::Outcome(Outcome::Missing(also)) if also == *kernel => {}
                _ => {
                    let why = format!("{missing} is missing, but {kernel} is in its boot menu too");
                    return Err(self.unknown(&why));
                }
            }
        }
        Ok(())
    }

    /// pygrub says of a file system that it cannot read what it says of none.
    fn check_that_pygrub_could_read(&self, opened: usize) -> Result<(), Failure> {
        let unread = survey::unread(&self.disk.file, opened)
            .map_err(|error| self.unknown(&format!("it cannot be read: {error}")))?;
        match unread {
            None => Ok(()),
            Some(survey::Unread { kind, offset }) => {
                let why = format!("there is {kind} at byte {offset}, which pygrub cannot read");
                Err(self.unknown(&why))
            }
        }
    }

    fn unknown(&self, why: &str) -> Failure {
        let mut line = format!("boot from disk: {}: {why}", self.disk.path.display());
        if self.setting.request.order == Order::DiskNet {
            line.push_str(
                ". There may be a system on it, so it is not installed again: repair it, or take \
                 bootloader_args = [ \"--order=net\" ] to install it anew",
            );
        }
        Failure::new(Reason::BadConfig, line)
    }
}

fn output(workshop: &Workshop) -> Vec<OsString> {
    vec![
        "--output-format=simple0".into(),
        option("--output=", workshop.answer().as_os_str().as_bytes()),
        option("--output-directory=", workshop.path().as_os_str().as_bytes()),
    ]
}

fn option(name: &str, value: &[u8]) -> OsString {
    let mut option = OsString::from(name);
    option.push(OsStr::from_bytes(value));
    option
}

//! Changing what a guest boots by: what `finalize`, `netboot` and `install` share.
//!
//! xl restarts a rebooting guest from the config in its memory, not from the file; so a running
//! guest's xl is told as well, by `xl config-update`.

use std::path::PathBuf;

use serde::Serialize;

use super::Here;
use crate::config::GuestConfig;
use crate::config::boot_mode::BootMode;
use crate::config::switch::{self, Switched};
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::host::daemon;
use crate::host::domains::Domain;
use crate::plan::{Plan, Step};
use crate::values::Target;

/// The config of a guest, and the lock on it; none for a dry run, which changes nothing.
///
/// # Errors
/// As [`GuestConfig::find`]; [`crate::failure::Kind::Refused`] when another vmprov has it, or
/// no bootloader boots such a guest.
pub fn locked(
    target: &Target,
    dry_run: bool,
    here: Here<'_>,
) -> Result<(GuestConfig, Option<Lock>), Failure> {
    let take = |name: &str| here.lock(name, dry_run);
    locked_by(take, target, here)
}

/// The same, not for a dry run; another vmprov is waited for, for some time.
///
/// # Errors
/// As [`locked`].
pub fn locked_patiently(target: &Target, here: Here<'_>) -> Result<(GuestConfig, Lock), Failure> {
    locked_by(|name| Lock::take_patiently(&here.settings.state_dir, name), target, here)
}

fn locked_by<L>(
    take: impl FnOnce(&str) -> Result<L, Failure>,
    target: &Target,
    here: Here<'_>,
) -> Result<(GuestConfig, L), Failure> {
    // The lock is by the guest's name, which only its config says; and it is read again once
    // nobody else can change it.
    let name = GuestConfig::find(here.settings, target)?.name;
    let lock = take(&name)?;
    let config = GuestConfig::find(here.settings, target)?;
    switch::can_switch(&BootMode::of(&config.document))
        .map_err(|why| Failure::refused(format!("{}: {why}", config.path.display())))?;
    Ok((config, lock))
}

/// A change of a config that is ready to be made.
#[derive(Debug)]
pub struct Switch {
    plan: Plan,
    done: Done,
}

/// A change that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The guest's name.
    pub guest: String,
    /// Its config.
    pub config: PathBuf,
    /// Whether the config was changed; if not, it was so already.
    pub changed: bool,
    /// What it boots from now on.
    pub boots: BootMode,
    /// The running guest whose xl was told.
    pub domid: Option<u32>,
    /// What the administrator should know about it.
    pub notes: Vec<String>,
}

impl Switch {
    /// Plans to change `config` to what `switched` says.
    ///
    /// # Errors
    /// xl cannot say whether the guest runs.
    pub fn plan(
        config: &GuestConfig,
        switched: Switched,
        undo: String,
        here: Here<'_>,
    ) -> Result<Self, Failure> {
        let domain = daemon::running_or_restarting(&config.name, &config.path, here.console)?;
        let changed = config.document.to_bytes() != switched.document.to_bytes();
        let plan = Plan {
            steps: steps(config, switched.document.to_bytes(), domain.as_ref()),
            notes: switched.notes.clone(),
            undo: changed.then_some(undo),
        };
        let done = Done {
            guest: config.name.clone(),
            config: config.path.clone(),
            changed,
            boots: BootMode::of(&switched.document),
            domid: domain.map(|domain| domain.domid),
            notes: switched.notes,
        };
        Ok(Self { plan, done })
    }

    /// What would be done.
    #[must_use]
    pub fn as_plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the change.
    ///
    /// # Errors
    /// Those of the plan's steps: then nothing has changed.
    pub fn make(self, here: Here<'_>) -> Result<Done, Failure> {
        here.apply(&self.plan)?;
        Ok(self.done)
    }

    /// Makes the change and reports it, or shows it.
    ///
    /// # Errors
    /// Those of the plan's steps: then nothing has changed.
    pub fn carry_out(self, dry_run: bool, here: Here<'_>) -> Result<(), Failure> {
        if dry_run {
            return here.show(&self.plan);
        }
        let done = self.make(here)?;
        for note in &done.notes {
            here.console.note(note);
        }
        here.console.report(&done, || done.text())
    }
}

impl Done {
    /// The change in one line.
    #[must_use]
    pub fn text(&self) -> String {
        let how = match (self.changed, self.domid) {
            (true, None) => "changed",
            (true, Some(_)) => "changed, and the running guest's xl knows",
            (false, None) => "it was so already",
            (false, Some(_)) => "it was so already, and the running guest's xl knows",
        };
        let (guest, config) = (&self.guest, self.config.display());
        format!("{guest} boots from: {} ({config}: {how})\n", self.boots)
    }
}

fn steps(config: &GuestConfig, new: &[u8], domain: Option<&Domain>) -> Vec<Step> {
    let old = config.document.to_bytes();
    let replace = (old != new).then(|| Step::ReplaceConfig {
        path: config.path.clone(),
        old: old.to_vec(),
        new: new.to_vec(),
    });
    // Even if the file stays: an earlier try may have got no further than that.
    let update = domain.map(|domain| Step::UpdateDomain {
        name: domain.name.clone(),
        domid: domain.domid,
        config: config.path.clone(),
    });
    replace.into_iter().chain(update).collect()
}

//! The verbs, one file each. A verb reads what it needs, makes a plan, shows or applies it, and
//! reports.

pub mod check;
pub mod create;
pub mod delete;
pub mod finalize;
pub mod install;
pub mod list;
pub mod media;
pub mod net;
pub mod netboot;
pub mod profile;
pub mod serve;
pub mod server;
pub mod show;
pub mod status;
pub mod switching;

use serde_json::json;

use crate::cli::{Cli, Verb};
use crate::console::Console;
use crate::failure::Failure;
use crate::files::lock::{self, Lock};
use crate::plan::{Plan, Surroundings};
use crate::settings::Settings;

/// What every verb works with.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// Places and defaults.
    pub settings: &'a Settings,
    /// Who is told.
    pub console: &'a Console,
}

/// Carries out the command line.
///
/// # Errors
/// Those of the verbs.
pub fn run(cli: &Cli, console: &Console) -> Result<(), Failure> {
    let settings = Settings::load(&cli.common)?;
    let here = Here { settings: &settings, console };
    match &cli.verb {
        Verb::Create(args) => create::run(args, here),
        Verb::Install(args) => install::run(args, here),
        Verb::Finalize(args) => finalize::run(args, here),
        Verb::Netboot(args) => netboot::run(args, here),
        Verb::List => list::run(here),
        Verb::Status(args) => status::run(args, here),
        Verb::Check(args) => check::run(args, here),
        Verb::Show(args) => show::run(args, here),
        Verb::Delete(args) => delete::run(args, here),
        Verb::Server(args) => server::run(args, here),
        Verb::Serve(args) => serve::run(args, here),
        Verb::Media(verb) => media::run(verb, here),
        Verb::Profile(verb) => profile::run(verb, here),
        Verb::Net(verb) => net::run(verb, here),
        Verb::ServeFiles(_) => serve::run_files(here),
    }
}

impl Here<'_> {
    /// Locks out every other vmprov that would change this guest; a dry run changes nothing, and
    /// takes no lock.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn lock(self, guest: &str, dry_run: bool) -> Result<Option<Lock>, Failure> {
        let take = || Lock::take(&self.settings.state_dir, guest);
        (!dry_run).then(take).transpose()
    }

    /// Applies a plan.
    ///
    /// # Errors
    /// Those of its steps.
    pub fn apply(self, plan: &Plan) -> Result<(), Failure> {
        lock::make_state_dir(&self.settings.state_dir)?;
        plan.apply(Surroundings { state_dir: &self.settings.state_dir, console: self.console })
    }

    /// Shows what a plan would do.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn show(self, plan: &Plan) -> Result<(), Failure> {
        let value =
            json!({ "dry_run": true, "plan": plan.steps, "notes": plan.notes, "undo": plan.undo });
        self.console.report(&value, || plan.text())
    }
}

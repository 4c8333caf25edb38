//! `vmprov delete`: removes what `create` recorded, and nothing else.

use std::io::{BufRead, IsTerminal};

use serde_json::json;

use super::Here;
use crate::cli;
use crate::config::GuestConfig;
use crate::failure::Failure;
use crate::files::image;
use crate::host::domains;
use crate::plan::{Plan, Step};
use crate::record::{Disk, Record};

/// Runs the verb.
///
/// # Errors
/// No record of the guest; it runs; nobody has said yes; or something cannot be removed.
pub fn run(args: &cli::Delete, here: Here<'_>) -> Result<(), Failure> {
    let name = &args.guest;
    let settings = here.settings;
    let _lock = here.lock(name.as_str(), args.dry.dry_run)?;
    let record = Record::read(&settings.state_dir, name)?.ok_or_else(|| unknown(args, here))?;
    if let Some(domain) = domains::running(name.as_str(), here.console)? {
        return Err(Failure::refused(format!(
            "{name} runs (domain {}): `xl shutdown {name}` or `xl destroy {name}` first",
            domain.domid
        )));
    }
    check_config(&record)?;
    let plan = Plan { steps: steps(&record, settings), notes: notes(&record), undo: None };
    if args.dry.dry_run {
        return here.show(&plan);
    }
    if !args.yes {
        ask(&plan, here)?;
    }
    here.apply(&plan)?;
    let value = json!({ "guest": name, "removed": plan.steps });
    here.console.report(&value, || format!("{name} is deleted\n"))
}

fn unknown(args: &cli::Delete, here: Here<'_>) -> Failure {
    let target = crate::values::Target::Name(args.guest.clone());
    match GuestConfig::find(here.settings, &target) {
        Ok(config) => Failure::refused(format!(
            "{} was not made by vmprov, so it is not known what belongs to it: remove {} and its \
             disk by hand",
            args.guest,
            config.path.display()
        )),
        Err(failure) => failure,
    }
}

/// A config that is another guest's by now is not ours to remove.
fn check_config(record: &Record) -> Result<(), Failure> {
    let path = &record.config;
    match GuestConfig::read(path) {
        Ok(Some(config)) if config.name != record.name.as_str() => Err(Failure::refused(format!(
            "{} is the config of {} by now: nothing was removed",
            path.display(),
            config.name
        ))),
        // Even one that xl would refuse was made by create.
        _ => Ok(()),
    }
}

/// The config first: a guest without a disk is worse than a disk without a guest. The record
/// last: what a crash leaves is still known.
fn steps(record: &Record, settings: &crate::settings::Settings) -> Vec<Step> {
    let remove = |path: &std::path::Path| Step::RemoveFile { path: path.to_owned() };
    let mut steps: Vec<Step> = Vec::new();
    let is_there = |path: &std::path::Path| path.symlink_metadata().is_ok();
    steps.extend(record.autostart.iter().filter(|path| is_there(path)).map(|path| remove(path)));
    steps.extend(Some(&record.config).filter(|path| is_there(path)).map(|path| remove(path)));
    match &record.disk {
        Disk::Image { path } if is_there(path) && is_ours(record, path) => steps.push(remove(path)),
        Disk::Volume { group, volume } if is_there(&record.disk.path()) && finished(record) => {
            steps.push(Step::RemoveVolume { group: group.clone(), volume: volume.clone() });
        }
        _ => {}
    }
    let inner_first = record.directories.iter().rev().filter(|path| is_there(path));
    steps.extend(inner_first.map(|path| Step::RemoveDirectory { path: path.clone() }));
    let password = Record::password_path(&settings.state_dir, &record.name);
    steps.extend(is_there(&password).then(|| remove(&password)));
    steps.push(remove(&Record::path(&settings.state_dir, &record.name)));
    steps
}

/// Whether `create` came to its end: the config is what it writes last.
fn finished(record: &Record) -> bool {
    record.config.symlink_metadata().is_ok()
}

/// An image that an unfinished `create` was going to make may be somebody else's: only an
/// untouched one is surely ours.
fn is_ours(record: &Record, path: &std::path::Path) -> bool {
    finished(record) || image::is_untouched(path).unwrap_or(false)
}

fn notes(record: &Record) -> Vec<String> {
    match &record.disk {
        Disk::Device { path } => vec![format!("{} stays as it is", path.display())],
        disk if !finished(record) && disk.path().exists() => {
            let path = disk.path();
            let ours = matches!(disk, Disk::Image { path } if is_ours(record, path));
            if ours {
                Vec::new()
            } else {
                vec![format!(
                    "{} stays: the config is gone, and its data may matter",
                    path.display()
                )]
            }
        }
        _ => Vec::new(),
    }
}

fn ask(plan: &Plan, here: Here<'_>) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() || here.console.is_json() {
        return Err(Failure::refused("nobody to ask whether to delete it: say --yes"));
    }
    here.console.result(&format!("{}Do it? [y/N] ", plan.text()))?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(Failure::refused("nothing was deleted")),
    }
}

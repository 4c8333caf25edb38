//! `vmprov install`: starts a guest, follows its unattended installation, makes it boot from
//! disk, and ends when it is up from there.
//!
//! - [`story`]: what follows from what, as a state machine.
//! - [`watch`]: what is seen of a guest: its domain, its bootloader's words, its disk.
//! - [`drive`]: xl, signals and time, which the two above know nothing of.
//! - [`event`]: what is told on the way, and the events of `--json`.
//!
//! The guest belongs to xl, not to us: whatever ends this program leaves it running, and with
//! `--order=disk,net` in its config it comes up from its disk by itself.

pub mod drive;
pub mod event;
pub mod story;
pub mod watch;

use serde_json::json;

use super::Here;
use super::finalize;
use super::switching::Switch;
use crate::cli::{self, Boot};
use crate::config::GuestConfig;
use crate::config::boot_mode::BootMode;
use crate::failure::Failure;
use crate::host::daemon;
use crate::host::domains::Xl;
use crate::host::loaders::stem;
use drive::Installation;

/// Runs the verb.
///
/// # Errors
/// No such guest; it runs already, or would not be installed; xl or its bootloader fail, the
/// installer crashes or leaves nothing that boots; or it was not followed to the end.
pub fn run(args: &cli::Install, here: Here<'_>) -> Result<(), Failure> {
    if args.boot == Some(Boot::Kernel) {
        return Err(Failure::usage(
            "--boot=kernel needs a kernel's file, and nobody knows it before the guest is \
             installed: use `vmprov finalize --boot=kernel` after that",
        ));
    }
    let config = GuestConfig::find(here.settings, &args.guest)?;
    let network_order = network_order(&config)?;
    // What could not be done at the end is better known before the beginning.
    let finalize = finalizing(args);
    let switch = finalize::plan(&config, &finalize, here)?;
    if args.dry.dry_run {
        return show(&config, &switch, here);
    }
    let xl = Xl::here().ok_or_else(|| {
        Failure::failed("this is no dom0, or it has no xl: guests are installed where Xen runs")
    })?;
    if let Some(domain) = daemon::running_or_restarting(&config.name, &config.path, here.console)? {
        let name = &config.name;
        return Err(Failure::refused(format!(
            "{name} runs already (domain {}): `vmprov status {name}` shows what it does",
            domain.domid
        )));
    }
    drop(switch);
    Installation { config: &config, finalize: &finalize, network_order, xl: &xl, here }
        .follow(args.timeout, args.detach)
}

/// Whether the config boots the network at every start; else the disk goes first.
fn network_order(config: &GuestConfig) -> Result<bool, Failure> {
    let name = &config.name;
    match BootMode::of(&config.document) {
        BootMode::DiskElseNetwork => Ok(false),
        BootMode::Network { bootloader } if stem(&bootloader) == "rpxeboot" => Ok(true),
        BootMode::Firmware => Err(Failure::refused(format!(
            "{name} is an HVM guest: its own firmware boots it, by boot= (xl.cfg(5))"
        ))),
        mode => Err(Failure::refused(format!(
            "{name} boots from: {mode}. To install it over the network, first `vmprov netboot \
             {name}`"
        ))),
    }
}

fn finalizing(args: &cli::Install) -> cli::Finalize {
    cli::Finalize {
        guest: args.guest.clone(),
        boot: args.boot,
        kernel: None,
        ramdisk: None,
        cmdline: None,
        on_reboot: None,
        dry: args.dry,
    }
}

fn show(config: &GuestConfig, switch: &Switch, here: Here<'_>) -> Result<(), Failure> {
    let plan = switch.as_plan();
    let start = ["xl", "create", &config.path.display().to_string()].map(str::to_owned);
    let value = json!({
        "dry_run": true, "start": start, "plan": plan.steps, "notes": plan.notes, "undo": plan.undo
    });
    here.console.report(&value, || {
        format!("{}\n# once it is up from its disk:\n{}", start.join(" "), plan.text())
    })
}

//! `vmprov netboot`: the guest boots over the network: to be installed again, or rescued.

use super::Here;
use super::switching::{Switch, locked};
use crate::cli::{self, Order};
use crate::config::switch::{self, Beside, NetBoot};
use crate::failure::Failure;
use crate::record::Record;
use crate::values::Target;

/// Runs the verb.
///
/// # Errors
/// As `finalize`.
pub fn run(args: &cli::Netboot, here: Here<'_>) -> Result<(), Failure> {
    let (config, _lock) = locked(&args.guest, args.dry.dry_run, here)?;
    let boot = NetBoot {
        label: args.label.clone().or(recorded_label(&args.guest, here)?),
        disk_first: args.order == Order::DiskNet,
    };
    let beside = Beside { on_reboot: args.on_reboot, restrict: false };
    let switched = switch::to_network(&config.document, &boot, beside)
        .map_err(|error| Failure::refused(format!("{}: {error}", config.path.display())))?;
    let undo = format!("vmprov finalize {}", args.guest);
    Switch::plan(&config, switched, undo, here)?.carry_out(args.dry.dry_run, here)
}

fn recorded_label(target: &Target, here: Here<'_>) -> Result<Option<String>, Failure> {
    let Target::Name(name) = target else { return Ok(None) };
    Ok(Record::read(&here.settings.state_dir, name)?.and_then(|record| record.label))
}

//! `vmprov net`: a bridge for guests, with an address of this host's, alone or with NAT.

use serde_json::json;

use super::Here;
use crate::cli;
use crate::failure::Failure;
use crate::host::net::{Network, Words};

/// Runs the verb.
///
/// # Errors
/// The bridge is there already, or was not made by vmprov; a command fails.
pub fn run(verb: &cli::Net, here: Here<'_>) -> Result<(), Failure> {
    match verb {
        cli::Net::Create(args) => {
            let nat = args.nat.then_some(args.address);
            let network = Network::new(&args.bridge, Some(args.address), nat)?;
            if args.dry.dry_run {
                return show(&network.commands(), here);
            }
            network.make(here.console)?;
            here.console.report(&network, || {
                let nat = if args.nat { ", NAT" } else { "" };
                let cli::NetCreate { bridge, address, .. } = args;
                format!(
                    "{bridge}: {}/{}{nat}; `vmprov net delete {bridge}` takes it away\n",
                    address.address, address.prefix
                )
            })
        }
        cli::Net::Delete(args) => {
            let network = Network::noted(&args.bridge)?.ok_or_else(|| {
                Failure::not_found(format!("vmprov made no bridge {}", args.bridge))
            })?;
            if args.dry.dry_run {
                return show(&network.undo(), here);
            }
            network.take_away(here.console);
            here.console.report(&network, || format!("{} is gone\n", args.bridge))
        }
    }
}

fn show(commands: &[Words], here: Here<'_>) -> Result<(), Failure> {
    let lines: Vec<String> = commands.iter().map(|words| words.join(" ")).collect();
    let value = json!({ "dry_run": true, "commands": lines });
    here.console.report(&value, || lines.iter().map(|line| format!("{line}\n")).collect())
}

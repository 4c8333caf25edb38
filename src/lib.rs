//! vmprov: Xen guests that install themselves over the network, once.
//!
//! # Layout
//! A verb reads what it needs, makes a [`plan`] out of it without touching anything, and the plan
//! is then shown or carried out. From the edge inwards:
//!
//! - [`cli`]: the command line. [`settings`]: /etc/vmprov.toml beneath it.
//! - [`verbs`]: one file a verb: start reading there.
//! - [`plan`]: what is to be done, as a list of steps: shown, applied, taken back.
//! - [`config`]: guest configs: found, made, switched between disk and network; pure but for
//!   finding. The language itself is the crate `xlcfg`.
//! - [`guests`]: configs, records and running domains put together, for `list` and `status`.
//! - [`record`]: what `create` made, for `delete` and for going back.
//! - [`files`]: atomic replacement, locks, disk images. [`host`]: what this dom0 has: xl, Xen's
//!   version, pygrub, other programs.
//! - [`site`]: the DHCP and TFTP side of a guest, as texts for a site's servers.
//! - [`serve`]: that side, run: dnsmasq and an HTTP server on one bridge.
//! - [`values`]: names, sizes, MACs, checked once.
//!
//! Beside them: [`failure`] (kinds and exit codes), [`console`] (the one printer).

pub mod cli;
pub mod config;
pub mod console;
pub mod failure;
pub mod files;
pub mod guests;
pub mod host;
pub mod media;
pub mod plan;
pub mod profile;
pub mod record;
pub mod serve;
pub mod settings;
pub mod site;
pub mod values;
pub mod verbs;

use std::ffi::OsString;

use clap::Parser;

use cli::Cli;
use console::Console;
use failure::{Failure, Kind};

/// The whole program; gives back its exit code.
#[must_use]
pub fn run(argv: Vec<OsString>) -> u8 {
    // clap's own errors come before `--json` is known by clap.
    let json = argv.iter().any(|word| word == "--json");
    match Cli::try_parse_from(argv) {
        Ok(cli) => {
            let console = Console::new(cli.common.level(), cli.common.json);
            end(&console, verbs::run(&cli, &console))
        }
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            let text = text.trim_start_matches("error: ").trim_end();
            end(&Console::new(console::Level::Normal, json), Err(Failure::usage(text)))
        }
        Err(help) => {
            let console = Console::new(console::Level::Normal, false);
            end(&console, console.result(&help.render().to_string()))
        }
    }
}

/// The one place that shows why a command failed and decides the exit code.
fn end(console: &Console, result: Result<(), Failure>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(failure) => {
            console.failure(&failure);
            match failure.kind {
                Kind::Failed => 1,
                Kind::Usage => 2,
                Kind::Refused => 3,
                Kind::NotFound => 4,
            }
        }
    }
}

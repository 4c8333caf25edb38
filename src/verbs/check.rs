//! `vmprov check`: what would go wrong when a guest is started, and with `--boot` what would
//! boot.
//!
//! - [`finding`]: what is found. [`around`]: what of the host the rules look at.
//! - [`boot_rules`], [`disk_rules`], [`vif_rules`], [`word_rules`]: the rules; pure.
//! - [`would_boot`]: rpxeboot is asked.
//!
//! With `--json`: `{"guest":NAME,"findings":[{"severity","key","line","message"}],"boot":…}`;
//! `severity` is `error` or `warning`, `key` names the rule, `line` is the config's or null, and
//! `boot` is rpxeboot's plan (rpxeboot(8)), `{"action":"error","message"}`, or null without
//! `--boot`.

pub mod around;
pub mod boot_rules;
pub mod disk_rules;
pub mod finding;
mod known_keys;
pub mod vif_rules;
pub mod word_rules;
pub mod would_boot;

use serde_json::json;

use super::Here;
use crate::cli;
use crate::config::GuestConfig;
use crate::console::printable;
use crate::failure::Failure;
use around::Around;
use finding::{Finding, Findings, Severity};

/// Runs the verb.
///
/// # Errors
/// No such guest, a config that xl would refuse; or there are findings that are errors.
pub fn run(args: &cli::Check, here: Here<'_>) -> Result<(), Failure> {
    let config = GuestConfig::find(here.settings, &args.guest)?;
    let around = Around::look(&config, here)?;
    let findings = findings(&config, &around);
    let boot = args.boot.then(|| would_boot::ask(&config, around.runs, here));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let value = json!({ "guest": config.name, "findings": findings, "boot": boot });
    let would_fail = boot.as_ref().is_some_and(would_boot::is_failure);
    here.console.report(&value, || {
        let mut text: String = findings.iter().map(|finding| finding.text(&config.path)).collect();
        if findings.is_empty() {
            text = format!("{}: nothing is wrong with it\n", printable(&config.name));
        }
        text + &boot.as_ref().map(would_boot::text).unwrap_or_default()
    })?;
    let path = config.path.display();
    match (errors, would_fail) {
        (0, false) => Ok(()),
        (0, true) => Err(Failure::failed(format!("{} would not boot", config.name))),
        (1, _) => Err(Failure::failed(format!("{path}: 1 error"))),
        (count, _) => Err(Failure::failed(format!("{path}: {count} errors"))),
    }
}

/// All that the rules find, errors first, each kind in the order of the config's lines.
#[must_use]
pub fn findings(config: &GuestConfig, around: &Around) -> Vec<Finding> {
    let mut findings = Findings::new(&config.document);
    boot_rules::check(&mut findings, around);
    disk_rules::check(&mut findings, around);
    vif_rules::check(&mut findings, around);
    word_rules::check(&mut findings, around);
    findings.sorted()
}

#[cfg(test)]
mod tests;

//! `vmprov server`: what a guest needs on the other side of the wire, as texts for the servers
//! that a site has. It changes no server's files: it prints them, or writes them into a
//! directory of its own.
//!
//! With `--json`: `{"guest","mac","for","files":[{"path","place","text"}],
//! "names":[{"name","how"}],"reload":[COMMAND…]}`.

use std::path::{Path, PathBuf};

use serde_json::json;
use xlcfg::VifSpec;

use super::Here;
use crate::cli;
use crate::config::GuestConfig;
use crate::failure::Failure;
use crate::plan::{Plan, Step};
use crate::record::Record;
use crate::site::{Boot, Site, Snippet, dhcp, tree};
use crate::values::{GuestName, Mac};

/// Runs the verb.
///
/// # Errors
/// No such guest, one without a MAC of its own, something missing for that server; or a file
/// is there already.
pub fn run(args: &cli::Server, here: Here<'_>) -> Result<(), Failure> {
    let config = GuestConfig::find(here.settings, &args.guest)?;
    let site = site(&config, args, here)?;
    let snippets = site.snippets(args.kind).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(directory) = &args.write {
        let directory = std::path::absolute(directory)
            .map_err(|error| Failure::io("finding", directory, &error))?;
        let plan = Plan { steps: steps(&directory, &snippets), ..Plan::default() };
        if args.dry.dry_run {
            return here.show(&plan);
        }
        here.apply(&plan)?;
    }
    let names = tree::names(&site);
    let value = json!({
        "guest": site.guest,
        "mac": site.mac,
        "for": args.kind,
        "files": snippets,
        "names": names,
        "reload": dhcp::reload(args.kind),
    });
    here.console.report(&value, || text(&site, &snippets, args))
}

fn site(config: &GuestConfig, args: &cli::Server, here: Here<'_>) -> Result<Site, Failure> {
    let document = &config.document;
    let vifs = document.strings("vif").ok().flatten().unwrap_or_default();
    let mac = vifs.first().and_then(|vif| VifSpec::parse(vif).ok()?.mac());
    let mac = mac.and_then(|bytes| Mac::new(bytes).ok()).ok_or_else(|| {
        Failure::refused(format!(
            "{}: its first vif has no mac=, so no server can know it: write one, as 00:16:3e:…",
            config.path.display()
        ))
    })?;
    let uuid = document.string("uuid").ok().flatten();
    let boot = args.kernel.as_ref().map(|kernel| {
        Ok::<_, Failure>(Boot {
            label: label(config, args, here)?,
            kernel: kernel.clone(),
            initrds: args.initrd.clone(),
            append: args.append.clone(),
        })
    });
    Ok(Site {
        guest: config.name.clone(),
        mac,
        uuid: uuid.and_then(|uuid| pxelinux::Uuid::parse(&uuid)),
        address: args.address,
        tftp_server: args.server,
        boot: boot.transpose()?,
    })
}

/// The label that rpxeboot is going to ask for, else a usual name.
fn label(config: &GuestConfig, args: &cli::Server, here: Here<'_>) -> Result<String, Failure> {
    if let Some(label) = &args.label {
        return Ok(label.clone());
    }
    let recorded = match config.name.parse::<GuestName>() {
        Ok(name) => Record::read(&here.settings.state_dir, &name)?.and_then(|record| record.label),
        Err(_) => None,
    };
    Ok(recorded.unwrap_or_else(|| "install".to_owned()))
}

fn steps(directory: &Path, snippets: &[Snippet]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut made: Vec<PathBuf> = Vec::new();
    for snippet in snippets {
        let path = directory.join(&snippet.path);
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        for parent in above.into_iter().rev() {
            if !parent.exists() && !made.iter().any(|made| made == parent) {
                made.push(parent.to_owned());
                steps.push(Step::MakeDirectory { path: parent.to_owned() });
            }
        }
        steps.push(Step::WriteConfig { path, text: snippet.text.clone() });
    }
    steps
}

fn text(site: &Site, snippets: &[Snippet], args: &cli::Server) -> String {
    let mut text = String::new();
    for snippet in snippets {
        text.push_str(&format!("=== {}\n\n{}\n", snippet.place, snippet.text));
    }
    if site.boot.is_none() {
        text.push_str("=== Its config: --kernel, --initrd and --append make one\n\n");
    }
    text.push_str("=== The configs that it asks for, first to last\n\n");
    for name in tree::names(site) {
        text.push_str(&format!("    {}\n        {}\n", name.name, name.how));
    }
    text.push_str("\n=== Then\n\n");
    for command in dhcp::reload(args.kind) {
        text.push_str(&format!("    {command}\n"));
    }
    if let Some(directory) = &args.write {
        text.push_str(&format!("\nwritten below {}\n", directory.display()));
    }
    text
}

//! `vmprov profile`: how systems are installed.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Here;
use crate::cli;
use crate::failure::Failure;
use crate::files::whole;
use crate::profile::answers::Answers;
use crate::profile::{Profile, library};

/// Runs the verb.
///
/// # Errors
/// There is no such profile, or one has a mistake.
pub fn run(verb: &cli::ProfileVerb, here: Here<'_>) -> Result<(), Failure> {
    match verb {
        cli::ProfileVerb::List => list(here),
        cli::ProfileVerb::Show(args) => show(args, here),
        cli::ProfileVerb::New(args) => new(args, here),
    }
}

fn list(here: Here<'_>) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for profile in library::all(&here.settings.profile_dir) {
        let told = profile.and_then(|profile| Ok((profile.title()?, profile)));
        match told {
            Ok((title, profile)) => lines.push((profile.name, title, profile.is_built_in)),
            Err(failure) => here.console.note(&failure.message),
        }
    }
    let value: Vec<_> = lines
        .iter()
        .map(|(name, title, built_in)| json!({"name": name, "title": title, "built_in": built_in}))
        .collect();
    here.console.report(&value, || {
        let line = |(name, title, is_built_in): &(String, String, bool)| {
            let own = if *is_built_in { "" } else { " (this host's)" };
            format!("{name:20} {title}{own}\n")
        };
        lines.iter().map(line).collect()
    })
}

fn show(args: &cli::ProfileShow, here: Here<'_>) -> Result<(), Failure> {
    let profile = library::find(&args.name, &here.settings.profile_dir)?;
    if let Some(directory) = &args.example {
        return example(&profile, directory, here);
    }
    let files = library::files(&profile, &here.settings.profile_dir)?;
    let set: Vec<_> = profile
        .family
        .set
        .iter()
        .map(|(key, choice)| json!({"key": key, "default": choice.default, "help": choice.help}))
        .collect();
    let value = json!({
        "name": profile.name,
        "title": profile.title()?,
        "mirror": profile.mirror()?.map(|mirror| mirror.to_string()),
        "set": set,
        "files": files,
    });
    here.console.report(&value, || {
        let shown = |(name, text): (&String, &String)| format!("==> {name} <==\n{text}\n");
        files.iter().map(shown).collect()
    })
}

/// What an installer would get.
fn example(profile: &Profile, directory: &Path, here: Here<'_>) -> Result<(), Failure> {
    let rendered = profile.render(&Answers::example(profile)?)?;
    fs::create_dir_all(directory).map_err(|error| Failure::io("making", directory, &error))?;
    let mut names = Vec::new();
    for (name, text) in rendered.files.iter().chain([(&"append".to_owned(), &rendered.append)]) {
        whole::create(&directory.join(name), text.as_bytes(), 0o600)?;
        names.push(name.clone());
    }
    let value = json!({ "directory": directory, "files": names });
    here.console.report(&value, || {
        names.iter().map(|name| format!("{}\n", directory.join(name).display())).collect()
    })
}

fn new(args: &cli::ProfileNew, here: Here<'_>) -> Result<(), Failure> {
    let from = library::find(&args.from, &here.settings.profile_dir)?;
    let files = library::files(&from, &here.settings.profile_dir)?;
    let folder = here.settings.profile_dir.join(args.name.as_str());
    if folder.exists() || library::find(args.name.as_str(), &here.settings.profile_dir).is_ok() {
        return Err(Failure::refused(format!("there is a profile {} already", args.name)));
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::io("making", &folder, &error))?;
    for (name, text) in &files {
        let text = match (&from.release, name == "profile.toml", &from.family.only) {
            // The copy is of one release, and has the name that was asked for.
            (Some(release), true, None) => format!("only = \"{release}\"\n{text}"),
            _ => text.clone(),
        };
        whole::create(&folder.join(name), text.as_bytes(), 0o644)?;
    }
    let value = json!({ "profile": args.name, "folder": folder });
    here.console.report(&value, || format!("profile {} in {}\n", args.name, folder.display()))
}

//! `create --profile`: how the guest is to be installed, checked before anything is made.

use std::path::Path;

use super::super::media;
use super::Here;
use crate::cli;
use crate::failure::Failure;
use crate::files::read;
use crate::profile::answers::{Answers, Mirror, plain, ssh_keys};
use crate::profile::{Profile, library, secret};
use crate::record::Provision;
use crate::values::{DiskSize, Memory};

/// What the options say.
pub(super) struct Provisioning {
    /// For the record.
    pub provision: Provision,
    /// The least memory and disk.
    pub memory: Option<Memory>,
    pub disk_size: Option<DiskSize>,
    /// The password that was made, since neither a key nor a password was given.
    pub password: Option<String>,
}

/// What the options say, if they name a profile.
///
/// # Errors
/// There is no such profile or medium, or a value cannot stand in an answer file.
pub(super) fn of(args: &cli::Provision, here: Here<'_>) -> Result<Option<Provisioning>, Failure> {
    let Some(name) = &args.profile else { return Ok(None) };
    let settings = here.settings;
    let profile = library::find(name, &settings.profile_dir)?;
    let medium = match &args.medium {
        Some(medium) => medium.clone(),
        None => name.parse().map_err(|_| {
            Failure::usage(format!("{name} cannot be a medium's name: name one by --medium"))
        })?,
    };
    let medium = media::needed(&medium, here)?;
    if profile.family.needs_image && medium.image.is_none() {
        return Err(Failure::refused(format!(
            "the installer of {name} reads its image, which medium {} has not: `vmprov media add {} \
             FILE.iso --image --replace`",
            medium.name, medium.name
        )));
    }
    let is_url = medium.source.contains("://");
    if profile.family.needs_tree && !medium.has_tree && !is_url {
        return Err(Failure::refused(format!(
            "the installer of {name} reads its whole medium, of which {} has the kernel alone: \
             `vmprov media add {} SOURCE --tree --replace`",
            medium.name, medium.name
        )));
    }
    let keys = keys(args, here)?;
    let (root_password, password) = match &args.password_file {
        Some(path) => (secret::hash(&secret::from_file(path)?)?, None),
        None if keys.is_empty() => {
            let password = secret::random()?;
            (secret::hash(&password)?, Some(password))
        }
        None => (String::new(), None),
    };
    let or =
        |given: &Option<String>, usual: &str| given.clone().unwrap_or_else(|| usual.to_owned());
    let checked = |option: &str, value: String| {
        plain(&value).map_err(|error| Failure::usage(format!("{option}: {error}")))
    };
    let mut packages = Vec::new();
    for package in &args.packages {
        if package.contains(' ') {
            return Err(Failure::usage(format!("--packages: {package:?} is no package's name")));
        }
        packages.push(checked("--packages", package.clone())?);
    }
    let provision = Provision {
        profile: profile.name.clone(),
        medium: medium.name.clone(),
        root_password,
        ssh_keys: keys,
        timezone: checked("--timezone", or(&args.timezone, &settings.timezone))?,
        locale: checked("--locale", or(&args.locale, &settings.locale))?,
        keyboard: checked("--keyboard", or(&args.keyboard, &settings.keyboard))?,
        mirror: mirror(args, here)?.map(|mirror| mirror.to_string()),
        packages,
        set: choices(args, &profile)?,
    };
    // A mistake in a template is better known now than when the guest waits for the file.
    profile.render(&Answers::example(&profile)?)?;
    let (memory, disk_size) = (profile.family.memory, profile.family.disk_size);
    Ok(Some(Provisioning { provision, memory, disk_size, password }))
}

fn keys(args: &cli::Provision, here: Here<'_>) -> Result<Vec<String>, Failure> {
    let usual = here.settings.ssh_key.iter().filter(|_| args.ssh_key.is_empty());
    let mut keys = Vec::new();
    for path in args.ssh_key.iter().chain(usual) {
        let path: &Path = path;
        let bytes = read::small(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::not_found(format!("there is no {}", path.display()))
            }
            _ => Failure::io("reading", path, &error),
        })?;
        let of_file = ssh_keys(&String::from_utf8_lossy(&bytes));
        keys.extend(
            of_file.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?,
        );
    }
    Ok(keys)
}

fn mirror(args: &cli::Provision, here: Here<'_>) -> Result<Option<Mirror>, Failure> {
    let mirror = args.mirror.as_ref().or(here.settings.mirror.as_ref());
    let mirror = mirror.map(|mirror| mirror.parse()).transpose();
    mirror.map_err(|error| Failure::usage(format!("--mirror: {error}")))
}

fn choices(
    args: &cli::Provision,
    profile: &Profile,
) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let mut set = std::collections::BTreeMap::new();
    for (key, value) in &args.set {
        if !profile.family.set.contains_key(key) {
            let known: Vec<&str> = profile.family.set.keys().map(String::as_str).collect();
            return Err(Failure::usage(format!(
                "--set {key}: profile {} leaves no such choice; it has: {}",
                profile.name,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
        let value =
            plain(value).map_err(|error| Failure::usage(format!("--set {key}: {error}")))?;
        set.insert(key.clone(), value);
    }
    Ok(set)
}

//! `vmprov media`: installers' kernels and initrds, out of what people have.

use std::io::Read;
use std::path::Path;

use serde_json::json;

use super::Here;
use crate::cli;
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::files::read;
use crate::media::checks;
use crate::media::source::{Extract, Source};
use crate::media::store::{self, Medium, Store};
use crate::media::sums::Sum;
use crate::profile::{Profile, library};
use crate::record::Record;
use crate::values::GuestName;

/// Runs the verb.
///
/// # Errors
/// A source that cannot be read or is not what it should be; a disk that is full.
pub fn run(verb: &cli::Media, here: Here<'_>) -> Result<(), Failure> {
    let store = Store::new(&here.settings.media_dir);
    match verb {
        cli::Media::Add(args) => add(args, &store, here),
        cli::Media::List => list(&store, here),
        cli::Media::Remove(args) => remove(args, &store, here),
    }
}

fn add(args: &cli::MediaAdd, store: &Store, here: Here<'_>) -> Result<(), Failure> {
    let name = &args.name;
    let _lock = Lock::take(&here.settings.state_dir, "media")?;
    if store.path(name).exists() && !args.replace {
        return Err(Failure::refused(format!(
            "a medium {name} is there already: --replace takes its place"
        )));
    }
    let profile = library::find(name.as_str(), &here.settings.profile_dir).ok();
    let word = match &args.source {
        Some(word) => word.clone(),
        None => usual_source(args, profile.as_ref(), here)?,
    };
    let whole = whole_sum(args, &word, here)?;
    if let Some((sum, place, _)) = &whole {
        // Before anything reads what is in it.
        check_whole(Path::new(&word), sum, place)?;
    }
    let source = Source::new(&word)?;
    let (system, kernel, initrd) = source.find()?;
    here.console.note(&format!("{source}: {kernel} and {initrd}"));
    let list = checks::list(&source, &[&kernel, &initrd], args.keyring.as_deref(), here.console)?;
    let checked = match (&whole, &list) {
        (Some((_, place, _)), _) => Some(place.clone()),
        (None, Some(list)) => Some(list.to_string()),
        (None, None) => None,
    };
    let is_signed = whole.as_ref().is_some_and(|(_, _, is_signed)| *is_signed)
        || list.as_ref().is_some_and(|list| list.is_signed);
    if let Some(keyring) = args.keyring.as_ref().filter(|_| !is_signed) {
        return Err(Failure::failed(format!(
            "no list of sums with {source} in it is signed, by a key of {} or any other; nothing was \
             kept",
            keyring.display()
        )));
    }
    if checked.is_none() {
        here.console
            .note("nothing to check it by: no list of sums is in it or beside it; --sha256?");
    }
    let new = store.begin(name)?;
    let made = (|| {
        let take = |name: &str, from: &str| {
            let file = source.open(from)?.ok_or_else(|| {
                Failure::failed(format!("{from} of {source} is gone since it was found"))
            })?;
            let expected = list.as_ref().and_then(|list| list.sum(from));
            let told = format!("{from} of {source}");
            let blob = store.take(&new, name, &told, file, (expected.as_ref(), store::MAX_FILE))?;
            here.console.note(&format!("{from}: {}", mib(blob.bytes)));
            Ok(store::Blob { from: from.to_owned(), ..blob })
        };
        let wants = |asked: bool, profile_wants: fn(&Profile) -> bool| {
            asked || profile.as_ref().is_some_and(profile_wants)
        };
        let image = match &source {
            Source::Archive { path, .. } if wants(args.image, |p| p.family.needs_image) => {
                let file = read::any(path).map_err(|error| Failure::io("reading", path, &error))?;
                let told = path.display().to_string();
                Some(store.take(&new, "image.iso", &told, file, (None, store::MAX_IMAGE))?)
            }
            _ => None,
        };
        let has_tree = wants(args.tree, |p| p.family.needs_tree) && tree(&source, &new)?;
        let medium = Medium {
            name: name.clone(),
            system: system.to_owned(),
            source: source.to_string(),
            checked,
            kernel: take("kernel", &kernel)?,
            initrd: take("initrd", &initrd)?,
            image,
            has_tree,
        };
        store.finish(&medium)?;
        Ok(medium)
    })();
    let medium = made.inspect_err(|_: &Failure| store.sweep())?;
    here.console.report(&medium, || {
        let by = medium.checked.as_deref().unwrap_or("nothing");
        format!("medium {name}: {} (checked by {by})\n", medium.system)
    })
}

/// Where the profile of this name has its medium.
fn usual_source(
    args: &cli::MediaAdd,
    profile: Option<&Profile>,
    here: Here<'_>,
) -> Result<String, Failure> {
    let name = &args.name;
    let mirror = args.mirror.as_ref().or(here.settings.mirror.as_ref());
    let mirror = mirror.map(|mirror| mirror.parse()).transpose();
    let mirror = mirror.map_err(|error| Failure::usage(format!("--mirror: {error}")))?;
    let source = profile.map(|profile| profile.medium(mirror)).transpose()?.flatten();
    source.ok_or_else(|| {
        Failure::usage(match profile {
            Some(_) => format!("name the source: profile {name} is installed from an ISO or a URL"),
            None => format!("name the source: there is no profile {name} that knows one"),
        })
    })
}

/// The sum that the file as a whole must have, and who says so.
fn whole_sum(
    args: &cli::MediaAdd,
    word: &str,
    here: Here<'_>,
) -> Result<Option<(Sum, String, bool)>, Failure> {
    let path = Path::new(word);
    if let Some(digits) = &args.sha256 {
        let sum = Sum::of(digits).ok_or_else(|| {
            Failure::usage(format!(
                "--sha256={digits} is no SHA-256 sum: it has 64 hexadecimal digits"
            ))
        })?;
        if !path.is_file() {
            return Err(Failure::usage(format!("--sha256 is of a file, and {word} is none")));
        }
        return Ok(Some((sum, "--sha256".to_owned(), false)));
    }
    if path.is_file() {
        return checks::beside(path, args.keyring.as_deref(), here.console);
    }
    Ok(None)
}

fn check_whole(path: &Path, expected: &Sum, place: &str) -> Result<(), Failure> {
    use sha2::{Digest, Sha256};
    let failure = |error: std::io::Error| Failure::io("reading", path, &error);
    let mut file = read::any(path).map_err(failure)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer).map_err(failure)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
    }
    let sum = Sum::new(&hasher.finalize());
    if sum == *expected {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} is not what {place} says: its SHA-256 is {}, not {}; nothing was kept",
        path.display(),
        sum.as_str(),
        expected.as_str()
    )))
}

/// Has the whole tree beside kernel and initrd; a URL's is where it is.
fn tree(source: &Source, new: &Path) -> Result<bool, Failure> {
    let tree = new.join("tree");
    match source {
        Source::Url { .. } => return Ok(false),
        Source::Directory(path) => {
            let path = path.canonicalize().map_err(|error| Failure::io("finding", path, &error))?;
            std::os::unix::fs::symlink(&path, &tree)
                .map_err(|error| Failure::io("linking", &tree, &error))?;
        }
        Source::Archive { path, .. } => {
            std::fs::create_dir(&tree).map_err(|error| Failure::io("making", &tree, &error))?;
            if nix::unistd::geteuid().is_root() {
                // Who unpacks is nobody.
                std::os::unix::fs::chown(&tree, Some(65534), Some(65534))
                    .map_err(|error| Failure::io("making", &tree, &error))?;
            }
            let directory = format!("--cd={}", tree.display());
            let options = ["-x", "--no-same-owner", "--no-same-permissions", &directory];
            Extract::start(path, &options, &[])?.end()?;
        }
    }
    Ok(true)
}

fn list(store: &Store, here: Here<'_>) -> Result<(), Failure> {
    let media = store.all();
    here.console.report(&media, || {
        let line = |medium: &Medium| {
            let bytes = medium.kernel.bytes + medium.initrd.bytes;
            let by = medium.checked.as_deref().unwrap_or("nothing");
            format!(
                "{:16} {:12} {:>10}  checked by {by}; from {}\n",
                medium.name.as_str(),
                medium.system,
                mib(bytes),
                medium.source
            )
        };
        media.iter().map(line).collect()
    })
}

fn remove(args: &cli::MediaRemove, store: &Store, here: Here<'_>) -> Result<(), Failure> {
    let name = &args.name;
    let _lock = Lock::take(&here.settings.state_dir, "media")?;
    let users: Vec<String> = Record::all(&here.settings.state_dir)
        .into_iter()
        .filter(|record| record.provision.as_ref().is_some_and(|p| p.medium == *name))
        .map(|record| record.name.to_string())
        .collect();
    if !users.is_empty() && !args.force {
        return Err(Failure::refused(format!(
            "{} would be installed from {name}; --force removes it all the same",
            users.join(", ")
        )));
    }
    store.remove(name)?;
    here.console.report(&json!({ "removed": name }), || format!("medium {name} removed\n"))
}

fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The medium of this name, which must be there.
///
/// # Errors
/// It is not; the error says how to get it.
pub(super) fn needed(name: &GuestName, here: Here<'_>) -> Result<Medium, Failure> {
    Store::new(&here.settings.media_dir).get(name)?.ok_or_else(|| {
        Failure::not_found(format!(
            "there is no medium {name}: `vmprov media add {name}` gets it, with an ISO, a directory \
             or a URL after it if it is not where the profile says"
        ))
    })
}

//! The families that there are: vmprov's own, in this program, and those of this host, one a
//! folder. A folder of this host's hides one of ours with the same name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::Profile;
use super::family::Family;
use crate::failure::Failure;
use crate::files::read;

/// A folder of this repository: its name, and its files with their texts.
type Folder = (&'static str, &'static [(&'static str, &'static str)]);

macro_rules! folder {
    ($name:literal: $($file:literal)*) => {
        ($name, &[$(($file, include_str!(concat!("../../profiles/", $name, "/", $file)))),*])
    };
}

/// What vmprov brings.
const BUILT_IN: &[Folder] = &[
    folder!("alpine": "profile.toml" "meta-data.j2" "user-data.j2"),
    folder!("debian": "profile.toml" "preseed.cfg.j2"),
    folder!("el": "profile.toml" "ks.cfg.j2"),
    folder!("el5": "profile.toml" "ks.cfg.j2"),
    folder!("fedora": "profile.toml" "ks.cfg.j2"),
    folder!("opensuse": "profile.toml" "autoinst.xml.j2"),
    folder!("opensuse-agama": "profile.toml" "autoinst.json.j2" "post.sh.j2"),
    folder!("ubuntu": "profile.toml" "meta-data.j2" "user-data.j2" "vendor-data.j2"),
];

/// Nobody has more files in a profile.
const MAX_FILES: usize = 100;

/// All profiles by name. What is wrong with a folder of this host's is told in its place.
#[must_use]
pub fn all(directory: &Path) -> Vec<Result<Profile, Failure>> {
    let mut profiles = Vec::new();
    let own = folders(directory);
    let is_hidden = |name: &str| own.iter().any(|folder| folder == name);
    for (name, files) in BUILT_IN.iter().filter(|(name, _)| !is_hidden(name)) {
        match built_in(name, files) {
            Ok(family) => profiles.extend(Profile::of(&family, name, true).into_iter().map(Ok)),
            Err(failure) => profiles.push(Err(failure)),
        }
    }
    for name in &own {
        match from_folder(&directory.join(name)) {
            Ok(family) => profiles.extend(Profile::of(&family, name, false).into_iter().map(Ok)),
            Err(failure) => profiles.push(Err(failure)),
        }
    }
    profiles.sort_by_key(|profile| profile.as_ref().map(|p| natural(&p.name)).unwrap_or_default());
    profiles
}

/// The profile of this name.
///
/// # Errors
/// There is none; or there is a folder of this name that has a mistake in it.
pub fn find(name: &str, directory: &Path) -> Result<Profile, Failure> {
    let mut names = Vec::new();
    let mut wrong = None;
    for profile in all(directory) {
        match profile {
            Ok(profile) if profile.name == name => return Ok(profile),
            Ok(profile) => names.push(profile.name),
            Err(failure) => wrong = wrong.or(Some(failure)),
        }
    }
    match wrong {
        // It may be the one that was meant.
        Some(failure) if failure.message.contains(&format!("/{name}")) => Err(failure),
        _ => Err(Failure::not_found(format!(
            "there is no profile {name}; there are: {}",
            names.join(", ")
        ))),
    }
}

/// The files of the folder that a profile comes from, for a copy of it.
///
/// # Errors
/// They cannot be read.
pub fn files(profile: &Profile, directory: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let folder = match &profile.release {
        Some(release) if profile.family.only.is_none() => {
            profile.name.strip_suffix(&format!("-{release}")).unwrap_or(&profile.name)
        }
        _ => &profile.name,
    };
    if profile.is_built_in {
        let files = BUILT_IN.iter().find(|(name, _)| *name == folder).map(|(_, files)| *files);
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        return Ok(files.unwrap_or_default().iter().map(owned).collect());
    }
    texts(&directory.join(folder))
}

fn built_in(name: &str, files: &[(&str, &str)]) -> Result<Family, Failure> {
    let texts = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    family(name, texts.collect())
}

fn from_folder(path: &Path) -> Result<Family, Failure> {
    family(&path.display().to_string(), texts(path)?)
}

fn family(place: &str, mut texts: BTreeMap<String, String>) -> Result<Family, Failure> {
    let toml = texts
        .remove("profile.toml")
        .ok_or_else(|| Failure::failed(format!("{place}: there is no profile.toml in it")))?;
    let is_template =
        |(name, text): (String, String)| Some((name.strip_suffix(".j2")?.into(), text));
    let templates = texts.into_iter().filter_map(is_template).collect();
    Family::new(&toml, templates).map_err(|error| Failure::failed(format!("{place}: {error}")))
}

fn texts(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let entries = fs::read_dir(path).map_err(|error| Failure::io("reading", path, &error))?;
    let mut texts = BTreeMap::new();
    for entry in entries.take(MAX_FILES).flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name == "profile.toml" || name.ends_with(".j2") {
            let path = entry.path();
            let failure = |error: &io::Error| Failure::io("reading", &path, error);
            let bytes = read::small(&path).map_err(|error| failure(&error))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::failed(format!("{}: is no UTF-8", path.display())))?;
            texts.insert(name, text);
        }
    }
    Ok(texts)
}

fn folders(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| entry.path().is_dir();
    let names = entries.filter(is_folder).filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// `debian-9` before `debian-13`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(word);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        parts.push((text.to_owned(), number.parse().unwrap_or(0)));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::answers::Answers;

    #[test]
    fn every_profile_of_ours_is_whole_and_renders() {
        let nowhere = Path::new("/nowhere");
        let profiles = all(nowhere);
        assert!(profiles.len() >= BUILT_IN.len());
        for profile in profiles {
            let profile = profile.unwrap();
            let answers = Answers::example(&profile).unwrap();
            let rendered = profile.render(&answers).unwrap();
            assert!(rendered.append.contains("console="), "{}: {}", profile.name, rendered.append);
            assert!(!rendered.append.contains("$6$"), "{}: a secret", profile.name);
            assert!(!profile.title().unwrap().is_empty());
            let calls = rendered.files.values().filter(|text| text.contains("/done")).count();
            assert!(calls > 0, "{}: nobody learns when it is done", profile.name);
        }
    }

    #[test]
    fn every_folder_of_the_repository_is_built_in_with_all_its_files() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        for folder in folders(&repository) {
            let there: Vec<String> =
                texts(&repository.join(&folder)).unwrap().into_keys().collect();
            let ours = BUILT_IN.iter().find(|(name, _)| *name == folder).map(|(_, files)| files);
            let mut ours: Vec<&str> =
                ours.unwrap_or(&&[][..]).iter().map(|(name, _)| *name).collect();
            ours.sort_unstable();
            assert_eq!(there, ours, "{folder}");
        }
    }

    #[test]
    fn a_folder_of_this_host_is_a_profile() {
        let host = tempfile::tempdir().unwrap();
        let folder = host.path().join("web");
        fs::create_dir(&folder).unwrap();
        let debian = find("debian-13", Path::new("/nowhere")).unwrap();
        for (name, text) in files(&debian, host.path()).unwrap() {
            let text = if name == "profile.toml" { format!("only = \"13\"\n{text}") } else { text };
            fs::write(folder.join(name), text).unwrap();
        }
        let web = find("web", host.path()).unwrap();
        assert_eq!(web.title().unwrap(), debian.title().unwrap());
        assert!(!web.is_built_in && web.release.as_deref() == Some("13"));
        fs::write(folder.join("profile.toml"), "title = 1\n").unwrap();
        let error = find("web", host.path()).unwrap_err();
        assert!(error.message.contains("/web: profile.toml: "), "{error}");
        assert!(find("debian-13", host.path()).is_ok(), "another's mistake is none of its");
    }

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["debian-13", "el-10", "debian-9", "ubuntu-24.04", "el-9"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["debian-9", "debian-13", "el-9", "el-10", "ubuntu-24.04"]);
    }
}

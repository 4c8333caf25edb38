//! Finding a guest's config and reading it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xlcfg::Document;

use crate::failure::Failure;
use crate::files::read;
use crate::record::Record;
use crate::settings::Settings;
use crate::values::{GuestName, Target};

/// A config that xl would read.
#[derive(Debug, Clone)]
pub struct GuestConfig {
    /// The file, absolute.
    pub path: PathBuf,
    /// The guest's name, as xl knows it.
    pub name: String,
    /// The config.
    pub document: Document,
}

impl GuestConfig {
    /// The config of the guest that somebody named: CONFIGS/NAME.cfg, CONFIGS/NAME (Ganeti's and
    /// older habits), the file that its record names, or any other in CONFIGS that has this
    /// `name`.
    ///
    /// # Errors
    /// [`crate::failure::Kind::NotFound`]; or it cannot be read, or xl would not.
    pub fn find(settings: &Settings, target: &Target) -> Result<Self, Failure> {
        match target {
            Target::File(path) => {
                let path = std::path::absolute(path)
                    .map_err(|error| Failure::io("finding", path, &error))?;
                Self::read(&path)?
                    .ok_or_else(|| Failure::not_found(format!("there is no {}", path.display())))
            }
            Target::Name(name) => Self::named(settings, name),
        }
    }

    fn named(settings: &Settings, name: &GuestName) -> Result<Self, Failure> {
        let directory = &settings.config_dir;
        let mut other = None;
        for file in [format!("{name}.cfg"), name.to_string()] {
            let path = directory.join(file);
            if path.is_dir() {
                continue;
            }
            match Self::read(&path)? {
                Some(found) if found.name == name.as_str() => return Ok(found),
                Some(found) => other = Some(found),
                None => {}
            }
        }
        let record = Record::read(&settings.state_dir, name)?;
        if let Some(record) = &record
            && let Some(found) = Self::read(&record.config)?
            && found.name == name.as_str()
        {
            return Ok(found);
        }
        let mut found = all(directory).into_iter().filter_map(Result::ok);
        if let Some(found) = found.find(|config| config.name == name.as_str()) {
            return Ok(found);
        }
        if let Some(other) = other {
            return Err(Failure::refused(format!(
                "the guest in {} is named {:?}, not {name}: name the file (with a slash) to mean \
                 that one",
                other.path.display(),
                other.name
            )));
        }
        if record.is_some() {
            return Err(Failure::not_found(format!(
                "the config of {name} is gone, or was never finished: `vmprov delete {name}` \
                 removes the rest"
            )));
        }
        Err(Failure::not_found(format!(
            "there is no guest {name}: no {}, nor another config there with that name",
            directory.join(format!("{name}.cfg")).display()
        )))
    }

    /// The config in a file; none if there is no such file.
    ///
    /// # Errors
    /// It cannot be read, xl would refuse it, or it has no name.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let bytes = match read::small(path) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(Failure::io("reading", path, &error)),
        };
        let shown = path.display().to_string();
        let document = Document::parse(&bytes).map_err(|error| {
            Failure::failed(format!("xl would refuse this config:\n{}", error.render(&shown)))
        })?;
        let name = document
            .string("name")
            .map_err(|error| Failure::failed(format!("{shown}: {error}")))?
            .ok_or_else(|| Failure::failed(format!("{shown}: it has no name=")))?;
        Ok(Some(Self { path: path.to_owned(), name, document }))
    }
}

/// All guest configs of a directory, in the order of their names; each may be unreadable. Files
/// that are no guest configs (xl.conf, scripts' settings) are left out.
#[must_use]
pub fn all(directory: &Path) -> Vec<Result<GuestConfig, Failure>> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && !is_hidden(path) && !is_example(path))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| match GuestConfig::read(&path) {
            Ok(found) => found.map(Ok),
            // Any file can be there; only what calls itself a config is worth an error.
            Err(error) => is_config_name(&path).then_some(Err(error)),
        })
        .collect()
}

fn is_config_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "cfg")
}

/// Xen's own examples, which Debian and others put there.
fn is_example(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("xlexample."))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    struct Place(tempfile::TempDir, Settings);

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let directory = tempfile::tempdir().unwrap();
            for (name, text) in files {
                fs::write(directory.path().join(name), text).unwrap();
            }
            let settings = Settings {
                config_dir: directory.path().to_owned(),
                state_dir: directory.path().join("state"),
                ..Settings::default()
            };
            Self(directory, settings)
        }

        fn find(&self, target: &str) -> Result<String, Failure> {
            let found = GuestConfig::find(&self.1, &target.parse().unwrap())?;
            Ok(found.path.file_name().unwrap().to_string_lossy().into_owned())
        }
    }

    #[test]
    fn the_file_of_the_guests_name_goes_first() {
        let place = Place::new(&[("RK.cfg", "name='RK'\n"), ("a.cfg", "name='RK'\n")]);
        assert_eq!(place.find("RK").unwrap(), "RK.cfg");
    }

    #[test]
    fn a_file_without_extension_and_one_of_another_name_are_found() {
        let place = Place::new(&[("RK", "name='RK'\n"), ("a.cfg", "name='web'\n")]);
        assert_eq!(place.find("RK").unwrap(), "RK");
        assert_eq!(place.find("web").unwrap(), "a.cfg");
    }

    #[test]
    fn a_file_whose_guest_has_another_name_is_not_taken_silently() {
        let place = Place::new(&[("RK.cfg", "name='web'\n")]);
        let error = place.find("RK").unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        let path = place.0.path().join("RK.cfg");
        assert_eq!(place.find(path.to_str().unwrap()).unwrap(), "RK.cfg");
    }

    #[test]
    fn no_guest_and_no_file_are_not_found() {
        let place = Place::new(&[]);
        assert_eq!(place.find("RK").unwrap_err().kind, Kind::NotFound);
        assert_eq!(place.find("/nowhere/vm.cfg").unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn a_config_that_xl_would_refuse_is_shown_with_the_place() {
        let place = Place::new(&[("RK.cfg", "name='RK'\nvif = vif[0]\n")]);
        let error = place.find("RK").unwrap_err();
        assert!(error.message.contains("RK.cfg") && error.message.contains('^'), "{error}");
        assert_eq!(error.kind, Kind::Failed);
    }

    #[test]
    fn other_files_are_no_guests() {
        let place = Place::new(&[
            ("xl.conf", "autoballoon=\"auto\"\n"),
            ("cpupool", "foo bar\n"),
            ("xlexample.pvlinux", "name='example.pvlinux'\n"),
            ("web.cfg", "name='web'\n"),
            ("bad.cfg", "name=\n"),
        ]);
        let all = all(place.0.path());
        assert_eq!(all.len(), 2);
        assert!(all[0].is_err() && all[1].as_ref().unwrap().name == "web");
    }
}

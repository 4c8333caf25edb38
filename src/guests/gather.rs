//! Finding all guests: those with a config, those that only vmprov's records know, and those
//! that only run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Guest, Sources};
use crate::config::{GuestConfig, find};
use crate::console::Console;
use crate::failure::Failure;
use crate::host::domains::{Domain, Xl};
use crate::record::Record;
use crate::settings::Settings;

/// What there is on this host, read once.
#[derive(Debug)]
pub struct Host {
    /// What runs; none where nothing can run.
    pub domains: Option<Vec<Domain>>,
    records: Vec<Record>,
    /// The configs that start with the host, with their links followed.
    autostart: BTreeSet<PathBuf>,
}

impl Host {
    /// Reads it.
    ///
    /// # Errors
    /// xl is there and fails.
    pub fn read(settings: &Settings, console: &Console) -> Result<Self, Failure> {
        let domains = Xl::here().map(|xl| xl.domains(console)).transpose()?;
        let records = Record::all(&settings.state_dir);
        let autostart = autostart(&settings.config_dir);
        Ok(Self { domains, records, autostart })
    }

    /// What is known of the guest of a config.
    #[must_use]
    pub fn guest(&self, config: &GuestConfig) -> Guest {
        let real = fs::canonicalize(&config.path);
        let from = Sources {
            config: Some(config),
            record: self.record(&config.name).filter(|record| record.config == config.path),
            domain: self.domain(&config.name),
            autostart: real.is_ok_and(|path| self.autostart.contains(&path)),
        };
        Guest::new(&config.name, from)
    }

    /// All guests by name, and why some configs cannot be read.
    #[must_use]
    pub fn guests(&self, settings: &Settings) -> (Vec<Guest>, Vec<Failure>) {
        let mut guests = Vec::new();
        let mut failures = Vec::new();
        let mut known = BTreeSet::new();
        let mut add = |config: Result<GuestConfig, Failure>| match config {
            Ok(config) => {
                known.insert(config.path.clone());
                guests.push(self.guest(&config));
            }
            Err(failure) => failures.push(failure),
        };
        find::all(&settings.config_dir).into_iter().for_each(&mut add);
        for record in &self.records {
            // One in the directory above has been seen, or is a broken one.
            if record.config.parent() != Some(settings.config_dir.as_path())
                && let Some(config) = GuestConfig::read(&record.config).transpose()
            {
                add(config);
            }
        }
        let names: BTreeSet<String> = guests.iter().map(|guest| guest.name.clone()).collect();
        let is_new = |name: &str| !names.contains(name);
        let unfinished = self.records.iter().filter(|record| !known.contains(&record.config));
        let unfinished = unfinished.filter(|record| is_new(record.name.as_str()));
        guests.extend(unfinished.map(|record| {
            let (name, record) = (record.name.as_str(), Some(record));
            Guest::new(name, Sources { record, domain: self.domain(name), ..Sources::default() })
        }));
        let names: BTreeSet<String> = guests.iter().map(|guest| guest.name.clone()).collect();
        let strangers = self.domains.iter().flatten().filter(|d| !names.contains(&d.name));
        guests.extend(strangers.map(|domain| {
            Guest::new(&domain.name, Sources { domain: Some(domain), ..Sources::default() })
        }));
        guests.sort_by(|a, b| a.name.cmp(&b.name));
        (guests, failures)
    }

    fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.name.as_str() == name)
    }

    fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().flatten().find(|domain| domain.name == name)
    }
}

/// What xendomains starts: every file in the directory `auto`, mostly links.
fn autostart(config_dir: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(config_dir.join("auto")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::canonicalize(entry.path()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::State;

    struct Place(tempfile::TempDir, Settings);

    fn place() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("xen/auto")).unwrap();
        fs::create_dir_all(at("state")).unwrap();
        let settings = Settings {
            config_dir: at("xen"),
            state_dir: at("state"),
            image_dir: at("images"),
            ..Settings::default()
        };
        Place(directory, settings)
    }

    impl Place {
        fn write(&self, name: &str, text: &str) {
            fs::write(self.0.path().join(name), text).unwrap();
        }

        fn record(&self, name: &str, config: &str) {
            let config = self.0.path().join(config);
            let text = serde_json::json!({
                "version": 1, "name": name, "config": config,
                "disk": {"kind": "image", "path": "/nowhere/disk.img"}
            });
            self.write(&format!("state/{name}.json"), &text.to_string());
        }

        fn gather(&self, domains: Option<Vec<Domain>>) -> (Vec<Guest>, Vec<Failure>) {
            let host = Host {
                domains,
                records: Record::all(&self.1.state_dir),
                autostart: autostart(&self.1.config_dir),
            };
            host.guests(&self.1)
        }
    }

    fn running(name: &str) -> Domain {
        Domain {
            name: name.into(),
            domid: 7,
            memory_mib: 256,
            vcpus: 1,
            state: "-b----".into(),
            cpu_tenths: 0,
        }
    }

    #[test]
    fn guests_come_from_configs_records_and_xl_each_once() {
        let place = place();
        place.write("xen/web.cfg", "name='web'\n");
        place.write("xen/RK.cfg", "name='RK'\n");
        place.record("RK", "xen/RK.cfg");
        place.write("elsewhere.cfg", "name='far'\n");
        place.record("far", "elsewhere.cfg");
        place.record("half", "xen/half.cfg");
        let (guests, failures) = place.gather(Some(vec![running("web"), running("stray")]));
        assert_eq!(failures, []);
        let seen: Vec<_> = guests.iter().map(|g| (g.name.as_str(), g.state, g.created)).collect();
        let expected = [
            ("RK", State::Off, true),
            ("far", State::Off, true),
            ("half", State::Unfinished, true),
            ("stray", State::Running, false),
            ("web", State::Running, false),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_config_that_xl_would_refuse_hides_no_other() {
        let place = place();
        place.write("xen/web.cfg", "name='web'\n");
        place.write("xen/bad.cfg", "name=\n");
        let (guests, failures) = place.gather(None);
        assert_eq!((guests.len(), failures.len()), (1, 1));
    }

    #[test]
    fn a_typo_does_not_make_a_guest_unfinished() {
        let place = place();
        place.write("xen/RK.cfg", "name='RK'\nvif = vif[0]\n");
        place.record("RK", "xen/RK.cfg");
        place.write("elsewhere.cfg", "name=\n");
        place.record("far", "elsewhere.cfg");
        place.record("half", "xen/half.cfg");
        let (guests, failures) = place.gather(None);
        let states: Vec<_> = guests.iter().map(|g| (g.name.as_str(), g.state)).collect();
        let expected =
            [("RK", State::Unreadable), ("far", State::Unreadable), ("half", State::Unfinished)];
        assert_eq!(states, expected);
        assert_eq!(failures.len(), 2);
    }

    #[test]
    fn a_link_in_auto_starts_a_guest_with_the_host() {
        let place = place();
        place.write("xen/web.cfg", "name='web'\n");
        place.write("xen/RK.cfg", "name='RK'\n");
        std::os::unix::fs::symlink("../RK.cfg", place.0.path().join("xen/auto/RK.cfg")).unwrap();
        let (guests, _) = place.gather(None);
        let starts: Vec<_> = guests.iter().map(|guest| guest.autostart).collect();
        assert_eq!(starts, [true, false]);
    }
}

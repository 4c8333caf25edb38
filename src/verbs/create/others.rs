//! What the other guests of this host have: a new one must not get the same.

use std::path::{Path, PathBuf};

use xlcfg::{DiskSpec, VifSpec};

use crate::config::find::{self, GuestConfig};
use crate::failure::Failure;
use crate::record::Record;
use crate::values::{GuestName, Mac};
use crate::verbs::Here;

/// What the other guests of this host have.
pub(super) struct Others {
    /// The config, and the MACs in it.
    macs: Vec<(PathBuf, Mac)>,
    /// The config, and the disks in it.
    disks: Vec<(PathBuf, PathBuf)>,
    /// The config, and the guest's name.
    names: Vec<(PathBuf, String)>,
}

impl Others {
    /// Reads every config that this host has: xl's, those that start with the host, and vmprov's.
    pub(super) fn look(here: Here<'_>) -> Self {
        let settings = here.settings;
        let mut configs = find::all(&settings.config_dir);
        configs.extend(find::all(&settings.config_dir.join("auto")));
        let recorded = Record::all(&settings.state_dir);
        configs.extend(
            recorded.iter().filter_map(|record| GuestConfig::read(&record.config).transpose()),
        );
        let mut others = Self { macs: Vec::new(), disks: Vec::new(), names: Vec::new() };
        for config in configs {
            let config = match config {
                Ok(config) => config,
                Err(failure) => {
                    here.console.note(&format!("not looked at for MACs: {failure}"));
                    continue;
                }
            };
            let list = |key| config.document.strings(key).ok().flatten().unwrap_or_default();
            let macs = list("vif").into_iter().filter_map(|vif| VifSpec::parse(&vif).ok()?.mac());
            let macs = macs.filter_map(|bytes| Mac::new(bytes).ok());
            others.macs.extend(macs.map(|mac| (config.path.clone(), mac)));
            let disks = list("disk")
                .into_iter()
                .filter_map(|disk| Some(PathBuf::from(DiskSpec::parse(&disk).ok()?.target?)));
            others.disks.extend(disks.map(|disk| (config.path.clone(), disk)));
            others.names.push((config.path, config.name));
        }
        others
    }

    /// The config that has a MAC already.
    pub(super) fn user_of(&self, mac: Mac) -> Option<&Path> {
        self.macs.iter().find(|(_, other)| *other == mac).map(|(path, _)| path.as_path())
    }

    /// The config that has a disk already.
    pub(super) fn owner_of(&self, disk: &Path) -> Option<&Path> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let disk = real(disk);
        self.disks.iter().find(|(_, other)| real(other) == disk).map(|(path, _)| path.as_path())
    }

    /// # Errors
    /// Another config is of a guest with this name: xl could not run both.
    pub(super) fn refuse_name(&self, name: &GuestName) -> Result<(), Failure> {
        match self.names.iter().find(|(_, other)| other == name.as_str()) {
            None => Ok(()),
            Some((path, _)) => {
                Err(Failure::refused(format!("{} is the config of a guest {name}", path.display())))
            }
        }
    }
}

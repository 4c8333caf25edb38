//! What `create` made: written before it makes anything, so that no crash leaves a disk that
//! nobody knows of, and read by `delete`, which removes nothing else.
//!
//! A record is `STATE/NAME.json`. rpxeboot reads its `config` when it looks for a guest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::files::{read, whole};
use crate::values::GuestName;

/// What `create` made for a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The form of this record: 1.
    pub version: u32,
    /// The guest.
    pub name: GuestName,
    /// Its config.
    pub config: PathBuf,
    /// Its disk, and what was made for that.
    pub disk: Disk,
    /// Directories that were made, the outer one first: removed again if they are empty.
    #[serde(default)]
    pub directories: Vec<PathBuf>,
    /// The link by which it starts with the host.
    #[serde(default)]
    pub autostart: Option<PathBuf>,
    /// The PXELINUX label that it was created with.
    #[serde(default)]
    pub label: Option<String>,
    /// How it is installed, if `vmprov serve` is to do that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provision: Option<Box<Provision>>,
}

/// How a guest is installed: a profile, and what its templates get. It has a secret in it; the
/// record can be read by root alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provision {
    /// The profile's name.
    pub profile: String,
    /// The medium's.
    pub medium: GuestName,
    /// Root's password as crypt(3) has it; empty: none.
    pub root_password: String,
    /// Keys that may log in as root.
    pub ssh_keys: Vec<String>,
    /// `Europe/Berlin`.
    pub timezone: String,
    /// `en_US.UTF-8`.
    pub locale: String,
    /// `us`.
    pub keyboard: String,
    /// Where packages come from, unless from the profile's mirror.
    pub mirror: Option<String>,
    /// Packages beside the profile's.
    pub packages: Vec<String>,
    /// The profile's own choices, where they are not its defaults.
    pub set: BTreeMap<String, String>,
}

/// A guest's disk, by who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Disk {
    /// An image file that `create` made.
    Image {
        /// The file.
        path: PathBuf,
    },
    /// A logical volume that `create` made.
    Volume {
        /// Its group.
        group: String,
        /// Its name in the group.
        volume: String,
    },
    /// A device that was there before, and stays.
    Device {
        /// The device.
        path: PathBuf,
    },
}

impl Disk {
    /// The path that the guest's config has.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Image { path } | Self::Device { path } => path.clone(),
            Self::Volume { group, volume } => Path::new("/dev").join(group).join(volume),
        }
    }
}

impl Record {
    /// Where the record of a guest is.
    #[must_use]
    pub fn path(state_dir: &Path, name: &GuestName) -> PathBuf {
        state_dir.join(format!("{name}.json"))
    }

    /// Where the password is that `create` made for a guest's root, if it did.
    #[must_use]
    pub fn password_path(state_dir: &Path, name: &GuestName) -> PathBuf {
        state_dir.join(format!("{name}.password"))
    }

    /// The record of a guest, if `create` made it.
    ///
    /// # Errors
    /// There is one, but it cannot be read: then it is not known what belongs to the guest.
    pub fn read(state_dir: &Path, name: &GuestName) -> Result<Option<Self>, Failure> {
        let path = Self::path(state_dir, name);
        let bytes = match read::small(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io("reading", &path, &error)),
        };
        let record: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        if record.version != 1 || record.name != *name {
            return Err(Failure::failed(format!(
                "{} is not a record of {name} that this vmprov can read",
                path.display()
            )));
        }
        Ok(Some(record))
    }

    /// All records, by name; what cannot be read is left out.
    #[must_use]
    pub fn all(state_dir: &Path) -> Vec<Self> {
        let entries = fs::read_dir(state_dir).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            entry.file_name().to_str()?.strip_suffix(".json")?.parse::<GuestName>().ok()
        });
        let mut records: Vec<Self> =
            names.filter_map(|name| Self::read(state_dir, &name).ok().flatten()).collect();
        records.sort_by(|a, b| a.name.cmp(&b.name));
        records
    }

    /// Writes a record that is not there yet.
    ///
    /// # Errors
    /// There is one, or the directory cannot be written to.
    pub fn write(&self, state_dir: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::failed(format!("a bug in vmprov: no JSON: {error}")))?;
        text.push('\n');
        whole::create(&Self::path(state_dir, &self.name), text.as_bytes(), 0o600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            version: 1,
            name: "RK".parse().unwrap(),
            config: "/etc/xen/RK.cfg".into(),
            disk: Disk::Image { path: "/var/lib/xen/images/RK/disk.img".into() },
            directories: vec!["/var/lib/xen/images/RK".into()],
            autostart: None,
            label: Some("rescue".into()),
            provision: None,
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let state = tempfile::tempdir().unwrap();
        record().write(state.path()).unwrap();
        assert_eq!(Record::read(state.path(), &record().name).unwrap(), Some(record()));
        assert_eq!(Record::all(state.path()), [record()]);
        assert!(record().write(state.path()).is_err(), "never over another");
    }

    #[test]
    fn a_record_that_cannot_be_read_is_not_taken_for_none() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("RK.json"), "{").unwrap();
        assert!(Record::read(state.path(), &record().name).is_err());
        assert_eq!(Record::read(state.path(), &"web".parse().unwrap()), Ok(None));
    }

    #[test]
    fn the_record_of_another_guest_is_refused() {
        let state = tempfile::tempdir().unwrap();
        record().write(state.path()).unwrap();
        fs::rename(state.path().join("RK.json"), state.path().join("web.json")).unwrap();
        assert!(Record::read(state.path(), &"web".parse().unwrap()).is_err());
    }
}

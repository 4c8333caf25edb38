//! The defaults of this host: /etc/vmprov.toml, under what the command line says.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::{Boot, Common, DiskFormat, GuestKind, OnReboot};
use crate::failure::Failure;
use crate::values::{DiskSize, Memory};

/// Where the settings are unless `--settings` says otherwise.
const FILE: &str = "/etc/vmprov.toml";
/// No settings file is longer.
const MAX_FILE: u64 = 1 << 20;

/// Places and defaults. The keys of the file are the names of the fields; one that is not known
/// is an error, so that a typing mistake does not pass for a setting.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// xl's configs, one a guest.
    pub config_dir: PathBuf,
    /// Disk images, a directory a guest.
    pub image_dir: PathBuf,
    /// vmprov's records and locks.
    pub state_dir: PathBuf,
    /// Kernels and initrds of installers.
    pub media_dir: PathBuf,
    /// This host's own profiles, one a folder.
    pub profile_dir: PathBuf,
    /// `type=` of a new guest.
    #[serde(rename = "type")]
    pub kind: GuestKind,
    /// `memory=` of a new guest, in MiB, or with a unit.
    pub memory: Memory,
    /// `vcpus=` of a new guest.
    pub vcpus: u32,
    /// The bridge of a new guest's interfaces.
    pub bridge: String,
    /// The size of a new guest's disk.
    pub disk_size: DiskSize,
    /// The format of a new guest's disk image.
    pub disk_format: DiskFormat,
    /// The volume group for new guests' disks, instead of images.
    pub volume_group: Option<String>,
    /// The PXELINUX label for new guests.
    pub label: Option<String>,
    /// Whether new guests start with the host.
    pub autostart: bool,
    /// What `finalize` boots guests by; unset: what the host has.
    pub boot: Option<Boot>,
    /// `on_reboot=` of a new guest.
    pub on_reboot: OnReboot,
    /// The timezone of what is installed.
    pub timezone: String,
    /// Its language.
    pub locale: String,
    /// Its keyboard.
    pub keyboard: String,
    /// Where it comes from; unset: where its profile says.
    pub mirror: Option<String>,
    /// A file with the SSH keys that may log in as its root.
    pub ssh_key: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config_dir: "/etc/xen".into(),
            image_dir: "/var/lib/xen/images".into(),
            state_dir: "/var/lib/vmprov".into(),
            media_dir: "/var/lib/vmprov-media".into(),
            profile_dir: "/etc/vmprov/profiles".into(),
            kind: GuestKind::Pv,
            memory: Memory::DEFAULT,
            vcpus: 1,
            bridge: "xenbr0".to_owned(),
            disk_size: DiskSize::DEFAULT,
            disk_format: DiskFormat::Raw,
            volume_group: None,
            label: None,
            autostart: false,
            boot: None,
            on_reboot: OnReboot::Restart,
            timezone: "UTC".to_owned(),
            locale: "en_US.UTF-8".to_owned(),
            keyboard: "us".to_owned(),
            mirror: None,
            ssh_key: None,
        }
    }
}

impl Settings {
    /// The settings of the file that `common` names (a missing one says nothing, unless it was
    /// asked for), with the directories of the command line.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or has a key or value that means nothing.
    pub fn load(common: &Common) -> Result<Self, Failure> {
        let mut settings = match &common.settings {
            Some(path) => read(path)?
                .ok_or_else(|| Failure::not_found(format!("there is no {}", path.display())))?,
            None => read(Path::new(FILE))?.unwrap_or_default(),
        };
        let Self { config_dir, image_dir, state_dir, media_dir, profile_dir, .. } = &mut settings;
        let flags = [&common.config_dir, &common.image_dir, &common.state_dir, &None, &None];
        let places = [config_dir, image_dir, state_dir, media_dir, profile_dir];
        for (place, flag) in places.into_iter().zip(flags) {
            if let Some(flag) = flag {
                place.clone_from(flag);
            }
            // A config must say the same wherever xl is started.
            *place = std::path::absolute(&*place)
                .map_err(|error| Failure::io("finding", place, &error))?;
        }
        Ok(settings)
    }
}

fn read(path: &Path) -> Result<Option<Settings>, Failure> {
    let failure = |error: &io::Error| Failure::io("reading", path, error);
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failure(&error)),
    };
    if length > MAX_FILE {
        return Err(Failure::failed(format!("{} is too long for settings", path.display())));
    }
    let text = fs::read_to_string(path).map_err(|error| failure(&error))?;
    let settings = toml::from_str(&text)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    Ok(Some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(path: &Path) -> Common {
        Common { settings: Some(path.to_owned()), ..Common::default() }
    }

    fn load(text: &str) -> Result<Settings, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vmprov.toml");
        fs::write(&path, text).unwrap();
        Settings::load(&common(&path))
    }

    #[test]
    fn a_file_changes_what_it_names() {
        let settings = load("type = 'pvh'\nmemory = '2G'\ndisk_size = '20GB'\n").unwrap();
        assert_eq!(settings.kind, GuestKind::Pvh);
        assert_eq!(settings.memory.mib(), 2048);
        assert_eq!(settings.disk_size.bytes(), 20_000_000_000);
        assert_eq!(settings.bridge, "xenbr0");
        assert_eq!(load("memory = 512\n").unwrap().memory.mib(), 512);
    }

    #[test]
    fn the_command_line_is_above_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vmprov.toml");
        fs::write(&path, "config_dir = '/a'\nimage_dir = '/b'\n").unwrap();
        let common = Common { config_dir: Some("/c".into()), ..common(&path) };
        let settings = Settings::load(&common).unwrap();
        assert_eq!(settings.config_dir, Path::new("/c"));
        assert_eq!(settings.image_dir, Path::new("/b"));
    }

    #[test]
    fn the_example_says_what_is_so_without_it() {
        let example = include_str!("../xen-configs/vmprov.toml");
        let is_setting = |line: &&str| line.starts_with('#') && line.contains(" = ");
        let settings: Vec<&str> = example.lines().filter(is_setting).collect();
        // Those without a default have an example instead.
        let is_example = |line: &&&str| {
            ["#volume_group", "#label", "#boot ", "#mirror", "#ssh_key"]
                .iter()
                .any(|k| line.starts_with(k))
        };
        let (examples, defaults): (Vec<&str>, Vec<&str>) =
            settings.iter().partition(|line| is_example(line));
        assert_eq!((examples.len(), defaults.len()), (5, 16));
        let text = |lines: Vec<&str>| lines.join("\n").replace('#', "");
        assert_eq!(load(&text(defaults)).unwrap(), Settings::default());
        assert_ne!(load(&text(examples)).unwrap(), Settings::default());
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let error = load("memroy = 512\n").unwrap_err();
        assert!(error.message.contains("memroy"), "{error}");
        let error = load("disk_size = '8Q'\n").unwrap_err();
        assert!(error.message.contains("8GiB"), "{error}");
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let error = Settings::load(&common(Path::new("/nowhere/vmprov.toml"))).unwrap_err();
        assert_eq!(error.kind, crate::failure::Kind::NotFound);
    }
}

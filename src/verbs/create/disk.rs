//! A new guest's disk: an image, a logical volume, or a device that is there.

use std::path::{Path, PathBuf};

use super::others::Others;
use crate::cli::{self, DiskFormat};
use crate::failure::Failure;
use crate::host::{device, program};
use crate::plan::Step;
use crate::record::Disk;
use crate::settings::Settings;
use crate::values::{DiskSize, GuestName};
use crate::verbs::Here;

/// A disk, and how it comes to be.
pub(super) struct NewDisk {
    /// What is recorded.
    pub(super) record: Disk,
    /// Its format, in the words of xl's disk specs.
    pub(super) format: xlcfg::DiskFormat,
    /// The directory that must be there first.
    pub(super) directory: Option<PathBuf>,
    /// How it is made; none if it is there.
    pub(super) step: Option<Step>,
    /// What the administrator should know about it.
    pub(super) notes: Vec<String>,
}

impl NewDisk {
    /// The disk that the command line and the settings ask for.
    ///
    /// # Errors
    /// It is there already, in use, or has something on it; or a program for it is missing.
    pub(super) fn of(
        args: &cli::Create,
        others: &Others,
        least: Option<DiskSize>,
        here: Here<'_>,
    ) -> Result<Self, Failure> {
        let settings = here.settings;
        let usual = settings.disk_size.max(least.unwrap_or(settings.disk_size));
        let size = args.disk_size.unwrap_or(usual);
        if let Some(least) = least.filter(|least| size < *least && args.disk.is_none()) {
            return Err(Failure::refused(format!(
                "the profile's system does not fit on a disk of {size}: take {least} or more"
            )));
        }
        if let Some(path) = &args.disk {
            return Self::device(path, args.overwrite_disk, others, here);
        }
        // A format was asked for: then a volume group in the settings does not count.
        let group = match (&args.lvm, args.disk_format) {
            (Some(group), _) => Some(group),
            (None, Some(_)) => None,
            (None, None) => settings.volume_group.as_ref(),
        };
        let disk = match group {
            Some(group) => Self::volume(group, &args.name, size)?,
            None => {
                let format = args.disk_format.unwrap_or(settings.disk_format);
                Self::image(settings, &args.name, format, size)?
            }
        };
        match others.owner_of(&disk.record.path()) {
            Some(config) => Err(taken(&disk.record.path(), config)),
            None => Ok(disk),
        }
    }

    fn image(
        settings: &Settings,
        name: &GuestName,
        format: DiskFormat,
        size: DiskSize,
    ) -> Result<Self, Failure> {
        let directory = settings.image_dir.join(name.as_str());
        let path = directory.join("disk.img");
        if path.symlink_metadata().is_ok() {
            return Err(Failure::refused(format!(
                "{} is there already: move it away, or take another name",
                path.display()
            )));
        }
        if format == DiskFormat::Qcow2 && program::find("qemu-img").is_none() {
            return Err(Failure::failed(
                "a qcow2 image needs qemu-img, which is not installed (Debian: qemu-utils)",
            ));
        }
        let mut notes: Vec<String> = device::shortage(&directory, size).into_iter().collect();
        let (format, step) = match format {
            DiskFormat::Raw => {
                (xlcfg::DiskFormat::Raw, Step::MakeImage { path: path.clone(), size })
            }
            DiskFormat::Qcow2 => {
                notes.push("xl needs QEMU for qcow2 (Debian: qemu-system-xen)".to_owned());
                (xlcfg::DiskFormat::Qcow2, Step::MakeQcow2 { path: path.clone(), size })
            }
        };
        Ok(Self {
            record: Disk::Image { path },
            format,
            directory: Some(directory),
            step: Some(step),
            notes,
        })
    }

    fn volume(group: &str, name: &GuestName, size: DiskSize) -> Result<Self, Failure> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        if group.is_empty() || group.starts_with(['-', '.']) || !group.chars().all(fits) {
            return Err(Failure::usage(format!("{group:?} is no name of a volume group")));
        }
        let record = Disk::Volume { group: group.to_owned(), volume: name.to_string() };
        if record.path().symlink_metadata().is_ok() {
            let path = record.path();
            return Err(Failure::refused(format!("{} is there already", path.display())));
        }
        if program::find("lvcreate").is_none() {
            return Err(Failure::failed("--lvm needs lvcreate, which is not installed (lvm2)"));
        }
        let step = Step::MakeVolume { group: group.to_owned(), volume: name.to_string(), size };
        let format = xlcfg::DiskFormat::Raw;
        Ok(Self { record, format, directory: None, step: Some(step), notes: Vec::new() })
    }

    fn device(
        path: &Path,
        overwrite: bool,
        others: &Others,
        here: Here<'_>,
    ) -> Result<Self, Failure> {
        if !path.is_absolute() {
            return Err(Failure::usage(format!("--disk {}: an absolute path", path.display())));
        }
        device::refuse_used(path)?;
        if let Some(config) = others.owner_of(path) {
            return Err(taken(path, config));
        }
        let found = device::contents(path, here.console)?;
        let notes = match found {
            Some(what) if !overwrite => {
                return Err(Failure::refused(format!(
                    "{} has something on it ({what}), which an installer would overwrite: say \
                     --overwrite-disk if it may",
                    path.display()
                )));
            }
            Some(what) => vec![format!(
                "{} has something on it ({what}): a system there boots instead of the network",
                path.display()
            )],
            None => Vec::new(),
        };
        Ok(Self {
            record: Disk::Device { path: path.to_owned() },
            format: xlcfg::DiskFormat::Raw,
            directory: None,
            step: None,
            notes,
        })
    }
}

fn taken(path: &Path, config: &Path) -> Failure {
    Failure::refused(format!(
        "{} is the disk of the guest in {} already",
        path.display(),
        config.display()
    ))
}

//! One step of a plan, and how it reads.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::config::diff::unified;
use crate::record::Record;
use crate::values::DiskSize;

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Notes down what is going to be made.
    WriteRecord {
        /// All of it; with a secret in it, so never shown.
        #[serde(skip)]
        record: Box<Record>,
    },
    /// Makes a directory.
    MakeDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Makes a sparse raw image.
    MakeImage {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: DiskSize,
    },
    /// Makes a qcow2 image, by qemu-img.
    MakeQcow2 {
        /// The file.
        path: PathBuf,
        /// The disk's size.
        size: DiskSize,
    },
    /// Makes a logical volume, by lvcreate.
    MakeVolume {
        /// The volume group.
        group: String,
        /// The volume's name.
        volume: String,
        /// Its size.
        size: DiskSize,
    },
    /// Writes a config that is not there yet.
    WriteConfig {
        /// The file.
        path: PathBuf,
        /// What is in it.
        text: String,
    },
    /// Writes a secret that is not there yet, for root alone.
    WriteSecret {
        /// The file.
        path: PathBuf,
        /// What is in it; never shown.
        #[serde(skip)]
        text: String,
    },
    /// Makes a symbolic link.
    Link {
        /// The link.
        path: PathBuf,
        /// What it holds.
        target: PathBuf,
    },
    /// Changes a config.
    ReplaceConfig {
        /// The file.
        path: PathBuf,
        /// Its bytes before.
        #[serde(serialize_with = "lossy")]
        old: Vec<u8>,
        /// Its bytes after.
        #[serde(serialize_with = "lossy")]
        new: Vec<u8>,
    },
    /// Tells the running guest of its changed config.
    UpdateDomain {
        /// Its name.
        name: String,
        /// Its number.
        domid: u32,
        /// The config.
        config: PathBuf,
    },
    /// Removes a file or link.
    RemoveFile {
        /// The file.
        path: PathBuf,
    },
    /// Removes a directory, if nothing else is in it.
    RemoveDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Removes a logical volume, by lvremove.
    RemoveVolume {
        /// The volume group.
        group: String,
        /// The volume's name.
        volume: String,
    },
}

impl Step {
    /// The step for people.
    #[must_use]
    pub fn text(&self) -> String {
        let line = match self {
            Self::WriteRecord { .. } => return String::new(),
            Self::MakeDirectory { path } => format!("make directory {}", path.display()),
            Self::MakeImage { path, size } => {
                format!("make a sparse image of {size}: {}", path.display())
            }
            Self::MakeQcow2 { path, size } => {
                format!("make a qcow2 image of {size}: {}", path.display())
            }
            Self::MakeVolume { group, volume, size } => {
                format!("make a logical volume of {size}: {group}/{volume}")
            }
            Self::WriteConfig { path, text } => {
                return format!("write {}:\n{}", path.display(), indented(text));
            }
            Self::WriteSecret { path, .. } => format!("write a secret: {}", path.display()),
            Self::Link { path, target } => {
                format!("link {} to {}", path.display(), target.display())
            }
            Self::ReplaceConfig { path, old, new } => return unified(path, old, new),
            Self::UpdateDomain { name, config, .. } => {
                format!("tell the running {name}: xl config-update {name} {}", config.display())
            }
            Self::RemoveFile { path } => format!("remove {}", path.display()),
            Self::RemoveDirectory { path } => {
                format!("remove directory {}, if it is empty then", path.display())
            }
            Self::RemoveVolume { group, volume } => {
                format!("remove the logical volume {group}/{volume}")
            }
        };
        line + "\n"
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") })
        .collect()
}

/// A config can be in any encoding; JSON cannot.
fn lossy<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

//! One item of `disk = [ ... ]`, the guest's block device, as libxlutil reads it (`xlu_disk_parse`;
//! xl-disk-configuration(5)): the positional form, the named one, the old prefixes, and their mixtures.

use std::fmt;

use crate::disk_error::DiskError;
use crate::disk_read::Reader;
use crate::disk_scan;
use crate::limits::MAX_SPEC_BYTES;

/// A disk specification.
///
/// ```
/// let disk = xlcfg::DiskSpec::parse("file:/srv/system.img,xvda,w")?;
/// assert_eq!(disk.target.as_deref(), Some("/srv/system.img"));
/// assert_eq!(disk.vdev, "xvda");
/// assert_eq!(disk.format, xlcfg::DiskFormat::Raw);
/// assert_eq!(disk.to_spec()?, "format=raw, vdev=xvda, access=rw, target=/srv/system.img");
/// # Ok::<(), xlcfg::DiskError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskSpec {
    /// The file or block device in dom0, or what the script makes of it. A CD drive may have none.
    pub target: Option<String>,
    /// The device in the guest, such as `xvda` or `hdc`.
    pub vdev: String,
    /// What is in the target.
    pub format: DiskFormat,
    /// Whether the guest may only read. A CD-ROM is always so.
    pub read_only: bool,
    /// Whether it is a CD-ROM drive.
    pub cdrom: bool,
    /// The backend's implementation; `None` lets libxl choose.
    pub backendtype: Option<BackendType>,
    /// The domain that serves the disk; `None` is dom0.
    pub backend: Option<String>,
    /// The hotplug script that turns the target into a block device.
    pub script: Option<String>,
    /// `specification=`: `xen` or `virtio`.
    pub specification: Option<String>,
    /// `direct-io-safe`.
    pub direct_io_safe: bool,
    /// `discard` or `no-discard`; `None` is libxl's default.
    pub discard: Option<bool>,
    /// `trusted` or `untrusted`; `None` is libxl's default.
    pub trusted: Option<bool>,
    /// The words that are of no concern here (COLO, `grant_usage`), as written.
    pub others: Vec<String>,
}

/// The format of a disk's target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiskFormat {
    /// Plain bytes: an image file or a block device.
    #[default]
    Raw,
    /// qcow, version 1.
    Qcow,
    /// qcow, version 2 or 3.
    Qcow2,
    /// Microsoft's.
    Vhd,
    /// QEMU's enhanced disk.
    Qed,
    /// An empty drive.
    Empty,
}

/// The implementation of a disk's backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendType {
    /// The kernel's.
    Phy,
    /// blktap; no longer in Xen.
    Tap,
    /// QEMU's.
    Qdisk,
    /// Another program's.
    Standalone,
}

impl DiskSpec {
    /// Reads a specification.
    pub fn parse(text: &str) -> Result<Self, DiskError> {
        if text.len() > MAX_SPEC_BYTES {
            return Err(DiskError::TooLong);
        }
        if text.contains('\0') {
            return Err(DiskError::Nul);
        }
        let mut reader = Reader::default();
        let mut at = 0;
        while let Some((rule, range)) = disk_scan::next(text, at) {
            at = range.end;
            let taken = text.get(range).unwrap_or_default();
            reader.take(rule, taken)?;
        }
        reader.finish()
    }

    /// Writes the specification in the form that takes every path: named values, and the target last.
    /// Fails where reading it would not give the same again.
    pub fn to_spec(&self) -> Result<String, DiskError> {
        let mut words = vec![format!("format={}", self.format), format!("vdev={}", self.vdev)];
        words.push(if self.read_only { "access=ro" } else { "access=rw" }.to_owned());
        if self.cdrom {
            words.push("devtype=cdrom".to_owned());
        }
        let named = [
            ("backendtype", self.backendtype.map(|kind| kind.to_string())),
            ("backend", self.backend.clone()),
            ("script", self.script.clone()),
            ("specification", self.specification.clone()),
        ];
        words
            .extend(named.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?))));
        if self.direct_io_safe {
            words.push("direct-io-safe".to_owned());
        }
        words.extend(self.discard.map(|on| if on { "discard" } else { "no-discard" }.to_owned()));
        words.extend(self.trusted.map(|on| if on { "trusted" } else { "untrusted" }.to_owned()));
        words.extend(self.others.iter().cloned());
        if let Some(target) = &self.target {
            // One comma at the very end is taken off again when this is read.
            let comma = if target.ends_with(',') { "," } else { "" };
            words.push(format!("target={target}{comma}"));
        }
        let text = words.join(", ");
        match Self::parse(&text) {
            Ok(again) if again == *self => Ok(text),
            _ => Err(DiskError::Unwritable),
        }
    }
}

impl DiskFormat {
    pub(crate) fn named(text: &str) -> Option<Self> {
        Some(match text {
            "" | "raw" => Self::Raw,
            "qcow" => Self::Qcow,
            "qcow2" => Self::Qcow2,
            "vhd" => Self::Vhd,
            "qed" => Self::Qed,
            "empty" => Self::Empty,
            _ => return None,
        })
    }
}

impl fmt::Display for DiskFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Qcow => "qcow",
            Self::Qcow2 => "qcow2",
            Self::Vhd => "vhd",
            Self::Qed => "qed",
            Self::Empty => "empty",
        })
    }
}

impl BackendType {
    pub(crate) fn named(text: &str) -> Option<Self> {
        Some(match text {
            "phy" => Self::Phy,
            "tap" => Self::Tap,
            "qdisk" => Self::Qdisk,
            "standalone" => Self::Standalone,
            _ => return None,
        })
    }
}

impl fmt::Display for BackendType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phy => "phy",
            Self::Tap => "tap",
            Self::Qdisk => "qdisk",
            Self::Standalone => "standalone",
        })
    }
}

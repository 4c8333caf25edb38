//! One item of `disk = [ ... ]`, the guest's block device, as libxlutil reads it (`xlu_disk_parse`;
//! xl-disk-configuration(5)): the positional form, the named one, the old prefixes, and their mixtures.

use std::fmt;

use crate::disk_scan::{self, Rule};
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

/// A disk specification xl refuses, and with it the whole guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The text is longer than [`MAX_SPEC_BYTES`].
    #[error("disk: longer than {MAX_SPEC_BYTES} bytes")]
    TooLong,
    /// A NUL byte.
    #[error("disk: a NUL byte; remove it")]
    Nul,
    /// A value that its key does not take.
    #[error("disk: unknown {key} {value:?}{}", hint(key))]
    UnknownValue {
        /// The key, or the position's name.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// A key that does not exist.
    #[error("disk: unknown parameter near {text:?}; a path with = goes last, after target=")]
    UnknownKey {
        /// The text there.
        text: String,
    },
    /// An old prefix that does not exist.
    #[error("disk: unknown prefix {text:?}; a path with a colon goes last, after target=")]
    UnknownPrefix {
        /// The prefix.
        text: String,
    },
    /// Something is said twice.
    #[error("disk: {what} is given twice, the second time as {value:?}")]
    Twice {
        /// What.
        what: &'static str,
        /// The second value.
        value: String,
    },
    /// A fifth value without a key.
    #[error("disk: too many values at {text:?}; the order is target, format, vdev, access")]
    TooMany {
        /// The text there.
        text: String,
    },
    /// An `=` where none can be.
    #[error("disk: bad syntax at {text:?}; a path with = goes last, after target=")]
    Syntax {
        /// The text there.
        text: String,
    },
    /// No device in the guest.
    #[error("disk: no vdev; say where the guest finds it, such as vdev=xvda")]
    NoVdev,
    /// No target for what is not a CD-ROM drive.
    #[error(
        "disk: no target; say where it is in dom0, such as target=/var/lib/xen/images/NAME.img"
    )]
    NoTarget,
    /// A value that no specification can express, such as a device name with a comma.
    #[error(
        "disk: cannot be written as a specification: a value has a comma, blank or line end in a bad place"
    )]
    Unwritable,
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

/// What has been read so far. Empty strings may be overwritten, others not.
#[derive(Default)]
struct Reader {
    spec: DiskSpec,
    vdev: Option<String>,
    format: Option<DiskFormat>,
    had_prefix: bool,
    had_access: bool,
}

impl Reader {
    fn take(&mut self, rule: Rule, taken: &str) -> Result<(), DiskError> {
        let text = taken.strip_suffix(',').unwrap_or(taken);
        match rule {
            Rule::Blanks | Rule::Swallowed => Ok(()),
            Rule::Named(key) => {
                let value = text.strip_prefix(key).unwrap_or_default();
                self.named(key.trim_end_matches('='), value, text)
            }
            Rule::Target => save(
                "target",
                &mut self.spec.target,
                text.strip_prefix("target=").unwrap_or_default(),
            ),
            Rule::Flag(flag) => {
                self.flag(flag);
                Ok(())
            }
            Rule::Prefix(prefix) => self.prefix(prefix.trim_end_matches(':')),
            Rule::UnknownKey => Err(DiskError::UnknownKey { text: taken.to_owned() }),
            Rule::UnknownPrefix => Err(DiskError::UnknownPrefix { text: taken.to_owned() }),
            Rule::Positional => self.positional(text),
            Rule::Bad => Err(DiskError::Syntax { text: taken.to_owned() }),
        }
    }

    fn named(&mut self, key: &'static str, value: &str, text: &str) -> Result<(), DiskError> {
        let unknown = || DiskError::UnknownValue { key, value: value.to_owned() };
        match key {
            "format" => self.set_format(value)?,
            "vdev" => save(key, &mut self.vdev, value)?,
            "access" => self.set_access(value)?,
            "backend" => save(key, &mut self.spec.backend, value)?,
            "script" => save(key, &mut self.spec.script, value)?,
            "devtype" => self.spec.cdrom = devtype(value)?,
            "backendtype" => {
                let kind = BackendType::named(value).ok_or_else(unknown)?;
                match self.spec.backendtype.replace(kind) {
                    Some(before) if before != kind => return Err(twice("backend", value)),
                    _ => {}
                }
            }
            "specification" => {
                if !matches!(value, "xen" | "virtio") {
                    return Err(unknown());
                }
                save(key, &mut self.spec.specification, value).or_else(|error| {
                    if self.spec.specification.as_deref() == Some(value) {
                        Ok(())
                    } else {
                        Err(error)
                    }
                })?;
            }
            "colo-port" if !is_port(value) => return Err(unknown()),
            "colo-port" => self.spec.others.push(text.to_owned()),
            _ => {
                let start = format!("{key}=");
                let is_it = |word: &String| word.starts_with(&start);
                if self.spec.others.iter().any(|word| is_it(word) && *word != start) {
                    return Err(twice(key, value));
                }
                self.spec.others.retain(|word| !is_it(word));
                self.spec.others.push(text.to_owned());
            }
        }
        Ok(())
    }

    fn flag(&mut self, flag: &str) {
        match flag {
            "cdrom" => self.spec.cdrom = true,
            "direct-io-safe" => self.spec.direct_io_safe = true,
            "discard" => self.spec.discard = Some(true),
            "no-discard" => self.spec.discard = Some(false),
            "trusted" => self.spec.trusted = Some(true),
            "untrusted" => self.spec.trusted = Some(false),
            other => self.spec.others.push(other.to_owned()),
        }
    }

    /// After any of these the format's position is passed over.
    fn prefix(&mut self, prefix: &str) -> Result<(), DiskError> {
        self.had_prefix = true;
        match prefix {
            "raw" | "qcow" | "qcow2" | "vhd" => self.set_format(prefix),
            "iscsi" | "nbd" | "enbd" | "drbd" => {
                save("script", &mut self.spec.script, &format!("block-{prefix}"))
            }
            _ => Ok(()),
        }
    }

    fn positional(&mut self, text: &str) -> Result<(), DiskError> {
        let Some(target) = self.spec.target.as_deref() else {
            return save("target", &mut self.spec.target, text);
        };
        if !self.had_prefix && self.format.is_none() {
            if target.is_empty() && self.vdev_with_devtype(text)? {
                self.format = Some(DiskFormat::Empty);
                return Ok(());
            }
            return self.set_format(text);
        }
        if self.vdev.is_none() {
            if !self.vdev_with_devtype(text)? {
                save("vdev", &mut self.vdev, text)?;
            }
            return Ok(());
        }
        if !self.had_access {
            self.had_access = true;
            return self.set_access(text);
        }
        Err(DiskError::TooMany { text: text.to_owned() })
    }

    /// The old `hdc:cdrom`. Returns whether it was one.
    fn vdev_with_devtype(&mut self, text: &str) -> Result<bool, DiskError> {
        let Some((vdev, kind)) = text.rsplit_once(':') else { return Ok(false) };
        save("vdev", &mut self.vdev, vdev)?;
        self.spec.cdrom = devtype(kind)?;
        Ok(true)
    }

    fn set_format(&mut self, text: &str) -> Result<(), DiskError> {
        let format = DiskFormat::named(text)
            .ok_or_else(|| DiskError::UnknownValue { key: "format", value: text.to_owned() })?;
        match self.format.replace(format) {
            Some(before) if before != format => Err(twice("format", text)),
            _ => Ok(()),
        }
    }

    fn set_access(&mut self, text: &str) -> Result<(), DiskError> {
        self.spec.read_only = match text {
            "r" | "ro" => true,
            "rw" | "w" | "" => false,
            _ => return Err(DiskError::UnknownValue { key: "access", value: text.to_owned() }),
        };
        Ok(())
    }

    fn finish(mut self) -> Result<DiskSpec, DiskError> {
        self.spec.format = self.format.unwrap_or_default();
        if self.spec.cdrom {
            self.spec.read_only = true;
            if self.spec.target.as_deref().unwrap_or_default().is_empty() {
                self.spec.format = DiskFormat::Empty;
            }
        }
        self.spec.vdev = self.vdev.ok_or(DiskError::NoVdev)?;
        if self.spec.target.is_none() && !self.spec.cdrom {
            return Err(DiskError::NoTarget);
        }
        Ok(self.spec)
    }
}

impl DiskFormat {
    fn named(text: &str) -> Option<Self> {
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
    fn named(text: &str) -> Option<Self> {
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

fn devtype(text: &str) -> Result<bool, DiskError> {
    match text {
        "cdrom" => Ok(true),
        "disk" => Ok(false),
        _ => Err(DiskError::UnknownValue { key: "devtype", value: text.to_owned() }),
    }
}

/// Sets a string that is not set, or is set to nothing.
fn save(what: &'static str, place: &mut Option<String>, value: &str) -> Result<(), DiskError> {
    if place.as_deref().is_some_and(|before| !before.is_empty()) {
        return Err(twice(what, value));
    }
    *place = Some(value.to_owned());
    Ok(())
}

fn twice(what: &'static str, value: &str) -> DiskError {
    DiskError::Twice { what, value: value.to_owned() }
}

/// A number other than 0 at the beginning (C's `atoi`).
fn is_port(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.into_iter().any(|digit| digit != b'0')
}

/// What a wrong value most often is.
fn hint(key: &str) -> &'static str {
    match key {
        "format" => "; after a path without a prefix the format comes first: /path,raw,xvda,rw",
        "access" => "; write r or rw, without blanks",
        _ => "",
    }
}

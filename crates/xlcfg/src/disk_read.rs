//! What the pieces of a disk specification mean (libxlutil: the actions in `libxlu_disk_l.l`, and
//! `xlu_disk_parse`).

use crate::disk::{BackendType, DiskFormat, DiskSpec};
use crate::disk_error::DiskError;
use crate::disk_scan::Rule;

/// What has been read so far. Empty strings may be overwritten, others not.
#[derive(Default)]
pub(crate) struct Reader {
    spec: DiskSpec,
    vdev: Option<String>,
    format: Option<DiskFormat>,
    had_prefix: bool,
    had_access: bool,
}

impl Reader {
    pub(crate) fn take(&mut self, rule: Rule, taken: &str) -> Result<(), DiskError> {
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

    pub(crate) fn finish(mut self) -> Result<DiskSpec, DiskError> {
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

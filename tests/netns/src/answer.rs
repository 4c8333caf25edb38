//! A bootloader's answer as libxl reads it: the format `simple0`
//! (libxl_bootloader.c, parse_bootloader_result).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// libxl's buffer holds two paths; a longer item is dropped, with a warning only.
const LONGEST_ITEM: usize = 2 * 4096 - 1;

/// The items of an answer. Of a repeated one the last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    /// The kernel's path.
    pub kernel: Option<Vec<u8>>,
    /// The ramdisk's path.
    pub ramdisk: Option<Vec<u8>>,
    /// The guest's command line.
    pub args: Option<Vec<u8>>,
    /// What libxl would warn of: unknown or overlong items, repeated ones.
    pub warnings: Vec<String>,
}

impl Items {
    /// Reads what a bootloader wrote.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut items = Self::default();
        for item in bytes.split(|byte| *byte == 0) {
            if item.is_empty() {
                continue;
            }
            let shown = String::from_utf8_lossy(&item[..item.len().min(150)]).into_owned();
            if item.len() > LONGEST_ITEM {
                items.warnings.push(format!("overly long item {shown}..."));
                continue;
            }
            let slot = if let Some(value) = value(item, b"kernel") {
                items.kernel.replace(value)
            } else if let Some(value) = value(item, b"ramdisk") {
                items.ramdisk.replace(value)
            } else if let Some(value) = value(item, b"args") {
                items.args.replace(value)
            } else {
                Some(Vec::new())
            };
            if slot.is_some() {
                items.warnings.push(format!("unexpected or repeated item {shown}"));
            }
        }
        items
    }
}

/// What a boot that worked gave to libxl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The kernel, as libxl maps it.
    pub kernel: Vec<u8>,
    /// The ramdisk, where there is one.
    pub ramdisk: Option<Vec<u8>>,
    /// The guest's command line; empty where the answer has none.
    pub args: String,
    /// The kernel's and the ramdisk's paths, which libxl has unlinked by now.
    pub paths: Vec<PathBuf>,
    /// Their permission bits, in the same order.
    pub modes: Vec<u32>,
}

impl Answer {
    /// Opens what an answer names, then unlinks it, wherever it is. What is in `directory` is
    /// struck off the list `left` of the names in it.
    ///
    /// # Errors
    /// What libxl would refuse or warn of, in words.
    pub fn take(bytes: &[u8], directory: &Path, left: &mut Vec<String>) -> Result<Self, String> {
        let items = Items::read(bytes);
        if !items.warnings.is_empty() {
            return Err(items.warnings.join("; "));
        }
        let mut paths = Vec::new();
        let mut modes = Vec::new();
        let mut take = |path: Vec<u8>| {
            let path = PathBuf::from(OsString::from_vec(path));
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if bytes.is_empty() {
                return Err(format!("{} is empty: it cannot be mapped", path.display()));
            }
            modes.push(
                fs::metadata(&path).map_err(|error| error.to_string())?.permissions().mode()
                    & 0o7777,
            );
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if path.parent() == Some(directory) {
                left.retain(|name| Some(OsStr::new(name)) != path.file_name());
            }
            paths.push(path);
            Ok(bytes)
        };
        let kernel = take(items.kernel.ok_or("it names no kernel")?)?;
        let ramdisk = items.ramdisk.map(&mut take).transpose()?;
        let args =
            String::from_utf8(items.args.unwrap_or_default()).map_err(|error| error.to_string())?;
        Ok(Self { kernel, ramdisk, args, paths, modes })
    }
}

/// The value of an item: at least one blank stands behind the keyword, and all are dropped.
fn value(item: &[u8], keyword: &[u8]) -> Option<Vec<u8>> {
    let rest = item.strip_prefix(keyword)?;
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    rest.first().filter(|byte| blank(byte))?;
    let start = rest.iter().position(|byte| !blank(byte)).unwrap_or(rest.len());
    Some(rest[start..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libxl_reads() {
        let items = Items::read(b"kernel /d/k\0ramdisk \t /d/r\0args  a b=c \0\0");

        assert_eq!(items.kernel.as_deref(), Some(&b"/d/k"[..]));
        assert_eq!(items.ramdisk.as_deref(), Some(&b"/d/r"[..]));
        assert_eq!(items.args.as_deref(), Some(&b"a b=c "[..]));
        assert_eq!(items.warnings, Vec::<String>::new());
    }

    #[test]
    fn the_last_item_may_end_at_the_end_of_the_file() {
        assert_eq!(Items::read(b"kernel /k").kernel.as_deref(), Some(&b"/k"[..]));
    }

    #[test]
    fn a_keyword_without_a_value_does_not_match() {
        let items = Items::read(b"args\0");

        assert_eq!(items.args, None);
        assert_eq!(items.warnings.len(), 1);
    }

    #[test]
    fn an_overlong_item_is_dropped() {
        let mut bytes = b"args ".to_vec();
        bytes.resize(8192, b'a');
        assert_eq!(Items::read(&bytes).args, None);
        bytes.truncate(8191);
        assert_eq!(Items::read(&bytes).args.map(|args| args.len()), Some(8186));
    }
}

//! What a medium is checked by: the sums that its own tree has, and who signed them.
//!
//! - `.treeinfo` at the tree's root (Red Hat, Fedora, openSUSE).
//! - `SHA256SUMS` at the root or up to three levels above (Debian's `images/`), or
//!   `sha256sum.txt` (Debian's ISOs).
//! - A Debian archive's `InRelease`, which has the sum of that list, signed: checked by `gpgv` where the
//!   archive's keyring is on this host.
//! - For a file: a `SHA256SUMS` beside it, with its signature if there is one.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::source::Source;
use super::sums::{self, Sum};
use crate::console::Console;
use crate::failure::Failure;
use crate::files::read;
use crate::host::program;

/// Where Debian has the keys of its archive.
const DEBIAN_KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// How far above the tree a list may be.
const LEVELS: usize = 3;
/// A list at images/ is this deep below `dists/SUITE`: main/installer-amd64/current/images.
const BELOW_RELEASE: usize = 4;

/// A list of sums.
#[derive(Debug)]
pub struct List {
    /// What it is, with who signed it.
    pub place: String,
    /// Whether somebody did, whose keys are here.
    pub is_signed: bool,
    text: String,
    below: String,
    is_treeinfo: bool,
}

impl List {
    /// The sum of a file of the source.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<Sum> {
        if self.is_treeinfo {
            return sums::in_treeinfo(&self.text, name);
        }
        sums::in_list(&self.text, &format!("{}{name}", self.below))
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

/// The list that has the sums of all these files of the source: one that has some proves nothing of
/// the others.
///
/// # Errors
/// The source cannot be read; a signature is wrong.
pub fn list(
    source: &Source,
    files: &[&str],
    keyring: Option<&Path>,
    console: &Console,
) -> Result<Option<List>, Failure> {
    let has_all = |list: &List| files.iter().all(|file| list.sum(file).is_some());
    for name in [".treeinfo", "treeinfo"] {
        if let Some(text) = source.text(name)? {
            let place = format!("its {name}");
            let below = String::new();
            let list = List { place, is_signed: false, text, below, is_treeinfo: true };
            if has_all(&list) {
                return Ok(Some(list));
            }
        }
    }
    for up in 0..=LEVELS {
        let above = (up > 0).then(|| source.above(up));
        let place = match &above {
            Some(Some(above)) => above,
            Some(None) => break,
            None => source,
        };
        for name in ["SHA256SUMS", "sha256sum.txt"] {
            let Some(text) = place.text(name)? else { continue };
            let below = source.to_string();
            let below = below.strip_prefix(&place.to_string()).unwrap_or_default();
            let below = match below.trim_matches('/') {
                "" => String::new(),
                below => format!("{below}/"),
            };
            let mut list = List {
                place: format!("its {name}"),
                is_signed: false,
                text,
                below,
                is_treeinfo: false,
            };
            if !has_all(&list) {
                continue;
            }
            if let Some(release) = place.above(BELOW_RELEASE) {
                sign(&mut list, &release, place, keyring, console)?;
            }
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// Looks for the archive's signature of a list: the sum of the list in `InRelease`.
fn sign(
    list: &mut List,
    release: &Source,
    place: &Source,
    keyring: Option<&Path>,
    console: &Console,
) -> Result<(), Failure> {
    let keys = keyring.unwrap_or(Path::new(DEBIAN_KEYS));
    let (Some(gpgv), true) = (program::find("gpgv"), keys.exists()) else {
        let missing = format!("gpgv or {} is not on this host", keys.display());
        if keyring.is_some() {
            return Err(Failure::failed(missing));
        }
        console.detail(&format!("{missing}: signatures are not checked"));
        return Ok(());
    };
    let Some(signed) = release.text("InRelease")? else { return Ok(()) };
    let text = verified(&gpgv, keys, signed.as_bytes(), None, console)
        .map_err(|why| Failure::failed(format!("{release}InRelease: {why}")))?;
    let name = place.to_string();
    let name = name.strip_prefix(&release.to_string()).unwrap_or_default();
    let listed = sums::in_release(&text, &format!("{}/SHA256SUMS", name.trim_matches('/')));
    let Some(listed) = listed else { return Ok(()) };
    if Sum::new(&Sha256::digest(list.text.as_bytes())) != listed {
        return Err(Failure::failed(format!(
            "{place}SHA256SUMS is not the one that is signed in {release}InRelease: the mirror is \
             being changed, or somebody changed it; nothing was kept"
        )));
    }
    list.place = format!("its SHA256SUMS, signed by a key of {}", keys.display());
    list.is_signed = true;
    Ok(())
}

/// The sum of a file in a list beside it, what that list is, and whether it is signed.
///
/// # Errors
/// The list's signature is wrong, or cannot be checked though a keyring was named.
pub fn beside(
    path: &Path,
    keyring: Option<&Path>,
    console: &Console,
) -> Result<Option<(Sum, String, bool)>, Failure> {
    let Some(file) = path.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    for name in ["SHA256SUMS", "sha256sum.txt", "CHECKSUM"] {
        let list = path.with_file_name(name);
        let Ok(bytes) = read::small(&list) else { continue };
        let Some(sum) = sums::in_list(&String::from_utf8_lossy(&bytes), file) else { continue };
        let signatures =
            ["gpg", "sign", "asc"].map(|end| list.with_file_name(format!("{name}.{end}")));
        let signature = signatures.iter().find(|path| path.is_file());
        let (Some(keyring), Some(signature)) = (keyring, signature) else {
            return Ok(Some((sum, format!("{name} beside it"), false)));
        };
        let gpgv = program::find("gpgv").ok_or_else(|| Failure::failed("gpgv is not installed"))?;
        verified(&gpgv, keyring, &bytes, Some(signature), console)
            .map_err(|why| Failure::failed(format!("{}: {why}", signature.display())))?;
        return Ok(Some((sum, format!("{name} beside it, signed"), true)));
    }
    Ok(None)
}

/// The text that is signed, if one of the keys did it.
fn verified(
    gpgv: &Path,
    keys: &Path,
    bytes: &[u8],
    signature: Option<&PathBuf>,
    console: &Console,
) -> Result<String, Failure> {
    let scratch = |error: std::io::Error| Failure::failed(format!("checking a signature: {error}"));
    let mut file = program::scratch().map_err(scratch)?;
    file.write_all(bytes).map_err(scratch)?;
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    // By the descriptor of this process, which has it open: nothing is written anywhere.
    let path = format!("/proc/{}/fd/{fd}", std::process::id());
    let mut command = Command::new(gpgv);
    command.arg("--keyring").arg(keys);
    match signature {
        Some(signature) => command.arg(signature).arg(&path),
        None => command.args(["--output", "-"]).arg(&path),
    };
    let said = program::run(command, program::PATIENCE, console)?;
    if said.status.success() {
        return Ok(said.out);
    }
    let why = said.err.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(Failure::failed(format!(
        "no good signature by a key of {}: {why}; nothing was kept",
        keys.display()
    )))
}

//! The words that are no options: `mac=M`, a vif spec, the disk; and words that hold a
//! whole command line, because libvirt and Ganeti pass their arguments as one.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::guest::vif_spec::{VifWords, read_spec};

/// What the words say.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) vif: VifWords,
    pub(super) disk: Option<PathBuf>,
    pub(super) notes: Vec<String>,
}

/// libxl's own options, whose values hold blanks that mean something.
const VERBATIM: [&str; 7] = [
    "--args=",
    "--config=",
    "--kernel=",
    "--ramdisk=",
    "--output=",
    "--output-directory=",
    "--pygrub-image=",
];
/// Options that take the next word as it is.
const TAKES_NEXT: [&str; 8] = [
    "--args",
    "--kernel",
    "--ramdisk",
    "--output",
    "--output-directory",
    "--config",
    "--pygrub-image",
    "--label",
];
/// What a vif spec's keys look like at the start of a word (xl-network-configuration(5)).
const VIF_KEYS: [&str; 9] =
    ["mac=", "bridge=", "script=", "vlan=", "type=", "model=", "vifname=", "ip=", "rate="];

/// Splits a word that holds blanks into words, where it is a command line of its own:
/// one that begins with an option or with a vif key. A disk's path stays whole.
pub(super) fn split_packed(argv: Vec<OsString>) -> Vec<OsString> {
    let mut words = Vec::with_capacity(argv.len());
    let mut next_is_a_value = false;
    for word in argv {
        let bytes = word.as_bytes();
        let packed = !next_is_a_value
            && bytes.iter().any(u8::is_ascii_whitespace)
            && !VERBATIM.iter().any(|option| bytes.starts_with(option.as_bytes()))
            && (bytes.trim_ascii_start().starts_with(b"-") || is_vif_words(bytes));
        next_is_a_value = TAKES_NEXT.iter().any(|option| bytes == option.as_bytes());
        if packed {
            let pieces = bytes.split(u8::is_ascii_whitespace).filter(|piece| !piece.is_empty());
            words.extend(pieces.map(|piece| OsString::from_vec(piece.to_vec())));
        } else {
            words.push(word);
        }
    }
    words
}

/// Reads the words in order; the last one that is nothing else is the disk.
pub(super) fn read(words: &[OsString]) -> Result<Words, String> {
    let mut read = Words::default();
    for (place, word) in words.iter().enumerate() {
        // An empty string in bootloader_args arrives as an empty word.
        if word.is_empty() {
            continue;
        }
        if has_vif_key(word.as_bytes()) {
            read_vif(word, &mut read.vif)?;
        } else if place + 1 == words.len() {
            read.disk = Some(PathBuf::from(word));
        } else {
            return Err(format!("{} is neither an option nor a vif", word.display()));
        }
    }
    Ok(read)
}

/// Several words behind a vif key, rather than one vif spec with blanks around its commas.
fn is_vif_words(bytes: &[u8]) -> bool {
    let has_blank = |item: &[u8]| item.trim_ascii().iter().any(u8::is_ascii_whitespace);
    has_vif_key(bytes.trim_ascii_start()) && bytes.split(|byte| *byte == b',').any(has_blank)
}

fn has_vif_key(bytes: &[u8]) -> bool {
    VIF_KEYS.iter().any(|key| bytes.starts_with(key.as_bytes()))
}

fn read_vif(word: &OsStr, vif: &mut VifWords) -> Result<(), String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", word.display());
    let text = word.to_str().ok_or_else(|| wrong(&"not UTF-8"))?;
    let said = read_spec(text).map_err(|error| wrong(&error))?;
    vif.mac = said.mac.or(vif.mac);
    vif.bridge = said.bridge.or(vif.bridge.take());
    vif.vlan = said.vlan.or(vif.vlan);
    vif.script = said.script.or(vif.script.take());
    vif.backend = said.backend.or(vif.backend.take());
    Ok(())
}

//! The config named on the command line of the `xl create` that called us.
//!
//! libxl forks the bootloader off the xl process itself, so our parent's command line is
//! `xl create FILE [key=value…]`, and on the first boot a relative FILE is meant from our
//! own working directory. After a guest's reboot the parent is the same xl, daemonized in
//! `/`: then a relative FILE leads nowhere, and what was remembered is used.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What the parent was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XlCreate {
    /// The config file, as xl would open it.
    pub config: PathBuf,
    /// `key=value` words, which xl reads as more lines of the config.
    pub extra: Vec<String>,
}

/// The parent's `xl create`, when it is one.
#[must_use]
pub fn xl_create() -> Option<XlCreate> {
    let parent = nix::unistd::getppid();
    let cmdline = std::fs::read(format!("/proc/{parent}/cmdline")).ok()?;
    let cwd = std::fs::read_link(format!("/proc/{parent}/cwd")).ok()?;
    let words = cmdline.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    parse(&words.collect::<Vec<_>>(), &cwd)
}

/// Options of `xl` and of `xl create` that take the next word (xl.c, xl_cmdtable.c).
const TAKES_NEXT: [&[u8]; 2] = [b"-f", b"--defconfig"];

fn parse(words: &[OsString], cwd: &Path) -> Option<XlCreate> {
    let mut words = words.iter().filter(|word| !word.is_empty());
    let program = Path::new(words.next()?).file_name()?.to_owned();
    if program != OsStr::new("xl") {
        return None;
    }
    let verb = words.by_ref().find(|word| !word.as_bytes().starts_with(b"-"))?;
    // xl takes any unambiguous beginning of a command's name.
    if !(verb.len() >= 2 && b"create".starts_with(verb.as_bytes())) {
        return None;
    }
    let mut config = None;
    let mut extra = Vec::new();
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        if TAKES_NEXT.contains(&bytes) {
            config = words.next().cloned();
        } else if let Some(file) = bytes.strip_prefix(b"--defconfig=") {
            config = Some(OsStr::from_bytes(file).to_owned());
        } else if bytes.starts_with(b"-") {
            // A flag, or --name=value: none of them changes the vif.
        } else if bytes.contains(&b'=') && (config.is_some() || !bytes.starts_with(b"/")) {
            extra.push(word.to_str()?.to_owned());
        } else if config.is_none() {
            config = Some(word.clone());
        }
    }
    Some(XlCreate { config: cwd.join(config?), extra })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<XlCreate> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&words, Path::new("/root"))
    }

    #[test]
    fn the_forms_of_xl_create() {
        let rk = |extra: &[&str]| XlCreate {
            config: PathBuf::from("/root/rk.cfg"),
            extra: extra.iter().map(|&word| word.to_owned()).collect(),
        };
        assert_eq!(parsed("xl create rk.cfg"), Some(rk(&[])));
        assert_eq!(
            parsed("/usr/sbin/xl -vvv create -c rk.cfg memory=512"),
            Some(rk(&["memory=512"]))
        );
        assert_eq!(parsed("xl cr -f rk.cfg"), Some(rk(&[])));
        assert_eq!(parsed("xl create --defconfig=rk.cfg -p"), Some(rk(&[])));
        assert_eq!(
            parsed("xl create /etc/xen/a=b.cfg").unwrap().config,
            PathBuf::from("/etc/xen/a=b.cfg")
        );
    }

    #[test]
    fn other_parents_are_none() {
        assert_eq!(parsed("libvirtd --listen"), None);
        assert_eq!(parsed("xl restore rk.cfg"), None);
        assert_eq!(parsed("xl create"), None);
        assert_eq!(parsed("xl create name='x'"), None);
        assert_eq!(parsed(""), None);
    }
}

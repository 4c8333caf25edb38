//! A guest's interface out of an xl config, as xl itself would read it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use xlcfg::Document;

use super::vif_spec::read_spec;
use super::{Uuid, Vif};
use crate::limits::MAX_LOCAL_FILE;

/// What a config says about the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The domain's name.
    pub name: Option<String>,
    /// Its UUID, when the config fixes one.
    pub uuid: Option<Uuid>,
    /// Its first vif, or why there is none to boot from.
    pub vif: Result<Vif, NoVif>,
}

/// Why a config does not say which interface to boot from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoVif {
    /// No `vif=` at all.
    #[error("it has no vif: add vif = [ \"mac=00:16:3e:…,bridge=…\" ]")]
    None,
    /// xl makes up a MAC at each start, in its memory only.
    #[error(
        "its first vif has no mac=, so xl makes one up that nobody else can know: add mac=00:16:3e:… to it"
    )]
    NoMac,
    /// The vif cannot be read.
    #[error("its first vif cannot be used: {0}")]
    Unreadable(String),
}

/// Why a config is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// xl would refuse it too.
    #[error("{0}")]
    Syntax(String),
}

/// Reads the config at `path`, with `extra` lines as `xl create FILE k=v` adds them.
///
/// # Errors
/// The file cannot be read, is larger than a config can be, or is refused by xl's grammar.
pub fn read(path: &Path, extra: &[String], default_bridge: &str) -> Result<Described, ConfigError> {
    // `xl create /dev/null name='x' …` has no file.
    let nothing = path == Path::new("/dev/null");
    let mut text = if nothing { Vec::new() } else { read_small_file(path)? };
    for line in extra {
        text.push(b'\n');
        text.extend(line.as_bytes());
    }
    if !extra.is_empty() {
        text.push(b'\n');
    }
    describe(&text, default_bridge)
}

/// What the config `text` says; a vif without a bridge is on `default_bridge`.
///
/// # Errors
/// The text is refused by xl's grammar.
pub fn describe(text: &[u8], default_bridge: &str) -> Result<Described, ConfigError> {
    let document = Document::parse(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
    Ok(Described {
        name: document.string("name").ok().flatten(),
        uuid: document.string("uuid").ok().flatten().and_then(|text| Uuid::parse(&text)),
        vif: first_vif(&document, default_bridge),
    })
}

/// The bridge that xl.conf gives to vifs that name none; xl's own default otherwise.
#[must_use]
pub fn default_bridge(xl_conf: &Path) -> String {
    let from_file = || -> Option<String> {
        let text = read_small_file(xl_conf).ok()?;
        Document::parse(&text).ok()?.string("vif.default.bridge").ok()?
    };
    from_file().filter(|bridge| !bridge.is_empty()).unwrap_or_else(|| "xenbr0".to_owned())
}

/// A regular file of at most [`MAX_LOCAL_FILE`] bytes.
///
/// # Errors
/// It cannot be opened or read, is no file, or is larger.
pub fn read_small_file(path: &Path) -> io::Result<Vec<u8>> {
    // O_NONBLOCK: a FIFO of that name must not hang a boot.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = Vec::new();
    file.take(MAX_LOCAL_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_LOCAL_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any config"));
    }
    Ok(text)
}

fn first_vif(document: &Document, default_bridge: &str) -> Result<Vif, NoVif> {
    let list = document.strings("vif").map_err(|error| NoVif::Unreadable(error.to_string()))?;
    let first = list.unwrap_or_default().into_iter().next().ok_or(NoVif::None)?;
    let words = read_spec(&first).map_err(NoVif::Unreadable)?;
    Ok(Vif {
        mac: words.mac.ok_or(NoVif::NoMac)?,
        bridge: words.bridge.unwrap_or_else(|| default_bridge.to_owned()),
        vlan: words.vlan,
        script: words.script,
        backend: words.backend,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "\
name = \"RK\"
memory = \"1024\"
disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', '', ]
on_reboot = 'restart'
on_crash = 'restart'
bootloader = \"/usr/bin/rpxeboot\"
";

    #[test]
    fn the_seed_config() {
        let described = describe(SEED.as_bytes(), "br9").unwrap();
        assert_eq!(described.name.as_deref(), Some("RK"));
        let vif = described.vif.unwrap();
        assert_eq!(vif.mac.to_string(), "00:16:3e:62:39:d3");
        assert_eq!(vif.bridge, "xenbr0");
        assert_eq!(vif.vlan, None);
    }

    #[test]
    fn a_vif_without_a_bridge_is_on_the_default_one() {
        let described = describe(b"vif=['mac=00:16:3e:62:39:d3']\n", "br9").unwrap();
        assert_eq!(described.vif.unwrap().bridge, "br9");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(describe(b"name='x'\n", "b").unwrap().vif, Err(NoVif::None));
        assert_eq!(describe(b"vif=[]\n", "b").unwrap().vif, Err(NoVif::None));
        assert_eq!(describe(b"vif=['']\n", "b").unwrap().vif, Err(NoVif::NoMac));
        assert!(matches!(
            describe(b"vif=['mac=XX:XX']\n", "b").unwrap().vif,
            Err(NoVif::Unreadable(_))
        ));
        assert!(matches!(describe(b"vif=vif[0]\n", "b"), Err(ConfigError::Syntax(_))));
    }

    #[test]
    fn the_default_bridge_of_xl_conf() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("xl.conf");
        assert_eq!(default_bridge(&path), "xenbr0");
        std::fs::write(&path, "# xl\nvif.default.bridge=\"br7\"\n").unwrap();
        assert_eq!(default_bridge(&path), "br7");
    }

    #[test]
    fn words_of_the_command_line_win() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.cfg");
        std::fs::write(&path, SEED).unwrap();
        let extra = ["vif=['mac=00:16:3e:00:00:01']".to_owned()];
        let vif = read(&path, &extra, "xenbr0").unwrap().vif.unwrap();
        assert_eq!(vif.mac.to_string(), "00:16:3e:00:00:01");
    }

    #[test]
    fn the_largest_file_and_one_byte_more() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_LOCAL_FILE).unwrap();
        assert_eq!(read_small_file(file.path()).unwrap().len() as u64, MAX_LOCAL_FILE);
        file.as_file().set_len(MAX_LOCAL_FILE + 1).unwrap();
        assert_eq!(read_small_file(file.path()).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_directory_is_no_config() {
        assert!(read_small_file(Path::new("/")).is_err());
    }
}

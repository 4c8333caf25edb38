//! A guest's interface out of an xl config, as xl itself would read it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use xlcfg::{Document, OvsBridge, VifSpec};

use super::{MacAddr, Uuid, Vif};
use crate::limits::MAX_LOCAL_FILE;
use crate::request::VifWords;

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
    })
}

/// What a vif spec says about the interface to boot from.
///
/// # Errors
/// A sentence about the part that cannot be read.
pub fn read_spec(text: &str) -> Result<VifWords, String> {
    let spec = VifSpec::parse(text).map_err(|error| error.to_string())?;
    let mac = spec.mac().map(MacAddr::new).transpose().map_err(|error| error.to_string())?;
    let vlan = spec.vlan().map(port_vlan).transpose()?;
    let mut words = VifWords {
        mac,
        bridge: spec.bridge().map(|bridge| bridge.trim().to_owned()),
        vlan,
        script: spec.script().map(str::to_owned),
    };
    // With Open vSwitch's script the bridge carries the VLAN: ovsbr0.TAG:TRUNK…
    if spec.script().is_some_and(|script| script.ends_with("vif-openvswitch"))
        && let Some(ovs) = words.bridge.as_deref().and_then(OvsBridge::parse)
    {
        let (name, tag) = (ovs.name.to_owned(), ovs.tag);
        words.vlan = words.vlan.or(tag);
        words.bridge = Some(name);
    }
    Ok(words)
}

/// The VLAN of a Linux bridge port's untagged frames: a number, or the one with `p` behind it
/// in a list of them (xl-network-configuration(5), Xen 4.20).
fn port_vlan(text: &str) -> Result<u16, String> {
    let untagged = |item: &str| item.strip_suffix('p').unwrap_or(item).parse::<u16>().ok();
    let items = || text.split('/');
    items()
        .find(|item| item.ends_with('p'))
        .or_else(|| items().next())
        .and_then(untagged)
        .filter(|vlan| (1..=4094).contains(vlan))
        .ok_or_else(|| format!("vlan={text} names no VLAN from 1 to 4094 for untagged frames"))
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
    fn vlans_of_a_linux_bridge_and_of_open_vswitch() {
        assert_eq!(read_spec("bridge=br0,vlan=42").unwrap().vlan, Some(42));
        assert_eq!(read_spec("bridge=br0,vlan=10/20p/30").unwrap().vlan, Some(20));
        assert!(read_spec("bridge=br0,vlan=4095").is_err());
        let words = read_spec("bridge=ovsbr0.7:10:20,script=vif-openvswitch").unwrap();
        assert_eq!((words.bridge.as_deref(), words.vlan), (Some("ovsbr0"), Some(7)));
        let words = read_spec("bridge=br0.7").unwrap();
        assert_eq!((words.bridge.as_deref(), words.vlan), (Some("br0.7"), None));
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
    fn a_directory_is_no_config() {
        assert!(read_small_file(Path::new("/")).is_err());
    }
}

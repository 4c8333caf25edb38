//! The guests of this host: what their configs, vmprov's records and xl say of them, put
//! together. `list`, `status` and `check` show it.

pub mod disk;
pub mod gather;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use xlcfg::{DiskSpec, Document, GuestType, VifSpec};

use crate::config::{BootMode, GuestConfig};
use crate::host::domains::Domain;
use crate::record::Record;
pub use disk::Disk;

/// A guest. What is not known is none, `null` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// Its name, as xl knows it.
    pub name: String,
    /// What it does.
    pub state: State,
    /// Its number, while it runs.
    pub domid: Option<u32>,
    /// `pv`, `pvh` or `hvm`.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// Its memory: what it has while it runs, else what its config gives it.
    pub memory_mib: Option<u64>,
    /// Its processors, likewise.
    pub vcpus: Option<u64>,
    /// What its config boots it by.
    pub boots: Option<BootMode>,
    /// Its config.
    pub config: Option<PathBuf>,
    /// Whether vmprov made it.
    pub created: bool,
    /// Whether it starts with the host.
    pub autostart: bool,
    /// Its disks, the first one first: that is what a bootloader gets.
    pub disks: Vec<Disk>,
    /// Its interfaces.
    pub vifs: Vec<Vif>,
}

/// What a guest does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its kernel runs, or sleeps.
    Running,
    /// Its bootloader runs, or xl builds it.
    Starting,
    /// Somebody has paused it.
    Paused,
    /// It has ended, and xl cleans up.
    Ending,
    /// Its kernel panicked, and xl keeps what is left.
    Crashed,
    /// It has no domain.
    Off,
    /// `vmprov create` was broken off, or somebody took the config away: there is a record, but
    /// no config.
    Unfinished,
    /// vmprov made it, and its config is there, but cannot be read: `check` says why.
    Unreadable,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vif {
    /// Its address; none if xl makes one up at each start.
    pub mac: Option<String>,
    /// Its bridge; none for the default one.
    pub bridge: Option<String>,
}

/// What a guest is put together from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Its config.
    pub config: Option<&'a GuestConfig>,
    /// What `create` made.
    pub record: Option<&'a Record>,
    /// Its domain.
    pub domain: Option<&'a Domain>,
    /// Whether it starts with the host.
    pub autostart: bool,
}

impl Guest {
    /// The guest of this name, from what there is. It only looks at disks' sizes.
    #[must_use]
    pub fn new(name: &str, from: Sources<'_>) -> Self {
        let document = from.config.map(|config| &config.document);
        let number = |key| document.and_then(|d| u64::try_from(d.integer(key).ok()??).ok());
        let domain = from.domain.filter(|domain| domain.memory_mib > 0);
        Self {
            name: name.to_owned(),
            state: state(from),
            domid: from.domain.map(|domain| domain.domid),
            kind: document.and_then(kind),
            memory_mib: domain.map(|domain| domain.memory_mib).or_else(|| number("memory")),
            vcpus: domain.map(|domain| u64::from(domain.vcpus)).or_else(|| number("vcpus")),
            boots: document.map(BootMode::of),
            config: from.config.map(|config| config.path.clone()),
            created: from.record.is_some(),
            autostart: from.autostart,
            disks: document.map(disks).unwrap_or_default(),
            vifs: document.map(vifs).unwrap_or_default(),
        }
    }
}

fn state(from: Sources<'_>) -> State {
    let Some(domain) = from.domain else {
        return match (from.config, from.record) {
            // A typo in an installed guest's config must not look like a guest to delete.
            (None, Some(record)) if record.config.symlink_metadata().is_ok() => State::Unreadable,
            (None, Some(_)) => State::Unfinished,
            _ => State::Off,
        };
    };
    let has = |letter| domain.state.contains(letter);
    match () {
        () if has('c') => State::Crashed,
        () if domain.is_ending() => State::Ending,
        // Without memory, its bootloader runs: libxl builds it after that.
        () if domain.memory_mib == 0 => State::Starting,
        () if has('p') => State::Paused,
        () => State::Running,
    }
}

fn kind(document: &Document) -> Option<&'static str> {
    document.guest_type().ok().map(|kind| match kind {
        GuestType::Pv => "pv",
        GuestType::Pvh => "pvh",
        GuestType::Hvm => "hvm",
    })
}

/// What cannot be understood is left out here: `check` says so.
fn disks(document: &Document) -> Vec<Disk> {
    let items = document.strings("disk").ok().flatten().unwrap_or_default();
    items.iter().filter_map(|item| Some(Disk::new(&DiskSpec::parse(item).ok()?))).collect()
}

fn vifs(document: &Document) -> Vec<Vif> {
    let items = document.strings("vif").ok().flatten().unwrap_or_default();
    let specs = items.iter().filter_map(|item| VifSpec::parse(item).ok());
    specs
        .map(|spec| Vif {
            mac: spec.mac().map(xlcfg::format_mac),
            bridge: spec.bridge().map(str::to_owned),
        })
        .collect()
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Paused => "paused",
            Self::Ending => "ending",
            Self::Crashed => "crashed",
            Self::Off => "off",
            Self::Unfinished => "unfinished",
            Self::Unreadable => "unreadable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> GuestConfig {
        let document = Document::parse(text).unwrap();
        GuestConfig { path: "/etc/xen/RK.cfg".into(), name: "RK".into(), document }
    }

    fn domain(state: &str, memory_mib: u64) -> Domain {
        Domain {
            name: "RK".into(),
            domid: 7,
            memory_mib,
            vcpus: 2,
            state: state.into(),
            cpu_tenths: 0,
        }
    }

    const CONFIG: &str = "name='RK'\nmemory=1024\nvcpus=1\nbootloader='rpxeboot'\n\
        disk=['/nowhere/RK.img,raw,xvda,rw']\nvif=['mac=00:16:3e:62:39:d3,bridge=br0','']\n";

    #[test]
    fn a_guest_that_is_off_is_as_its_config_says() {
        let config = config(CONFIG);
        let guest = Guest::new("RK", Sources { config: Some(&config), ..Sources::default() });
        assert_eq!((guest.state, guest.domid), (State::Off, None));
        assert_eq!((guest.memory_mib, guest.vcpus, guest.kind), (Some(1024), Some(1), Some("pv")));
        assert_eq!(guest.vifs[0].mac.as_deref(), Some("00:16:3e:62:39:d3"));
        assert_eq!(guest.vifs[1], Vif { mac: None, bridge: None });
        assert_eq!(guest.disks[0].size, None, "the image is not there");
    }

    #[test]
    fn a_running_guest_has_what_xl_says() {
        let config = config(CONFIG);
        let table = [
            ("r-----", 512, State::Running),
            ("-b----", 512, State::Running),
            ("------", 512, State::Running),
            ("--p---", 0, State::Starting),
            ("--p---", 512, State::Paused),
            ("---s--", 512, State::Ending),
            ("-----d", 512, State::Ending),
            ("----c-", 512, State::Crashed),
        ];
        for (letters, memory, state) in table {
            let domain = domain(letters, memory);
            let sources =
                Sources { config: Some(&config), domain: Some(&domain), ..Sources::default() };
            let guest = Guest::new("RK", sources);
            assert_eq!((guest.state, guest.domid), (state, Some(7)), "{letters}");
            let expected = if memory == 0 { (1024, 1) } else { (512, 2) };
            assert_eq!((guest.memory_mib, guest.vcpus), (Some(expected.0), Some(expected.1)));
        }
    }

    #[test]
    fn what_is_not_known_is_null() {
        let guest = Guest::new("RK", Sources::default());
        let json = serde_json::to_value(&guest).unwrap();
        let expected = serde_json::json!({
            "name": "RK", "state": "off", "domid": null, "type": null, "memory_mib": null,
            "vcpus": null, "boots": null, "config": null, "created": false, "autostart": false,
            "disks": [], "vifs": []
        });
        assert_eq!(json, expected);
    }
}

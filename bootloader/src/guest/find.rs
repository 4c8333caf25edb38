//! Finding the guest: which interface of which bridge boots.
//!
//! The order, first match wins:
//! 1. words of the command line (`--mac`, `mac=`, a vif spec);
//! 2. `--config FILE`;
//! 3. the domain number in `--output-directory` → name and UUID in xenstore → that guest's
//!    config: the file of the `xl create` that called us, /etc/xen/NAME.cfg, /etc/xen/NAME,
//!    the config in vmprov's record, libvirt's record; each taken only if its `name` is the
//!    domain's;
//! 4. what was remembered for this UUID.
//!
//! The file that the calling xl was given stands before /etc/xen: it is the one that xl
//! itself has read, while a file of the same name in /etc/xen may be another version.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use super::config_file::{self, ConfigError, Described};
use super::xenstore::{Wait, Xenstore};
use super::{Guest, GuestType, Uuid, Vif, libvirt, parent, remembered};
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::request::Request;

/// Where this host keeps what a guest can be found by. Tests put it elsewhere.
#[derive(Debug, Clone)]
pub struct Places {
    /// xl's configs.
    pub xen: PathBuf,
    /// vmprov's records of the guests it made.
    pub vmprov: PathBuf,
    /// libvirt's records of Xen domains.
    pub libvirt: PathBuf,
    /// What was remembered.
    pub remembered: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            xen: PathBuf::from("/etc/xen"),
            vmprov: PathBuf::from("/var/lib/vmprov"),
            libvirt: PathBuf::from("/etc/libvirt/libxl"),
            remembered: PathBuf::from(remembered::DIRECTORY),
        }
    }
}

/// What xenstore says about the domain.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Domain {
    name: Option<String>,
    uuid: Option<Uuid>,
    guest_type: Option<GuestType>,
}

/// Finds the guest of `request`. Once `stop` can be read, nothing is waited for.
///
/// # Errors
/// [`Reason::UnknownGuest`], with the line to add to the config.
pub fn find(
    request: &Request,
    places: &Places,
    stop: BorrowedFd<'_>,
    console: &dyn Say,
) -> Result<Guest, Failure> {
    let wait = Wait::new(request.deadline, Some(stop));
    let domain = request.domid().map(|domid| look_up(domid, wait, console)).unwrap_or_default();
    let domid = request.domid();
    let search = Search { request, places, console, domain: &domain };
    let (vif, source) = search.vif()?;
    let guest = Guest {
        name: domain.name.clone(),
        uuid: request.uuid.or(domain.uuid),
        domid,
        guest_type: domain.guest_type.unwrap_or(GuestType::Unknown),
        vif,
        source,
    };
    if let (Some(uuid), Some(name)) = (domain.uuid, &domain.name)
        && let Err(error) = remembered::remember(&places.remembered, uuid, name, &guest.vif)
    {
        let place = places.remembered.display();
        console.say(Level::Detail, &format!("{place}: not remembered for a reboot: {error}"));
    }
    Ok(guest)
}

fn look_up(domid: u32, wait: Wait<'_>, console: &dyn Say) -> Domain {
    let read = || -> std::io::Result<Domain> {
        let mut store = Xenstore::connect(wait)?;
        let name = store.read(&format!("/local/domain/{domid}/name"))?;
        let vm = store.read(&format!("/local/domain/{domid}/vm"))?;
        let guest_type = store.read(&format!("/libxl/{domid}/type"))?;
        Ok(Domain {
            name,
            uuid: vm.and_then(|path| Uuid::parse(path.rsplit('/').next()?)),
            guest_type: match guest_type.as_deref() {
                Some("pv") => Some(GuestType::Pv),
                Some("pvh") => Some(GuestType::Pvh),
                _ => None,
            },
        })
    };
    read().unwrap_or_else(|error| {
        console
            .say(Level::Step, &format!("domain {domid} cannot be looked up in xenstore: {error}"));
        Domain::default()
    })
}

struct Search<'a> {
    request: &'a Request,
    places: &'a Places,
    console: &'a dyn Say,
    domain: &'a Domain,
}

impl Search<'_> {
    fn vif(&self) -> Result<(Vif, String), Failure> {
        let words = &self.request.vif;
        let found = match (words.mac, &self.request.config) {
            (Some(mac), _) => {
                let bridge = words.bridge.clone().unwrap_or_else(|| self.default_bridge());
                let (script, backend) = (words.script.clone(), words.backend.clone());
                let vif = Vif { mac, bridge, vlan: words.vlan, script, backend };
                (vif, "the command line".to_owned())
            }
            (None, Some(path)) => {
                let described = self.described(path)?;
                let vif =
                    described.vif.map_err(|why| unknown(&format!("{}: {why}", path.display())))?;
                (vif, path.display().to_string())
            }
            (None, None) => self.vif_of_the_domain()?,
        };
        let (mut vif, source) = found;
        // Single words change what a config says.
        vif.bridge = words.bridge.clone().unwrap_or(vif.bridge);
        vif.vlan = words.vlan.or(vif.vlan);
        vif.script = words.script.clone().or(vif.script);
        vif.backend = words.backend.clone().or(vif.backend);
        Ok((vif, source))
    }

    /// What a config that was named says: xl's, or libvirt's XML.
    fn described(&self, path: &Path) -> Result<Described, Failure> {
        if path.extension().is_none_or(|extension| extension != "xml") {
            return config_file::read(path, &[], &self.default_bridge())
                .map_err(|error| unknown(&unreadable(path, &error)));
        }
        let text = config_file::read_small_file(path)
            .map_err(|error| unknown(&format!("{}: {error}", path.display())))?;
        libvirt::describe(&String::from_utf8_lossy(&text))
            .ok_or_else(|| unknown(&format!("{}: no domain of type xen in it", path.display())))
    }

    fn vif_of_the_domain(&self) -> Result<(Vif, String), Failure> {
        let Some(name) = self.domain.name.as_deref() else {
            return Err(unknown(match self.request.domid() {
                Some(_) => "xenstore has no name for the domain",
                None => "there is no domain to ask xenstore about",
            }));
        };
        let mut reasons = Vec::new();
        for (path, read) in self.candidates(name) {
            match read {
                Ok(described) if described.name.as_deref() == Some(name) => match described.vif {
                    Ok(vif) => return Ok((vif, path)),
                    Err(why) => reasons.push(format!("{path}: {why}")),
                },
                Ok(described) => {
                    let other = described.name.unwrap_or_default();
                    let line = format!("{path}: passed over, its name is {other:?}, not {name:?}");
                    self.console.say(Level::Detail, &line);
                }
                Err(why) => reasons.push(why),
            }
        }
        if let Some(vif) = self
            .domain
            .uuid
            .and_then(|uuid| remembered::recall(&self.places.remembered, uuid, name))
        {
            return Ok((vif, "its last boot".to_owned()));
        }
        if reasons.is_empty() {
            let xen = self.places.xen.display();
            reasons
                .push(format!("no config of {name} was found ({xen}/{name}.cfg, {xen}/{name}, …)"));
        }
        Err(unknown(&reasons.join("; ")))
    }

    /// Every config that may be this guest's, with its name for people; missing files are none.
    fn candidates(&self, name: &str) -> Vec<(String, Result<Described, String>)> {
        let bridge = self.default_bridge();
        let mut found = Vec::new();
        let mut xl_config =
            |path: PathBuf, extra: &[String]| match config_file::read(&path, extra, &bridge) {
                Err(ConfigError::Io(error)) if is_absent(&error) => {}
                read => found.push((
                    path.display().to_string(),
                    read.map_err(|error| unreadable(&path, &error)),
                )),
            };
        if let Some(xl) = parent::xl_create() {
            xl_config(xl.config, &xl.extra);
        }
        // The name is the toolstack's, but it must not lead out of the directory.
        if !name.contains('/') && !name.starts_with('.') {
            xl_config(self.places.xen.join(format!("{name}.cfg")), &[]);
            xl_config(self.places.xen.join(name), &[]);
            if let Some(config) = recorded_config(&self.places.vmprov, name) {
                xl_config(config, &[]);
            }
            let path = self.places.libvirt.join(format!("{name}.xml"));
            if let Ok(text) = config_file::read_small_file(&path) {
                let described = libvirt::describe(&String::from_utf8_lossy(&text));
                let path = path.display().to_string();
                let described =
                    described.ok_or_else(|| format!("{path}: no domain of type xen in it"));
                found.push((path, described));
            }
        }
        found
    }

    fn default_bridge(&self) -> String {
        config_file::default_bridge(&self.places.xen.join("xl.conf"))
    }
}

/// The config that vmprov made for the guest `name`, by its record NAME.json there.
fn recorded_config(directory: &Path, name: &str) -> Option<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Record {
        config: PathBuf,
    }
    // A record that somebody else could have written is none.
    if !remembered::is_private(&std::fs::symlink_metadata(directory).ok()?) {
        return None;
    }
    let text = config_file::read_small_file(&directory.join(format!("{name}.json"))).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    record.config.is_absolute().then_some(record.config)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        // What is there is no regular file: /etc/xen/auto is a directory, whatever a guest is
        // called, and the pipe of `xl create /dev/stdin` has been read by xl.
        || error.kind() == std::io::ErrorKind::InvalidInput
}

fn unreadable(path: &Path, error: &ConfigError) -> String {
    format!("{}: {error}", path.display())
}

fn unknown(why: &str) -> Failure {
    Failure::new(
        Reason::UnknownGuest,
        format!(
            "the guest's MAC is unknown: {why}. Add the line bootloader_args = \
             [ \"--mac=00:16:3e:…\", \"--bridge=…\" ] to its config"
        ),
    )
}

#[cfg(test)]
mod tests;

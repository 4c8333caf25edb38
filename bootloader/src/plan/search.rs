//! Asking for configs and reading them: the part of PXELINUX that does I/O, with the I/O left
//! to a [`Library`]. [`super::follow`] goes on from there.

use std::net::Ipv4Addr;

use pxelinux::{
    Addresses, At, ChooseOptions, Client, HardwareAddress, Included, Limits, Location,
    LocationError, Menu, MenuFile, Prefix, ReadError, Reader, Server, Step, SysValues, Uuid,
};

use super::Library;
use super::person::Person;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::FetchError;
use crate::guest::MacAddr;
use crate::lease::Lease;
use crate::lease::boot_source::BootSource;
use crate::text;

/// SYSAPPEND's bit for the processor; of the higher ones a PV or PVH guest has nothing to say, as
/// it has no SMBIOS.
const CPU_BIT: u32 = 0x8;
/// A guest's processor in PXELINUX's letters: family 6, PAE, execute disable, long mode. What would
/// let it run guests of its own (V, S, T) is hidden from it.
const CPU: Option<&[u8]> = if cfg!(target_arch = "x86_64") { Some(b"6PXL") } else { None };
/// PXELINUX's directory of configs, which `--config-dir` replaces.
const CONFIG_DIRECTORY: &[u8] = b"pxelinux.cfg/";

/// What the search knows about the guest.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The guest's MAC.
    pub mac: MacAddr,
    /// The guest's UUID.
    pub uuid: Option<Uuid>,
    /// The label to take instead of the default.
    pub label: Option<Vec<u8>>,
    /// Instead of `pxelinux.cfg`.
    pub config_dir: Option<String>,
}

/// A config found, and how to read on from there.
pub struct Search<'a> {
    pub(super) library: &'a dyn Library,
    pub(super) say: &'a dyn Say,
    pub(super) person: &'a dyn Person,
    asker: &'a Asker,
    pub(super) server: Server,
    pub(super) prefix: Prefix,
    values: SysValues,
    names: Vec<Vec<u8>>,
}

/// One entry of a config, for a listing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListedEntry {
    /// Its label.
    pub label: String,
    /// Its text in a menu.
    pub title: String,
    /// What it boots, as written.
    pub kernel: String,
    /// Whether it boots by itself.
    pub default: bool,
}

impl<'a> Search<'a> {
    /// A search from where the lease points.
    ///
    /// # Errors
    /// [`Reason::NoBootServer`] when the prefix of the boot file cannot be used.
    pub fn new(
        library: &'a dyn Library,
        say: &'a dyn Say,
        person: &'a dyn Person,
        asker: &'a Asker,
        lease: &Lease,
        source: &BootSource,
    ) -> Result<Self, Failure> {
        let prefix = Prefix::from_dhcp(source.path_prefix.as_deref(), &source.boot_file).map_err(
            |error| Failure::new(Reason::NoBootServer, format!("the lease's boot file: {error}")),
        )?;
        let hardware = HardwareAddress::ethernet(asker.mac.octets());
        let client = Client {
            config_file: source.config_file.as_deref(),
            uuid: asker.uuid,
            hardware,
            address: lease.address,
        };
        let mut names = pxelinux::config_names(&client);
        if let Some(directory) = &asker.config_dir {
            for name in &mut names {
                if let Some(rest) = name.strip_prefix(CONFIG_DIRECTORY) {
                    *name = [directory.trim_end_matches('/').as_bytes(), b"/", rest].concat();
                }
            }
        }
        Ok(Self {
            library,
            say,
            person,
            asker,
            values: sys_values(asker, lease, &source.server, hardware),
            server: source.server.clone(),
            prefix,
            names,
        })
    }

    /// The entries of the config, for `--list-entries`.
    ///
    /// # Errors
    /// As for [`Self::plan`].
    pub fn entries(&self) -> Result<Vec<ListedEntry>, Failure> {
        let (location, name, bytes) = self.first_config()?;
        self.say.say(Level::Step, &format!("config {location}"));
        let menu = self.read(&Config { location, name, bytes, prefix: self.prefix.clone() })?;
        let listed = pxelinux::entries(&menu, &self.options()).into_iter().map(|listed| {
            let kernel = match &listed.entry.kind {
                pxelinux::EntryKind::Boot(boot) => text::printable(&boot.kernel),
                _ => String::new(),
            };
            ListedEntry {
                label: text::printable(&listed.entry.label),
                title: text::printable(&listed.entry.title),
                kernel,
                default: listed.default,
            }
        });
        Ok(listed.collect())
    }

    /// The label that was asked for.
    pub(super) fn label(&self) -> Option<&'a [u8]> {
        self.asker.label.as_deref()
    }

    pub(super) fn options(&self) -> ChooseOptions<'_> {
        ChooseOptions { label: self.asker.label.as_deref(), values: self.values.clone() }
    }

    /// The first config that is there and not empty. Only "not found" leads to the next name.
    pub(super) fn first_config(&self) -> Result<(Location, Vec<u8>, Vec<u8>), Failure> {
        for name in &self.names {
            let Ok(location) = pxelinux::resolve(&self.prefix, &self.server, name) else {
                continue; // an option 209 that is no name: PXELINUX goes on, too
            };
            match self.library.read(&location) {
                Ok(bytes) if !bytes.is_empty() => return Ok((location, name.clone(), bytes)),
                Ok(_) => self.say.say(Level::Detail, &format!("{location}: empty, so none")),
                Err(FetchError::NotFound(why)) => self.say.say(Level::Detail, &why),
                Err(error) => return Err(error.into()),
            }
        }
        let example = self.names.iter().find(|name| !self.is_option_209(name));
        let example =
            example.and_then(|name| pxelinux::resolve(&self.prefix, &self.server, name).ok());
        let example = example.map_or_else(String::new, |location| location.to_string());
        Err(Failure::new(
            Reason::NoConfig,
            format!(
                "no PXELINUX config on the boot server: none of {} names is there, {example} the \
                 first of them",
                self.names.len()
            ),
        ))
    }

    fn is_option_209(&self, name: &[u8]) -> bool {
        self.names.first().is_some_and(|first| first == name) && !name.starts_with(CONFIG_DIRECTORY)
    }

    pub(super) fn read(&self, config: &Config) -> Result<Menu, Failure> {
        let limits = Limits::default();
        let step = Reader::new(limits).begin(&config.name, config.bytes.clone());
        self.read_on(step, config)
    }

    pub(super) fn read_menu_files(
        &self,
        files: Vec<MenuFile>,
        config: &Config,
    ) -> Result<Menu, Failure> {
        let names = files.into_iter().map(|file| match file {
            MenuFile::Current => config.name.clone(),
            MenuFile::Named(name) => name,
        });
        self.read_on(Reader::new(Limits::default()).begin_files(names.collect()), config)
    }

    /// Fetches includes for as long as the reader asks for them.
    fn read_on(&self, mut step: Result<Step, ReadError>, config: &Config) -> Result<Menu, Failure> {
        loop {
            match step.map_err(|error| unusable(&config.location, &error))? {
                Step::Done(menu) => {
                    for note in &menu.notes {
                        self.say.say(Level::Step, &format!("{}: {}", note.at, note.text));
                    }
                    return Ok(*menu);
                }
                Step::Include(waiting) => {
                    let included = self.include(waiting.name(), config)?;
                    step = waiting.resume(included);
                }
            }
        }
    }

    fn include(&self, name: &[u8], config: &Config) -> Result<Included, Failure> {
        if name == config.name {
            return Ok(Included::Bytes(config.bytes.clone()));
        }
        let Ok(location) = pxelinux::resolve(&config.prefix, &self.server, name) else {
            return Ok(Included::Missing);
        };
        match self.library.read(&location) {
            Ok(bytes) => {
                self.say.say(Level::Detail, &format!("include {location}"));
                Ok(Included::Bytes(bytes))
            }
            Err(FetchError::NotFound(why)) => {
                self.say.say(Level::Detail, &format!("include: {why}"));
                Ok(Included::Missing)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn resolve(
        &self,
        config: &Config,
        name: &[u8],
        at: &At,
    ) -> Result<Location, Failure> {
        pxelinux::resolve(&config.prefix, &self.server, name).map_err(|error| bad_name(at, &error))
    }

    pub(super) fn needed(&self, location: &Location) -> Result<Vec<u8>, Failure> {
        match self.library.read(location) {
            Err(FetchError::NotFound(why)) => Err(Failure::new(Reason::NoConfig, why)),
            read => Ok(read?),
        }
    }
}

/// A config that was read.
pub(super) struct Config {
    pub(super) location: Location,
    pub(super) name: Vec<u8>,
    pub(super) bytes: Vec<u8>,
    pub(super) prefix: Prefix,
}

pub(super) fn bad_name(at: &At, error: &LocationError) -> Failure {
    Failure::new(Reason::BadConfig, format!("{at}: {error}"))
}

pub(super) fn unusable(config: &Location, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Reason::BadConfig, format!("{config}: {error}"))
}

fn sys_values(
    asker: &Asker,
    lease: &Lease,
    server: &Server,
    hardware: HardwareAddress,
) -> SysValues {
    let netmask = u32::MAX.checked_shl(32 - u32::from(lease.prefix.min(32))).unwrap_or(0);
    SysValues {
        addresses: Some(Addresses {
            client: lease.address,
            boot_server: match server {
                Server::Ip(address) => *address,
                Server::Name(_) => lease.server,
            },
            gateway: lease.router,
            netmask: Ipv4Addr::from(netmask),
        }),
        hardware: Some(hardware),
        uuid: asker.uuid,
        others: CPU.map(|cpu| (CPU_BIT, cpu.to_vec())).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;

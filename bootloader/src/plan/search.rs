//! Asking for configs and following them: the part of PXELINUX that does I/O, with the I/O
//! left to a [`Library`].

use std::net::Ipv4Addr;

use pxelinux::{
    Addresses, At, ChooseOptions, Client, HardwareAddress, Included, Limits, Location,
    LocationError, Menu, MenuFile, Prefix, ReadError, Reader, Server, Step, SysValues, Uuid,
};

use super::{Action, BootPlan, Library};
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::FetchError;
use crate::guest::MacAddr;
use crate::lease::Lease;
use crate::lease::boot_source::BootSource;
use crate::limits::{MAX_CONFIG_RESTARTS, MAX_INITRDS};
use crate::text;

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
    library: &'a dyn Library,
    say: &'a dyn Say,
    asker: &'a Asker,
    server: Server,
    prefix: Prefix,
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
            asker,
            values: sys_values(asker, lease, &source.server, hardware),
            server: source.server.clone(),
            prefix,
            names,
        })
    }

    /// What the config says to boot.
    ///
    /// # Errors
    /// [`Reason::NoConfig`], [`Reason::BadConfig`], [`Reason::Transfer`], [`Reason::Deadline`].
    pub fn plan(&self) -> Result<BootPlan, Failure> {
        let (location, name, bytes) = self.first_config()?;
        self.say.say(Level::Step, &format!("config {location}"));
        let mut config = Config { location, name, bytes, prefix: self.prefix.clone() };
        let mut menu = self.read(&config)?;
        let options = self.options();
        let mut choice = pxelinux::choose(&menu, &options);
        for _ in 0..=MAX_CONFIG_RESTARTS {
            let chosen = choice.map_err(|error| unusable(&config.location, &error))?;
            let label = chosen.command.label.as_deref().map(text::printable);
            let action = self.decided(chosen.action, &config)?;
            match action {
                pxelinux::Action::Kernel(kernel) => {
                    let action = self.kernel(&kernel, &config, &chosen.command.at)?;
                    return Ok(BootPlan { config: Some(config.location), label, action });
                }
                pxelinux::Action::LocalBoot { kind } => {
                    let action = Action::LocalBoot { kind };
                    return Ok(BootPlan { config: Some(config.location), label, action });
                }
                pxelinux::Action::Config { file, directory } => {
                    // PXELINUX changes the directory first, and then looks for a name in it; a
                    // name given with it is looked for from where we were.
                    let location = self.resolve(&config, &file, &chosen.command.at)?;
                    let bytes = self.needed(&location)?;
                    self.say.say(Level::Step, &format!("config {location}"));
                    let prefix = match directory {
                        Some(directory) => config.prefix.enter(&directory),
                        None => Ok(config.prefix),
                    };
                    let prefix = prefix.map_err(|error| bad_name(&chosen.command.at, &error))?;
                    config = Config { location, name: file, bytes, prefix };
                    menu = self.read(&config)?;
                    choice = pxelinux::choose(&menu, &options);
                }
                pxelinux::Action::Menu { files } => {
                    menu = self.read_menu_files(files, &config)?;
                    choice = pxelinux::choose_in_menu(&menu, &options);
                }
                pxelinux::Action::Implicit(_) => {
                    return Err(Failure::bug("a choice that was decided is not"));
                }
            }
        }
        Err(Failure::new(
            Reason::BadConfig,
            format!(
                "{}: more than {MAX_CONFIG_RESTARTS} configs lead to each other: name a label of \
                 the last one with --label",
                config.location
            ),
        ))
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

    fn options(&self) -> ChooseOptions<'_> {
        ChooseOptions { label: self.asker.label.as_deref(), values: self.values.clone() }
    }

    /// The first config that is there and not empty. Only "not found" leads to the next name.
    fn first_config(&self) -> Result<(Location, Vec<u8>, Vec<u8>), Failure> {
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

    fn read(&self, config: &Config) -> Result<Menu, Failure> {
        let limits = Limits::default();
        let step = Reader::new(limits).begin(&config.name, config.bytes.clone());
        self.read_on(step, config)
    }

    fn read_menu_files(&self, files: Vec<MenuFile>, config: &Config) -> Result<Menu, Failure> {
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

    /// A name that may mean several files means the first that is there.
    fn decided(
        &self,
        action: pxelinux::Action,
        config: &Config,
    ) -> Result<pxelinux::Action, Failure> {
        let pxelinux::Action::Implicit(candidates) = action else { return Ok(action) };
        let last = candidates.len().saturating_sub(1);
        for (place, candidate) in candidates.into_iter().enumerate() {
            let is_there = place == last
                || match pxelinux::resolve(&config.prefix, &self.server, &candidate.name) {
                    Ok(location) => self.library.has(&location)?,
                    Err(_) => false,
                };
            if is_there {
                return candidate.action.map_err(|error| unusable(&config.location, &error));
            }
        }
        Err(Failure::new(Reason::BadConfig, format!("{}: nothing to boot", config.location)))
    }

    fn kernel(
        &self,
        kernel: &pxelinux::Kernel,
        config: &Config,
        at: &At,
    ) -> Result<Action, Failure> {
        if kernel.initrds.len() > MAX_INITRDS {
            return Err(Failure::new(
                Reason::BadConfig,
                format!("{at}: {} initrds, at most {MAX_INITRDS} are joined", kernel.initrds.len()),
            ));
        }
        let initrds = kernel.initrds.iter().map(|name| self.resolve(config, name, at));
        Ok(Action::Kernel {
            kernel: self.resolve(config, &kernel.name, at)?,
            initrds: initrds.collect::<Result<_, _>>()?,
            args: kernel.command_line.clone(),
        })
    }

    fn resolve(&self, config: &Config, name: &[u8], at: &At) -> Result<Location, Failure> {
        pxelinux::resolve(&config.prefix, &self.server, name).map_err(|error| bad_name(at, &error))
    }

    fn needed(&self, location: &Location) -> Result<Vec<u8>, Failure> {
        match self.library.read(location) {
            Err(FetchError::NotFound(why)) => Err(Failure::new(Reason::NoConfig, why)),
            read => Ok(read?),
        }
    }
}

struct Config {
    location: Location,
    name: Vec<u8>,
    bytes: Vec<u8>,
    prefix: Prefix,
}

fn bad_name(at: &At, error: &LocationError) -> Failure {
    Failure::new(Reason::BadConfig, format!("{at}: {error}"))
}

fn unusable(config: &Location, error: &dyn std::fmt::Display) -> Failure {
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
        others: Vec::new(),
    }
}

#[cfg(test)]
mod tests;

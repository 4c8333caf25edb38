//! Following configs to what they boot, as PXELINUX does, or as a person at the console says.

use pxelinux::{Asks, At, Choice, ChooseOptions, Menu};

use super::password;
use super::person::Picked;
use super::search::{Config, Search, bad_name, unusable};
use super::{Action, BootPlan};
use crate::console::Level;
use crate::failure::{Failure, Reason};
use crate::limits::{MAX_CONFIG_RESTARTS, MAX_INITRDS};
use crate::text;

/// How a menu was reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// A config was begun.
    Begun,
    /// A menu module reads these files.
    InMenu,
}

impl Search<'_> {
    /// What the config says to boot.
    ///
    /// # Errors
    /// [`Reason::NoConfig`], [`Reason::BadConfig`], [`Reason::Transfer`], [`Reason::Deadline`].
    pub fn plan(&self) -> Result<BootPlan, Failure> {
        let (location, name, bytes) = self.first_config()?;
        self.say.say(Level::Step, &format!("config {location}"));
        let mut config = Config { location, name, bytes, prefix: self.prefix.clone() };
        let mut menu = self.read(&config)?;
        let mut label = self.label();
        let mut chosen = self.choose(&menu, Reached::Begun, &config, &mut label)?;
        for _ in 0..=MAX_CONFIG_RESTARTS {
            let shown = chosen.command.label.as_deref().map(text::printable);
            let action = self.decided(chosen.action.clone(), &config)?;
            match action {
                pxelinux::Action::Kernel(kernel) => {
                    if let Some(instead) = self.on_error(&menu, &chosen, &kernel, &config)? {
                        chosen = instead;
                        continue;
                    }
                    let action = self.kernel(&kernel, &config, &chosen.command.at)?;
                    return Ok(BootPlan { config: Some(config.location), label: shown, action });
                }
                pxelinux::Action::LocalBoot { kind } => {
                    let action = Action::LocalBoot { kind };
                    return Ok(BootPlan { config: Some(config.location), label: shown, action });
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
                    chosen = self.choose(&menu, Reached::Begun, &config, &mut label)?;
                }
                pxelinux::Action::Menu { files } => {
                    menu = self.read_menu_files(files, &config)?;
                    chosen = self.choose(&menu, Reached::InMenu, &config, &mut label)?;
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

    /// What is chosen: the label that was asked for, once; else by a person where PXELINUX would ask
    /// one; else as it chooses by itself.
    fn choose(
        &self,
        menu: &Menu,
        reached: Reached,
        config: &Config,
        label: &mut Option<&[u8]>,
    ) -> Result<Choice, Failure> {
        let mut options = ChooseOptions { label: None, ..self.options() };
        if let Some(wanted) = *label {
            // It may stand in a config that this one leads to.
            let leads_on = matches!(
                pxelinux::choose(menu, &options),
                Ok(Choice {
                    action: pxelinux::Action::Config { .. } | pxelinux::Action::Menu { .. },
                    ..
                })
            );
            if menu.find(wanted).is_some() || !leads_on {
                options.label = label.take();
            }
        }
        let is_wanted = options.label.is_some() || label.is_some();
        let asks = match reached {
            _ if is_wanted => None,
            Reached::Begun => pxelinux::asks(menu, &options),
            Reached::InMenu => Some(Asks::Menu(menu.start)),
        };
        let picked = match asks {
            Some(asks) => {
                let screen = pxelinux::screen(menu, &options, asks);
                let opens = |page, row, typed: &[u8]| password::opens(menu, page, row, typed);
                self.person.choose(&screen, &opens)?
            }
            None => Picked::Unattended,
        };
        let at = |page: Option<usize>| match page.filter(|page| *page < menu.menus.len()) {
            Some(page) => Asks::Menu(page),
            None => Asks::Prompt,
        };
        let choice = match picked {
            Picked::Unattended if reached == Reached::InMenu => {
                pxelinux::choose_in_menu(menu, &options)
            }
            Picked::Unattended => pxelinux::choose(menu, &options),
            Picked::Entry { page, entry } => {
                pxelinux::choose_entry(menu, &options, at(Some(page)), entry)
            }
            Picked::Typed { page, line } => pxelinux::choose_typed(menu, &options, at(page), &line),
        };
        choice.map_err(|error| unusable(&config.location, &error))
    }

    /// What ONERROR (or a timeout of the prompt) says, if a file of the kernel's is missing. Nobody
    /// asks for the files twice where nothing is said.
    fn on_error(
        &self,
        menu: &Menu,
        chosen: &Choice,
        kernel: &pxelinux::Kernel,
        config: &Config,
    ) -> Result<Option<Choice>, Failure> {
        let Some(instead) = pxelinux::choose_on_error(menu, &self.options(), chosen) else {
            return Ok(None);
        };
        for name in std::iter::once(&kernel.name).chain(&kernel.initrds) {
            let is_there = match pxelinux::resolve(&config.prefix, &self.server, name) {
                Ok(location) => self.library.has(&location)?,
                Err(_) => false,
            };
            if !is_there {
                let name = text::printable(name);
                self.say
                    .say(Level::Step, &format!("{name} is not there: the config says what then"));
                return instead.map(Some).map_err(|error| unusable(&config.location, &error));
            }
        }
        Ok(None)
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
}

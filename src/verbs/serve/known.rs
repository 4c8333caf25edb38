//! The guests that are served: those with a config on this host, and of these the ones with a
//! profile, whose installer's kernel, command line and answer files are made here. Looked for
//! again and again, since guests come while it serves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::net::UnixStream;

use super::setup::Setup;
use crate::config::find::{self, GuestConfig};
use crate::failure::Failure;
use crate::media::store::{Medium, Store};
use crate::profile::answers::{Answers, GuestValues, Media};
use crate::profile::library;
use crate::profile::render::Rendered;
use crate::record::{Provision, Record};
use crate::serve::control::{self, Guest, Served};
use crate::serve::engine::host_line;
use crate::serve::events::Guests;
use crate::site::{Boot, hostname, tree};
use crate::values::{GuestName, Mac};
use crate::verbs::Here;
use xlcfg::VifSpec;

/// What is known so far.
pub(super) struct Known {
    /// Names and addresses.
    pub guests: Guests,
    served: Served,
    /// What was told as wrong, so that it is told once.
    complaints: BTreeSet<String>,
}

impl Known {
    /// Nothing yet.
    pub(super) fn new(served: Served) -> Self {
        Self { guests: Guests::default(), served, complaints: BTreeSet::new() }
    }

    /// Whether some guest is installed by a profile.
    pub(super) fn has_provisions(&self) -> bool {
        !self.served.guests.is_empty()
    }

    /// Looks for guests; tells dnsmasq of new ones, and the HTTP server of what has changed.
    ///
    /// # Errors
    /// A file cannot be written, or the HTTP server is gone.
    pub(super) fn look(
        &mut self,
        setup: &Setup,
        control: Option<&UnixStream>,
        here: Here<'_>,
    ) -> Result<(), Failure> {
        let before = self.served.guests.clone();
        let mut guests = BTreeMap::new();
        for config in find::all(&here.settings.config_dir).into_iter().flatten() {
            let macs = macs(&config);
            for mac in &macs {
                if self.guests.know(*mac, &config.name) {
                    let path = setup.hosts().join(mac.to_string().replace(':', ""));
                    fs::write(&path, host_line(*mac, hostname(&config.name)))
                        .map_err(|error| Failure::io("writing", &path, &error))?;
                    here.console.note(&format!("{}: known by {mac}", config.name));
                }
            }
            match self.provision(&config, &macs, setup, here) {
                Ok(Some(guest)) => {
                    guests.insert(config.name.clone(), guest);
                }
                Ok(None) => {}
                // One guest's mistake is no reason to serve the others no more.
                Err(failure) => self.complain(&config.name, &failure, here),
            }
        }
        self.served.guests = guests;
        if let Some(control) = control.filter(|_| before != self.served.guests) {
            self.send(control)?;
        }
        Ok(())
    }

    /// Tells the HTTP server what there is.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn send(&self, control: &UnixStream) -> Result<(), Failure> {
        control::send(control, &self.served)
            .map_err(|error| Failure::failed(format!("telling the HTTP server: {error}")))
    }

    fn complain(&mut self, name: &str, failure: &Failure, here: Here<'_>) {
        let complaint = format!("{name}: {failure}");
        if self.complaints.insert(complaint.clone()) {
            here.console.note(&complaint);
        }
    }

    /// Makes what a guest with a profile boots.
    fn provision(
        &self,
        config: &GuestConfig,
        macs: &[Mac],
        setup: &Setup,
        here: Here<'_>,
    ) -> Result<Option<Guest>, Failure> {
        let Ok(name) = config.name.parse::<GuestName>() else { return Ok(None) };
        let Some(record) = Record::read(&here.settings.state_dir, &name)? else { return Ok(None) };
        let (Some(provision), Some(mac)) = (&record.provision, macs.first()) else {
            return Ok(None);
        };
        let base = setup.url().ok_or_else(|| {
            Failure::refused("its installer gets its files by HTTP, which --http-port 0 turns off")
        })?;
        let medium = Store::new(&here.settings.media_dir).get(&provision.medium)?;
        let medium = medium.ok_or_else(|| {
            Failure::not_found(format!("its medium {} is gone", provision.medium))
        })?;
        let kind = config.document.string("type").ok().flatten().unwrap_or_else(|| "pv".to_owned());
        let guest = GuestValues {
            name: name.to_string(),
            hostname: hostname(&config.name).unwrap_or("guest").to_owned(),
            mac: mac.to_string(),
            kind,
        };
        let rendered = rendered(provision, guest, &medium, setup, &base, here)?;
        let boot = Boot {
            label: record.label.clone().unwrap_or_else(|| "install".to_owned()),
            kernel: format!("{base}/media/{}/kernel", medium.name),
            initrds: vec![format!("{base}/media/{}/initrd", medium.name)],
            append: Some(rendered.append),
        };
        let text = tree::text(&boot).map_err(|error| Failure::failed(error.to_string()))?;
        setup.write_config(*mac, &text)?;
        Ok(Some(Guest { macs: macs.to_vec(), files: rendered.files }))
    }
}

fn rendered(
    provision: &Provision,
    guest: GuestValues,
    medium: &Medium,
    setup: &Setup,
    base: &str,
    here: Here<'_>,
) -> Result<Rendered, Failure> {
    let profile = library::find(&provision.profile, &here.settings.profile_dir)?;
    let mirror = match &provision.mirror {
        Some(mirror) => {
            let wrong = |error| Failure::failed(format!("its mirror: {error}"));
            Some(mirror.parse().map_err(wrong)?)
        }
        None => profile.mirror()?,
    };
    let of_medium = format!("{base}/media/{}", medium.name);
    let media = if medium.has_tree {
        format!("{of_medium}/tree")
    } else if medium.source.contains("://") && medium.image.is_none() {
        medium.source.trim_end_matches('/').to_owned()
    } else {
        of_medium
    };
    let mut set: BTreeMap<String, String> = profile
        .family
        .set
        .iter()
        .map(|(key, choice)| (key.clone(), choice.default.clone()))
        .collect();
    set.extend(provision.set.clone());
    let answers = Answers {
        url: format!("{base}/guests/{}", guest.name),
        guest,
        server: setup.address().to_string(),
        media: Media { url: media },
        root_password: provision.root_password.clone(),
        ssh_keys: provision.ssh_keys.clone(),
        timezone: provision.timezone.clone(),
        locale: provision.locale.clone(),
        keyboard: provision.keyboard.clone(),
        mirror,
        packages: provision.packages.clone(),
        set,
        disk: "xvda".to_owned(),
    };
    profile.render(&answers)
}

/// The MACs of its interfaces, the first one first.
fn macs(config: &GuestConfig) -> Vec<Mac> {
    let vifs = config.document.strings("vif").ok().flatten().unwrap_or_default();
    let macs = vifs.iter().filter_map(|vif| VifSpec::parse(vif).ok()?.mac());
    macs.filter_map(|bytes| Mac::new(bytes).ok()).collect()
}

//! Sites that speak iPXE: their script is run by the `ipxe` crate, and what it boots is the plan.
//!
//! The crate asks for files and choices; here they are fetched, and somebody is asked. A file that
//! cannot be had fails the script's command, as in iPXE; the end of the boot's time ends the boot.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use ipxe::{Answer, Boot, Choose, Dhcp, Fetched, Found, Limits, Outcome, Settings, Step};
use pxelinux::{Location, Page, Prefix, Row, RowKind, Screen};

use super::person::{Person, Picked};
use super::{Action, BootPlan, Library};
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::FetchError;
use crate::lease::Lease;
use crate::lease::boot_source::BootSource;
use crate::lease::reply::Reply;
use crate::limits::MAX_INITRDS;
use crate::plan::search::Asker;
use crate::text;

/// How a script begins.
const MAGIC: &[u8] = b"#!ipxe";

/// What a script needs of the boot.
pub struct Scripts<'a> {
    /// Where files are fetched from.
    pub library: &'a dyn Library,
    /// Where it is told what happens.
    pub say: &'a dyn Say,
    /// Who is asked.
    pub person: &'a dyn Person,
    /// The guest.
    pub asker: &'a Asker,
    /// Its lease.
    pub lease: &'a Lease,
    /// Where the lease points to.
    pub source: &'a BootSource,
}

/// What a boot file that may be a script came to.
pub enum Ran {
    /// A plan.
    Plan(BootPlan),
    /// PXELINUX is to go on from here.
    Pxelinux(BootSource),
    /// It is no script.
    NoScript,
}

impl Scripts<'_> {
    /// Runs the boot file, if it is a script.
    ///
    /// # Errors
    /// [`Reason::BadConfig`] when the script fails; [`Reason::Transfer`], [`Reason::Deadline`].
    pub fn run(&self) -> Result<Ran, Failure> {
        let location =
            pxelinux::resolve(&Prefix::default(), &self.source.server, &self.source.boot_file)
                .map_err(|error| {
                    Failure::new(Reason::NoBootServer, format!("the lease's boot file: {error}"))
                })?;
        let bytes = match self.library.read(&location) {
            Ok(bytes) if bytes.starts_with(MAGIC) => bytes,
            Ok(_) | Err(FetchError::TooLarge(_)) => return Ok(Ran::NoScript),
            Err(error) => return Err(error.into()),
        };
        self.say.say(Level::Step, &format!("script {location}"));
        let mut step = ipxe::begin(&url(&location), &bytes, self.settings(), limits());
        loop {
            let next = match step {
                Ok(next) => next,
                Err(failed) => {
                    self.tell(&failed.console);
                    return Err(Failure::new(Reason::BadConfig, format!("{}", failed.error)));
                }
            };
            step = match next {
                Step::Fetch(fetch) => {
                    self.tell(fetch.console());
                    let fetched = self.fetch(fetch.url(), fetch.form().is_some())?;
                    fetch.resume(fetched)
                }
                Step::Probe(probe) => {
                    self.tell(probe.console());
                    let found = self.probe(probe.url(), probe.form().is_some())?;
                    probe.resume(found)
                }
                Step::Choose(choose) => {
                    self.tell(choose.console());
                    let answer = self.choose(&choose)?;
                    choose.resume(answer)
                }
                Step::Done(finished) => {
                    self.tell(&finished.console);
                    return self.outcome(finished.outcome, &location);
                }
            };
        }
    }

    fn tell(&self, lines: &[String]) {
        for line in lines {
            self.say.say(Level::Step, &format!("script: {line}"));
        }
    }

    fn fetch(&self, url: &str, form: bool) -> Result<Fetched, Failure> {
        let location = match self.locate(url, form) {
            Ok(location) => location,
            Err(why) => return Ok(Fetched::Missing(why)),
        };
        self.say.say(Level::Detail, &format!("script asks for {location}"));
        match self.library.read(&location) {
            Ok(bytes) => Ok(Fetched::Bytes(bytes)),
            Err(FetchError::TooLarge(_)) => Ok(Fetched::TooLarge),
            Err(error) => Ok(Fetched::Missing(missing(error)?)),
        }
    }

    fn probe(&self, url: &str, form: bool) -> Result<Found, Failure> {
        let location = match self.locate(url, form) {
            Ok(location) => location,
            Err(why) => return Ok(Found::Missing(why)),
        };
        match self.library.has(&location) {
            Ok(true) => Ok(Found::Present),
            Ok(false) => Ok(Found::Missing(format!("{location}: not found on the server"))),
            Err(error) => Ok(Found::Missing(missing(error)?)),
        }
    }

    fn locate(&self, url: &str, form: bool) -> Result<Location, String> {
        if form {
            return Err(format!("{url}: forms (param) are not sent by this version"));
        }
        pxelinux::resolve(&Prefix::default(), &self.source.server, url.as_bytes())
            .map_err(|error| error.to_string())
    }

    /// The script's menu, shown as PXELINUX's are.
    fn choose(&self, choose: &Choose) -> Result<Answer, Failure> {
        let rows = choose.items().iter().enumerate().map(|(index, item)| Row {
            text: item.text.clone(),
            hot_key: match item.key.as_deref() {
                Some([key]) if key.is_ascii_graphic() => Some(key.to_ascii_uppercase()),
                _ => None,
            },
            indent: 0,
            help: Vec::new(),
            locked: false,
            kind: match item.label {
                Some(_) => RowKind::Boot { entry: index, line: Vec::new() },
                None => RowKind::Dead,
            },
        });
        let page = Page {
            title: choose.title().to_vec(),
            rows: rows.collect(),
            default: choose.selected(),
            timeout: choose
                .timeout()
                .map_or(0, |milliseconds| u64::from(milliseconds).div_ceil(100)),
            parent: None,
            locked: false,
        };
        let screen = Screen {
            pages: vec![page],
            first: 0,
            hidden: false,
            may_edit: false,
            total_timeout: 0,
        };
        Ok(match self.person.choose(&screen, &|_, _, _| false)? {
            Picked::Entry { entry, .. } => {
                let label = choose.items().get(entry).and_then(|item| item.label.clone());
                label.map_or(Answer::Unattended, Answer::Label)
            }
            Picked::Unattended => Answer::Unattended,
            Picked::Typed { .. } => Answer::Cancelled,
        })
    }

    fn outcome(&self, outcome: Outcome, script: &Location) -> Result<Ran, Failure> {
        let plan =
            |action| Ran::Plan(BootPlan { config: Some(script.clone()), label: None, action });
        match outcome {
            Outcome::Boot(boot) => Ok(plan(self.kernel(boot, script)?)),
            Outcome::LocalDisk(_) => Ok(plan(Action::LocalBoot { kind: 0 })),
            Outcome::Pxelinux(next) => Ok(Ran::Pxelinux(BootSource {
                server: self.source.server.clone(),
                boot_file: next.url.into_bytes(),
                config_file: next.config,
                path_prefix: next.prefix,
            })),
        }
    }

    fn kernel(&self, boot: Boot, script: &Location) -> Result<Action, Failure> {
        let bad = |why: String| Failure::new(Reason::BadConfig, format!("{script}: {why}"));
        if boot.initrds.len() > MAX_INITRDS {
            let count = boot.initrds.len();
            return Err(bad(format!("{count} initrds, at most {MAX_INITRDS} are joined")));
        }
        if let Some(file) = boot.initrds.iter().find(|initrd| initrd.place.is_some()) {
            return Err(bad(format!(
                "the file {} is to be put into the initrd, which this version does not do: put it \
                 into a cpio archive on the server",
                file.url
            )));
        }
        let locate = |url: &str| self.locate(url, false).map_err(&bad);
        Ok(Action::Kernel {
            kernel: locate(&boot.kernel)?,
            initrds: boot
                .initrds
                .iter()
                .map(|initrd| locate(&initrd.url))
                .collect::<Result<_, _>>()?,
            args: boot.command_line,
        })
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.asker.mac.octets(), dhcp(&self.lease.ack));
        settings.proxy = self.lease.proxy.as_ref().map(dhcp);
        settings.uuid = self.asker.uuid.map(|uuid| uuid.0);
        if cfg!(target_arch = "aarch64") {
            "arm64".clone_into(&mut settings.buildarch);
            "efi".clone_into(&mut settings.platform);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        settings.unix_time = now.and_then(|now| u32::try_from(now.as_secs()).ok());
        settings
    }
}

/// What a script may ask for of an answer.
fn dhcp(reply: &Reply) -> Dhcp {
    let options: BTreeMap<u8, Vec<u8>> = (1..=254)
        .filter_map(|code| {
            // Some servers put NULs behind texts.
            let is_text = matches!(code, 12 | 15 | 17 | 66 | 67 | 209 | 210);
            let value = if is_text { reply.text(code) } else { reply.option(code) };
            value.map(|value| (code, value.to_vec()))
        })
        .collect();
    Dhcp {
        address: Some(reply.yiaddr).filter(|address| !address.is_unspecified()),
        next_server: Some(reply.siaddr).filter(|address| !address.is_unspecified()),
        file: reply.boot_file().map(<[u8]>::to_vec),
        options,
    }
}

fn limits() -> Limits {
    Limits::default()
}

/// The absolute URL of a place, for names that are relative to it.
fn url(location: &Location) -> String {
    match location {
        Location::Http { url } => url.clone(),
        tftp @ Location::Tftp { .. } => tftp.to_string(),
    }
}

/// Why a file cannot be had; the end of the boot is no such reason.
fn missing(error: FetchError) -> Result<String, Failure> {
    match error {
        FetchError::Deadline(_) | FetchError::Storage(_) | FetchError::Abandoned(_) => {
            Err(error.into())
        }
        error => Ok(text::printable(error.to_string().as_bytes())),
    }
}

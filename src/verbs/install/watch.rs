//! What is seen of a guest that is being installed: its domain, by `xl list`; its bootloader's
//! words, on the terminal that libxl makes for them and in the log that is whole in the end; and
//! the bytes that went to its disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use xlcfg::DiskSpec;

use super::story::{Doing, Seen, Sight};
use crate::config::GuestConfig;
use crate::config::boot_mode::BootMode;
use crate::console::{Console, printable};
use crate::failure::Failure;
use crate::host::bootloader_log::{self, Origin};
use crate::host::bootloader_terminal::Terminal;
use crate::host::domains::{self, Domain};
use crate::host::xl_log::{self, Reason};
use crate::host::{daemon, guest_disk, installer_calls};

/// No line of a bootloader that is worth telling is longer; in characters.
const MAX_LINE: usize = 300;
/// Nor does it say more in one boot.
const MAX_LINES: usize = 200;

/// Keeps watch over one guest.
#[derive(Debug)]
pub struct Watch {
    name: String,
    config: PathBuf,
    console: Console,
    /// Its first disk, if it is an image.
    image: Option<PathBuf>,
    bootloader: Option<Bootloader>,
    /// Where each domain booted from.
    origins: BTreeMap<u32, Origin>,
    last: Option<u32>,
    /// The bootloader that all has been told of.
    told: Option<u32>,
    /// When it began: an older call of an installer's is of another installation.
    since: SystemTime,
    /// Whether the installer's call has been told.
    is_done: bool,
}

/// A bootloader that runs, or has run.
#[derive(Debug)]
struct Bootloader {
    domid: u32,
    terminal: Option<Terminal>,
    told: Vec<String>,
}

impl Watch {
    /// Watches the guest of `config`.
    #[must_use]
    pub fn new(config: &GuestConfig, console: Console) -> Self {
        Self {
            name: config.name.clone(),
            config: config.path.clone(),
            console,
            image: image(config),
            bootloader: None,
            origins: BTreeMap::new(),
            last: None,
            told: None,
            since: SystemTime::now(),
            is_done: false,
        }
    }

    /// Looks once; it takes as long as `xl list`. While `xl create` runs, a guest that is not
    /// there is no news.
    ///
    /// # Errors
    /// xl cannot say what runs.
    pub fn look(&mut self, is_creating: bool) -> Result<Vec<Sight>, Failure> {
        let mut sights = Vec::new();
        if !self.is_done && installer_calls::since(&self.name, self.since) {
            self.is_done = true;
            sights.push(Sight::InstallerDone);
        }
        sights.extend(self.look_at_domain(is_creating)?);
        Ok(sights)
    }

    fn look_at_domain(&mut self, is_creating: bool) -> Result<Vec<Sight>, Failure> {
        let Some(domain) = domains::running(&self.name, &self.console)? else {
            let mut sights = self.bootloader_ended();
            let comes_back = is_creating || daemon::is_watched(&self.config);
            if !comes_back {
                sights.push(Sight::Gone(self.reason()));
            }
            return Ok(sights);
        };
        self.last = Some(domain.domid);
        if has_bootloader(&domain) {
            let mut sights = self.bootloader_runs(&domain)?;
            sights.push(Sight::Domain(self.seen(&domain, Doing::Starting)));
            return Ok(sights);
        }
        let mut sights = self.bootloader_ended();
        let doing = match doing(&domain) {
            Doing::Running(_) if !is_creating => Doing::Running(self.origin(domain.domid)),
            doing => doing,
        };
        sights.push(Sight::Domain(self.seen(&domain, doing)));
        Ok(sights)
    }

    /// What the bootloader has said that is not told yet, once `xl create` has ended with these
    /// words.
    pub fn created(&mut self, words: &str) -> Vec<Sight> {
        if self.bootloader.is_none()
            && let Some(domid) = domid_of_log(words)
            && self.told != Some(domid)
        {
            // It was over before it was looked at.
            self.bootloader = Some(Bootloader { domid, terminal: None, told: vec![] });
        }
        self.bootloader_ended()
    }

    fn bootloader_runs(&mut self, domain: &Domain) -> Result<Vec<Sight>, Failure> {
        let domid = domain.domid;
        let mut sights = Vec::new();
        if self.bootloader.as_ref().is_none_or(|bootloader| bootloader.domid != domid) {
            sights = self.bootloader_ended();
            let terminal = Terminal::open(domid, &self.console);
            // The same place in xenstore names the guest's own console later: it must not be
            // read from there what others wait for.
            let again = domains::running(&self.name, &self.console)?;
            let is_its = again.is_some_and(|now| now.domid == domid && has_bootloader(&now));
            let terminal = terminal.filter(|_| is_its);
            self.bootloader = Some(Bootloader { domid, terminal, told: vec![] });
        }
        let lines = self.bootloader.as_mut().and_then(|b| b.terminal.as_mut()).map(Terminal::lines);
        sights.extend(self.tell(&lines.unwrap_or_default()));
        Ok(sights)
    }

    /// The log is complete now: what of it was not seen on the terminal?
    fn bootloader_ended(&mut self) -> Vec<Sight> {
        let Some(mut bootloader) = self.bootloader.take() else { return vec![] };
        let on_terminal = bootloader.terminal.as_mut().map(Terminal::lines).unwrap_or_default();
        bootloader.terminal = None;
        let domid = bootloader.domid;
        self.bootloader = Some(bootloader);
        let mut sights = self.tell(&on_terminal);
        let in_log: Vec<String> = bootloader_log::read(domid).lines().map(str::to_owned).collect();
        let last_told = self.bootloader.as_ref().and_then(|bootloader| bootloader.told.last());
        let told = last_told.and_then(|last| {
            in_log.iter().rposition(|line| worth_telling(line).as_deref() == Some(last))
        });
        let rest = in_log.get(told.map_or(0, |index| index + 1)..).unwrap_or_default();
        sights.extend(self.tell(rest));
        self.bootloader = None;
        self.told = Some(domid);
        sights
    }

    fn tell(&mut self, lines: &[String]) -> Vec<Sight> {
        let Some(bootloader) = &mut self.bootloader else { return vec![] };
        let mut sights = Vec::new();
        for line in lines.iter().filter_map(|line| worth_telling(line)) {
            if bootloader.told.len() >= MAX_LINES {
                break;
            }
            sights.push(Sight::Line(bootloader.domid, line.clone()));
            bootloader.told.push(line);
        }
        sights
    }

    /// Where a domain that runs came from: what its bootloader said; if that is not pygrub's or
    /// ours, a config that needs no bootloader.
    fn origin(&mut self, domid: u32) -> Origin {
        if let Some(origin) = self.origins.get(&domid) {
            return *origin;
        }
        let origin = match bootloader_log::origin(&bootloader_log::read(domid)) {
            Origin::Unknown if self.boots_without_network() => Origin::Disk,
            origin => origin,
        };
        self.origins.insert(domid, origin);
        origin
    }

    fn boots_without_network(&self) -> bool {
        let config = GuestConfig::read(&self.config).ok().flatten();
        config.is_some_and(|config| {
            matches!(
                BootMode::of(&config.document),
                BootMode::Disk { .. } | BootMode::Kernel { .. }
            )
        })
    }

    fn seen(&self, domain: &Domain, doing: Doing) -> Seen {
        let image = || guest_disk::allocated(self.image.as_deref()?);
        let written = match doing {
            Doing::Running(_) => guest_disk::written(domain.domid).or_else(image),
            _ => None,
        };
        Seen {
            domid: domain.domid,
            doing,
            memory_mib: domain.memory_mib,
            cpu_tenths: domain.cpu_tenths,
            written,
        }
    }

    fn reason(&self) -> Reason {
        self.last.map_or(Reason::Unknown, |domid| xl_log::shutdown_reason(&self.name, domid))
    }
}

/// A domain has no memory as long as its bootloader runs: libxl builds it after that.
fn has_bootloader(domain: &Domain) -> bool {
    domain.memory_mib == 0 && domain.state.contains('p')
}

fn doing(domain: &Domain) -> Doing {
    let has = |letter| domain.state.contains(letter);
    match () {
        () if has('c') => Doing::Crashed,
        () if domain.is_ending() => Doing::Ending,
        () if has('p') || domain.memory_mib == 0 => Doing::Starting,
        () => Doing::Running(Origin::Unknown),
    }
}

/// The file of the first disk, which an installer writes to.
fn image(config: &GuestConfig) -> Option<PathBuf> {
    let disks = config.document.strings("disk").ok()??;
    let target = DiskSpec::parse(disks.first()?).ok()?.target?;
    Some(PathBuf::from(target)).filter(|path| path.is_file())
}

/// A line of rpxeboot's, without its name; others' (pygrub draws a menu) are not for a log.
fn worth_telling(line: &str) -> Option<String> {
    let line = line.trim_end().strip_prefix("rpxeboot: ")?;
    Some(printable(&line.chars().take(MAX_LINE).collect::<String>()))
}

/// `… consult logfile /var/log/xen/bootloader.15.log`.
fn domid_of_log(words: &str) -> Option<u32> {
    let (_, rest) = words.split_once("/bootloader.")?;
    rest.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_bootloaders_lines_are_told_and_no_endless_ones() {
        assert_eq!(worth_telling("rpxeboot: lease 1\r"), Some("lease 1".into()));
        assert_eq!(worth_telling("\x1b[2J pyGRUB"), None);
        let long = worth_telling(&format!("rpxeboot: {}", "x".repeat(5000))).unwrap();
        assert_eq!(long.len(), MAX_LINE);
        assert_eq!(worth_telling("rpxeboot: a\x1b[2Jb"), Some("a\u{fffd}[2Jb".into()));
    }

    #[test]
    fn xls_words_name_the_log_of_a_bootloader_that_failed_at_once() {
        let words = "Domain 15:bootloader failed - consult logfile /var/log/xen/bootloader.15.log";
        assert_eq!(domid_of_log(words), Some(15));
        assert_eq!(domid_of_log("no such file"), None);
    }

    #[test]
    fn a_domain_without_memory_has_its_bootloader() {
        let domain = |state: &str, memory_mib| Domain {
            name: "RK".into(),
            domid: 7,
            memory_mib,
            vcpus: 1,
            state: state.into(),
            cpu_tenths: 0,
        };
        assert!(has_bootloader(&domain("--p---", 0)));
        assert!(!has_bootloader(&domain("--p---", 256)));
        assert_eq!(doing(&domain("--p---", 256)), Doing::Starting);
        assert_eq!(doing(&domain("------", 256)), Doing::Running(Origin::Unknown));
        assert_eq!(doing(&domain("---s--", 256)), Doing::Ending);
        assert_eq!(doing(&domain("----c-", 256)), Doing::Crashed);
    }
}

//! `vmprov status`: what a guest is and does; with `--json`
//! `{"guest":GUEST,"boot":BOOT|null}`, where GUEST is [`crate::guests::Guest`], and BOOT, of a
//! running guest, [`Boot`].

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::Here;
use super::list::room;
use crate::cli;
use crate::config::{BootMode, GuestConfig};
use crate::console::printable;
use crate::failure::{Failure, Kind};
use crate::guests::gather::Host;
use crate::guests::{Guest, State};
use crate::host::bootloader_log::{self, Origin};
use crate::host::domains::Xl;
use crate::host::{guest_disk, next_boot};
use crate::values::Target;
use crate::values::size::about;

/// The boot that a running guest came from, and its next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Boot {
    /// Where it came from.
    pub origin: Origin,
    /// The log of its bootloader; none if there is none.
    pub log: Option<PathBuf>,
    /// The last line in there.
    pub said: Option<String>,
    /// What its own reboot boots by: xl does not read the config for that. None if xl would not
    /// start it again (its `on_reboot`), or does not say.
    pub reboots: Option<BootMode>,
    /// Bytes that it has written to its disks since; none when nobody counts them.
    pub written: Option<u64>,
}

/// Runs the verb.
///
/// # Errors
/// No such guest, a config that xl would refuse, or xl fails.
pub fn run(args: &cli::Status, here: Here<'_>) -> Result<(), Failure> {
    let host = Host::read(here.settings, here.console)?;
    let guest = match GuestConfig::find(here.settings, &args.guest) {
        Ok(config) => host.guest(&config),
        // A config that is there and cannot be read is what the administrator has to know.
        Err(failure) if failure.kind != Kind::NotFound => return Err(failure),
        Err(failure) => without_config(&args.guest, &host, here).ok_or(failure)?,
    };
    if host.domains.is_none() {
        here.console.note("this is no dom0: what runs is not known here");
    }
    let boot = guest.domid.map(|domid| boot(domid, here));
    let value = json!({ "guest": guest, "boot": boot });
    here.console.report(&value, || text(&guest, boot.as_ref(), &args.guest.to_string()))
}

/// One that only runs, or whose `create` was broken off.
fn without_config(target: &Target, host: &Host, here: Here<'_>) -> Option<Guest> {
    let Target::Name(name) = target else { return None };
    let (guests, _) = host.guests(here.settings);
    guests.into_iter().find(|guest| guest.name == name.as_str() && guest.config.is_none())
}

fn boot(domid: u32, here: Here<'_>) -> Boot {
    let log = bootloader_log::read(domid);
    let path = bootloader_log::path(domid);
    // pygrub's menu is drawn, not said.
    let said = log.lines().rev().find_map(|line| line.trim_end().strip_prefix("rpxeboot: "));
    Boot {
        origin: bootloader_log::origin(&log),
        said: said.map(printable),
        log: path.exists().then_some(path),
        reboots: Xl::here().and_then(|xl| next_boot::of(domid, &xl, here.console)),
        written: guest_disk::written(domid),
    }
}

fn text(guest: &Guest, boot: Option<&Boot>, target: &str) -> String {
    let mut text = format!("{}\n", headline(guest));
    let mut line = |title: &str, words: String| {
        text.push_str(&format!("  {title:11} {}\n", printable(&words)));
    };
    if let Some(config) = &guest.config {
        let made = if guest.created { " (made by vmprov)" } else { "" };
        line("config", format!("{}{made}", config.display()));
    }
    if let Some(boots) = &guest.boots {
        line("boots from", boots.to_string());
    }
    if guest.autostart {
        line("autostart", "it starts with the host".to_owned());
    }
    for disk in &guest.disks {
        let target = disk.target.as_ref().map(|target| target.display().to_string());
        let target = target.map(|target| format!("{target}: ")).unwrap_or_default();
        line("disk", format!("{}: {target}{}, {}", disk.vdev, disk.format, room(disk)));
    }
    for vif in &guest.vifs {
        let mac = vif.mac.as_deref().unwrap_or("a random MAC at each start");
        let bridge = vif.bridge.as_deref().unwrap_or("the default bridge");
        line("network", format!("{mac} on {bridge}"));
    }
    if let Some(boot) = boot {
        if let Some(came) = came_from(boot) {
            line("came from", came.to_owned());
        }
        if let Some(log) = &boot.log {
            let said = boot.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
            line("bootloader", format!("{}{said}", log.display()));
        }
        if let Some(reboots) = &boot.reboots {
            line("its reboot", format!("boots from {reboots}"));
        }
        if let Some(written) = boot.written {
            line("written", format!("{} to its disks since its start", about(written)));
        }
    }
    if let Some(next) = next(guest, boot, target) {
        line("next", next);
    }
    text
}

fn headline(guest: &Guest) -> String {
    let domain = guest.domid.map(|domid| format!(" (domain {domid})")).unwrap_or_default();
    let kind = guest.kind.map(|kind| format!(", {kind}")).unwrap_or_default();
    let memory = guest.memory_mib.map(|memory| format!(", {memory} MiB")).unwrap_or_default();
    let vcpus = match guest.vcpus {
        Some(1) => ", 1 vcpu".to_owned(),
        Some(count) => format!(", {count} vcpus"),
        None => String::new(),
    };
    format!("{}: {}{domain}{kind}{memory}{vcpus}", printable(&guest.name), guest.state)
}

fn came_from(boot: &Boot) -> Option<&'static str> {
    match boot.origin {
        Origin::Network => Some("the network"),
        Origin::Disk => Some("its disk"),
        Origin::Unknown => None,
    }
}

/// What an administrator would do next, if there is such a thing.
fn next(guest: &Guest, boot: Option<&Boot>, target: &str) -> Option<String> {
    let boots = guest.boots.as_ref();
    let from_network = boot.is_some_and(|boot| boot.origin == Origin::Network);
    let reboots = boot.and_then(|boot| boot.reboots.as_ref());
    let again = matches!(reboots, Some(BootMode::Network { .. }));
    match (guest.state, boots) {
        (State::Unfinished, _) => {
            let why = "its creation was broken off, or its config is gone";
            Some(format!("vmprov delete {target}    ({why})"))
        }
        (State::Unreadable, _) => Some(format!("vmprov check {target}")),
        (State::Crashed, _) => Some(format!("xl destroy {}, then xl create -c", guest.name)),
        (State::Off, Some(BootMode::DiskElseNetwork | BootMode::Network { .. })) => {
            Some(format!("vmprov install {target}"))
        }
        (State::Off, Some(BootMode::Disk { .. } | BootMode::Kernel { .. })) => {
            Some(format!("xl create {}", guest.config.as_ref()?.display()))
        }
        (State::Running, Some(BootMode::Network { .. })) if from_network && again => Some(format!(
            "vmprov finalize {target}    (before its reboot: it would boot the network again)"
        )),
        (State::Running, Some(BootMode::Network { .. })) if from_network => Some(format!(
            "vmprov finalize {target}    (before its next start: it would boot the network again)"
        )),
        // The file was changed by hand: xl reboots by what it was told.
        (State::Running, Some(BootMode::Disk { .. } | BootMode::Kernel { .. })) if again => {
            Some(format!(
                "vmprov finalize {target}    (xl does not know of the change: its reboot would \
                 boot the network)"
            ))
        }
        (State::Running, Some(BootMode::DiskElseNetwork)) if !from_network => {
            Some(format!("vmprov finalize {target}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::Sources;
    use crate::host::domains::Domain;
    use xlcfg::Document;

    fn guest(boot: &str, state: Option<&str>) -> Guest {
        let text = format!(
            "name='RK'\nmemory=1024\nvcpus=1\n{boot}\ndisk=['/nowhere/RK.img,raw,xvda,rw']\n\
             vif=['mac=00:16:3e:62:39:d3,bridge=xenbr0']\n"
        );
        let document = Document::parse(text).unwrap();
        let config = GuestConfig { path: "/etc/xen/RK.cfg".into(), name: "RK".into(), document };
        let domain = state.map(|state| Domain {
            name: "RK".into(),
            domid: 7,
            memory_mib: 1024,
            vcpus: 1,
            state: state.into(),
            cpu_tenths: 9,
        });
        let from = Sources { config: Some(&config), domain: domain.as_ref(), ..Sources::default() };
        Guest::new("RK", from)
    }

    fn boot(origin: Origin) -> Boot {
        let reboots = Some(match origin {
            Origin::Disk => BootMode::Disk { bootloader: "pygrub".into() },
            _ => BootMode::Network { bootloader: "/usr/bin/rpxeboot".into() },
        });
        Boot { origin, log: None, said: None, reboots, written: Some(4096) }
    }

    #[test]
    fn a_running_guest_in_words() {
        let guest = guest("bootloader='/usr/bin/rpxeboot'", Some("-b----"));
        let expected = "\
RK: running (domain 7), pv, 1024 MiB, 1 vcpu
  config      /etc/xen/RK.cfg
  boots from  network (rpxeboot)
  disk        xvda: /nowhere/RK.img: raw, missing
  network     00:16:3e:62:39:d3 on xenbr0
  came from   the network
  its reboot  boots from network (rpxeboot)
  written     4.0 KiB to its disks since its start
  next        vmprov finalize RK    (before its reboot: it would boot the network again)
";
        assert_eq!(text(&guest, Some(&boot(Origin::Network)), "RK"), expected);
    }

    #[test]
    fn the_log_is_named_whatever_wrote_it() {
        let log = Some("/var/log/xen/bootloader.7.log".into());
        let unknown = Boot { log: log.clone(), ..boot(Origin::Unknown) };
        let guest = guest("bootloader='other'", Some("-b----"));
        let shown = text(&guest, Some(&unknown), "RK");
        assert!(shown.contains("  bootloader  /var/log/xen/bootloader.7.log\n"), "{shown}");
        let said = Some("label hd: boot from disk".into());
        let disk = Boot { log, said, ..boot(Origin::Disk) };
        let shown = text(&guest, Some(&disk), "RK");
        assert!(shown.contains("bootloader.7.log: label hd: boot from disk\n"), "{shown}");
    }

    #[test]
    fn what_xl_does_at_the_reboot_counts_not_the_file() {
        let from_network = boot(Origin::Network);
        let edited = guest("bootloader='pygrub'", Some("-b----"));
        let hint = next(&edited, Some(&from_network), "RK").unwrap();
        assert!(hint.starts_with("vmprov finalize RK ") && hint.contains("xl does not know"));
        let stays_off = Boot { reboots: None, ..from_network };
        assert_eq!(next(&edited, Some(&stays_off), "RK"), None);
        let network = guest("bootloader='rpxeboot'", Some("-b----"));
        let hint = next(&network, Some(&stays_off), "RK").unwrap();
        assert!(hint.contains("before its next start"), "{hint}");
        assert!(!text(&network, Some(&stays_off), "RK").contains("its reboot"), "no such claim");
    }

    #[test]
    fn what_comes_next() {
        let disk_net = "bootloader='rpxeboot'\nbootloader_args=['--order=disk,net']";
        let table = [
            (disk_net, None, None, Some("vmprov install RK")),
            ("bootloader='pygrub'", None, None, Some("xl create /etc/xen/RK.cfg")),
            (disk_net, Some("-b----"), Some(Origin::Network), None),
            (disk_net, Some("-b----"), Some(Origin::Disk), Some("vmprov finalize RK")),
            ("bootloader='pygrub'", Some("-b----"), Some(Origin::Disk), None),
        ];
        for (config, state, origin, expected) in table {
            let boot = origin.map(boot);
            let guest = guest(config, state);
            assert_eq!(
                next(&guest, boot.as_ref(), "RK").as_deref(),
                expected,
                "{config} {state:?}"
            );
        }
    }
}

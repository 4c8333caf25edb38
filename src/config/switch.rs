//! Switching a config between network and disk: which values change, and nothing else does.
//!
//! Follows what libxl does with these keys (libxl_bootloader.c, xl_parse.c): `kernel=` and
//! `ramdisk=` beside a bootloader become its `--kernel` and `--ramdisk`, which to pygrub are
//! paths inside the guest: an installer's must go. `bootargs` (xend's) is read by nobody.

use xlcfg::{Document, EditError};

use super::BootMode;
use super::boot_mode::is_network;
use crate::cli::OnReboot;
use crate::host::loaders::{RPXEBOOT, stem};

/// What an installed guest is to boot by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskBoot {
    /// pygrub, where xl finds it.
    Pygrub,
    /// GRUB as the guest's kernel: its file in dom0.
    Pvgrub(String),
    /// rpxeboot, which goes to the network when there is nothing on the disk.
    RpxebootDisk,
    /// A kernel in dom0.
    Kernel {
        /// Its file.
        kernel: String,
        /// Its initrd's.
        ramdisk: Option<String>,
        /// Its command line; none leaves what the config says.
        cmdline: Option<String>,
    },
}

/// How a guest is to boot from the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetBoot {
    /// The PXELINUX label; none leaves what rpxeboot's arguments say.
    pub label: Option<String>,
    /// Whether the disk goes first when there is a system on it.
    pub disk_first: bool,
}

/// What to change beside the way to boot.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// `on_reboot=`; none leaves it.
    pub on_reboot: Option<OnReboot>,
    /// `bootloader_restrict=1`, unless the config says something about it already.
    pub restrict: bool,
}

/// A switched config.
#[derive(Debug, Clone)]
pub struct Switched {
    /// The config.
    pub document: Document,
    /// What the administrator should know about it.
    pub notes: Vec<String>,
}

/// Makes `document` boot from disk. Doing it twice is the same as doing it once.
///
/// # Errors
/// A value cannot be changed where it stands.
pub fn to_disk(
    document: &Document,
    boot: &DiskBoot,
    beside: Beside,
) -> Result<Switched, EditError> {
    let mut new = document.clone();
    let bootloader = text(document, "bootloader");
    let was_network = bootloader.as_deref().is_some_and(is_network);
    match boot {
        DiskBoot::Pygrub if bootloader.as_deref().is_some_and(|b| stem(b) == "pygrub") => {}
        DiskBoot::Pygrub => {
            new.set_string("bootloader", "pygrub")?;
            remove(&mut new, &["bootloader_args", "bootargs", "kernel", "ramdisk"])?;
        }
        DiskBoot::RpxebootDisk => {
            let args = rpxeboot_args(document, None, true);
            set_rpxeboot(&mut new, bootloader.as_deref(), &args)?;
            remove(&mut new, &["bootargs"])?;
            if !was_network {
                remove(&mut new, &["kernel", "ramdisk"])?;
            }
        }
        DiskBoot::Pvgrub(kernel) => {
            new.set_string("kernel", kernel)?;
            remove(&mut new, &["ramdisk", "bootloader", "bootloader_args", "bootargs"])?;
        }
        DiskBoot::Kernel { kernel, ramdisk, cmdline } => {
            new.set_string("kernel", kernel)?;
            match ramdisk {
                Some(ramdisk) => new.set_string("ramdisk", ramdisk)?,
                None => remove(&mut new, &["ramdisk"])?,
            }
            if let Some(cmdline) = cmdline {
                new.set_string("cmdline", cmdline)?;
                remove(&mut new, &["root", "extra"])?;
            }
            remove(&mut new, &["bootloader", "bootloader_args", "bootargs"])?;
        }
    }
    let reads_disk = matches!(boot, DiskBoot::Pygrub | DiskBoot::RpxebootDisk);
    if beside.restrict && reads_disk && new.get("bootloader_restrict").is_none() {
        new.set_integer("bootloader_restrict", 1)?;
    }
    set_on_reboot(&mut new, beside)?;
    let mut notes = Vec::new();
    if new.to_bytes() != document.to_bytes() {
        notes.extend(left_words(&new, boot));
        notes.extend(reboot_note(&new));
    }
    Ok(Switched { document: new, notes })
}

/// Makes `document` boot from the network.
///
/// # Errors
/// A value cannot be changed where it stands.
pub fn to_network(
    document: &Document,
    boot: &NetBoot,
    beside: Beside,
) -> Result<Switched, EditError> {
    let mut new = document.clone();
    let bootloader = text(document, "bootloader");
    let args = rpxeboot_args(document, boot.label.as_deref(), boot.disk_first);
    set_rpxeboot(&mut new, bootloader.as_deref(), &args)?;
    set_on_reboot(&mut new, beside)?;
    let mut notes = Vec::new();
    if !boot.disk_first && text(&new, "on_reboot").as_deref() != Some("destroy") {
        notes.push(
            "it boots over the network at every start, its own reboots too, until `vmprov finalize`"
                .to_owned(),
        );
    }
    notes.extend(ignored(&new));
    if document.strings("disk").is_ok_and(|disks| disks.is_none_or(|disks| disks.is_empty())) {
        notes.push("it has no disk: libxl runs no bootloader for a guest without one".to_owned());
    }
    Ok(Switched { document: new, notes })
}

/// rpxeboot's arguments: what it has been given, with another label and order.
fn rpxeboot_args(document: &Document, label: Option<&str>, disk_first: bool) -> Vec<String> {
    let mut args = Vec::new();
    if text(document, "bootloader").is_some_and(|bootloader| stem(&bootloader) == "rpxeboot") {
        let mut words = document.bootloader_args().unwrap_or_default().into_iter();
        while let Some(word) = words.next() {
            let option = word.split('=').next().unwrap_or_default();
            let replaced =
                option == "--order" || label.is_some() && matches!(option, "--label" | "--entry");
            if !replaced {
                args.push(word);
            } else if !word.contains('=') {
                // `--order net` as two words.
                words.next();
            }
        }
    }
    if disk_first {
        args.push("--order=disk,net".to_owned());
    }
    args.extend(label.map(|label| format!("--label={label}")));
    args
}

fn set_rpxeboot(
    new: &mut Document,
    bootloader: Option<&str>,
    args: &[String],
) -> Result<(), EditError> {
    if bootloader.is_none_or(|bootloader| stem(bootloader) != "rpxeboot") {
        new.set_string("bootloader", RPXEBOOT)?;
    }
    if args.is_empty() {
        // An empty value would crash xl.
        return remove(new, &["bootloader_args"]);
    }
    if new.bootloader_args().is_ok_and(|now| now == args) {
        return Ok(());
    }
    new.set_strings("bootloader_args", args)
}

fn set_on_reboot(new: &mut Document, beside: Beside) -> Result<(), EditError> {
    match beside.on_reboot {
        Some(action) => new.set_string("on_reboot", action.as_str()),
        None => Ok(()),
    }
}

fn remove(new: &mut Document, keys: &[&str]) -> Result<(), EditError> {
    for key in keys {
        new.remove(key)?;
    }
    Ok(())
}

/// What stands beside rpxeboot and means nothing to it; it may be what the guest boots again later.
fn ignored(new: &Document) -> Vec<String> {
    let is_file = |key: &&str| text(new, key).is_some_and(|value| !value.contains("://"));
    let files: Vec<&str> = ["kernel", "ramdisk"].into_iter().filter(is_file).collect();
    let mut notes = Vec::new();
    if !files.is_empty() {
        let files = files.join(" and ");
        notes.push(format!("{files} stays, and rpxeboot passes over it: it takes only URLs there"));
    }
    if text(new, "bootargs").is_some() {
        notes.push(
            "bootargs stays, and xl does not read it: arguments for rpxeboot belong into \
             bootloader_args"
                .to_owned(),
        );
    }
    notes
}

/// The words that an installer may have been given, and that an installed system still gets.
fn left_words(new: &Document, boot: &DiskBoot) -> Option<String> {
    if matches!(boot, DiskBoot::Kernel { .. } | DiskBoot::Pvgrub(_)) {
        return None;
    }
    let left: Vec<&str> =
        ["cmdline", "extra", "root"].into_iter().filter(|key| text(new, key).is_some()).collect();
    if left.is_empty() {
        return None;
    }
    let left = left.join(" and ");
    Some(format!(
        "{left} stays, and is added to the installed system's own command line: remove it if it \
         was for the installer"
    ))
}

fn reboot_note(new: &Document) -> Option<String> {
    let action = text(new, "on_reboot").filter(|action| action == "destroy")?;
    Some(format!(
        "on_reboot is {action}: its own reboot switches it off; --on-reboot=restart \
         changes that, from its next `xl create` on"
    ))
}

fn text(document: &Document, key: &str) -> Option<String> {
    document.string(key).ok().flatten().filter(|text| !text.is_empty())
}

/// Whether a guest of this kind of boot can be switched at all, or why not.
///
/// # Errors
/// The reason, for people.
pub fn can_switch(mode: &BootMode) -> Result<(), String> {
    match mode {
        BootMode::Firmware => Err(
            "it is an HVM guest: its own firmware boots it, by boot= (xl.cfg(5)), and no bootloader"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

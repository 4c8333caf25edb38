//! What the guest boots by.
//!
//! - `type`, `hvm`, `nothing-to-boot`, `firmware`
//! - `bootloader-missing`, `bootloader-mode`, `bootloader-legacy`, `bootloader-args`, `bootargs`
//! - `installs-again`, `kernel-ignored`, `kernel-missing`, `pygrub-root`, `cmdline-long`

use super::around::{Around, There};
use super::finding::Findings;
use crate::config::BootMode;
use crate::config::boot_mode::{command_line, is_network};
use crate::host::loaders::stem;

/// What a PV guest gets of its command line: libxl cuts the rest off (MAX_GUEST_CMDLINE, with
/// its NUL).
const MAX_PV_CMDLINE: usize = 1023;

/// What xl takes for the `firmware` of a PV or PVH guest, or the beginning of one: a kernel in its
/// own directory.
const FIRMWARE: [&str; 2] = ["pvgrub32", "pvgrub64"];

/// Looks at it.
pub fn check(findings: &mut Findings<'_>, around: &Around) {
    let kind = match findings.document.guest_type() {
        Ok(kind) => kind,
        Err(error) => {
            findings.error("type", "type", format!("{error}: write type = \"pv\" or \"pvh\""));
            return;
        }
    };
    let bootloader = findings.text("bootloader");
    if kind == xlcfg::GuestType::Hvm {
        if bootloader.is_some() {
            findings.warning(
                "hvm",
                "bootloader",
                "an HVM guest is booted by its own firmware, and no bootloader= is run: for the \
                 network, write boot = \"n\"",
            );
        }
        return;
    }
    let firmware = findings.text("firmware");
    if let Some(firmware) = &firmware {
        check_firmware(findings, firmware);
    }
    match &bootloader {
        Some(bootloader) => {
            bootloader_there(findings, around, bootloader);
            arguments(findings);
        }
        None if findings.text("kernel").is_none() && firmware.is_none() => findings.error(
            "nothing-to-boot",
            "bootloader",
            "it has neither bootloader= nor kernel=: `vmprov netboot` makes it boot over the \
             network",
        ),
        None => {}
    }
    kernel(findings, around, bootloader.as_deref());
    if findings.document.get("bootargs").is_some() {
        findings.warning(
            "bootargs",
            "bootargs",
            "xl does not read bootargs=: what it holds belongs into bootloader_args = [ … ]",
        );
    }
    installs_again(findings);
    if kind == xlcfg::GuestType::Pv {
        cmdline(findings);
    }
}

fn check_firmware(findings: &mut Findings<'_>, firmware: &str) {
    if findings.text("kernel").is_some() {
        findings.error(
            "firmware",
            "firmware",
            "xl refuses firmware= beside kernel=: remove the one that is not meant",
        );
    } else if !FIRMWARE.iter().any(|known| known.starts_with(firmware)) {
        findings.error(
            "firmware",
            "firmware",
            format!(
                "a PV or PVH guest has no firmware {firmware}, only {}: remove the line, or write \
                 type = \"hvm\"",
                FIRMWARE.join(" and ")
            ),
        );
    }
}

fn bootloader_there(findings: &mut Findings<'_>, around: &Around, bootloader: &str) {
    if is_network(bootloader) && stem(bootloader) != "rpxeboot" {
        findings.error(
            "bootloader-legacy",
            "bootloader",
            format!(
                "{} does not run under xl: `vmprov netboot` puts rpxeboot in its place",
                stem(bootloader)
            ),
        );
        return;
    }
    let is_file = bootloader.starts_with('/') && around.there(bootloader) == There::File;
    if around.bootloader.is_none() && is_file {
        // libxl runs it all the same, and nothing says why that fails: the log stays empty.
        findings.error(
            "bootloader-mode",
            "bootloader",
            format!("{bootloader} is no program that can be run: `chmod 755 {bootloader}`"),
        );
    } else if around.bootloader.is_none() {
        let cure = match stem(bootloader) {
            "rpxeboot" => "install it there",
            "pygrub" => "it comes with Xen's tools (Debian: xen-utils)",
            _ => "xl looks in the toolstack's directory and in PATH",
        };
        let message = format!("there is no program {bootloader}: {cure}");
        match around.is_dom0 {
            true => findings.error("bootloader-missing", "bootloader", message),
            false => findings.warning("bootloader-missing", "bootloader", message),
        }
    }
    if stem(bootloader) == "pygrub"
        && around.is_dom0
        && !(around.can_restrict && findings.document.flag("bootloader_restrict") == Ok(Some(true)))
    {
        findings.warning(
            "pygrub-root",
            "bootloader",
            "pygrub reads the guest's disk as root: see `vmprov finalize`, which sets \
             bootloader_restrict=1 where that works; --boot=rpxeboot-disk never runs it as root",
        );
    }
}

fn arguments(findings: &mut Findings<'_>) {
    match findings.document.get("bootloader_args") {
        Some(xlcfg::Value::String(text)) if text.iter().all(u8::is_ascii_whitespace) => findings
            .error(
                "bootloader-args",
                "bootloader_args",
                "an empty bootloader_args makes xl crash: remove the line",
            ),
        Some(xlcfg::Value::String(_)) => findings.warning(
            "bootloader-args",
            "bootloader_args",
            "as one string, bootloader_args is cut at blanks and deprecated: write a list, \
             [ \"--one\", \"--two\" ]",
        ),
        _ => {}
    }
}

fn kernel(findings: &mut Findings<'_>, around: &Around, bootloader: Option<&str>) {
    for key in ["kernel", "ramdisk"] {
        let Some(value) = findings.text(key) else { continue };
        let is_url = value.contains("://");
        match bootloader {
            Some(bootloader) if is_network(bootloader) => {
                if !is_url {
                    findings.warning(
                        "kernel-ignored",
                        key,
                        format!("{key}= beside rpxeboot is only used if it is a URL: remove it"),
                    );
                }
            }
            Some(_) => findings.warning(
                "kernel-ignored",
                key,
                format!(
                    "{key}= beside a bootloader names a file on the guest's disk, not in dom0: \
                     remove it if it was for the installer"
                ),
            ),
            None if matches!(around.there(&value), There::File | There::Unseen) => {}
            None if !around.is_dom0 => findings.warning(
                "kernel-missing",
                key,
                format!("there is no file {value} here; is there one in dom0?"),
            ),
            None => findings.error("kernel-missing", key, format!("there is no file {value}")),
        }
    }
}

fn installs_again(findings: &mut Findings<'_>) {
    // An old bootloader does not get that far.
    let is_network = match BootMode::of(findings.document) {
        BootMode::Network { bootloader } => stem(&bootloader) == "rpxeboot",
        _ => false,
    };
    // xl's default is restart (xl.cfg(5)).
    let action = findings.text("on_reboot");
    if is_network && action.is_none_or(|action| action == "restart") {
        findings.warning(
            "installs-again",
            "bootloader",
            "it boots the network at its own reboot too: an installer would run again. \
             `vmprov netboot --order=disk,net` looks at the disk first, `vmprov finalize` ends it",
        );
    }
}

fn cmdline(findings: &mut Findings<'_>) {
    let key = if findings.text("cmdline").is_some() { "cmdline" } else { "extra" };
    let length = command_line(findings.document).unwrap_or_default().len();
    if length > MAX_PV_CMDLINE {
        findings.error(
            "cmdline-long",
            key,
            format!(
                "its command line has {length} bytes, and Xen cuts a PV guest's after \
                 {MAX_PV_CMDLINE}"
            ),
        );
    }
}

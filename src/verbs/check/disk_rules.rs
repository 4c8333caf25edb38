//! Its disks.
//!
//! - `no-disk`, `disk-list`, `disk-spec`, `disk-first`, `disk-target`, `disk-missing`, `disk-unseen`
//! - `disk-qemu`, `disk-shared`, `disk-recorded`

use std::path::Path;

use xlcfg::{BackendType, DiskFormat, DiskSpec, GuestType};

use super::around::{Around, There};
use super::finding::Findings;

/// Looks at them.
pub fn check(findings: &mut Findings<'_>, around: &Around) {
    if let Err(error) = findings.document.strings("disk") {
        findings.error("disk-list", "disk", format!("{error}: write disk = [ \"…\" ]"));
        return;
    }
    let items = findings.list("disk");
    let has_bootloader = findings.text("bootloader").is_some()
        && findings.document.guest_type() != Ok(GuestType::Hvm);
    if items.is_empty() && has_bootloader {
        findings.error(
            "no-disk",
            "disk",
            "libxl runs no bootloader for a guest without a disk: give it one, if only a file of \
             512 bytes",
        );
    }
    for (index, item) in items.iter().enumerate() {
        match DiskSpec::parse(item) {
            Err(error) => findings.error("disk-spec", "disk", format!("{item:?}: {error}")),
            Ok(spec) => {
                if index == 0 && has_bootloader && (spec.cdrom || spec.target.is_none()) {
                    findings.error(
                        "disk-first",
                        "disk",
                        format!(
                            "{} is its first disk, and a bootloader gets the first one: put the \
                             disk that it boots from before it",
                            spec.vdev
                        ),
                    );
                }
                target(findings, around, &spec);
            }
        }
    }
    if let Some(recorded) = &around.recorded_disk {
        let targets = items.iter().filter_map(|item| DiskSpec::parse(item).ok()?.target);
        if !targets.into_iter().any(|target| Path::new(&target) == recorded) {
            findings.warning(
                "disk-recorded",
                "disk",
                format!(
                    "{}, which vmprov made for it, is not among its disks; `vmprov delete` would \
                     still remove it",
                    recorded.display()
                ),
            );
        }
    }
}

fn target(findings: &mut Findings<'_>, around: &Around, spec: &DiskSpec) {
    let Some(target) = spec.target.as_deref().filter(|target| !target.is_empty()) else { return };
    // What a script or another domain makes of it is not known here.
    if spec.script.is_some() || spec.backend.is_some() {
        return;
    }
    if !target.starts_with('/') {
        findings.error(
            "disk-target",
            "disk",
            format!(
                "{target} is no absolute path: it means another file wherever xl is started, and \
                 after a reboot of the guest"
            ),
        );
        return;
    }
    match around.there(target) {
        There::Missing => {
            let message = format!("there is no {target}: xl starts no guest without its disks");
            match around.is_dom0 {
                true => findings.error("disk-missing", "disk", message),
                false => findings.warning("disk-missing", "disk", message),
            }
        }
        There::Other => findings.error(
            "disk-target",
            "disk",
            format!("{target} is neither a file nor a block device"),
        ),
        There::Unseen => findings.warning(
            "disk-unseen",
            "disk",
            format!("{target} may only be looked at by root: run this as root"),
        ),
        There::File | There::Device => {}
    }
    let needs_qemu = !matches!(spec.format, DiskFormat::Raw | DiskFormat::Empty)
        || spec.backendtype == Some(BackendType::Qdisk);
    if needs_qemu && around.is_dom0 && !around.has_qemu {
        findings.error(
            "disk-qemu",
            "disk",
            format!(
                "{target} is {}: dom0 needs QEMU for that (Debian: qemu-system-xen), or the image \
                 made raw",
                spec.format
            ),
        );
    }
    if spec.read_only {
        return;
    }
    for other in &around.others {
        if other.disks.iter().any(|disk| disk == around.real(target)) {
            findings.error(
                "disk-shared",
                "disk",
                format!(
                    "{target} is {}'s as well ({}), and both may write: that destroys what is on it",
                    other.name,
                    other.path.display()
                ),
            );
        }
    }
}

//! `vmprov finalize`: from now on the guest boots from disk, its own next reboot too.

use super::Here;
use super::switching::{Switch, locked};
use crate::cli::{self, Boot, GuestKind};
use crate::config::GuestConfig;
use crate::config::switch::{self, Beside, DiskBoot};
use crate::failure::Failure;
use crate::host::{loaders, xen};

/// Runs the verb.
///
/// # Errors
/// No such guest, a config that xl would refuse, something that this host has not; or the
/// change cannot be made: then nothing has changed.
pub fn run(args: &cli::Finalize, here: Here<'_>) -> Result<(), Failure> {
    let (config, _lock) = locked(&args.guest, args.dry.dry_run, here)?;
    plan(&config, args, here)?.carry_out(args.dry.dry_run, here)
}

/// Plans to make the guest of `config`, which the caller has locked, boot from disk.
///
/// # Errors
/// What is wanted makes no sense or is not on this host.
pub fn plan(config: &GuestConfig, args: &cli::Finalize, here: Here<'_>) -> Result<Switch, Failure> {
    if args.kernel.is_some() && args.boot.is_some_and(|boot| boot != Boot::Kernel) {
        return Err(Failure::usage("--kernel goes with --boot=kernel only"));
    }
    let boot = disk_boot(args, config, here)?;
    let beside = Beside { on_reboot: args.on_reboot, restrict: xen::can_restrict() };
    let mut switched = switch::to_disk(&config.document, &boot, beside)
        .map_err(|error| Failure::refused(format!("{}: {error}", config.path.display())))?;
    if switched.document.to_bytes() != config.document.to_bytes() {
        switched.notes.extend(restrict_note(&boot));
    }
    Switch::plan(config, switched, format!("vmprov netboot {}", args.guest), here)
}

/// What the guest will boot by: what was asked for, if this host has it; else the first that it
/// has.
fn disk_boot(
    args: &cli::Finalize,
    config: &GuestConfig,
    here: Here<'_>,
) -> Result<DiskBoot, Failure> {
    let kind = match config.document.guest_type() {
        Ok(xlcfg::GuestType::Pvh) => GuestKind::Pvh,
        _ => GuestKind::Pv,
    };
    let given = args.kernel.as_ref().map(|_| Boot::Kernel).or(args.boot);
    // Away from a dom0, a config can be made ready for one that has what it names.
    let have = |found: bool| found || !xen::is_dom0();
    match given.or(here.settings.boot) {
        None | Some(Boot::Pygrub) if have(loaders::pygrub().is_some()) => Ok(DiskBoot::Pygrub),
        None => pvgrub(kind).map_err(|_| {
            Failure::refused(
                "this host has neither pygrub (Debian: xen-utils) nor GRUB for guests (Debian: \
                 grub-xen-host): install one, or name a --kernel",
            )
        }),
        Some(Boot::RpxebootDisk) if have(loaders::pygrub().is_some()) => Ok(DiskBoot::RpxebootDisk),
        Some(Boot::Pygrub | Boot::RpxebootDisk) => Err(Failure::refused(
            "this host has no pygrub (Debian: xen-utils): take another --boot",
        )),
        Some(Boot::Pvgrub) => pvgrub(kind),
        Some(Boot::Kernel) => kernel(args),
    }
}

fn pvgrub(kind: GuestKind) -> Result<DiskBoot, Failure> {
    let found = loaders::pvgrub(kind).ok_or_else(|| {
        Failure::refused(format!(
            "this host has no GRUB for {} guests (Debian: grub-xen-host)",
            kind.as_str()
        ))
    })?;
    Ok(DiskBoot::Pvgrub(found.display().to_string()))
}

fn kernel(args: &cli::Finalize) -> Result<DiskBoot, Failure> {
    let file = |path: &std::path::Path| {
        if !path.is_absolute() {
            return Err(Failure::usage(format!("{} is no absolute path", path.display())));
        }
        if !path.is_file() {
            return Err(Failure::not_found(format!("there is no file {}", path.display())));
        }
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::usage(format!("{} is no UTF-8", path.display())))
    };
    let kernel = args
        .kernel
        .as_deref()
        .ok_or_else(|| Failure::usage("--boot=kernel needs --kernel=FILE, a kernel in dom0"))?;
    Ok(DiskBoot::Kernel {
        kernel: file(kernel)?,
        ramdisk: args.ramdisk.as_deref().map(file).transpose()?,
        cmdline: args.cmdline.clone(),
    })
}

/// pygrub reads a guest's disk in dom0; Xen supports it only without root's power (SUPPORT.md).
fn restrict_note(boot: &DiskBoot) -> Option<String> {
    if *boot != DiskBoot::Pygrub || xen::can_restrict() {
        return None;
    }
    let version = xen::version()?;
    Some(if version >= xen::KNOWS_RESTRICT {
        "pygrub will run as root: make a user xen-qemuuser-shared, and say finalize again, to have \
         it run without that (bootloader_restrict=1)"
            .to_owned()
    } else {
        format!(
            "Xen {}.{} runs pygrub as root, unless LIBXL_BOOTLOADER_RESTRICT=1 is in xl's \
             environment; --boot=pvgrub reads the disk in the guest, --boot=rpxeboot-disk runs \
             pygrub without root's power",
            version.major, version.minor
        )
    })
}

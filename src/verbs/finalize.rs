//! `vmprov finalize`: from now on the guest boots from disk, its own next reboot too.
//!
//! xl restarts a rebooting guest from the config in its memory, not from the file; so a running
//! guest's xl is told as well, by `xl config-update`.

use serde_json::json;

use super::Here;
use crate::cli::{self, Boot, GuestKind};
use crate::config::GuestConfig;
use crate::config::boot_mode::BootMode;
use crate::config::switch::{self, Beside, DiskBoot, Switched};
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::host::domains::{self, Domain};
use crate::host::{loaders, xen};
use crate::plan::{Plan, Step};
use crate::values::Target;

/// Runs the verb.
///
/// # Errors
/// No such guest, a config that xl would refuse, something that this host has not; or the
/// change cannot be made: then nothing has changed.
pub fn run(args: &cli::Finalize, here: Here<'_>) -> Result<(), Failure> {
    if args.kernel.is_some() && args.boot.is_some_and(|boot| boot != Boot::Kernel) {
        return Err(Failure::usage("--kernel goes with --boot=kernel only"));
    }
    let (config, _lock) = locked(&args.guest, here)?;
    let boot = disk_boot(args, &config, here)?;
    let beside = Beside { on_reboot: args.on_reboot, restrict: xen::can_restrict() };
    let switched = switch::to_disk(&config.document, &boot, beside)
        .map_err(|error| Failure::refused(format!("{}: {error}", config.path.display())))?;
    let undo = format!("vmprov netboot {}", args.guest);
    Switch { config, switched, undo, notes: restrict_note(&boot).into_iter().collect() }
        .carry_out(args.dry.dry_run, here)
}

/// The config of a guest, and the lock on it.
///
/// # Errors
/// As [`GuestConfig::find`]; [`crate::failure::Kind::Refused`] when another vmprov has it, or
/// no bootloader boots such a guest.
pub fn locked(target: &Target, here: Here<'_>) -> Result<(GuestConfig, Lock), Failure> {
    // The lock is by the guest's name, which only its config says; and it is read again once
    // nobody else can change it.
    let name = GuestConfig::find(here.settings, target)?.name;
    let lock = Lock::take(&here.settings.state_dir, &name)?;
    let config = GuestConfig::find(here.settings, target)?;
    switch::can_switch(&BootMode::of(&config.document))
        .map_err(|why| Failure::refused(format!("{}: {why}", config.path.display())))?;
    Ok((config, lock))
}

/// A change of a config that is ready to be made.
pub struct Switch {
    /// The config as it is.
    pub config: GuestConfig,
    /// As it will be.
    pub switched: Switched,
    /// How to go back.
    pub undo: String,
    /// More that the administrator should know.
    pub notes: Vec<String>,
}

impl Switch {
    /// Makes the change, or shows it.
    ///
    /// # Errors
    /// Those of the plan's steps.
    pub fn carry_out(self, dry_run: bool, here: Here<'_>) -> Result<(), Failure> {
        let Self { config, switched, undo, notes } = self;
        let domain = domains::running(&config.name, here.console)?;
        let (old, new) = (config.document.to_bytes(), switched.document.to_bytes());
        let changed = old != new;
        let plan = Plan {
            steps: steps(&config, new, domain.as_ref()),
            notes: switched
                .notes
                .into_iter()
                .chain(notes.into_iter().filter(|_| changed))
                .collect(),
            undo: changed.then_some(undo),
        };
        if dry_run {
            return here.show(&plan);
        }
        here.apply(&plan)?;
        for note in &plan.notes {
            here.console.note(note);
        }
        let boots = BootMode::of(&switched.document);
        let value = json!({
            "guest": config.name,
            "config": config.path,
            "changed": changed,
            "boots": boots,
            "domid": domain.as_ref().map(|domain| domain.domid),
            "notes": plan.notes,
        });
        here.console.report(&value, || {
            let how = match (changed, &domain) {
                (true, None) => "changed",
                (true, Some(_)) => "changed, and the running guest's xl knows",
                (false, None) => "it was so already",
                (false, Some(_)) => "it was so already, and the running guest's xl knows",
            };
            format!("{} boots from: {boots} ({}: {how})\n", config.name, config.path.display())
        })
    }
}

fn steps(config: &GuestConfig, new: &[u8], domain: Option<&Domain>) -> Vec<Step> {
    let old = config.document.to_bytes();
    let replace = (old != new).then(|| Step::ReplaceConfig {
        path: config.path.clone(),
        old: old.to_vec(),
        new: new.to_vec(),
    });
    // Even if the file stays: an earlier try may have got no further than that.
    let update = domain.map(|domain| Step::UpdateDomain {
        name: domain.name.clone(),
        domid: domain.domid,
        config: config.path.clone(),
    });
    replace.into_iter().chain(update).collect()
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

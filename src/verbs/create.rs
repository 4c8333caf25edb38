//! `vmprov create`: the guest's disk and its config.
//!
//! The order of the steps: the record, so that no crash leaves what nobody knows of; the disk;
//! the config last, since with it the guest is there.

mod disk;
mod others;
mod provision;
mod vif;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Here;
use crate::cli;
use crate::config::new::{self, NewGuest};
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::host::{domains, loaders, program, xen};
use crate::plan::{Plan, Step};
use crate::record::Record;

use disk::NewDisk;
use others::Others;
use provision::Provisioning;
use vif::Vif;

/// Runs the verb.
///
/// # Errors
/// Something of that name is there, a MAC is taken, a device is not free; or a step fails: then
/// nothing is left of it.
pub fn run(args: &cli::Create, here: Here<'_>) -> Result<(), Failure> {
    let state_dir = &here.settings.state_dir;
    let _lock = here.lock(args.name.as_str(), args.dry.dry_run)?;
    // Two guests made at the same time must not get the same MAC or device.
    let together = || Lock::take_patiently(state_dir, "create");
    let _others = (!args.dry.dry_run).then(together).transpose()?;
    refuse_what_exists(args, here)?;
    let others = Others::look(here);
    others.refuse_name(&args.name)?;
    let vifs = vif::all(args, &others, here.settings)?;
    let provisioning = provision::of(&args.provision, here)?;
    let least = provisioning.as_ref().and_then(|p| p.disk_size);
    let disk = NewDisk::of(args, &others, least, here)?;
    let (plan, record) = plan(args, &vifs, &disk, provisioning, here)?;
    if args.dry.dry_run {
        return here.show(&plan);
    }
    here.apply(&plan)?;
    for note in &plan.notes {
        here.console.note(note);
    }
    let macs: Vec<String> = vifs.iter().map(|vif| vif.mac.to_string()).collect();
    let value = json!({
        "guest": args.name,
        "config": record.config,
        "disk": record.disk.path(),
        "macs": macs,
        "autostart": record.autostart,
        "notes": plan.notes,
        "next": format!("vmprov install {}", record.name),
    });
    here.console.report(&value, || {
        let made: String = plan.steps.iter().map(summary).collect();
        format!("{made}next: vmprov install {} (its MAC is {})\n", record.name, macs.join(", "))
    })
}

fn summary(step: &Step) -> String {
    match step {
        Step::WriteConfig { path, .. } => format!("config {}\n", path.display()),
        Step::MakeImage { path, size } | Step::MakeQcow2 { path, size } => {
            format!("disk {} ({size}, sparse)\n", path.display())
        }
        Step::MakeVolume { group, volume, size } => {
            format!("disk /dev/{group}/{volume} ({size})\n")
        }
        Step::Link { path, .. } => format!("autostart {}\n", path.display()),
        _ => String::new(),
    }
}

fn refuse_what_exists(args: &cli::Create, here: Here<'_>) -> Result<(), Failure> {
    let (name, settings) = (&args.name, here.settings);
    if Record::path(&settings.state_dir, name).exists() {
        let record = Record::read(&settings.state_dir, name)?;
        let unfinished = record.is_some_and(|record| !record.config.exists());
        return Err(Failure::refused(if unfinished {
            format!(
                "an earlier create of {name} broke off: `vmprov delete {name}` removes its rest"
            )
        } else {
            format!("{name} is there already: `vmprov delete {name}` removes it")
        }));
    }
    for file in [format!("{name}.cfg"), name.to_string()] {
        let path = settings.config_dir.join(file);
        if path.symlink_metadata().is_ok_and(|data| !data.is_dir()) {
            return Err(Failure::refused(format!("{} is there already", path.display())));
        }
    }
    if let Some(domain) = domains::running(name.as_str(), here.console)? {
        let domid = domain.domid;
        return Err(Failure::refused(format!("a guest {name} runs already (domain {domid})")));
    }
    Ok(())
}

fn plan(
    args: &cli::Create,
    vifs: &[Vif],
    disk: &NewDisk,
    provisioning: Option<Provisioning>,
    here: Here<'_>,
) -> Result<(Plan, Record), Failure> {
    let (name, settings) = (&args.name, here.settings);
    let config = settings.config_dir.join(format!("{name}.cfg"));
    let least = provisioning.as_ref().and_then(|p| p.memory);
    let label = args.label.clone().or_else(|| settings.label.clone());
    let guest = NewGuest {
        name: name.clone(),
        uuid: uuid(args)?,
        kind: args.kind.unwrap_or(settings.kind),
        memory: args
            .memory
            .unwrap_or_else(|| settings.memory.max(least.unwrap_or(settings.memory))),
        vcpus: args.vcpus.unwrap_or(settings.vcpus),
        disk: new::disk_spec(&disk.record.path(), disk.format)?,
        vifs: vifs.iter().map(|vif| vif.spec.clone()).collect(),
        vnc: args.vnc,
        label: label.clone(),
        restrict: xen::can_restrict(),
        on_reboot: settings.on_reboot,
    };
    let text = new::text(&guest)?;
    let auto_dir = settings.config_dir.join("auto");
    let autostart =
        (args.autostart || settings.autostart).then(|| auto_dir.join(format!("{name}.cfg")));

    let directory = disk.directory.as_deref().map(missing_directories).unwrap_or_default();
    let own = directory.last().cloned();
    let record = Record {
        version: 1,
        name: name.clone(),
        config: config.clone(),
        disk: disk.record.clone(),
        directories: own.into_iter().collect(),
        autostart: autostart.clone(),
        label,
        provision: provisioning.as_ref().map(|p| Box::new(p.provision.clone())),
    };
    let make_directory = |path: PathBuf| Step::MakeDirectory { path };
    let mut steps = vec![Step::WriteRecord { record: Box::new(record.clone()) }];
    let mut notes = notes(vifs, disk);
    if let Some(least) = least.filter(|least| guest.memory < *least) {
        notes.push(format!("its installer wants at least {} MiB of memory", least.mib()));
    }
    if let Some(password) = provisioning.and_then(|p| p.password) {
        let path = Record::password_path(&settings.state_dir, name);
        notes.push(format!("its root's password is in {}", path.display()));
        steps.push(Step::WriteSecret { path, text: format!("{password}\n") });
    }
    steps.extend(directory.into_iter().map(make_directory));
    steps.extend(disk.step.clone());
    steps.extend(missing_directories(&settings.config_dir).into_iter().map(make_directory));
    steps.push(Step::WriteConfig { path: config, text });
    if let Some(link) = autostart {
        // Below the config directory, which is there by then.
        steps.extend((!auto_dir.is_dir()).then(|| make_directory(auto_dir)));
        steps.push(Step::Link { path: link, target: format!("../{name}.cfg").into() });
    }
    let plan = Plan { steps, notes, undo: Some(format!("vmprov delete {name}")) };
    Ok((plan, record))
}

/// The directories to make for `path` to be one, the outer one first.
fn missing_directories(path: &Path) -> Vec<PathBuf> {
    let missing = path.ancestors().take_while(|path| !path.exists());
    let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    missing.reverse();
    missing
}

fn uuid(args: &cli::Create) -> Result<String, Failure> {
    let Some(uuid) = &args.uuid else {
        let path = Path::new("/proc/sys/kernel/random/uuid");
        let uuid = std::fs::read_to_string(path);
        let uuid = uuid.map_err(|error| Failure::io("reading", path, &error))?;
        return Ok(uuid.trim().to_owned());
    };
    let groups: Vec<&str> = uuid.split('-').collect();
    let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths != [8, 4, 4, 4, 12] || !groups.iter().all(|group| is_hex(group)) {
        return Err(Failure::usage(format!(
            "{uuid:?} is no UUID: write it like 6a6ed7b4-6a6b-4c3c-9a8a-0123456789ab, or leave it out"
        )));
    }
    Ok(uuid.to_ascii_lowercase())
}

fn notes(vifs: &[Vif], disk: &NewDisk) -> Vec<String> {
    let mut notes = disk.notes.clone();
    if !program::is_program(Path::new(loaders::RPXEBOOT)) {
        notes.push(format!("{} is not there yet: the guest boots by it", loaders::RPXEBOOT));
    }
    for vif in vifs {
        let bridge = &vif.bridge;
        if !bridge.contains('.') && !Path::new("/sys/class/net").join(bridge).exists() {
            notes.push(format!("there is no bridge {bridge} on this host yet"));
        }
    }
    notes
}

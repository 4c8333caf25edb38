//! What of the host the rules look at, read once, before them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use xlcfg::{DiskSpec, VifSpec};

use crate::config::{GuestConfig, find};
use crate::failure::Failure;
use crate::host::domains::Xl;
use crate::host::{loaders, program, xen};
use crate::record::Record;
use crate::values::GuestName;
use crate::verbs::Here;

/// The host, as far as it matters to one guest.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Whether guests run here; else what the config names may be on another host.
    pub is_dom0: bool,
    /// Whether this one does, now.
    pub runs: bool,
    /// The network interfaces.
    pub interfaces: BTreeSet<String>,
    /// Memory that no guest has.
    pub free_memory_mib: Option<u64>,
    /// What the config's paths are.
    pub files: BTreeMap<PathBuf, There>,
    /// The real paths of those that are links, or have links in them.
    pub real: BTreeMap<PathBuf, PathBuf>,
    /// Where `bootloader=` is.
    pub bootloader: Option<PathBuf>,
    /// Whether there is a QEMU for image formats that the kernel does not know.
    pub has_qemu: bool,
    /// Whether xl's restricted bootloaders work here.
    pub can_restrict: bool,
    /// The disk that `create` made.
    pub recorded_disk: Option<PathBuf>,
    /// The other guests.
    pub others: Vec<Other>,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Nothing.
    Missing,
    /// A file.
    File,
    /// A block device.
    Device,
    /// Something that is no disk and no kernel.
    Other,
    /// Nobody knows: one who may see it must look, mostly root.
    Unseen,
}

/// What another guest's config has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Other {
    /// The config.
    pub path: PathBuf,
    /// Its guest's name.
    pub name: String,
    /// Its UUID, in lower case.
    pub uuid: Option<String>,
    /// The MACs in it.
    pub macs: Vec<[u8; 6]>,
    /// The disks that it may write to, by their real paths.
    pub disks: Vec<PathBuf>,
}

impl Around {
    /// Reads what matters to this guest.
    ///
    /// # Errors
    /// xl is there and fails.
    pub fn look(config: &GuestConfig, here: Here<'_>) -> Result<Self, Failure> {
        let xl = Xl::here();
        let domains = xl.as_ref().map(|xl| xl.domains(here.console)).transpose()?;
        let runs = domains.into_iter().flatten().any(|d| d.name == config.name && !d.is_ending());
        let free = xl.and_then(|xl| {
            let mut command = xl.command("info");
            command.arg("free_memory");
            program::run_well(command, here.console).ok()?.out.trim().parse().ok()
        });
        let document = &config.document;
        let value = |key| document.string(key).ok().flatten();
        let disks = document.strings("disk").ok().flatten().unwrap_or_default();
        let targets = disks.iter().filter_map(|disk| DiskSpec::parse(disk).ok()?.target);
        let paths: Vec<PathBuf> = targets
            .chain(["kernel", "ramdisk", "bootloader"].into_iter().filter_map(value))
            .map(PathBuf::from)
            .collect();
        let name = config.name.parse::<GuestName>().ok();
        let record = name.and_then(|name| Record::read(&here.settings.state_dir, &name).ok()?);
        Ok(Self {
            is_dom0: xen::is_dom0(),
            runs,
            interfaces: interfaces(),
            free_memory_mib: free,
            files: paths.iter().map(|path| (path.clone(), there(path))).collect(),
            real: paths.into_iter().map(|path| (path.clone(), real(&path))).collect(),
            bootloader: value("bootloader").and_then(|bootloader| loaders::find(&bootloader)),
            has_qemu: has_qemu(),
            can_restrict: xen::can_restrict(),
            recorded_disk: record
                .filter(|record| record.config == config.path)
                .map(|record| record.disk.path()),
            others: others(config, here),
        })
    }

    /// What a path of the config's is.
    #[must_use]
    pub fn there(&self, path: &str) -> There {
        self.files.get(Path::new(path)).copied().unwrap_or(There::Missing)
    }

    /// The real path of one of the config's.
    #[must_use]
    pub fn real<'a>(&'a self, path: &'a str) -> &'a Path {
        self.real.get(Path::new(path)).map_or(Path::new(path), PathBuf::as_path)
    }
}

/// The same for all names of a file or device; what cannot be resolved stays as it is.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn there(path: &Path) -> There {
    match fs::metadata(path) {
        Err(error) if is_absent(&error) => There::Missing,
        Err(_) => There::Unseen,
        Ok(data) if data.is_file() => There::File,
        Ok(data) if data.file_type().is_block_device() => There::Device,
        Ok(_) => There::Other,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn interfaces() -> BTreeSet<String> {
    let entries = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Debian's is in the toolstack's directory, upstream's beside pygrub, others' in PATH.
fn has_qemu() -> bool {
    let names = ["qemu-system-i386", "qemu-system-x86_64"];
    let beside = loaders::pygrub().and_then(|pygrub| Some(pygrub.parent()?.to_owned()));
    names.iter().any(|name| {
        let beside = beside.as_ref().map(|directory| directory.join(name));
        beside.is_some_and(|path| program::is_program(&path)) || program::find(name).is_some()
    })
}

/// The other guests' configs; what cannot be read is `list`'s to tell.
fn others(config: &GuestConfig, here: Here<'_>) -> Vec<Other> {
    let own = real(&config.path);
    let configs = find::all(&here.settings.config_dir).into_iter().flatten();
    configs.filter(|other| real(&other.path) != own).map(|other| other_of(&other)).collect()
}

fn other_of(config: &GuestConfig) -> Other {
    let list = |key| config.document.strings(key).ok().flatten().unwrap_or_default();
    let macs = list("vif").into_iter().filter_map(|vif| VifSpec::parse(&vif).ok()?.mac());
    let disks = list("disk").into_iter().filter_map(|disk| {
        let spec = DiskSpec::parse(&disk).ok().filter(|spec| !spec.read_only)?;
        Some(real(Path::new(&spec.target?)))
    });
    Other {
        path: config.path.clone(),
        name: config.name.clone(),
        uuid: config.document.string("uuid").ok().flatten().map(|uuid| uuid.to_lowercase()),
        macs: macs.collect(),
        disks: disks.collect(),
    }
}

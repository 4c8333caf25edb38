//! The config of a new guest: in today's keys, in the order that people look for them, and one
//! that xl, libxlutil and a person like to read.

use std::path::Path;

use xlcfg::{DiskFormat, DiskSpec, Document, EditError};

use crate::cli::{GuestKind, OnReboot};
use crate::failure::Failure;
use crate::host::loaders::RPXEBOOT;
use crate::values::{GuestName, Memory};

/// What a new guest is.
#[derive(Debug, Clone)]
pub struct NewGuest {
    /// Its name.
    pub name: GuestName,
    /// Its UUID.
    pub uuid: String,
    /// PV or PVH.
    pub kind: GuestKind,
    /// Its memory.
    pub memory: Memory,
    /// Its processors.
    pub vcpus: u32,
    /// Its disk, as [`disk_spec`] writes it.
    pub disk: String,
    /// Its interfaces' specs; it boots from the first one.
    pub vifs: Vec<String>,
    /// Whether it has a screen.
    pub vnc: bool,
    /// The PXELINUX label to boot.
    pub label: Option<String>,
    /// Whether xl runs the bootloader without root's power.
    pub restrict: bool,
    /// What xl does when it reboots.
    pub on_reboot: OnReboot,
}

/// The text, with values to be put in. Without them it is a config already.
const TEXT: &str = "\
name = \"\"
uuid = \"\"
type = \"\"

memory = 0
vcpus = 0

disk = [ ]
vif = [ ]

# The disk when there is a system on it, else the network: a new disk is
# installed once, and never twice. `vmprov finalize` ends the network's part.
bootloader = \"\"
bootloader_args = [ ]

on_poweroff = \"destroy\"
on_reboot = \"\"
on_crash = \"destroy\"
";

/// The text of a new guest's config.
///
/// # Errors
/// A value that cannot be written, or that would be read as something else.
pub fn text(guest: &NewGuest) -> Result<String, Failure> {
    let document = fill(guest).map_err(|error| {
        Failure::failed(format!("the config of {} cannot be written: {error}", guest.name))
    })?;
    String::from_utf8(document.to_bytes().to_vec())
        .map_err(|_| Failure::failed("a bug in vmprov: a config that is no UTF-8"))
}

/// The `disk=` item of a guest's boot disk.
///
/// # Errors
/// The path cannot stand in one.
pub fn disk_spec(path: &Path, format: DiskFormat) -> Result<String, Failure> {
    let refused = |why: String| {
        Failure::refused(format!("{} cannot be a guest's disk: {why}", path.display()))
    };
    let target = path.to_str().ok_or_else(|| refused("its name is no UTF-8".into()))?;
    if !path.is_absolute() {
        return Err(refused("its path is not absolute".into()));
    }
    let format = match format {
        DiskFormat::Qcow2 => "qcow2",
        _ => "raw",
    };
    // target= goes last: what follows it belongs to the path.
    let spec = format!("format={format},vdev=xvda,access=rw,target={target}");
    let read = DiskSpec::parse(&spec).map_err(|error| refused(error.to_string()))?;
    if read.target.as_deref() != Some(target) {
        return Err(refused("xl would read another path".into()));
    }
    Ok(spec)
}

fn fill(guest: &NewGuest) -> Result<Document, EditError> {
    let mut document =
        Document::parse(TEXT).map_err(|error| EditError::Refused { key: "name".into(), error })?;
    document.set_string("name", guest.name.as_str())?;
    document.set_string("uuid", &guest.uuid)?;
    document.set_string("type", guest.kind.as_str())?;
    document.set_integer("memory", i64::try_from(guest.memory.mib()).unwrap_or(i64::MAX))?;
    document.set_integer("vcpus", i64::from(guest.vcpus))?;
    document.set_strings("disk", &[&guest.disk])?;
    document.set_strings("vif", &guest.vifs)?;
    if guest.vnc {
        document.set_strings("vfb", &["vnc=1,vnclisten=127.0.0.1"])?;
    }
    document.set_string("bootloader", RPXEBOOT)?;
    let mut args = vec!["--order=disk,net".to_owned()];
    args.extend(guest.label.as_ref().map(|label| format!("--label={label}")));
    document.set_strings("bootloader_args", &args)?;
    if guest.restrict {
        document.set_integer("bootloader_restrict", 1)?;
    }
    document.set_string("on_reboot", guest.on_reboot.as_str())?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest() -> NewGuest {
        NewGuest {
            name: "RK".parse().unwrap(),
            uuid: "6a6ed7b4-6a6b-4c3c-9a8a-000000000001".into(),
            kind: GuestKind::Pv,
            memory: Memory::DEFAULT,
            vcpus: 2,
            disk: disk_spec(Path::new("/var/lib/xen/images/RK/disk.img"), DiskFormat::Raw).unwrap(),
            vifs: vec!["mac=00:16:3e:62:39:d3,bridge=xenbr0".into()],
            vnc: false,
            label: None,
            restrict: false,
            on_reboot: OnReboot::Restart,
        }
    }

    #[test]
    fn a_config_for_people_and_for_xl() {
        let expected = r#"name = "RK"
uuid = "6a6ed7b4-6a6b-4c3c-9a8a-000000000001"
type = "pv"

memory = 1024
vcpus = 2

disk = [ "format=raw,vdev=xvda,access=rw,target=/var/lib/xen/images/RK/disk.img" ]
vif = [ "mac=00:16:3e:62:39:d3,bridge=xenbr0" ]

# The disk when there is a system on it, else the network: a new disk is
# installed once, and never twice. `vmprov finalize` ends the network's part.
bootloader = "/usr/bin/rpxeboot"
bootloader_args = [ "--order=disk,net" ]

on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "destroy"
"#;
        assert_eq!(text(&guest()).unwrap(), expected);
    }

    #[test]
    fn what_is_wanted_beside_that_is_in_it() {
        let all = NewGuest {
            kind: GuestKind::Pvh,
            vnc: true,
            restrict: true,
            label: Some("my \"rescue\"".into()),
            ..guest()
        };
        let document = Document::parse(text(&all).unwrap()).unwrap();
        assert_eq!(document.guest_type(), Ok(xlcfg::GuestType::Pvh));
        assert_eq!(document.flag("bootloader_restrict"), Ok(Some(true)));
        let args = document.bootloader_args().unwrap();
        assert_eq!(args, ["--order=disk,net", "--label=my \"rescue\""]);
        assert_eq!(document.strings("vfb").unwrap().unwrap().len(), 1);
    }

    #[test]
    fn a_path_that_xl_would_read_otherwise_is_refused() {
        assert!(disk_spec(Path::new("/a b,c=d/disk.img"), DiskFormat::Raw).is_ok());
        assert!(disk_spec(Path::new(""), DiskFormat::Raw).is_err());
    }
}

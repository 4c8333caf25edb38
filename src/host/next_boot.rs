//! What a running guest's own reboot will boot: xl does not read the config again for that.
//!
//! It takes what `xl config-update` has left for it, once; else what the guest was started with
//! (reload_domain_config in xl_vmcontrol.c). Whether it starts the guest again at all is decided
//! before that, by the `on_reboot` that it was started with (handle_domain_death, there).

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use xlcfg::Document;

use super::domains::Xl;
use super::program;
use crate::config::BootMode;
use crate::console::Console;
use crate::files::read;

/// Where libxl keeps what belongs to a running domain (libxl_dom.c, userdata_path).
const USERDATA: &str = "/var/lib/xen";

/// What the own reboot of this domain boots. None if it does not come up again from that, or xl
/// does not say.
#[must_use]
pub fn of(domid: u32, xl: &Xl, console: &Console) -> Option<BootMode> {
    let mut command = xl.command("list");
    command.args(["-l", &domid.to_string()]);
    let started_with = from_json(&program::run_well(command, console).ok()?.out)?;
    if let Some(left) = left_by_update(Path::new(USERDATA), domid) {
        return Some(BootMode::of(&Document::parse(read::small(&left).ok()?).ok()?));
    }
    Some(started_with)
}

fn left_by_update(directory: &Path, domid: u32) -> Option<PathBuf> {
    let prefix = format!("userdata-d.{domid}.");
    let entries = fs::read_dir(directory).ok()?.flatten();
    let is_it = |name: &str| name.starts_with(&prefix) && name.ends_with(".xl");
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_str().is_some_and(is_it)))
}

/// The part of `xl list -l` that matters: libxl's own description of the domain.
#[derive(Deserialize)]
struct Described {
    config: DomainConfig,
}

#[derive(Deserialize)]
struct DomainConfig {
    #[serde(default)]
    c_info: CreateInfo,
    #[serde(default)]
    b_info: BuildInfo,
    /// libxl leaves out what is its default: here, `destroy` (libxl_types.idl).
    #[serde(default)]
    on_reboot: Option<String>,
}

/// What `on_reboot` has to be for the bootloader to run again; a soft reset runs none.
const RESTARTS: [&str; 3] = ["restart", "restart_rename", "coredump_restart"];

#[derive(Default, Deserialize)]
struct CreateInfo {
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BuildInfo {
    bootloader: Option<String>,
    bootloader_args: Vec<String>,
    kernel: Option<String>,
}

fn from_json(text: &str) -> Option<BootMode> {
    // One domain is an object, several are a list of them.
    let described = serde_json::from_str::<Vec<Described>>(text)
        .ok()
        .and_then(|list| list.into_iter().next())
        .or_else(|| serde_json::from_str::<Described>(text).ok())?;
    let DomainConfig { c_info, b_info, on_reboot } = described.config;
    if !on_reboot.is_some_and(|action| RESTARTS.contains(&action.as_str())) {
        return None;
    }
    if c_info.kind.as_deref() == Some("hvm") {
        return Some(BootMode::Firmware);
    }
    Some(BootMode::of_values(b_info.bootloader, &b_info.bootloader_args, b_info.kernel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libxls_description_says_what_it_was_started_with() {
        let text = r#"[{"domid": 7, "config": {
            "c_info": {"type": "pv", "name": "RK"},
            "b_info": {"bootloader": "/usr/bin/rpxeboot", "bootloader_args": ["--order=disk,net"]},
            "on_reboot": "restart"
        }}]"#;
        assert_eq!(from_json(text), Some(BootMode::DiskElseNetwork));
        let one = r#"{"domid":7,"config":{"c_info":{"type":"pvh"},
            "b_info":{"bootloader":"pygrub"},"on_reboot":"restart_rename"}}"#;
        assert_eq!(from_json(one), Some(BootMode::Disk { bootloader: "pygrub".into() }));
        assert_eq!(from_json("no JSON"), None);
    }

    #[test]
    fn a_guest_that_xl_does_not_start_again_boots_nothing() {
        for action in ["", r#","on_reboot":"preserve""#, r#","on_reboot":"soft_reset""#] {
            let text = format!(
                r#"{{"domid":7,"config":{{"b_info":{{"bootloader":"rpxeboot"}}{action}}}}}"#
            );
            assert_eq!(from_json(&text), None, "{action}");
        }
    }

    #[test]
    fn what_config_update_has_left_is_found_for_that_domain_only() {
        let place = tempfile::tempdir().unwrap();
        let name = "userdata-d.7.01234567-89ab-cdef-0123-456789abcdef.xl";
        fs::write(place.path().join(name), "bootloader='pygrub'\n").unwrap();
        fs::write(place.path().join(name.replace(".xl", ".libxl-json")), "{}").unwrap();
        assert_eq!(left_by_update(place.path(), 7), Some(place.path().join(name)));
        assert_eq!(left_by_update(place.path(), 70), None);
    }
}

//! What would boot now: rpxeboot looks, and starts nothing.
//!
//! The disk is looked at by rpxeboot as well, whatever the config's bootloader is: it never runs
//! pygrub as root.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use xlcfg::DiskSpec;

use crate::config::boot_mode::command_line;
use crate::config::{BootMode, GuestConfig};
use crate::console::printable;
use crate::host::loaders::{self, RPXEBOOT};
use crate::host::program;
use crate::verbs::Here;

/// rpxeboot's own time for everything.
const DEADLINE: Duration = Duration::from_secs(60);
/// It keeps to it, but for ending pygrub and its own link.
const PATIENCE: Duration = Duration::from_secs(90);

/// The plan of rpxeboot(8), or an `action` of `error` with its `message`; `kernel` for a guest
/// whose kernel is in dom0.
#[must_use]
pub fn ask(config: &GuestConfig, runs: bool, here: Here<'_>) -> Value {
    let mode = BootMode::of(&config.document);
    let value = |key| config.document.string(key).ok().flatten().filter(|text| !text.is_empty());
    match mode {
        BootMode::Kernel { kernel } => {
            json!({ "action": "kernel", "kernel": kernel, "initrds": value("ramdisk").as_slice() })
        }
        // A second one with the guest's MAC on its bridge would take its packets away.
        _ if runs => failure("it runs, and its MAC can be used by one only: ask when it is off"),
        BootMode::Firmware => failure("its own firmware boots it, which cannot be asked"),
        BootMode::Nothing => failure("it boots by nothing"),
        BootMode::Network { bootloader } => rpxeboot(config, &bootloader, &[], here),
        BootMode::DiskElseNetwork => {
            rpxeboot(config, &value("bootloader").unwrap_or_default(), &[], here)
        }
        BootMode::Disk { .. } => rpxeboot(config, RPXEBOOT, &["--order=disk,net"], here),
    }
}

/// Whether nothing would boot.
#[must_use]
pub fn is_failure(boot: &Value) -> bool {
    boot.get("action").is_none_or(|action| action == "error")
}

/// It for people.
#[must_use]
pub fn text(boot: &Value) -> String {
    let word = |key: &str| boot.get(key).and_then(Value::as_str).map(printable);
    let mut lines = Vec::new();
    match word("action").as_deref() {
        Some("kernel") => {
            lines.extend(word("config").map(|config| ("config", config)));
            lines.extend(word("label").map(|label| ("label", label)));
            lines.extend(word("kernel").map(|kernel| ("kernel", kernel)));
            let initrds = boot.get("initrds").and_then(Value::as_array);
            let initrds = initrds.into_iter().flatten().filter_map(Value::as_str);
            lines.extend(initrds.map(|initrd| ("initrd", printable(initrd))));
            lines.extend(word("args").map(|args| ("args", args)));
        }
        Some("localboot") => {
            lines.push(("disk", "the system on it".to_owned()));
            lines.extend(word("args").map(|args| ("args", args)));
        }
        _ => lines.extend(word("message").map(|message| ("nothing", message))),
    }
    let lines = lines.into_iter().map(|(title, words)| format!("  {title:8} {words}\n"));
    format!("would boot:\n{}", lines.collect::<String>())
}

fn rpxeboot(config: &GuestConfig, bootloader: &str, more: &[&str], here: Here<'_>) -> Value {
    let is_disk_only = !more.is_empty();
    let Some(found) = loaders::find(bootloader) else {
        return failure(&format!("there is no {bootloader} here to ask"));
    };
    if loaders::stem(bootloader) != "rpxeboot" {
        return failure(&format!("{} cannot be asked", loaders::stem(bootloader)));
    }
    if !nix::unistd::geteuid().is_root() {
        return failure("rpxeboot can only be asked by root: run this as root");
    }
    let document = &config.document;
    let text = |key| document.string(key).ok().flatten().filter(|text| !text.is_empty());
    let disks = document.strings("disk").ok().flatten().unwrap_or_default();
    let disk = disks.first().and_then(|disk| DiskSpec::parse(disk).ok()?.target);
    let mut command = Command::new(found);
    if !is_disk_only {
        // As libxl gives them.
        for key in ["kernel", "ramdisk"] {
            command.args(text(key).map(|value| format!("--{key}={value}")));
        }
        command.args(command_line(document).map(|words| format!("--args={words}")));
    }
    command.args(["--dry-run", "--quiet", "--output=-", "--output-format=json"]);
    command.arg(format!("--deadline={}", DEADLINE.as_secs()));
    command.arg("--config").arg(&config.path);
    if is_disk_only {
        command.args(more);
    } else {
        command.args(document.bootloader_args().unwrap_or_default());
    }
    command.args(disk);
    let said = match program::run(command, PATIENCE, here.console) {
        Ok(said) => said,
        Err(error) => return failure(&error.message),
    };
    let plan = serde_json::from_str::<Value>(&said.out).ok();
    match plan.filter(|plan| plan.get("action").is_some()) {
        Some(plan) if is_disk_only && plan.get("action") == Some(&json!("kernel")) => {
            failure("there is no system on its disk")
        }
        Some(plan) => plan,
        None => {
            let words = said.last_words();
            let words = words.strip_prefix("rpxeboot: ").unwrap_or(&words);
            failure(words.strip_prefix("error: ").unwrap_or(words))
        }
    }
}

fn failure(message: &str) -> Value {
    json!({ "action": "error", "message": message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_for_people() {
        let plan = json!({
            "action": "kernel", "config": "tftp://10.0.0.1/pxelinux.cfg/default",
            "label": "linux", "kernel": "tftp://10.0.0.1/vmlinuz",
            "initrds": ["tftp://10.0.0.1/initrd.img"], "args": "quiet"
        });
        let expected = "\
would boot:
  config   tftp://10.0.0.1/pxelinux.cfg/default
  label    linux
  kernel   tftp://10.0.0.1/vmlinuz
  initrd   tftp://10.0.0.1/initrd.img
  args     quiet
";
        assert_eq!(text(&plan), expected);
        assert!(!is_failure(&plan));
        let none = failure("no DHCP answer");
        assert_eq!(text(&none), "would boot:\n  nothing  no DHCP answer\n");
        assert!(is_failure(&none) && is_failure(&json!({})));
    }
}

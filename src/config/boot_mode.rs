//! What a config boots a guest by.

use std::fmt;

use serde::Serialize;
use xlcfg::Document;

use crate::host::loaders::{is_pvgrub, stem};

/// The bootloaders that fetch from the network, by their programs' names.
const NETWORK: [&str; 4] = ["rpxeboot", "pypxeboot", "xenpvnetboot", "xenpvboot"];

/// What a guest boots by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BootMode {
    /// A network bootloader, at every start.
    Network {
        /// `bootloader=`.
        bootloader: String,
    },
    /// rpxeboot with `--order=disk,net`: the disk when there is a system on it.
    DiskElseNetwork,
    /// pygrub, or another bootloader that reads the disk; or GRUB as the guest's kernel.
    Disk {
        /// `bootloader=`, or `kernel=`.
        bootloader: String,
    },
    /// A kernel in dom0.
    Kernel {
        /// `kernel=`.
        kernel: String,
    },
    /// The guest's own firmware (HVM).
    Firmware,
    /// Nothing: xl refuses to start it.
    Nothing,
}

impl BootMode {
    /// What `document` boots by, as libxl would take it: a bootloader goes before a kernel.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        if document.guest_type() == Ok(xlcfg::GuestType::Hvm) {
            return Self::Firmware;
        }
        let value = |key| document.string(key).ok().flatten();
        let args = document.bootloader_args().unwrap_or_default();
        Self::of_values(value("bootloader"), &args, value("kernel"))
    }

    /// What a PV or PVH guest with these values boots by.
    #[must_use]
    pub fn of_values(bootloader: Option<String>, args: &[String], kernel: Option<String>) -> Self {
        let is_set = |value: &String| !value.is_empty();
        if let Some(bootloader) = bootloader.filter(is_set) {
            if !is_network(&bootloader) {
                return Self::Disk { bootloader };
            }
            if stem(&bootloader) == "rpxeboot" && has_disk_order(args) {
                return Self::DiskElseNetwork;
            }
            return Self::Network { bootloader };
        }
        match kernel.filter(is_set) {
            Some(kernel) if is_pvgrub(&kernel) => Self::Disk { bootloader: kernel },
            Some(kernel) => Self::Kernel { kernel },
            None => Self::Nothing,
        }
    }
}

/// Whether a `bootloader=` fetches from the network.
#[must_use]
pub fn is_network(bootloader: &str) -> bool {
    NETWORK.contains(&stem(bootloader))
}

/// The kernel's command line, as libxl makes it: `cmdline`, else `root` and `extra`.
#[must_use]
pub fn command_line(document: &Document) -> Option<String> {
    let value = |key| document.string(key).ok().flatten().filter(|text| !text.is_empty());
    value("cmdline").or_else(|| {
        let root = value("root").map(|root| format!("root={root}"));
        let words: Vec<String> = root.into_iter().chain(value("extra")).collect();
        (!words.is_empty()).then(|| words.join(" "))
    })
}

/// The last `--order` counts, as in any command line.
fn has_disk_order(args: &[String]) -> bool {
    // One word that holds blanks is cut by rpxeboot.
    let words: Vec<&str> = args.iter().flat_map(|word| word.split_whitespace()).collect();
    let mut order = None;
    for (index, word) in words.iter().enumerate() {
        if let Some(value) = word.strip_prefix("--order=") {
            order = Some(value);
        } else if *word == "--order" {
            order = words.get(index + 1).copied();
        }
    }
    order == Some("disk,net")
}

impl fmt::Display for BootMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { bootloader } => write!(f, "network ({})", stem(bootloader)),
            Self::DiskElseNetwork => f.write_str("disk, else network"),
            Self::Disk { bootloader } => write!(f, "disk ({})", stem(bootloader)),
            Self::Kernel { kernel } => write!(f, "kernel {kernel}"),
            Self::Firmware => f.write_str("firmware (HVM)"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> String {
        BootMode::of(&Document::parse(text).unwrap()).to_string()
    }

    #[test]
    fn each_way_to_boot_is_known() {
        let table = [
            ("bootloader='/usr/bin/rpxeboot'\n", "network (rpxeboot)"),
            ("bootloader='pypxeboot'\nkernel='/k'\n", "network (pypxeboot)"),
            ("bootloader='rpxeboot'\nbootloader_args=['--order=disk,net']\n", "disk, else network"),
            (
                "bootloader='rpxeboot'\nbootloader_args='-q --order disk,net'\n",
                "disk, else network",
            ),
            (
                "bootloader='rpxeboot'\nbootloader_args=['--order=disk,net','--order=net']\n",
                "network (rpxeboot)",
            ),
            ("bootloader='/usr/lib/xen-4.17/bin/pygrub'\n", "disk (pygrub)"),
            ("kernel='/boot/k'\nramdisk='/boot/r'\n", "kernel /boot/k"),
            ("kernel='/usr/lib/grub-xen/grub-x86_64-xen.bin'\n", "disk (grub-x86_64-xen.bin)"),
            ("type='hvm'\nbootloader='rpxeboot'\n", "firmware (HVM)"),
            ("bootloader=''\n", "nothing"),
        ];
        for (text, expected) in table {
            assert_eq!(mode(text), expected, "{text}");
        }
    }
}

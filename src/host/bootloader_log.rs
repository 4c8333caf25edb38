//! What the bootloader of a guest's last start has said: libxl's log of it.

use std::path::PathBuf;

use serde::Serialize;

use crate::files::read;

/// More of a log is not looked at: pygrub's menus can fill it.
const MAX_LOG: u64 = 1 << 20;

/// Where a boot came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An installer, or whatever the PXE server has.
    Network,
    /// What is on the guest's disk.
    Disk,
    /// Its bootloader left nothing that says so.
    Unknown,
}

/// Where libxl keeps the words of this domain's bootloader (libxl_bootloader.c).
#[must_use]
pub fn path(domid: u32) -> PathBuf {
    format!("/var/log/xen/bootloader.{domid}.log").into()
}

/// Its words; none if there is no log.
#[must_use]
pub fn read(domid: u32) -> String {
    let bytes = read::tail(&path(domid), MAX_LOG).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What they say about where the boot came from. The last word counts: rpxeboot may go from the
/// disk to the network, and a PXE server may send it back to the disk.
#[must_use]
pub fn origin(log: &str) -> Origin {
    let lines = log.lines().map(str::trim_end);
    let mut decisive = lines.filter_map(|line| match line.strip_prefix("rpxeboot: ") {
        Some(line) if line.starts_with("booting from disk") || line.ends_with("boot from disk") => {
            Some(Origin::Disk)
        }
        Some(line) if line.starts_with("lease ") || line.ends_with("booting over the network") => {
            Some(Origin::Network)
        }
        Some(_) => None,
        None => line.contains("pyGRUB").then_some(Origin::Disk),
    });
    // rpxeboot shows no menu of pygrub's, so pygrub's own word never comes after ours.
    decisive.next_back().unwrap_or(Origin::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_last_word_says_where_a_boot_came_from() {
        let table = [
            ("", Origin::Unknown),
            (
                "rpxeboot: RK (domain 7)\r\nrpxeboot: booting from disk after 2.0 s\r\n",
                Origin::Disk,
            ),
            (
                "rpxeboot: lease 10.0.0.2/24 from 10.0.0.1\r\nrpxeboot: done in 3 s\r\n",
                Origin::Network,
            ),
            (
                "rpxeboot: nothing to boot on /d: booting over the network\r\nrpxeboot: lease 1\n",
                Origin::Network,
            ),
            ("rpxeboot: lease 1\r\nrpxeboot: label hd: boot from disk\r\n", Origin::Disk),
            ("\x1b[2J   pyGRUB  version 0.6\r\n", Origin::Disk),
            ("kernel: booting from disk\n", Origin::Unknown),
        ];
        for (log, expected) in table {
            assert_eq!(origin(log), expected, "{log:?}");
        }
    }
}

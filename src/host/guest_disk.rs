//! How much a running guest has written to its disks, as dom0's block backend counts it
//! (drivers/block/xen-blkback/xenbus.c in Linux).

use std::fs;
use std::path::Path;

/// Where the kernel shows its backends: a directory each, `vbd-DOMID-DEVICE`.
const BACKENDS: &str = "/sys/bus/xen-backend/devices";
/// blkback counts in sectors of 512 bytes, whatever the disk has.
const SECTOR: u64 = 512;

/// The bytes that this domain has written since it started. None when nobody counts them: its
/// disks are QEMU's (qcow2) or another domain's.
#[must_use]
pub fn written(domid: u32) -> Option<u64> {
    written_in(Path::new(BACKENDS), domid)
}

/// The bytes that an image takes in the file system: for a sparse one, what was written to it.
#[must_use]
pub fn allocated(image: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(image).ok()?.blocks().checked_mul(SECTOR)
}

fn written_in(backends: &Path, domid: u32) -> Option<u64> {
    let prefix = format!("vbd-{domid}-");
    let entries = fs::read_dir(backends).ok()?.flatten();
    let disks = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    let counts = disks.filter_map(|disk| {
        let text = fs::read_to_string(disk.path().join("statistics/wr_sect")).ok()?;
        text.trim().parse::<u64>().ok()?.checked_mul(SECTOR)
    });
    counts.reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disks_of_one_guest_are_added_up() {
        let place = tempfile::tempdir().unwrap();
        for (disk, sectors) in [
            ("vbd-7-51712", "10\n"),
            ("vbd-7-51728", "2\n"),
            ("vbd-70-51712", "99\n"),
            ("vif-7-0", ""),
        ] {
            let statistics = place.path().join(disk).join("statistics");
            fs::create_dir_all(&statistics).unwrap();
            fs::write(statistics.join("wr_sect"), sectors).unwrap();
        }
        assert_eq!(written_in(place.path(), 7), Some(12 * 512));
        assert_eq!(written_in(place.path(), 8), None);
        assert_eq!(written_in(&place.path().join("missing"), 7), None);
    }
}

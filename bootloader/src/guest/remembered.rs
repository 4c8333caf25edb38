//! What was found on a guest's first boot, kept for its reboots.
//!
//! A reboot runs us from the daemonized xl, whose working directory is `/` and which has
//! its config in memory: a relative config path leads nowhere then. So the first boot
//! leaves a record under the guest's UUID in /run, which the machine's own reboot empties.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config_file::read_small_file;
use super::{Uuid, Vif};
use crate::limits::MAX_REMEMBERED;

/// Where the records are.
pub const DIRECTORY: &str = "/run/rpxeboot";

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    vif: Vif,
}

/// The interface that the guest `uuid` booted from before, if its name is still the same.
#[must_use]
pub fn recall(directory: &Path, uuid: Uuid, name: &str) -> Option<Vif> {
    // A record that somebody else could have written is none.
    if fs::symlink_metadata(directory).ok().is_none_or(|meta| !is_private(&meta)) {
        return None;
    }
    let text = read_small_file(&path(directory, uuid)).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    (record.name == name).then_some(record.vif)
}

/// Keeps the interface of the guest `uuid` for its next boot.
///
/// # Errors
/// The directory or the record cannot be written, or is not ours alone.
pub fn remember(directory: &Path, uuid: Uuid, name: &str, vif: &Vif) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if !is_private(&fs::symlink_metadata(directory)?) {
        return Err(io::Error::other("the directory is not ours alone"));
    }
    let record = Record { name: name.to_owned(), vif: vif.clone() };
    let text = serde_json::to_vec(&record).map_err(io::Error::other)?;
    let target = path(directory, uuid);
    if read_small_file(&target).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let fresh = target.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(&text).and_then(|()| fs::rename(&fresh, &target));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written?;
    forget_the_oldest(directory)
}

fn path(directory: &Path, uuid: Uuid) -> PathBuf {
    directory.join(format!("{uuid}.json"))
}

/// Whether it is a directory that only its owner, who is us, can change.
pub(super) fn is_private(meta: &fs::Metadata) -> bool {
    meta.is_dir() && meta.uid() == nix::unistd::geteuid().as_raw() && meta.mode() & 0o022 == 0
}

fn forget_the_oldest(directory: &Path) -> io::Result<()> {
    let mut records = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        records.push((entry.metadata()?.modified()?, entry.path()));
    }
    records.sort();
    let surplus = records.len().saturating_sub(MAX_REMEMBERED);
    for (_, path) in records.into_iter().take(surplus) {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vif() -> Vif {
        Vif {
            mac: "00:16:3e:62:39:d3".parse().unwrap(),
            bridge: "xenbr0".to_owned(),
            vlan: None,
            script: None,
            backend: None,
        }
    }

    fn uuid() -> Uuid {
        Uuid::parse("8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11").unwrap()
    }

    #[test]
    fn a_guest_is_found_again_by_uuid_and_name() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("rpxeboot");
        assert_eq!(recall(&directory, uuid(), "RK"), None);
        remember(&directory, uuid(), "RK", &vif()).unwrap();
        remember(&directory, uuid(), "RK", &vif()).unwrap();
        assert_eq!(recall(&directory, uuid(), "RK"), Some(vif()));
        assert_eq!(recall(&directory, uuid(), "other"), None);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_others_can_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("rpxeboot");
        remember(&directory, uuid(), "RK", &vif()).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(recall(&directory, uuid(), "RK"), None);
        assert!(remember(&directory, uuid(), "RK", &vif()).is_err());
    }

    #[test]
    fn the_records_are_bounded() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("rpxeboot");
        DirBuilder::new().mode(0o700).create(&directory).unwrap();
        for number in 0..MAX_REMEMBERED + 5 {
            fs::write(directory.join(format!("{number}.json")), b"{}").unwrap();
        }
        remember(&directory, uuid(), "RK", &vif()).unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), MAX_REMEMBERED);
        assert_eq!(recall(&directory, uuid(), "RK"), Some(vif()));
    }
}

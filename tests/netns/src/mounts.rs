//! A lab's own view of the file system: empty /run and /tmp, and an /etc and a /var/lib
//! in which every change is caught. So a file that rpxeboot leaves anywhere it may write
//! is seen, and two tests never see each other's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

/// The lab's own files; everything else below /run is the program's.
pub const LAB: &str = "/run/lab";

/// Directories whose changes go to a layer of their own.
const CAUGHT: [&str; 2] = ["/etc", "/var/lib"];

/// Replaces the view of the calling thread, which must have a mount namespace of its own.
/// `visible` are files or directories that must be seen inside, with their new names below
/// [`LAB`]: they may stand below /run or /tmp, which are hidden.
///
/// # Panics
/// When the kernel refuses a mount.
pub fn replace(visible: &[(PathBuf, &str)]) {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .expect("the mount namespace can be made private");
    tmpfs(Path::new("/run"));
    fs::create_dir(LAB).expect("the lab's directory");
    // mount(8)'s own: every machine has it, from its start on.
    fs::create_dir("/run/mount").expect("mount's directory");
    for (from, name) in visible {
        let at = Path::new(LAB).join(name);
        if from.is_dir() {
            fs::create_dir_all(&at).expect("a place for a directory");
        } else {
            fs::create_dir_all(at.parent().expect("a place has a parent"))
                .expect("a place's parent");
            File::create(&at).expect("a place for a file");
        }
        mount(Some(from), &at, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
            .unwrap_or_else(|error| panic!("{} on {}: {error}", from.display(), at.display()));
    }
    for directory in CAUGHT {
        overlay(directory);
    }
    tmpfs(Path::new("/tmp"));
    // /sys shows the interfaces of the namespace it was mounted in.
    mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), None::<&str>)
        .expect("a sysfs of this namespace");
}

/// Every file or directory that was made or changed where the program under test may leave
/// something: below /tmp, /run (without the lab's own), /etc and /var/lib.
#[must_use]
pub fn changes() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for root in ["/tmp", "/run"] {
        list(Path::new(root), &mut found);
    }
    for directory in CAUGHT {
        let layer = layer(directory, "upper");
        let mut changed = Vec::new();
        list(&layer, &mut changed);
        found.extend(changed.iter().map(|path| {
            Path::new(directory).join(path.strip_prefix(&layer).expect("below the layer"))
        }));
    }
    found.sort();
    found
}

fn tmpfs(at: &Path) {
    mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))
        .unwrap_or_else(|error| panic!("a tmpfs on {}: {error}", at.display()));
}

fn overlay(directory: &str) {
    let (upper, work) = (layer(directory, "upper"), layer(directory, "work"));
    fs::create_dir_all(&upper).expect("a layer for the changes");
    fs::create_dir_all(&work).expect("the overlay's work directory");
    let options =
        format!("lowerdir={directory},upperdir={},workdir={}", upper.display(), work.display());
    mount(Some("overlay"), directory, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .unwrap_or_else(|error| {
            panic!("an overlay on {directory}: {error} (the tests need overlayfs)")
        });
}

fn layer(directory: &str, part: &str) -> PathBuf {
    Path::new(LAB)
        .join("layers")
        .join(directory.trim_start_matches('/').replace('/', "-"))
        .join(part)
}

fn list(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path == Path::new(LAB) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&path, found);
        }
        found.push(path);
    }
}

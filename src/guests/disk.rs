//! A guest's disk: what the config says of it, and what is there.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use serde::Serialize;
use xlcfg::{DiskFormat, DiskSpec};

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Its name in the guest: `xvda`.
    pub vdev: String,
    /// The file or device in dom0; none for an empty drive.
    pub target: Option<PathBuf>,
    /// `raw`, `qcow2` …
    pub format: String,
    /// Whether it is a CD drive.
    pub cdrom: bool,
    /// Its size as the guest sees it, in bytes; none if it cannot be found out.
    pub size: Option<u64>,
    /// What its image takes on dom0's file system, in bytes; none for a device.
    pub used: Option<u64>,
    /// Whether nothing is at its target. False where that cannot be known: behind a script, in
    /// another domain, in a directory that we may not look into.
    #[serde(skip)]
    pub missing: bool,
}

/// A qcow2 image's size stands in its header (QEMU's docs/interop/qcow2.txt).
const QCOW2_MAGIC: &[u8] = b"QFI\xfb";
const QCOW2_SIZE: std::ops::Range<usize> = 24..32;

impl Disk {
    /// The disk that a config describes.
    #[must_use]
    pub fn new(spec: &DiskSpec) -> Self {
        let target = spec.target.as_ref().filter(|path| !path.is_empty()).map(PathBuf::from);
        // Where another domain or a script serves it, the path means nothing here.
        let here = target.as_deref().filter(|_| spec.backend.is_none() && spec.script.is_none());
        Self {
            vdev: spec.vdev.clone(),
            format: spec.format.to_string(),
            cdrom: spec.cdrom,
            size: here.and_then(|path| size(path, spec.format)),
            used: here.and_then(used),
            missing: here.is_some_and(is_missing),
            target,
        }
    }
}

fn size(path: &Path, format: DiskFormat) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    match format {
        DiskFormat::Raw if metadata.is_file() => Some(metadata.len()),
        DiskFormat::Raw if metadata.file_type().is_block_device() => device_size(path).ok(),
        DiskFormat::Qcow2 if metadata.is_file() => qcow2_size(path),
        _ => None,
    }
}

fn is_missing(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    })
}

fn used(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    // stat(2) counts in 512 bytes, whatever the file system's blocks are.
    metadata.is_file().then(|| metadata.blocks().saturating_mul(512))
}

fn device_size(path: &Path) -> io::Result<u64> {
    let mut device =
        File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    device.seek(SeekFrom::End(0))
}

fn qcow2_size(path: &Path) -> Option<u64> {
    let mut header = [0; QCOW2_SIZE.end];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    let size = header.get(QCOW2_SIZE)?.try_into().ok()?;
    header.starts_with(QCOW2_MAGIC).then(|| u64::from_be_bytes(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(text: &str) -> Disk {
        Disk::new(&DiskSpec::parse(text).unwrap())
    }

    #[test]
    fn a_sparse_image_is_large_and_takes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("disk.img");
        File::create(&path).unwrap().set_len(8 << 30).unwrap();
        let disk = disk(&format!("{},raw,xvda,rw", path.display()));
        assert_eq!((disk.size, disk.used), (Some(8 << 30), Some(0)));
        assert_eq!((disk.vdev.as_str(), disk.format.as_str()), ("xvda", "raw"));
    }

    #[test]
    fn a_qcow2_image_has_the_size_of_its_header() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("disk.qcow2");
        let mut header = [0; 112];
        header[..4].copy_from_slice(QCOW2_MAGIC);
        header[QCOW2_SIZE].copy_from_slice(&(8_u64 << 30).to_be_bytes());
        fs::write(&path, header).unwrap();
        let spec = format!("{},qcow2,xvda,rw", path.display());
        assert_eq!(disk(&spec).size, Some(8 << 30));
        fs::write(&path, "no image").unwrap();
        assert_eq!(disk(&spec).size, None);
    }

    #[test]
    fn what_is_not_here_has_no_size() {
        assert_eq!(disk("/nowhere/disk.img,raw,xvda,rw").size, None);
        assert_eq!(disk(",raw,hdc,cdrom").target, None);
        let elsewhere = disk("backend=store,vdev=xvda,target=/etc/passwd");
        assert_eq!((elsewhere.size, elsewhere.used), (None, None));
        assert!(!elsewhere.missing && !disk(",raw,hdc,cdrom").missing);
        assert!(!disk("script=block-iscsi,vdev=xvda,target=iqn.x").missing);
        assert!(disk("/nowhere/disk.img,raw,xvda,rw").missing);
    }
}

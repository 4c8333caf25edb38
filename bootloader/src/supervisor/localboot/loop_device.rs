//! A disk image as a block device, for a moment: loop(4).
//!
//! pygrub opens the disk after it has given up root, and an image is often root's alone (0600),
//! as it should be. A loop device of ours can be given to pygrub's uid without touching the
//! image's own permissions. It is read-only, and let go by the kernel with its last user.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use crate::failure::Failure;

/// A loop device; gone when this is dropped, or with us.
#[derive(Debug)]
pub struct LoopDevice {
    device: File,
}

const LOOP_SET_FD: libc::Ioctl = 0x4c00;
const LOOP_CLR_FD: libc::Ioctl = 0x4c01;
const LOOP_SET_STATUS64: libc::Ioctl = 0x4c04;
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4c82;
const LO_FLAGS_AUTOCLEAR: u32 = 4;

/// struct loop_info64 of linux/loop.h.
#[repr(C)]
struct LoopInfo {
    identity: [u64; 5],
    number: u32,
    encryption: [u32; 2],
    flags: u32,
    names: [[u8; 64]; 2],
    key: [u8; 32],
    init: [u64; 2],
}

/// Others take free devices too; after so many lost races something is wrong.
const ATTEMPTS: usize = 64;

impl LoopDevice {
    /// A device for `image`, which is open for reading only.
    ///
    /// # Errors
    /// [`crate::failure::Reason::NotPermitted`].
    pub fn attach(image: &File) -> Result<Self, Failure> {
        try_attach(image).map_err(|error| {
            Failure::not_permitted(
                "boot from disk: the disk is root's alone, and showing it to pygrub, which is \
                 not run as root, takes a loop device, which cannot be had (is the module loop \
                 there?)",
                &error,
            )
        })
    }

    /// Its number, as mknod(2) takes it.
    ///
    /// # Errors
    /// It is no block device.
    pub fn number(&self) -> Result<u64, Failure> {
        let meta = self
            .device
            .metadata()
            .map_err(|error| Failure::not_permitted("looking at a loop device", &error))?;
        if meta.file_type().is_block_device() {
            Ok(meta.rdev())
        } else {
            Err(Failure::not_permitted("looking at a loop device", &"it is no block device"))
        }
    }
}

fn try_attach(image: &File) -> io::Result<LoopDevice> {
    let control = File::options().read(true).write(true).open("/dev/loop-control")?;
    let mut busy = io::Error::from_raw_os_error(libc::EBUSY);
    for _ in 0..ATTEMPTS {
        let number = call(&control, LOOP_CTL_GET_FREE, 0)?;
        let path = PathBuf::from(format!("/dev/loop{number}"));
        // Opened for reading: the device is read-only then.
        let device = File::open(&path)?;
        match call(&device, LOOP_SET_FD, i64::from(image.as_raw_fd())) {
            Ok(_) => {
                let device = LoopDevice { device };
                device.let_go_with_the_last_user()?;
                return Ok(device);
            }
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => busy = error,
            Err(error) => return Err(error),
        }
    }
    Err(busy)
}

impl LoopDevice {
    #[allow(unsafe_code)]
    fn let_go_with_the_last_user(&self) -> io::Result<()> {
        let info = LoopInfo {
            identity: [0; 5],
            number: 0,
            encryption: [0; 2],
            flags: LO_FLAGS_AUTOCLEAR,
            names: [[0; 64]; 2],
            key: [0; 32],
            init: [0; 2],
        };
        // SAFETY: the kernel reads a loop_info64, which `info` has the layout of, and which
        // lives until the call is over.
        let done =
            unsafe { libc::ioctl(self.device.as_raw_fd(), LOOP_SET_STATUS64, &raw const info) };
        if done == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // It would stay for ever.
        let _ = call(&self.device, LOOP_CLR_FD, 0);
        Err(error)
    }
}

/// An ioctl that takes a number.
#[allow(unsafe_code)]
fn call(file: &File, request: libc::Ioctl, argument: i64) -> io::Result<i32> {
    // SAFETY: these requests take a number, and no memory of ours is touched.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), request, argument) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(size_of::<LoopInfo>(), 232);
        assert_eq!(std::mem::offset_of!(LoopInfo, flags), 52);
    }
}

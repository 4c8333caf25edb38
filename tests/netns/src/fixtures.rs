//! The boot that every server has to serve: a PXE config and a guest that were in use long
//! before this program, and images of known bytes.

use std::fs;
use std::path::Path;

/// The guest's MAC.
pub const MAC: &str = "00:16:3e:62:39:d3";
/// The guest's MAC as bytes.
pub const MAC_BYTES: [u8; 6] = [0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3];
/// The server's address.
pub const SERVER: [u8; 4] = [192, 168, 200, 1];
/// The address that the DHCP servers have for the guest.
pub const GUEST: &str = "192.168.200.177";
/// The config's name: the guest's address in hexadecimal.
pub const CONFIG_NAME: &str = "pxelinux.cfg/C0A8C8B1";
/// The config.
pub const CONFIG: &str = "\
default linux
prompt 1
timeout 120
label linux
kernel vmlinuz
append initrd=initrd.img lang=en_US keymap=us ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp
";
/// The command line that the guest must get, byte for byte.
pub const ARGS: &str = "BOOT_IMAGE=vmlinuz initrd=initrd.img lang=en_US keymap=us ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp";

const KERNEL_SIZE: usize = 3 << 20;
/// No multiple of any block size in use.
const RAMDISK_SIZE: usize = (5 << 20) + 77;

/// What [`tree`] put below a server's root.
#[derive(Debug, Clone)]
pub struct Images {
    /// `vmlinuz`
    pub kernel: Vec<u8>,
    /// `initrd.img`
    pub ramdisk: Vec<u8>,
}

/// Writes the whole boot below `root`: the config, the kernel and the ramdisk.
///
/// # Panics
/// When a file cannot be written.
pub fn tree(root: &Path) -> Images {
    let images = Images { kernel: kernel(1, KERNEL_SIZE), ramdisk: bytes(2, RAMDISK_SIZE) };
    write(root, CONFIG_NAME, CONFIG.as_bytes());
    write(root, "vmlinuz", &images.kernel);
    write(root, "initrd.img", &images.ramdisk);
    images
}

/// Writes one file below a server's root.
///
/// # Panics
/// When it cannot be written.
pub fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a file is in a directory"))
        .expect("a directory of the server");
    fs::write(path, bytes).expect("a file of the server");
}

/// Something that passes for a kernel: no guest runs it here.
#[must_use]
pub fn kernel(seed: u64, length: usize) -> Vec<u8> {
    bytes(seed, length)
}

/// Bytes that look random and are the same in every run (xorshift64*).
#[must_use]
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&crate::relay::next(&mut state).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

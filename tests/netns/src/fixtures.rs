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

/// Something that passes for a kernel, of at least 256 bytes: no guest runs it here. An ELF file
/// with Xen's notes (xen/include/public/elfnote.h) for PV and PVH, then bytes as of [`bytes`].
#[must_use]
pub fn kernel(seed: u64, length: usize) -> Vec<u8> {
    const BASE: u64 = 0xffff_ffff_8000_0000;
    let mut notes = Vec::new();
    for (kind, content) in [
        (5_u32, &b"xen-3.0\0"[..]),
        (6, b"linux\0"),
        (8, b"generic\0"),
        (1, &(BASE + 0x100_0000).to_le_bytes()),
        (3, &BASE.to_le_bytes()),
        (18, &0x100_0000_u32.to_le_bytes()),
    ] {
        let size = u32::try_from(content.len()).expect("a small note");
        notes.extend([4, size, kind].into_iter().flat_map(u32::to_le_bytes));
        notes.extend(b"Xen\0");
        notes.extend(content);
        notes.resize(notes.len().next_multiple_of(4), 0);
    }
    // Header, two program headers, notes; all in one segment, 16 MiB up.
    const NOTES: u64 = 64 + 2 * 56;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    elf.extend([0x100_0000_u64, 64, 0].into_iter().flat_map(u64::to_le_bytes));
    elf.extend(b"\0\0\0\0\x40\0\x38\0\x02\0\x40\0\0\0\0\0");
    let whole = u64::try_from(length).expect("a length");
    let noted = u64::try_from(notes.len()).expect("a length");
    for (kind, offset, size) in [(1_u32, 0, whole), (4, NOTES, noted)] {
        elf.extend(kind.to_le_bytes());
        elf.extend(7_u32.to_le_bytes());
        let address = 0x100_0000 + offset;
        let fields = [offset, BASE + address, address, size, size, 4];
        elf.extend(fields.into_iter().flat_map(u64::to_le_bytes));
    }
    elf.extend(notes);
    assert!(length >= elf.len(), "a kernel of at least {} bytes", elf.len());
    elf.extend(bytes(seed, length - elf.len()));
    elf
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

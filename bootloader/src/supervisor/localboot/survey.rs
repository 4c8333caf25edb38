//! A look of our own at a disk on which pygrub finds nothing: is it perhaps there, in a form
//! that pygrub cannot read?
//!
//! pygrub says the same of an empty partition and of one with a file system that it does not
//! know: btrfs, LVM, LUKS, RAID, or an ext4 or XFS with newer features than its own library.
//! A guest that was installed there would be installed again at each reboot. So the places
//! where file systems begin are looked at for what names one. The formats: MBR and its chain of
//! extended partitions, GPT (UEFI 2.10, 5.3); each file system's superblock.

use std::io;
use std::ops::Range;

use crate::limits::MAX_PARTITIONS;

/// Reads up to a buffer full from a place on the disk; less only at its end.
pub trait Disk {
    /// See the trait.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Disk for std::fs::File {
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(read as u64);
            match std::os::unix::fs::FileExt::read_at(self, rest, at) {
                Ok(0) => break,
                Ok(length) => read += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Beyond what a disk can have: a table's nonsense, not the disk's fault.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// Something on the disk that may hold a system, and that pygrub has not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What it is.
    pub kind: &'static str,
    /// Where it begins, in bytes.
    pub offset: u64,
}

/// What is on the disk that pygrub, which could open `opened` file systems, has not read.
///
/// # Errors
/// The disk cannot be read.
pub fn unread(disk: &dyn Disk, opened: usize) -> io::Result<Option<Unread>> {
    let start = bytes(disk, 0, 512)?;
    if let Some((kind, _)) = IMAGES.iter().find(|(_, magic)| start.starts_with(magic)) {
        return Ok(Some(Unread { kind, offset: 0 }));
    }
    let mut known = Vec::new();
    for offset in places(disk, &start)? {
        let area = bytes(disk, offset, AREA)?;
        let holds = |sign: &&Sign| area.get(sign.at.clone()) == Some(sign.magic);
        if let Some(sign) = SIGNS.iter().find(holds) {
            let found = Unread { kind: sign.kind, offset };
            if !sign.known {
                return Ok(Some(found));
            }
            known.push(found);
        }
    }
    // Those that pygrub has opened have no boot menu. Which they are it does not tell.
    Ok(if known.len() > opened { known.into_iter().next() } else { None })
}

const SECTOR: u64 = 512;
/// From a file system's beginning to the end of btrfs's magic, the last one.
const AREA: usize = 0x1_0048;

/// Disk images that are no raw ones.
const IMAGES: [(&str, &[u8]); 3] =
    [("a qcow2 image", b"QFI\xfb"), ("a VHD image", b"conectix"), ("a VMDK image", b"KDMV")];

struct Sign {
    kind: &'static str,
    at: Range<usize>,
    magic: &'static [u8],
    /// Whether pygrub opens such a file system, unless it is too new for it.
    known: bool,
}

const fn sign(kind: &'static str, at: usize, magic: &'static [u8], known: bool) -> Sign {
    Sign { kind, at: at..at + magic.len(), magic, known }
}

const SIGNS: [Sign; 15] = [
    sign("a btrfs file system", 0x1_0040, b"_BHRfS_M", false),
    sign("a LUKS volume", 0, b"LUKS\xba\xbe", false),
    sign("an LVM volume", 0, b"LABELONE", false),
    sign("an LVM volume", 512, b"LABELONE", false),
    sign("an LVM volume", 1024, b"LABELONE", false),
    sign("an LVM volume", 1536, b"LABELONE", false),
    sign("a RAID member", 0, b"\xfc\x4e\x2b\xa9", false),
    sign("a RAID member", 4096, b"\xfc\x4e\x2b\xa9", false),
    sign("an f2fs file system", 1024, b"\x10\x20\xf5\xf2", false),
    sign("an NTFS file system", 3, b"NTFS    ", false),
    sign("an XFS file system", 0, b"XFSB", true),
    sign("an ext file system", 1080, b"\x53\xef", true),
    sign("a FAT file system", 54, b"FAT1", true),
    sign("a FAT file system", 82, b"FAT32", true),
    sign("an ISO 9660 file system", 0x8001, b"CD001", true),
];

/// Where file systems may begin, each once: the disk itself, and its partitions.
fn places(disk: &dyn Disk, start: &[u8]) -> io::Result<Vec<u64>> {
    let mut places = vec![0];
    let mut extended = None;
    if start.get(510..512) == Some(b"\x55\xaa") {
        for (kind, sector) in entries(start) {
            match kind {
                0xee => places.extend(gpt(disk)?),
                0x05 | 0x0f | 0x85 => extended = Some(sector),
                _ => places.push(sector.saturating_mul(SECTOR)),
            }
        }
    }
    if let Some(first) = extended {
        places.extend(logical(disk, first)?);
    }
    places.sort_unstable();
    places.dedup();
    places.truncate(MAX_PARTITIONS);
    Ok(places)
}

/// The entries of an MBR that are in use: kind and first sector.
fn entries(sector: &[u8]) -> Vec<(u8, u64)> {
    let table = sector.get(446..510).unwrap_or_default();
    let entry = |entry: &[u8]| Some((*entry.get(4)?, u64::from(little_u32(entry, 8)?)));
    table.chunks(16).filter_map(entry).filter(|(_, sector)| *sector != 0).collect()
}

/// The partitions in an extended one: a chain of sectors, each with a partition and the next.
fn logical(disk: &dyn Disk, first: u64) -> io::Result<Vec<u64>> {
    let mut places = Vec::new();
    let mut at = first;
    // Bounded, because the chain may be a ring.
    for _ in 0..MAX_PARTITIONS {
        let sector = bytes(disk, at.saturating_mul(SECTOR), 512)?;
        if sector.get(510..512) != Some(b"\x55\xaa") {
            break;
        }
        let mut next = None;
        for (kind, sector) in entries(&sector) {
            match kind {
                0x05 | 0x0f | 0x85 => next = Some(first.saturating_add(sector)),
                _ => places.push(at.saturating_add(sector).saturating_mul(SECTOR)),
            }
        }
        let Some(next) = next else { break };
        at = next;
    }
    Ok(places)
}

/// The partitions of a GPT.
fn gpt(disk: &dyn Disk) -> io::Result<Vec<u64>> {
    let header = bytes(disk, SECTOR, 512)?;
    let (Some(table), Some(count), Some(size)) =
        (little_u64(&header, 72), little_u32(&header, 80), little_u32(&header, 84))
    else {
        return Ok(Vec::new());
    };
    if !header.starts_with(b"EFI PART") || size < 128 {
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for number in 0..u64::from(count).min(MAX_PARTITIONS as u64) {
        let at = number.saturating_mul(u64::from(size));
        let entry = bytes(disk, table.saturating_mul(SECTOR).saturating_add(at), 128)?;
        if let Some(first) = little_u64(&entry, 32).filter(|first| *first != 0) {
            places.push(first.saturating_mul(SECTOR));
        }
    }
    Ok(places)
}

/// `length` bytes from `offset`, or what there is of them.
fn bytes(disk: &dyn Disk, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    let read = disk.read(&mut buffer, offset)?;
    buffer.truncate(read);
    Ok(buffer)
}

fn little_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn little_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;

use super::*;
use proptest::prelude::*;

/// A disk in memory.
struct Bytes(Vec<u8>);

impl Disk for Bytes {
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let length = buffer.len().min(self.0.len() - start);
        buffer[..length].copy_from_slice(&self.0[start..start + length]);
        Ok(length)
    }
}

impl Bytes {
    fn new() -> Self {
        Self(vec![0; 4 << 20])
    }

    fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// An entry of the table in `sector`.
    fn entry(self, sector: usize, number: usize, kind: u8, first: u32) -> Self {
        let at = sector * 512;
        self.put(at + 510, b"\x55\xaa")
            .put(at + 446 + number * 16 + 4, &[kind])
            .put(at + 446 + number * 16 + 8, &first.to_le_bytes())
    }

    fn kind(&self, opened: usize) -> Option<(&'static str, u64)> {
        unread(self, opened).unwrap().map(|unread| (unread.kind, unread.offset / 512))
    }
}

#[test]
fn an_empty_disk_holds_nothing() {
    assert_eq!(Bytes::new().kind(0), None);
    assert_eq!(Bytes(Vec::new()).kind(0), None);
    assert_eq!(Bytes::new().entry(0, 0, 0x83, 2048).kind(0), None);
}

#[test]
fn what_pygrub_does_not_know_is_named_with_its_place() {
    let partitioned = || Bytes::new().entry(0, 1, 0x83, 2048);
    let at = 2048 * 512;
    let cases: [(usize, &[u8], &str); 6] = [
        (0x1_0040, b"_BHRfS_M", "a btrfs file system"),
        (0, b"LUKS\xba\xbe\0\x02", "a LUKS volume"),
        (512, b"LABELONE", "an LVM volume"),
        (4096, b"\xfc\x4e\x2b\xa9", "a RAID member"),
        (1024, b"\x10\x20\xf5\xf2", "an f2fs file system"),
        (3, b"NTFS    ", "an NTFS file system"),
    ];
    for (place, magic, kind) in cases {
        assert_eq!(partitioned().put(at + place, magic).kind(9), Some((kind, 2048)));
        assert_eq!(Bytes::new().put(place, magic).kind(9), Some((kind, 0)), "the whole disk");
    }
}

#[test]
fn a_file_system_that_pygrub_could_not_open_is_noticed_beside_one_that_it_could() {
    let disk = Bytes::new()
        .entry(0, 0, 0xef, 2048)
        .put(2048 * 512 + 82, b"FAT32")
        .entry(0, 1, 0x83, 4096)
        .put(4096 * 512 + 1080, b"\x53\xef");
    assert_eq!(disk.kind(2), None);
    assert_eq!(disk.kind(1).map(|(_, at)| at), Some(2048));
    assert!(disk.kind(0).is_some());
}

#[test]
fn partitions_of_every_table_are_looked_at() {
    let logical = Bytes::new()
        .entry(0, 0, 0x83, 2048)
        .entry(0, 1, 0x05, 4000)
        .entry(4000, 0, 0x83, 16)
        .entry(4000, 1, 0x05, 500)
        .entry(4500, 0, 0x8e, 16)
        .put((4516 + 1) * 512, b"LABELONE");
    assert_eq!(logical.kind(9), Some(("an LVM volume", 4516)));

    let gpt = Bytes::new()
        .entry(0, 0, 0xee, 1)
        .put(512, b"EFI PART")
        .put(512 + 72, &2_u64.to_le_bytes())
        .put(512 + 80, &128_u32.to_le_bytes())
        .put(512 + 84, &128_u32.to_le_bytes())
        .put(1024 + 128 + 32, &6000_u64.to_le_bytes())
        .put(6000 * 512 + 512, b"LABELONE");
    assert_eq!(gpt.kind(9), Some(("an LVM volume", 6000)));
}

#[test]
fn an_image_that_is_not_raw_is_named() {
    assert_eq!(Bytes(b"QFI\xfb\0\0\0\x03".to_vec()).kind(9), Some(("a qcow2 image", 0)));
}

#[test]
fn a_ring_of_partitions_ends() {
    let ring = Bytes::new().entry(0, 0, 0x05, 4000).entry(4000, 1, 0x05, 0x1);
    let ring = ring.entry(4001, 1, 0x05, 0x1);
    assert_eq!(ring.kind(0), None);
}

#[test]
fn a_disk_that_cannot_be_read_is_no_empty_one() {
    struct Broken;
    impl Disk for Broken {
        fn read(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(libc::EIO))
        }
    }
    assert!(unread(&Broken, 0).is_err());
}

proptest! {
    #[test]
    fn no_table_leads_astray(
        start in prop::collection::vec(any::<u8>(), 2048),
        kinds in prop::collection::vec(prop::sample::select(vec![0x05_u8, 0x0f, 0x83, 0xee]), 4),
    ) {
        let mut disk = Bytes(start).put(510, b"\x55\xaa").put(512, b"EFI PART");
        for (number, kind) in kinds.iter().enumerate() {
            disk = disk.put(446 + number * 16 + 4, &[*kind]);
        }
        let _ = unread(&disk, 0);
    }
}

//! Where fetched bytes go.
//!
//! TFTP hands blocks out at their final place, sometimes out of order; most of them follow
//! each other, and a write for each would be a system call a packet, so they are gathered.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use nix::sys::statvfs::fstatvfs;

use crate::text;

/// Something that bytes can be put into, at their place.
pub trait Sink {
    /// So many bytes are announced.
    ///
    /// # Errors
    /// There is no room for them.
    fn expect(&mut self, total: u64) -> io::Result<()>;

    /// Puts `bytes` at `offset`.
    ///
    /// # Errors
    /// They cannot be kept (the disk is full, a limit is reached).
    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// What has come is worth nothing: it begins again.
    ///
    /// # Errors
    /// As for [`Self::put`].
    fn restart(&mut self) -> io::Result<()>;

    /// Everything has come.
    ///
    /// # Errors
    /// As for [`Self::put`].
    fn finish(&mut self) -> io::Result<()>;
}

/// A small file in memory. The transfers keep to their size limit, so this has none.
#[derive(Debug, Default)]
pub struct Memory(Vec<u8>);

impl Memory {
    /// What has come.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Sink for Memory {
    fn expect(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let too_large = || io::Error::from(io::ErrorKind::FileTooLarge);
        let start = usize::try_from(offset).map_err(|_| too_large())?;
        let end = start.checked_add(bytes.len()).ok_or_else(too_large)?;
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        let place = self.0.get_mut(start..end).ok_or_else(too_large)?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.0.clear();
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file on disk, from `base` on.
#[derive(Debug)]
pub struct Disk<'a> {
    file: &'a File,
    base: u64,
    pending: Vec<u8>,
    pending_at: u64,
}

/// The unit of `st_blocks` (stat(3type)).
const STAT_BLOCK: u64 = 512;
/// Enough to make the writes few, little enough for many guests at once.
const GATHERED: usize = 256 * 1024;

impl<'a> Disk<'a> {
    /// Puts offset 0 at `base` of `file`.
    #[must_use]
    pub fn new(file: &'a File, base: u64) -> Self {
        Self { file, base, pending: Vec::with_capacity(GATHERED), pending_at: 0 }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.file.write_all_at(&self.pending, place(self.base, self.pending_at)?)?;
            self.pending.clear();
        }
        Ok(())
    }
}

fn place(base: u64, offset: u64) -> io::Result<u64> {
    base.checked_add(offset).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))
}

impl Sink for Disk<'_> {
    /// A file system that is filled takes longer to fail, and others with it.
    fn expect(&mut self, total: u64) -> io::Result<()> {
        let Ok(system) = fstatvfs(self.file) else { return Ok(()) };
        // What root alone may use is for dom0, not for us.
        let free = system.blocks_available().saturating_mul(system.fragment_size());
        let held = self.file.metadata()?.blocks().saturating_mul(STAT_BLOCK);
        if total > free.saturating_add(held) {
            let (total, free) = (text::size(total), text::size(free));
            let why = format!("it has {total}, and {free} are free there");
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        Ok(())
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let follows = self.pending_at.checked_add(self.pending.len() as u64) == Some(offset);
        if !follows || self.pending.len().saturating_add(bytes.len()) > GATHERED {
            self.flush()?;
        }
        if bytes.len() >= GATHERED {
            return self.file.write_all_at(bytes, place(self.base, offset)?);
        }
        if self.pending.is_empty() {
            self.pending_at = offset;
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.pending.clear();
        self.file.set_len(self.base)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn disk_content(blocks: &[(u64, Vec<u8>)], base: u64) -> Vec<u8> {
        let file = tempfile::tempfile().unwrap();
        let mut disk = Disk::new(&file, base);
        for (offset, bytes) in blocks {
            disk.put(*offset, bytes).unwrap();
        }
        disk.finish().unwrap();
        let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut content, 0).unwrap();
        content
    }

    #[test]
    fn blocks_out_of_order_come_to_their_places() {
        let blocks =
            [(0, b"aa".to_vec()), (4, b"cc".to_vec()), (2, b"bb".to_vec()), (6, b"d".to_vec())];
        assert_eq!(disk_content(&blocks, 0), b"aabbccd");
        assert_eq!(disk_content(&blocks, 4), b"\0\0\0\0aabbccd");
    }

    #[test]
    fn what_has_no_room_is_not_begun() {
        let file = tempfile::tempfile().unwrap();
        let mut disk = Disk::new(&file, 0);
        disk.expect(1).unwrap();
        let system = fstatvfs(&file).unwrap();
        let all = system.blocks() * system.fragment_size();
        let error = disk.expect(all + 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains(" are free there"), "{error}");
    }

    #[test]
    fn a_second_try_leaves_nothing_of_the_first() {
        let file = tempfile::tempfile().unwrap();
        let mut disk = Disk::new(&file, 4);
        disk.put(0, &[1; GATHERED + 9]).unwrap();
        disk.put(GATHERED as u64 + 9, b"more").unwrap();
        disk.restart().unwrap();
        disk.put(0, b"new").unwrap();
        disk.finish().unwrap();
        assert_eq!(file.metadata().unwrap().len(), 7);
    }

    proptest! {
        #[test]
        fn disk_and_memory_agree(
            blocks in proptest::collection::vec((0..2000u64, proptest::collection::vec(any::<u8>(), 0..300)), 1..20)
        ) {
            let mut memory = Memory::default();
            for (offset, bytes) in &blocks {
                memory.put(*offset, bytes).unwrap();
            }
            let mut expected = memory.into_bytes();
            let found = disk_content(&blocks, 0);
            // An empty block at the very end makes memory longer, which no transfer does.
            expected.truncate(found.len());
            prop_assert_eq!(expected, found);
        }

        #[test]
        fn large_blocks_are_written_through(seed in any::<u8>()) {
            let large = vec![seed; GATHERED + 7];
            let blocks = [(0, vec![1; 100]), (100, large.clone()), (100 + large.len() as u64, vec![2; 9])];
            let expected: Vec<u8> = blocks.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            prop_assert_eq!(disk_content(&blocks, 0), expected);
        }
    }
}

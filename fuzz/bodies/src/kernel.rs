//! Kernels, of every form and compression.

use std::io::{self, Read, Seek, SeekFrom};

use kernel_image::{Arch, GuestType, Limits, look};

const SMALL: Limits = Limits { unpacked: 1 << 20, window: 1 << 20 };
/// How often the file may be read or sought in: the look goes over it a few times at most, and
/// reads at least a byte each time.
const PATIENCE: usize = 2_000_000;

/// A file that counts how often it is looked at.
struct Counted<'a> {
    file: io::Cursor<&'a [u8]>,
    left: usize,
}

impl Counted<'_> {
    fn count(&mut self) {
        self.left = self.left.checked_sub(1).expect("the look does not end");
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.count();
        self.file.read(buffer)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.count();
        self.file.seek(to)
    }
}

/// A file that is to be a kernel.
pub(crate) fn image(bytes: &[u8]) {
    let file = Counted { file: io::Cursor::new(bytes), left: PATIENCE };
    let kernel = match look(file, &SMALL) {
        Ok(kernel) => kernel,
        Err(error) => return crate::assert_shown(&error.to_string()),
    };
    kernel.unseen.iter().for_each(|text| crate::assert_shown(text));
    kernel.version().into_iter().for_each(crate::assert_shown);
    for guest in [GuestType::Pv, GuestType::Pvh, GuestType::Unknown] {
        for host in [Arch::X86, Arch::Arm] {
            if let Err(unfit) = kernel.for_guest(guest, host) {
                crate::assert_shown(&unfit.to_string());
            }
        }
        for remark in kernel.remarks(guest) {
            crate::assert_shown(&remark.to_string());
        }
    }
}

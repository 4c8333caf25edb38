//! The terminal on which a bootloader that runs right now can be heard.
//!
//! libxl copies what it says to a pty, whose path stands in xenstore while it runs
//! (libxl_bootloader.c); its log is written in blocks, and is whole only in the end.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::program;
use crate::console::Console;

/// xenstore answers at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest line that is waited for; libxl's own buffer is as long.
const MAX_PENDING: usize = 4096;
/// No look takes more: a bootloader that talks without end keeps nobody from anything else.
const MAX_READ: usize = 64 << 10;

/// A bootloader's terminal; it is only read.
#[derive(Debug)]
pub struct Terminal {
    file: File,
    /// A line whose end has not come yet.
    pending: Vec<u8>,
}

impl Terminal {
    /// The terminal of this domain's bootloader. None if it has none any more: that is no error.
    #[must_use]
    pub fn open(domid: u32, console: &Console) -> Option<Self> {
        let mut command = Command::new(program::find("xenstore-read")?);
        command.arg(format!("/local/domain/{domid}/console/tty"));
        let said = program::run(command, PATIENCE, console).ok()?;
        let path = PathBuf::from(said.out.trim_end());
        if !said.status.success() || !path.starts_with("/dev/pts") {
            return None;
        }
        // Never ours to control, and never a reason to wait.
        let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
        let is_device = file.metadata().ok()?.file_type().is_char_device();
        is_device.then(|| Self { file, pending: vec![] })
    }

    /// The lines that have come since.
    pub fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut buffer = [0; MAX_PENDING];
        let mut total = 0;
        while total < MAX_READ {
            // Its end is an error (EIO) or nothing: both are seen in `xl list` as well.
            let Ok(count @ 1..) = self.file.read(&mut buffer) else { break };
            total += count;
            for byte in buffer.iter().take(count) {
                match byte {
                    b'\n' | b'\r' => lines.extend(self.line()),
                    _ if self.pending.len() < MAX_PENDING => self.pending.push(*byte),
                    _ => {}
                }
            }
        }
        lines
    }

    fn line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.pending);
        (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned())
    }
}

//! Whether somebody sits at the guest's console.
//!
//! libxl gives a bootloader one pty and `xl console` another, and copies between them
//! (libxl_bootloader.c), so nothing on ours tells. The other one's name is in xenstore
//! (`console/tty`); who has it open for reading and writing, libxl aside, can type there.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::guest::xenstore::{Wait, Xenstore};
use crate::request::Request;

/// How long `xl create -c` may take to start its console: it sleeps a second before
/// (`autoconnect_console`, tools/xl/xl_vmcontrol.c), and a dom0 may be busy.
const CONSOLE_START: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(25);

/// Whether a menu can be shown at all.
pub(super) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether somebody can type.
pub(super) fn is_somebody_there(request: &Request) -> bool {
    let Some(domid) = request.domid() else {
        // Not started by libxl: it is a person's own terminal.
        return true;
    };
    let Some(tty) = console_tty(domid, request.deadline) else { return false };
    let end = Instant::now() + if asked_for_console() { CONSOLE_START } else { Duration::ZERO };
    loop {
        if is_open_elsewhere(Path::new(&tty), parent()) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

/// The pty that `xl console` opens for a domain.
fn console_tty(domid: u32, whole_boot: Duration) -> Option<String> {
    let mut store = Xenstore::connect(Wait::new(whole_boot, None)).ok()?;
    let tty = store.read(&format!("/local/domain/{domid}/console/tty")).ok()??;
    tty.starts_with("/dev/").then_some(tty)
}

fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// `xl create -c` starts its console beside us; when the guest later reboots, the same xl has gone
/// into the background, and starts none.
fn asked_for_console() -> bool {
    let words = fs::read(format!("/proc/{}/cmdline", parent())).unwrap_or_default();
    let stdin = fs::read_link(format!("/proc/{}/fd/0", parent()));
    let in_background = stdin.is_ok_and(|stdin| stdin == Path::new("/dev/null"));
    says_console(&words) && !in_background
}

/// `-c`, alone or among other letters that take no value (xl(1), create).
fn says_console(cmdline: &[u8]) -> bool {
    cmdline.split(|&b| b == 0).any(|word| match word {
        [b'-', letters @ ..] => {
            letters.contains(&b'c') && letters.iter().all(|letter| b"cdeFnpqVA".contains(letter))
        }
        _ => false,
    })
}

/// Whether a process but `except` and ourselves has `tty` open for writing.
fn is_open_elsewhere(tty: &Path, except: u32) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|pid: &u32| *pid != except && *pid != std::process::id())
        .any(|pid| has_open(pid, tty))
}

fn has_open(pid: u32, tty: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path()).is_ok_and(|target| target == tty)
            && descriptor.file_name().to_str().is_some_and(|number| may_write(pid, number))
    })
}

/// A log of the console only reads.
fn may_write(pid: u32, descriptor: &str) -> bool {
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    // O_ACCMODE is the last two bits; 0 is O_RDONLY.
    flags.is_some_and(|flags| flags & 3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};

    #[test]
    fn xl_says_whether_it_starts_a_console() {
        assert!(says_console(b"xl\0create\0-c\0vm.cfg\0"));
        assert!(says_console(b"xl\0-v\0create\0vm.cfg\0-pc\0"));
        assert!(!says_console(b"xl\0create\0vm.cfg\0"));
        assert!(!says_console(b"xl\0create\0-fconfig.cfg\0--config=x\0c\0"));
    }

    #[test]
    fn only_who_can_write_counts() {
        let place = tempfile::tempdir().unwrap();
        let tty = place.path().join("tty");
        fs::write(&tty, "").unwrap();
        let ours = std::process::id();
        assert!(!has_open(ours, &tty));
        let reading = File::open(&tty).unwrap();
        assert!(!has_open(ours, &tty));
        let writing = OpenOptions::new().read(true).write(true).open(&tty).unwrap();
        assert!(has_open(ours, &tty));
        assert!(!is_open_elsewhere(&tty, 0), "ourselves do not count");
        drop((reading, writing));
    }
}

//! The xl that watches over a running guest and starts it again when it reboots.
//!
//! Between a guest's end and its next start there is no domain for some seconds (xl_vmcontrol.c
//! sleeps for two), and nothing but this process shows that it will be back.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::domains::{self, Domain};
use crate::console::Console;
use crate::failure::Failure;

/// The longest that a guest is waited for between two starts of its: xl's two seconds, and what
/// a busy dom0 makes of them.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(200);

/// The running domain of the guest with this name and config; one that is between two starts
/// is waited for.
///
/// # Errors
/// As [`domains::running`].
pub fn running_or_restarting(
    name: &str,
    config: &Path,
    console: &Console,
) -> Result<Option<Domain>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let domain = domains::running(name, console)?.filter(|domain| !domain.is_ending());
        if domain.is_some() || !is_watched(config) || Instant::now() >= deadline {
            return Ok(domain);
        }
        console.detail(&format!("{name} is between two starts: waiting for it"));
        std::thread::sleep(PAUSE);
    }
}

/// Whether an xl has been started with this config and is still there.
#[must_use]
pub fn is_watched(config: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| is_xl_of(&line, config))
}

/// xl may have been given the config by any path, in a directory that it has left since; so the
/// file's name has to do.
fn is_xl_of(cmdline: &[u8], config: &Path) -> bool {
    let mut words = cmdline.split(|byte| *byte == 0);
    let name_of = |word| Path::new(std::ffi::OsStr::from_bytes(word)).file_name();
    let program = words.next().and_then(name_of);
    program.is_some_and(|program| program == "xl")
        && words.next() == Some(b"create")
        && words.any(|word| name_of(word) == config.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_xl_of_a_config_is_known_by_the_files_name() {
        let config = Path::new("/etc/xen/RK.cfg");
        assert!(is_xl_of(b"xl\0create\0/etc/xen/RK.cfg\0", config));
        assert!(is_xl_of(b"/usr/sbin/xl\0create\0-c\0RK.cfg\0", config));
        assert!(!is_xl_of(b"xl\0create\0web.cfg\0", config));
        assert!(!is_xl_of(b"xl\0console\0RK.cfg\0", config));
        assert!(!is_xl_of(b"vi\0create\0RK.cfg\0", config));
        assert!(!is_xl_of(b"", config));
    }
}

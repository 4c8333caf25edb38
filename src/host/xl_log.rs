//! What the xl that watches over a guest has written down: /var/log/xen/xl-NAME.log.

use std::path::PathBuf;

use crate::files::read;

/// Why a domain ended: Xen's shutdown reason (xen/include/public/sched.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It switched itself off, or was told to.
    PowerOff,
    /// It wants to start again.
    Reboot,
    /// Its kernel panicked, or its watchdog bit.
    Crash,
    /// Another, or none that anybody wrote down.
    Unknown,
}

/// Its end is enough: the last shutdown stands there.
const MAX_LOG: u64 = 64 << 10;

/// Why this domain ended (xl_vmcontrol.c: "Domain %u has shut down, reason code %d").
#[must_use]
pub fn shutdown_reason(name: &str, domid: u32) -> Reason {
    let path = PathBuf::from(format!("/var/log/xen/xl-{name}.log"));
    let bytes = read::tail(&path, MAX_LOG).unwrap_or_default();
    reason_in(&String::from_utf8_lossy(&bytes), domid)
}

fn reason_in(log: &str, domid: u32) -> Reason {
    let start = format!("Domain {domid} has shut down, reason code ");
    let code = log.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once(&start)?;
        rest.split(' ').next()
    });
    match code {
        Some("0") => Reason::PowerOff,
        Some("1") => Reason::Reboot,
        Some("3" | "4") => Reason::Crash,
        _ => Reason::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_end_of_that_very_domain_counts() {
        let log = "Waiting for domain RK (domid 7) to die [pid 901]\n\
                   Domain 7 has shut down, reason code 1 0x1\n\
                   Action for shutdown reason code 1 is restart\n\
                   Domain 7 needs to be cleaned up: destroying the domain\n\
                   Domain 70 has shut down, reason code 3 0x3\n";
        assert_eq!(reason_in(log, 7), Reason::Reboot);
        assert_eq!(reason_in(log, 70), Reason::Crash);
        assert_eq!(reason_in(log, 8), Reason::Unknown);
    }
}

//! What the figures were taken on and with.

use std::process::Command;

/// One line: date, processors, kernel, versions of servers and peers.
pub fn line() -> String {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let kernel = said("uname", &["-r"]);
    let packages =
        ["busybox-static", "curl", "dnsmasq-base", "isc-dhcp-server", "kea-dhcp4-server"];
    let mut words = vec!["-W", "-f", "${Package} ${Version}, "];
    words.extend(packages);
    words.extend(["nginx", "tftpd-hpa"]);
    let versions = said("dpkg-query", &words);
    let date = said("date", &["+%F"]);
    format!(
        "{date}; {cores} cores, Linux {kernel}; {}, atftp and atftpd 0.8.0, rs-tftpd (crate tftpd 1).",
        versions.trim_end_matches([',', ' '])
    )
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    output.map_or_else(
        |_| "?".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

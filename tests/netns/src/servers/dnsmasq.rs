//! dnsmasq: DHCP, TFTP and proxyDHCP.

use std::path::Path;

use crate::fixtures::{GUEST, MAC};
use crate::host::{Host, Server};
use crate::programs;

/// Starts dnsmasq with these lines as its configuration, plus what every test needs.
pub fn start(host: &Host, lines: &[String]) -> Server {
    let directory = host.directory("dnsmasq");
    let config = directory.join("dnsmasq.conf");
    let leases = directory.join("leases");
    // No name service, unless a test asks for it.
    let names = if lines.iter().any(|line| line.starts_with("port=")) { "" } else { "port=0\n" };
    let common = format!(
        "{names}interface=eth0\nbind-interfaces\nuser=root\ngroup=root\nno-resolv\nno-hosts\nlog-dhcp\npid-file=\ndhcp-leasefile={}\n",
        leases.display()
    );
    std::fs::write(&config, common + &lines.join("\n") + "\n").expect("dnsmasq's configuration");
    let mut command = host.command(programs::installed("dnsmasq"));
    command
        .arg("--keep-in-foreground")
        .arg("--log-facility=-")
        .arg(format!("--conf-file={}", config.display()));
    let dhcp = lines.iter().any(|line| line.starts_with("dhcp-range="));
    let tftp = lines.iter().any(|line| line == "enable-tftp");
    host.serve("dnsmasq", command, move |server| {
        (!dhcp || server.has_udp_port(67)) && (!tftp || server.has_udp_port(69))
    })
}

/// The lines that give the guest, and no other, its address.
#[must_use]
pub fn lease() -> Vec<String> {
    vec!["dhcp-range=192.168.200.0,static,1h".to_owned(), format!("dhcp-host={MAC},{GUEST}")]
}

/// The lines that serve files.
#[must_use]
pub fn tftp(root: &Path) -> Vec<String> {
    vec!["enable-tftp".to_owned(), format!("tftp-root={}", root.display())]
}

/// The lines that give any client an address at once, without dnsmasq's ping of 3 s.
#[must_use]
pub fn pool() -> Vec<String> {
    vec!["dhcp-range=192.168.200.100,192.168.200.150,1h".to_owned(), "no-ping".to_owned()]
}

/// A lease with a boot file and the files, all from one server: the usual small set-up.
pub fn whole(host: &Host, root: &Path) -> Server {
    let mut lines = lease();
    lines.extend(tftp(root));
    lines.push("dhcp-boot=pxelinux.0".to_owned());
    start(host, &lines)
}

/// A server of boot information only, beside another that gives the addresses.
pub fn proxy(host: &Host, root: &Path) -> Server {
    let mut lines = tftp(root);
    lines.push("dhcp-range=192.168.200.0,proxy".to_owned());
    lines.push("dhcp-boot=pxelinux.0".to_owned());
    lines.push("pxe-service=x86PC,\"network boot\",pxelinux".to_owned());
    start(host, &lines)
}

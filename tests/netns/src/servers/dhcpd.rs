//! ISC dhcpd.

use std::fmt::Write as _;

use crate::fixtures::{GUEST, MAC};
use crate::host::{Host, Server};
use crate::programs;
use crate::servers::Offer;

/// Starts dhcpd with a fixed address for the guest.
pub fn start(host: &Host, offer: &Offer) -> Server {
    start_with(host, offer, "")
}

/// Starts dhcpd; `more` are further statements of its configuration.
pub fn start_with(host: &Host, offer: &Offer, more: &str) -> Server {
    let directory = host.directory("dhcpd");
    let leases = directory.join("leases");
    std::fs::write(&leases, "").expect("dhcpd's leases");
    let mut config = String::from(
        "authoritative;\nping-check false;\ndefault-lease-time 3600;\nmax-lease-time 3600;\n\
         option config-file code 209 = text;\noption path-prefix code 210 = text;\n",
    );
    let mut say = |statement: &str, value: &Option<String>, quote: &str| {
        if let Some(value) = value {
            writeln!(config, "{statement} {quote}{value}{quote};").expect("a string grows");
        }
    };
    say("next-server", &offer.next_server, "");
    say("filename", &offer.file, "\"");
    say("server-name", &offer.server_name, "\"");
    say("option tftp-server-name", &offer.option_66, "\"");
    say("option bootfile-name", &offer.option_67, "\"");
    say("option config-file", &offer.option_209, "\"");
    say("option path-prefix", &offer.option_210, "\"");
    writeln!(
        config,
        "{more}\nsubnet 192.168.200.0 netmask 255.255.255.0 {{ option routers 192.168.200.1; }}\n\
         host guest {{ hardware ethernet {MAC}; fixed-address {GUEST}; }}"
    )
    .expect("a string grows");
    let path = directory.join("dhcpd.conf");
    std::fs::write(&path, config).expect("dhcpd's configuration");
    let mut command = host.command(programs::installed("dhcpd"));
    command
        .args(["-4", "-f", "-d", "--no-pid", "-cf"])
        .arg(&path)
        .arg("-lf")
        .arg(&leases)
        .arg("eth0");
    host.serve("dhcpd", command, |server| server.log().contains("Server starting service."))
}

//! The TFTP servers: tftpd-hpa, atftpd, and the crate tftpd as one with every option.

use std::path::Path;

use crate::host::{Host, Server};
use crate::lab::Lab;
use crate::programs;
use crate::servers::dnsmasq;

/// A TFTP server that the tests know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// dnsmasq: no windowsize before 2.92.
    Dnsmasq,
    /// tftpd-hpa: no windowsize, but utimeout.
    Hpa,
    /// atftpd: windowsize.
    Atftpd,
    /// rs-tftpd: windowsize and utimeout.
    RsTftpd,
}

/// All of them.
pub const ALL: [Kind; 4] = [Kind::Dnsmasq, Kind::Hpa, Kind::Atftpd, Kind::RsTftpd];

/// Starts a server of the files below `root`.
pub fn start(host: &Host, kind: Kind, root: &Path) -> Server {
    let bound = |server: &crate::process::Background| server.has_udp_port(69);
    match kind {
        Kind::Dnsmasq => dnsmasq::start(host, &dnsmasq::tftp(root)),
        Kind::Hpa => {
            let mut command = host.command(programs::installed("in.tftpd"));
            command.args(["-L", "-4", "-vvv", "-u", "nobody", "-s"]).arg(root);
            host.serve("tftpd-hpa", command, bound)
        }
        Kind::Atftpd => {
            let mut command = host.command(programs::unpacked("atftpd"));
            command.args([
                "--daemon",
                "--no-fork",
                "--user",
                "nobody.nogroup",
                "--logfile",
                "/dev/stdout",
                "--verbose=7",
            ]);
            command.arg("--bind-address").arg(host.address().to_string()).arg(root);
            host.serve("atftpd", command, bound)
        }
        Kind::RsTftpd => {
            let mut command = host.command(Lab::own_program("netns-tftpd"));
            command.arg(host.address().to_string()).arg(root);
            host.serve("rs-tftpd", command, bound)
        }
    }
}

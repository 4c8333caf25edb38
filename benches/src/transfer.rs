//! One file from one server: by distance, by loss, with duplicates, out of order.
//!
//! The clients run in the guest's namespace, with an address; the lease is another contest's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use netns_tests::fixtures::{self, SERVER};
use netns_tests::host::Host;
use netns_tests::relay::Faults;
use netns_tests::servers::nginx;
use netns_tests::servers::tftp::{self, Kind};
use netns_tests::{Lab, programs};

use crate::contest::{Contender, Contest, Place};
use crate::lab::{in_lab, same};

/// The rate by the distance to the server.
pub const BY_DISTANCE: &str = "distance";
/// The rate by the packets that get lost.
pub const BY_LOSS: &str = "loss";
/// Whether every transfer ends, and is right.
pub const ALWAYS: &str = "always";

const ADDRESS: &str = "192.168.200.1";

/// A server of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileServer {
    Tftp(Kind),
    Nginx,
}

pub const SERVERS: [FileServer; 5] = [
    FileServer::Tftp(Kind::Hpa),
    FileServer::Tftp(Kind::Atftpd),
    FileServer::Tftp(Kind::RsTftpd),
    FileServer::Tftp(Kind::Dnsmasq),
    FileServer::Nginx,
];

impl FileServer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tftp(Kind::Hpa) => "tftpd-hpa",
            Self::Tftp(Kind::Atftpd) => "atftpd",
            Self::Tftp(Kind::RsTftpd) => "rs-tftpd",
            Self::Tftp(Kind::Dnsmasq) => "dnsmasq",
            Self::Nginx => "nginx",
        }
    }

    pub fn start(self, host: &Host, root: &Path) {
        // The lab ends it.
        match self {
            Self::Tftp(kind) => drop(tftp::start(host, kind, root)),
            Self::Nginx => drop(nginx::start(host, root, None, "")),
        }
    }

    /// What else fetches a file from it, the fastest ones.
    fn peers(self) -> &'static [&'static str] {
        match self {
            Self::Tftp(Kind::Hpa) => &["busybox", "busybox-64k"],
            Self::Tftp(Kind::Atftpd) => &["busybox-64k", "atftp-w16", "atftp-w64"],
            Self::Tftp(Kind::RsTftpd) => &["atftp-w16", "atftp-w64"],
            Self::Tftp(Kind::Dnsmasq) => &["busybox", "curl"],
            Self::Nginx => &["curl-http", "wget-http"],
        }
    }

    /// Whether it sends more than a block of the MTU's size for each round trip.
    fn is_fast(self) -> bool {
        self != Self::Tftp(Kind::Dnsmasq)
    }
}

/// All contests of one file: `runs` rounds each, `always` for those that must not fail once.
pub fn contests(only: &dyn Fn(&str) -> bool, runs: usize, always: usize) -> Vec<Contest> {
    let mut contests = Vec::new();
    for server in SERVERS {
        for delay in [0, 200, 1000, 5000, 25_000].map(Duration::from_micros) {
            if only(BY_DISTANCE) {
                contests.push(by_distance(server, delay, runs));
            }
        }
        for lost in [0, 1, 10, 50] {
            if only(BY_LOSS) {
                contests.push(by_loss(server, lost, runs));
            }
        }
        let wrongs = [
            ("5 % lost", Faults { lost: 50, ..Faults::default() }),
            ("5 % twice", Faults { doubled: 50, ..Faults::default() }),
            ("5 % late", Faults { late: 50, ..Faults::default() }),
        ];
        for (what, faults) in wrongs {
            if only(ALWAYS) {
                let place = place(ALWAYS, server, format!("{what}, 512 KiB"), None, 512 << 10);
                let faults = Faults { delay: Duration::from_micros(200), seed: 41, ..faults };
                contests.push(one(place, server, faults, &[], always));
            }
        }
    }
    contests
}

fn by_distance(server: FileServer, delay: Duration, runs: usize) -> Contest {
    // So large that the rate counts and not the beginning, and done in seconds.
    let mib = match (delay.as_micros(), server.is_fast()) {
        (0..=200, _) => 32,
        (_, true) => 8,
        (1000, false) => 2,
        (5000, false) => 1,
        (_, false) => 0,
    };
    let bytes = if mib == 0 { 256 << 10 } else { mib << 20 };
    let ms = delay.as_secs_f64() * 1000.0;
    let place = place(BY_DISTANCE, server, format!("{ms} ms each way"), Some(ms), bytes);
    let faults = Faults { delay, seed: 7, ..Faults::default() };
    one(place, server, faults, server.peers(), runs)
}

fn by_loss(server: FileServer, lost: u64, runs: usize) -> Contest {
    #[allow(clippy::cast_precision_loss)] // 0 to 50
    let percent = lost as f64 / 10.0;
    let bytes = if server.is_fast() { 4 << 20 } else { 512 << 10 };
    let place = place(BY_LOSS, server, format!("{percent} % lost"), Some(percent), bytes);
    let faults = Faults { delay: Duration::from_millis(1), lost, seed: 23, ..Faults::default() };
    one(place, server, faults, server.peers(), runs)
}

fn place(
    section: &'static str,
    server: FileServer,
    what: String,
    x: Option<f64>,
    bytes: u64,
) -> Place {
    Place { section, title: format!("{}, {what}", server.name()), x, bytes }
}

fn one(place: Place, server: FileServer, faults: Faults, peers: &[&str], runs: usize) -> Contest {
    in_lab(|lab| {
        let is_direct = faults.delay.is_zero();
        let host = match is_direct {
            true => lab.host("server", SERVER),
            false => lab.host_behind("server", SERVER, faults),
        };
        let root = host.directory("root");
        let length = usize::try_from(place.bytes).expect("a file that fits memory");
        fixtures::write(&root, "file", &fixtures::bytes(5, length));
        server.start(&host, &root);
        let guest = lab.guest();
        guest.ip("addr add 192.168.200.77/24 dev eth0");
        let to = lab.directory("out").join("file");
        let brought = |_: &_| same(&to, &root.join("file"));
        let fresh = |command: Command| {
            // A file of the last run must not pass for this one's.
            let _ = fs::remove_file(&to);
            command
        };
        let protocol = if server == FileServer::Nginx { "http" } else { "tftp" };
        let ours = || {
            let mut command = guest.command(own_program());
            command.args(["--get", protocol, ADDRESS, "file"]).arg(&to);
            fresh(command)
        };
        let mut contenders = vec![Contender::new("rpxeboot", ours, brought)];
        for peer in peers {
            let theirs = || fresh(client(&guest, peer, &to));
            contenders.push(Contender::new(peer, theirs, brought));
        }
        Contest::hold_cold(place, runs, &contenders)
    })
}

fn own_program() -> PathBuf {
    Lab::own_program("boot-bench")
}

fn client(guest: &Host, peer: &str, to: &Path) -> Command {
    let url = |protocol: &str| format!("{protocol}://{ADDRESS}/file");
    let busybox = |block: &str| {
        let mut command = guest.command(programs::installed("busybox"));
        command.args(["tftp", "-g", "-b", block, "-r", "file", "-l"]).arg(to).arg(ADDRESS);
        command
    };
    let atftp = |window: &str| {
        let mut command = guest.command(programs::unpacked("atftp"));
        command.args(["--option", "blksize 1428", "--option", &format!("windowsize {window}")]);
        command.args(["-g", "-r", "file", "-l"]).arg(to).arg(ADDRESS);
        command
    };
    match peer {
        "busybox" => busybox("1468"),
        "busybox-64k" => busybox("65464"),
        "atftp-w16" => atftp("16"),
        "atftp-w64" => atftp("64"),
        "curl" | "curl-http" => {
            let mut command = guest.command(programs::installed("curl"));
            command.args(["-s", "-f", "--tftp-blksize", "1468", "-o"]).arg(to);
            command.arg(url(if peer == "curl" { "tftp" } else { "http" }));
            command
        }
        "wget-http" => {
            let mut command = guest.command(programs::installed("busybox"));
            command.args(["wget", "-q", "-O"]).arg(to).arg(url("http"));
            command
        }
        _ => panic!("no client {peer}"),
    }
}

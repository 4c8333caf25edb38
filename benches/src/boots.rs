//! Whole boots, and their parts: from the call to the lease, to the first byte, to the answer.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netns_tests::fixtures::{GUEST, MAC, SERVER};
use netns_tests::host::Host;
use netns_tests::servers::tftp::Kind;
use netns_tests::servers::{Offer, dhcpd, dnsmasq, kea};
use netns_tests::{Lab, programs};

use crate::contest::{Contender, Contest, Place};
use crate::lab::{INITRD, KERNEL, empty, in_lab, same_answer, tree};
use crate::transfer::FileServer;

pub const LEASE: &str = "lease";
pub const INITRDS: &str = "initrd";
pub const BOOT: &str = "boot";

const URL: &str = "tftp://192.168.200.1";

/// All of them, `runs` rounds each; `pipeline` is the script of the peers.
pub fn contests(only: &dyn Fn(&str) -> bool, runs: usize, pipeline: &Path) -> Vec<Contest> {
    let bench = Bench { pipeline: pipeline.to_owned(), runs };
    let [hpa, atftpd, dnsmasq] = [Kind::Hpa, Kind::Atftpd, Kind::Dnsmasq].map(FileServer::Tftp);
    let mut contests = Vec::new();
    if only(LEASE) {
        contests.extend(["dnsmasq", "ISC dhcpd", "Kea"].map(|server| bench.lease(server)));
    }
    if only(INITRDS) {
        contests.push(bench.initrd(hpa, &["curl", "busybox", "atftp", "busybox-64k"]));
        contests.push(bench.initrd(dnsmasq, &["curl", "busybox", "atftp"]));
        contests.push(bench.initrd(atftpd, &["curl", "atftp-w16", "busybox-64k"]));
    }
    if only(BOOT) {
        contests.push(bench.boot(FileServer::Nginx, &["curl-http", "wget-http"]));
        contests.push(bench.boot(hpa, &["curl", "busybox", "busybox-64k"]));
        contests.push(bench.boot(atftpd, &["curl", "atftp-w16", "atftp-w64", "busybox-64k"]));
        contests.push(bench.boot(dnsmasq, &["curl", "busybox", "atftp"]));
    }
    contests
}

struct Bench {
    pipeline: PathBuf,
    runs: usize,
}

impl Bench {
    /// From the call to the lease: the network is made, an address got, everything removed.
    /// The guest's address is fixed, so that no server pings it first.
    fn lease(&self, server: &str) -> Contest {
        in_lab(|lab| {
            let host = lab.host("server", SERVER);
            let running = match server {
                "dnsmasq" => dnsmasq::whole(&host, &host.directory("root")),
                "Kea" => kea::start(&host, &Offer::usual("192.168.200.1")),
                _ => dhcpd::start(&host, &Offer::usual("192.168.200.1")),
            };
            let kernel = format!("--kernel={URL}/vmlinuz");
            let ours = || rpxeboot(lab, &["--mac", MAC, "--dry-run", &kernel]);
            let theirs = || self.pipeline(lab, &["lease", "xenbr0", MAC]);
            let contest = Contest::hold(
                Place { section: LEASE, title: server.to_owned(), x: None, bytes: 0 },
                self.runs,
                &[
                    Contender::new("rpxeboot", ours, leased),
                    Contender::new("ip, udhcpc", theirs, leased),
                ],
            );
            drop(running);
            contest
        })
    }

    /// From the call to the answer for 60 MiB and a kernel of a few bytes, both named by the
    /// guest's own config: lease and transfer, no search.
    fn initrd(&self, server: FileServer, fetchers: &[&str]) -> Contest {
        let kernel = format!("--kernel={URL}/tiny");
        let ramdisk = format!("--ramdisk={URL}/initrd.img");
        let job = Job {
            section: INITRDS,
            bytes: INITRD,
            ours: &[&kernel, &ramdisk],
            verb: "direct",
            names: &["tiny", "initrd.img"],
            wanted: [("kernel", "tiny"), ("ramdisk", "initrd.img")],
        };
        self.boots(server, &job, fetchers)
    }

    /// From the call to the answer: lease, config at the second name, 12 MiB and 60 MiB.
    fn boot(&self, server: FileServer, fetchers: &[&str]) -> Contest {
        let job = Job {
            section: BOOT,
            bytes: KERNEL + INITRD,
            ours: &[],
            verb: "boot",
            names: &[],
            wanted: [("kernel", "vmlinuz"), ("ramdisk", "initrd.img")],
        };
        self.boots(server, &job, fetchers)
    }

    fn boots(&self, server: FileServer, job: &Job<'_>, fetchers: &[&str]) -> Contest {
        in_lab(|lab| {
            let host = lab.host("server", SERVER);
            let root = tree(&host);
            serve(&host, server, &root);
            let out = lab.directory("out");
            let brought = |_: &Output| same_answer(&out, &root, &job.wanted);
            let ours = || boot(lab, &out, job.ours);
            let mut contenders = vec![Contender::new("rpxeboot", ours, brought)];
            for fetcher in fetchers {
                let theirs = || {
                    // A file of the last run must not pass for this one's.
                    empty(&out);
                    let mut command = self.pipeline(lab, &[job.verb, "xenbr0", MAC, fetcher]);
                    command.arg(&out).args(job.names);
                    command
                };
                contenders.push(Contender::new(&format!("ip, udhcpc, {fetcher}"), theirs, brought));
            }
            let title = server.name().to_owned();
            let place = Place { section: job.section, title, x: None, bytes: job.bytes as u64 };
            Contest::hold(place, self.runs, &contenders)
        })
    }

    fn pipeline(&self, lab: &Lab, words: &[&str]) -> Command {
        let mut command = lab.command(&self.pipeline);
        command.args(words).env("ATFTP", programs::unpacked("atftp"));
        command
    }
}

/// What rpxeboot and a pipeline are to do alike.
struct Job<'a> {
    section: &'static str,
    bytes: usize,
    /// rpxeboot's words, beside the MAC.
    ours: &'a [&'a str],
    /// The pipeline's verb, and its words behind the output directory.
    verb: &'a str,
    names: &'a [&'a str],
    /// Which item of the answer must be which of the server's files.
    wanted: [(&'a str, &'a str); 2],
}

/// dnsmasq gives the address in every case; the files come from `server`.
fn serve(host: &Host, server: FileServer, root: &Path) {
    let mut lines = dnsmasq::lease();
    lines.push("dhcp-boot=pxelinux.0".to_owned());
    match server {
        FileServer::Tftp(Kind::Dnsmasq) => lines.extend(dnsmasq::tftp(root)),
        FileServer::Nginx => {
            // The path prefix (RFC 5071): every name is one below it.
            lines.push("dhcp-option-force=210,http://192.168.200.1/".to_owned());
            server.start(host, root);
        }
        FileServer::Tftp(_) => server.start(host, root),
    }
    drop(dnsmasq::start(host, &lines));
}

fn rpxeboot(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.command(lab.program());
    command.args(words);
    command
}

/// rpxeboot, as libxl calls it; what the last boot brought is removed.
fn boot(lab: &Lab, out: &Path, words: &[&str]) -> Command {
    empty(out);
    let mut command = rpxeboot(lab, &["--mac", MAC, "--output-format=simple0"]);
    command.args(words);
    command.arg(format!("--output={}", out.join("answer").display()));
    command.arg(format!("--output-directory={}", out.display()));
    command
}

/// What was printed names the guest's address.
fn leased(output: &Output) -> Result<(), String> {
    let printed = String::from_utf8_lossy(&output.stdout);
    if printed.contains(GUEST) { Ok(()) } else { Err(format!("no lease in {printed:?}")) }
}

//! rpxeboot against shell pipelines that do the same job, in the same run.
//!
//! Every contest is held in rounds: each contender once a round, one after the other, so that
//! what slows the machine down slows all of them down. Every file that is fetched is compared
//! with its source; a contender that brings a wrong one ends the benchmark.

mod contest;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use netns_tests::fixtures::{self, GUEST, MAC, SERVER};
use netns_tests::host::Host;
use netns_tests::servers::tftp::{self, Kind};
use netns_tests::servers::{Offer, dhcpd, dnsmasq};
use netns_tests::{Lab, programs};

use contest::{Contender, Contest};

const KERNEL: usize = 12 << 20;
const INITRD: usize = 60 << 20;
const CONFIG: &str =
    "default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img ip=dhcp\n";
const URL: &str = "tftp://192.168.200.1";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let here = PathBuf::from(words.first().expect("usage: benches/run.sh [--runs N] [--write]"));
    let runs = words.iter().position(|word| word == "--runs").map_or(7, |place| {
        words.get(place + 1).and_then(|number| number.parse().ok()).expect("--runs N")
    });
    let bench = Bench { pipeline: here.join("pipeline.sh"), runs };
    let contests = [
        bench.lease("dnsmasq"),
        bench.lease("ISC dhcpd"),
        bench.initrd(
            Kind::Hpa,
            "lock-step, tftpd-hpa",
            &["curl", "busybox", "atftp", "busybox-64k"],
        ),
        bench.initrd(Kind::Dnsmasq, "lock-step, dnsmasq", &["curl", "busybox", "atftp"]),
        bench.initrd(
            Kind::Atftpd,
            "windowsize, atftpd",
            &["curl", "busybox", "atftp", "atftp-w16"],
        ),
        bench.boot(Kind::Dnsmasq, "dnsmasq", &["curl", "busybox", "atftp"]),
        bench.boot(Kind::Atftpd, "atftpd", &["curl", "busybox", "atftp-w16"]),
    ];
    let table = table::render(&contests, runs);
    println!("{table}");
    if words.iter().any(|word| word == "--write") {
        fs::write(here.join("results.md"), table).expect("benches/results.md");
    }
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
                _ => dhcpd::start(&host, &Offer::usual("192.168.200.1")),
            };
            let kernel = format!("--kernel={URL}/vmlinuz");
            let ours = || rpxeboot(lab, &["--mac", MAC, "--dry-run", &kernel]);
            let contest = Contest::hold(
                &format!("DHCP to lease, {server}"),
                self.runs,
                &[
                    Contender::new("rpxeboot", ours, leased),
                    Contender::new(
                        "ip, udhcpc",
                        || self.pipeline(lab, &["lease", "xenbr0", MAC]),
                        leased,
                    ),
                ],
            );
            drop(running);
            contest
        })
    }

    /// From the call to the answer for 60 MiB and a kernel of a few bytes, both named by the
    /// guest's own config: lease and transfer, no search.
    fn initrd(&self, kind: Kind, title: &str, fetchers: &[&str]) -> Contest {
        let kernel = format!("--kernel={URL}/tiny");
        let ramdisk = format!("--ramdisk={URL}/initrd.img");
        let job = Job {
            title: format!("60 MiB initrd, {title}"),
            ours: &[&kernel, &ramdisk],
            verb: "direct",
            names: &["tiny", "initrd.img"],
            wanted: [("kernel", "tiny"), ("ramdisk", "initrd.img")],
        };
        self.boots(kind, &job, fetchers)
    }

    /// From the call to the answer: lease, config at the second name, 12 MiB and 60 MiB.
    fn boot(&self, kind: Kind, title: &str, fetchers: &[&str]) -> Contest {
        let job = Job {
            title: format!("Whole boot, {title}"),
            ours: &[],
            verb: "boot",
            names: &[],
            wanted: [("kernel", "vmlinuz"), ("ramdisk", "initrd.img")],
        };
        self.boots(kind, &job, fetchers)
    }

    fn boots(&self, kind: Kind, job: &Job<'_>, fetchers: &[&str]) -> Contest {
        in_lab(|lab| {
            let server = lab.host("server", SERVER);
            let root = tree(&server);
            let running = serve(&server, kind, &root);
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
            let contest = Contest::hold(&job.title, self.runs, &contenders);
            drop(contenders);
            drop(running);
            contest
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
    title: String,
    /// rpxeboot's words, beside the MAC.
    ours: &'a [&'a str],
    /// The pipeline's verb, and its words behind the output directory.
    verb: &'a str,
    names: &'a [&'a str],
    /// Which item of the answer must be which of the server's files.
    wanted: [(&'a str, &'a str); 2],
}

/// Runs `work` in a lab of its own.
fn in_lab<T: Send>(work: impl FnOnce(&Lab) -> T + Send) -> T {
    let result = Mutex::new(None);
    Lab::run(|lab| *result.lock().expect("one thread") = Some(work(lab)));
    result.into_inner().expect("one thread").expect("the lab has run")
}

/// What a server has: a config under the name of the guest's address, and the images.
fn tree(server: &Host) -> PathBuf {
    let root = server.directory("root");
    fixtures::write(&root, fixtures::CONFIG_NAME, CONFIG.as_bytes());
    fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, KERNEL));
    fixtures::write(&root, "initrd.img", &fixtures::bytes(2, INITRD));
    fixtures::write(&root, "tiny", &fixtures::kernel(3, 512));
    root
}

/// dnsmasq gives the address in every case; the files come from `kind`.
fn serve(server: &Host, kind: Kind, root: &Path) -> Vec<netns_tests::host::Server> {
    let mut lines = dnsmasq::lease();
    lines.push("dhcp-boot=pxelinux.0".to_owned());
    if kind == Kind::Dnsmasq {
        lines.extend(dnsmasq::tftp(root));
        return vec![dnsmasq::start(server, &lines)];
    }
    vec![dnsmasq::start(server, &lines), tftp::start(server, kind, root)]
}

fn rpxeboot(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.command(lab.program());
    command.args(words);
    command
}

/// Removes what the last run brought, outside the time that is measured.
fn empty(out: &Path) {
    for entry in fs::read_dir(out).expect("the output directory").flatten() {
        fs::remove_file(entry.path()).expect("a file of the last run");
    }
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

/// The files that an answer names are the server's, byte for byte.
fn same_answer(out: &Path, root: &Path, wanted: &[(&str, &str)]) -> Result<(), String> {
    let answer = fs::read(out.join("answer")).map_err(|error| format!("no answer: {error}"))?;
    for (item, source) in wanted {
        let named = answer.split(|byte| *byte == 0).find_map(|part| {
            let value = part.strip_prefix(item.as_bytes())?.strip_prefix(b" ")?;
            Some(PathBuf::from(String::from_utf8_lossy(value).into_owned()))
        });
        let named = named.ok_or_else(|| format!("the answer names no {item}"))?;
        same(&named, &root.join(source))?;
    }
    Ok(())
}

fn same(file: &Path, source: &Path) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    if read(file)? == read(source)? {
        Ok(())
    } else {
        Err(format!("{} is not what the server has", file.display()))
    }
}

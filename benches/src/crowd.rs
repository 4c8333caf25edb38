//! Many guests of one dom0 at once: the time until the last one has its answer, and what the
//! server has sent for them.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netns_tests::Lab;
use netns_tests::fixtures::SERVER;
use netns_tests::host::Host;
use netns_tests::memory::Watch;
use netns_tests::servers::dnsmasq;
use netns_tests::servers::tftp::Kind;

use crate::lab::{INITRD, KERNEL, in_lab, same_answer, tree};
use crate::transfer::FileServer;

/// What a crowd's boots came to.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// Whose files they were.
    pub server: &'static str,
    /// How many guests.
    pub guests: usize,
    /// From the first call to the last answer.
    pub last: Duration,
    /// Bytes that left the server's interface, in those of one boot's files.
    pub sent: f64,
    /// Of the largest process, in KiB.
    pub peak_kib: u64,
    /// Boots without an answer, or with a wrong one.
    pub failures: usize,
}

/// Crowds of each size, `runs` times each.
pub fn hold(runs: usize) -> Vec<Crowd> {
    let mut crowds = Vec::new();
    for server in [FileServer::Nginx, FileServer::Tftp(Kind::Hpa), FileServer::Tftp(Kind::Atftpd)] {
        for guests in [1, 10, 100] {
            for _ in 0..runs {
                let crowd = in_lab(|lab| at_once(lab, server, guests));
                eprintln!("{crowd:?}");
                crowds.push(crowd);
            }
        }
    }
    crowds
}

fn at_once(lab: &Lab, server: FileServer, guests: usize) -> Crowd {
    let host = lab.host("server", SERVER);
    let root = tree(&host);
    let mut lines = vec!["dhcp-range=192.168.200.20,192.168.200.220,1h".to_owned()];
    lines.extend(["no-ping".to_owned(), "dhcp-boot=pxelinux.0".to_owned()]);
    if server == FileServer::Nginx {
        lines.push("dhcp-option-force=210,http://192.168.200.1/".to_owned());
    }
    server.start(&host, &root);
    drop(dnsmasq::start(&host, &lines));
    let sent_before = sent(&host);
    let start = Instant::now();
    let mut boots: Vec<(Child, Option<Watch>)> = Vec::new();
    for number in 0..guests {
        let child = call(lab, number).spawn().expect("rpxeboot starts");
        // Only some: who watches takes time from those who are watched.
        let watch = (number % 25 == 0).then(|| Watch::start(child.id()));
        boots.push((child, watch));
    }
    let mut peak_kib = 0;
    let mut ended = Vec::new();
    for (boot, watch) in &mut boots {
        ended.push(boot.wait().expect("a child").success());
        let peak = watch.take().map(|watch| watch.peak()).unwrap_or_default();
        peak_kib = peak_kib.max(peak.supervisor_kib).max(peak.worker_kib);
    }
    let last = start.elapsed();
    let bytes = sent(&host) - sent_before;
    let mut failures = 0;
    for (number, is_right) in ended.into_iter().enumerate() {
        let out = lab.directory(&format!("out{number}"));
        let wanted = [("kernel", "vmlinuz"), ("ramdisk", "initrd.img")];
        let brought = same_answer(&out, &root, &wanted);
        if let Err(why) = &brought {
            eprintln!("  guest {number}: {why}");
        }
        failures += usize::from(!is_right || brought.is_err());
        // A hundred of them are 7 GB.
        fs::remove_dir_all(&out).expect("a boot's files");
    }
    #[allow(clippy::cast_precision_loss)] // far below 2^53
    let sent = bytes as f64 / (KERNEL + INITRD) as f64;
    Crowd { server: server.name(), guests, last, sent, peak_kib, failures }
}

fn call(lab: &Lab, number: usize) -> Command {
    let out = lab.directory(&format!("out{number}"));
    let mut command = lab.command(lab.program());
    command.args(["--mac", &format!("00:16:3e:00:01:{number:02x}"), "--output-format=simple0"]);
    command.arg(format!("--output={}", out.join("answer").display()));
    command.arg(format!("--output-directory={}", out.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Bytes that have left the server's interface.
fn sent(host: &Host) -> u64 {
    let lines = host.netns().enter(|| {
        fs::read_to_string("/proc/thread-self/net/dev").expect("the interfaces' counters")
    });
    let line = lines.lines().find_map(|line| line.trim().strip_prefix("eth0:"));
    let sent = line.and_then(|counters| counters.split_whitespace().nth(8)?.parse().ok());
    sent.expect("bytes sent by eth0")
}

//! `vmprov serve`: it serves a whole boot alone, it serves nobody else, it stands beside another
//! server, and it refuses what would do harm.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use netns_tests::fixtures::{self, ARGS, CONFIG, Images, MAC, SERVER};
use netns_tests::host::Server;
use netns_tests::servers::{Offer, dhcpd, dnsmasq};
use netns_tests::{End, Host, Lab};

/// A host with files to serve, and configs of guests.
struct Place {
    host: Host,
    root: PathBuf,
    images: Images,
    configs: PathBuf,
    state: PathBuf,
}

/// The one guest's MAC is this.
fn place(lab: &Lab, mac: &str) -> Place {
    let host = lab.host("server", SERVER);
    let root = host.directory("root");
    let images = fixtures::tree(&root);
    // Its address is one that dnsmasq picks.
    fixtures::write(&root, "pxelinux.cfg/default", CONFIG.as_bytes());
    let configs = host.directory("configs");
    let config = format!("name = 'RK'\nvif = [ 'mac={mac},bridge=xenbr0' ]\n");
    fs::write(configs.join("RK.cfg"), config).unwrap();
    let state = host.directory("state");
    Place { host, root, images, configs, state }
}

impl Place {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.host.command(Lab::own_program("vmprov"));
        command.arg("serve").arg(&self.root).args(["--bridge", "eth0"]);
        command.arg("--config-dir").arg(&self.configs).arg("--state-dir").arg(&self.state);
        command.args(words).stdin(Stdio::null());
        command
    }

    fn serves(&self, words: &[&str]) -> Server {
        self.host.serve("vmprov", self.command(words), |server| {
            server.log().contains("Ctrl-C ends it") && server.has_udp_port(69)
        })
    }

    /// It must end like this, with these words.
    fn refuses(&self, words: &[&str], code: i32, sentence: &str) {
        let output = self.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

fn boots(end: &End, images: &Images) {
    let answer = end.booted();
    assert_eq!(answer.args, ARGS, "{end}");
    assert!(answer.kernel == images.kernel && answer.ramdisk.as_ref() == Some(&images.ramdisk));
}

#[test]
fn a_guest_of_this_host_boots_and_is_told_of() {
    Lab::run(|lab| {
        let place = place(lab, MAC);
        let server = place.serves(&[]);
        boots(&lab.boot().run(), &place.images);
        let log = server.log();
        for told in ["RK: known by", "RK: lease 192.168.200.", "RK: sent vmlinuz"] {
            assert!(log.contains(told), "no {told:?} in {log}");
        }
        ends(lab, &server);
    });
}

#[test]
fn a_stranger_is_passed_over_unless_all_are_served() {
    Lab::run(|lab| {
        let place = place(lab, "00:16:3e:00:00:09");
        let server = place.serves(&[]);
        lab.boot().own("--deadline=5").run().failed(10, &["no DHCP answer"]);
        // Killed, it leaves its dnsmasq, which the next one ends.
        server.stop();
        let server = place.serves(&["--any"]);
        boots(&lab.boot().run(), &place.images);
        ends(lab, &server);
    });
}

#[test]
fn a_guest_that_comes_later_is_known_soon() {
    Lab::run(|lab| {
        let place = place(lab, "00:16:3e:00:00:09");
        let server = place.serves(&[]);
        let config = format!("name = 'late'\nvif = [ 'mac={MAC}' ]\n");
        fs::write(place.configs.join("late.cfg"), config).unwrap();
        boots(&lab.boot().run(), &place.images);
        assert!(server.log().contains("late: lease"), "{}", server.log());
        ends(lab, &server);
    });
}

#[test]
fn a_foreign_dhcp_server_is_not_disturbed() {
    Lab::run(|lab| {
        let place = place(lab, MAC);
        let other = lab.host("other", [192, 168, 200, 7]);
        dhcpd::start(&other, &Offer::default());
        // dhcpd knows no machine but the guest, and answers nobody else: a pool does.
        dhcpd_with_pool(&other);
        place.refuses(&[], 3, "192.168.200.7 serves DHCP on eth0 already: --proxy adds");
        let server = place.serves(&["--proxy"]);
        boots(&lab.boot().run(), &place.images);
        ends(lab, &server);
    });
}

/// Ends it as an administrator would: killed, it would leave its dnsmasq to the next one. Its own
/// files, which change while it serves, are nothing that a boot has left.
pub(crate) fn ends(lab: &Lab, server: &Server) {
    let id = i32::try_from(server.id()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::SIGTERM).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    // A zombie until the lab takes it away.
    let runs =
        || fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while runs() {
        assert!(std::time::Instant::now() < deadline, "{}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    lab.rebaseline();
}

/// Another server, which gives an address to anybody.
fn dhcpd_with_pool(host: &Host) {
    dnsmasq::start(host, &dnsmasq::pool());
}

#[test]
fn what_would_do_harm_is_refused() {
    Lab::run(|lab| {
        let place = place(lab, MAC);
        place.refuses(&["--proxy"], 3, "no DHCP server answers on eth0");
        place.refuses(
            &["--range", "192.168.201.5,192.168.201.9"],
            2,
            "is no range of hosts in 192.168.200.0/24",
        );
        place.refuses(&["--bridge", "nobr0"], 2, "cannot be used multiple times");
        let first = place.serves(&[]);
        place.refuses(&[], 3, "is at work on serve-eth0");
        ends(lab, &first);
    });
}

#[test]
fn a_taken_port_and_a_dhcp_server_of_this_host_are_named() {
    Lab::run(|lab| {
        let place = place(lab, MAC);
        let root = place.root.clone();
        let http = netns_tests::servers::http::start(&place.host, &root);
        place.refuses(&[], 3, "port 80 of 192.168.200.1 is taken");
        http.stop();
        dnsmasq::start(&place.host, &dnsmasq::pool());
        place.refuses(&[], 3, "dnsmasq of this host serves DHCP on eth0 already");
    });
}

#[test]
fn it_ends_by_a_signal_and_leaves_nothing() {
    Lab::run(|lab| {
        let place = place(lab, MAC);
        let before = std::fs::read_dir("/run").unwrap().count();
        let mut child = place.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
        while !said.contains("Ctrl-C ends it") {
            assert_ne!(std::io::BufRead::read_line(&mut log, &mut said).unwrap(), 0, "{said}");
        }
        let id = i32::try_from(child.id()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::SIGTERM).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(std::fs::read_dir("/run").unwrap().count(), before);
        // Its servers are gone: another one is not refused.
        let server = place.serves(&[]);
        boots(&lab.boot().run(), &place.images);
        ends(lab, &server);
    });
}

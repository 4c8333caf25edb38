//! A hundred boots at once on one dom0: all are right, nothing is left; also when a third of them
//! is killed on the way.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use netns_tests::boot::record;
use netns_tests::fixtures::{self, Images, SERVER};
use netns_tests::lab::BRIDGE;
use netns_tests::memory::Peak;
use netns_tests::servers::dnsmasq;
use netns_tests::{Boot, End, Lab, relay};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const GUESTS: u32 = 100;

/// A server for as many guests, and what they all boot.
fn many(lab: &Lab) -> Images {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    let images = fixtures_for_all(&root);
    let mut lines = dnsmasq::tftp(&root);
    lines.extend([
        "dhcp-range=192.168.200.20,192.168.200.250,1h".to_owned(),
        "no-ping".to_owned(),
        "dhcp-boot=pxelinux.0".to_owned(),
    ]);
    dnsmasq::start(&server, &lines);
    images
}

fn fixtures_for_all(root: &Path) -> Images {
    let images = super::tree(root);
    fixtures::write(root, "pxelinux.cfg/default", fixtures::CONFIG.as_bytes());
    images
}

fn start(lab: &Lab, guest: u32) -> Boot<'_> {
    let vif = format!("mac=00:16:3e:00:00:{guest:02x},bridge={BRIDGE}");
    lab.boot().domid(1000 + guest).words([vif]).start()
}

fn assert_whole(end: &End, images: &Images) {
    let answer = end.booted();
    assert!(answer.kernel == images.kernel, "a wrong kernel: {end}");
    assert!(answer.ramdisk.as_ref() == Some(&images.ramdisk), "a wrong ramdisk: {end}");
}

/// The most memory of all of them: each one's most, added up.
fn together(ends: &[End]) -> Peak {
    ends.iter().fold(Peak::default(), |sum, end| Peak {
        supervisor_kib: sum.supervisor_kib + end.peak.supervisor_kib,
        worker_kib: sum.worker_kib + end.peak.worker_kib,
    })
}

#[test]
fn a_hundred_boots_at_once() {
    Lab::run(|lab| {
        let images = many(lab);
        let began = Instant::now();
        let boots: Vec<_> = (0..GUESTS).map(|guest| start(lab, guest)).collect();
        let ends: Vec<_> = boots.into_iter().map(Boot::finish).collect();
        let took = began.elapsed();
        for end in &ends {
            assert_whole(end, &images);
        }
        lab.assert_nothing_left();
        record("faults", "a hundred boots at once, together", "boots", took, together(&ends));
        let slowest = ends.iter().max_by_key(|end| end.took).expect("a hundred");
        slowest.record("faults", "a hundred boots at once: the slowest");
        assert!(took < Duration::from_secs(60), "each has 60 s, from its own start: {took:?}");
    });
}

/// Every third one loses its supervisor or its worker, by turns, at some moment of its life.
#[test]
fn a_third_of_a_hundred_boots_is_killed() {
    Lab::run(|lab| {
        let images = many(lab);
        let began = Instant::now();
        let mut seed = 3;
        let mut boots = Vec::new();
        let mut due: Vec<(Instant, usize)> = Vec::new();
        let mut killed = Vec::new();
        while boots.len() < GUESTS as usize || !due.is_empty() {
            if let Ok(guest @ 0..GUESTS) = u32::try_from(boots.len()) {
                boots.push(start(lab, guest));
                if guest % 3 == 0 {
                    let after = Duration::from_millis(relay::next(&mut seed) % 500);
                    due.push((Instant::now() + after, boots.len() - 1));
                }
            } else {
                thread::sleep(Duration::from_millis(1));
            }
            let now = Instant::now();
            for (_, guest) in due.extract_if(.., |(at, _)| *at <= now) {
                if is_killed(&boots[guest], guest % 2 == 0) {
                    killed.push(guest);
                }
            }
        }
        let ends: Vec<_> = boots.into_iter().map(Boot::finish).collect();
        let took = began.elapsed();
        for (guest, end) in ends.iter().enumerate() {
            // All may have been there when the signal came.
            if !killed.contains(&guest) || end.status.success() {
                assert_whole(end, &images);
            }
        }
        assert!(killed.len() > 5, "only {killed:?} were there to be killed");
        lab.assert_nothing_left();
        let row = format!("a hundred boots at once, {} of them killed, together", killed.len());
        record("faults", &row, "the others boot", took, together(&ends));
    });
}

/// Kills one of a boot's processes, if it is there.
fn is_killed(boot: &Boot<'_>, worker: bool) -> bool {
    match boot.worker().filter(|_| worker) {
        // It may end meanwhile; then nobody has its number so soon.
        Some(worker) => kill(Pid::from_raw(worker.cast_signed()), Signal::SIGKILL).is_ok(),
        None => boot.signal_if_running(Signal::SIGKILL),
    }
}

//! Floods as fast as the machine can, and what was once right, again: an honest server is there, and
//! the boot is right, in its time.

use std::fs;
use std::time::Duration;

use netns_tests::fixtures::SERVER;
use netns_tests::servers::dnsmasq;
use netns_tests::wire::Wire;
use netns_tests::{End, Host, Lab};

use super::{ROGUE, assert_right, tree};

/// A flood takes half of this machine: its boots may take long, and have a deadline all the same.
const DEADLINE: u64 = 40;

fn run(lab: &Lab, row: &str) -> End {
    let end = lab.boot().and([format!("--deadline={DEADLINE}")]).run();
    assert!(end.took < Duration::from_secs(DEADLINE + 2), "{end}");
    super::in_memory(&end);
    end.record("hostile", row);
    end
}

fn frames(rogue: &Host, words: &[&str]) {
    let mut command = rogue.command(Lab::own_program("hostile-frames"));
    command.args(words);
    rogue.serve("hostile-frames", command, |server| server.log().contains("sending"));
}

fn boots_in_a_flood(mode: &str) {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = tree(&root);
        dnsmasq::whole(&server, &root);
        let rogue = lab.host("rogue", ROGUE);
        let wire = Wire::tap(rogue.netns(), "eth0");
        frames(&rogue, &[mode]);
        assert_right(&run(lab, &format!("flood at line rate: {mode}")), &images);
        assert!(wire.frames().len() > 1000, "it was no flood");
    });
}

#[test]
fn a_flood_of_dhcp_replies() {
    boots_in_a_flood("dhcp");
}

#[test]
fn a_flood_of_tftp_packets() {
    boots_in_a_flood("tftp");
}

#[test]
fn a_flood_of_arp() {
    boots_in_a_flood("arp");
}

#[test]
fn a_flood_of_noise() {
    boots_in_a_flood("noise");
}

#[test]
fn replies_of_the_last_boot_again_and_again() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = tree(&root);
        dnsmasq::whole(&server, &root);
        let wire = Wire::tap(server.netns(), "eth0");
        assert_right(&run(lab, "a first boot, whose packets are kept"), &images);
        let mut kept = Vec::new();
        // From the server, and short enough to be kept whole: DHCP's, the option answers, errors.
        let replies: Vec<_> = wire
            .frames()
            .into_iter()
            .filter(|frame| frame.len() < 600 && frame.get(26..30) == Some(&SERVER))
            .collect();
        assert!(replies.len() > 4, "{} replies", replies.len());
        for frame in replies {
            kept.extend(u16::try_from(frame.len()).expect("small").to_be_bytes());
            kept.extend(frame);
        }
        let rogue = lab.host("rogue", ROGUE);
        lab.rebaseline();
        let file = rogue.directory("kept").join("frames");
        fs::write(&file, kept).expect("a file");
        frames(&rogue, &["replay", &file.to_string_lossy()]);
        assert_right(&run(lab, "the last boot's replies, again and again"), &images);
    });
}

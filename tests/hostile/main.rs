//! Boots among hostile peers, each a real process on a real socket. Every boot ends right
//! and in bounded time: with the honest server's files where there is one, else with an
//! error that says what is wrong, and never with a bug's exit code.

mod kernels;
mod names;
mod scripts;
mod web;
mod wire_floods;

use std::path::Path;
use std::time::Duration;

use netns_tests::fixtures::{self, ARGS, CONFIG, CONFIG_NAME, Images, SERVER};
use netns_tests::host::Server;
use netns_tests::relay::Faults;
use netns_tests::servers::{Offer, dhcpd, dnsmasq, http, tftp};
use netns_tests::wire::Wire;
use netns_tests::{End, Host, Lab};

use names::{boots_by_name, fails_by_name};
use web::{fails_over_http, fails_over_tls};

const ROGUE: [u8; 4] = [192, 168, 200, 6];
/// For what has to be given up: `--deadline` for these boots, in seconds.
const DEADLINE: u32 = 6;
/// The same where nothing but the deadline ends it.
const SHORT: u32 = 4;

/// Small images: the hostile server sends them block by block.
fn tree(root: &Path) -> Images {
    let images =
        Images { kernel: fixtures::kernel(5, 200_000), ramdisk: fixtures::bytes(6, 100_352) };
    fixtures::write(root, CONFIG_NAME, CONFIG.as_bytes());
    fixtures::write(root, "vmlinuz", &images.kernel);
    fixtures::write(root, "initrd.img", &images.ramdisk);
    images
}

fn run(lab: &Lab) -> End {
    run_with(lab, &[])
}

fn run_with(lab: &Lab, words: &[&str]) -> End {
    run_for(lab, words, DEADLINE)
}

/// A boot that has so many seconds.
fn run_for(lab: &Lab, words: &[&str], seconds: u32) -> End {
    let end = lab.boot().and(words).and([format!("--deadline={seconds}")]).run();
    assert!(end.took < Duration::from_secs(u64::from(seconds) + 2), "{end}");
    assert_ne!(end.status.code(), Some(70), "{end}");
    in_memory(&end);
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    end.record("hostile", &test.replace('-', ": ").replace('_', " "));
    let raw = end
        .console
        .bytes()
        .filter(|byte| byte.is_ascii_control() && !b"\r\n".contains(byte))
        .count();
    assert_eq!(raw, 0, "raw control bytes on the console: {:?}", end.console);
    end
}

/// What both processes may take of dom0's memory, whatever a peer does, in KiB. Half of it is the
/// program itself: a debug build.
const MOST_MEMORY: u64 = 48 << 10;

fn in_memory(end: &End) {
    let peak = end.peak;
    assert!(peak.supervisor_kib < MOST_MEMORY && peak.worker_kib < MOST_MEMORY, "{peak:?}: {end}");
}

fn assert_right(end: &End, images: &Images) {
    let answer = end.booted();
    assert_eq!(answer.args, ARGS);
    assert!(answer.kernel == images.kernel, "a wrong kernel: {end}");
    assert!(answer.ramdisk.as_ref() == Some(&images.ramdisk), "a wrong ramdisk: {end}");
}

fn rogue_dhcp(host: &Host, mode: &str) {
    let mut command = host.command(Lab::own_program("hostile-dhcp"));
    command.arg(mode);
    host.serve("hostile-dhcp", command, |server| server.has_udp_port(67));
}

/// An honest dnsmasq, and a rogue that answers the same requests and is always first.
fn boots_beside(mode: &str) {
    Lab::run(|lab| {
        let later = Faults { delay: Duration::from_millis(10), seed: 1, ..Faults::default() };
        let server = lab.host_behind("server", SERVER, later);
        let root = server.directory("root");
        let images = tree(&root);
        let rogue = lab.host("rogue", ROGUE);
        rogue_dhcp(&rogue, mode);
        dnsmasq::whole(&server, &root);
        let wire = Wire::tap(rogue.netns(), "eth0");
        assert_right(&run(lab), &images);
        let lies = wire.datagrams_to(68).iter().filter(|reply| reply.from == ROGUE).count();
        assert!(lies > 0, "the rogue has not said anything");
    });
}

/// Only the rogue gives leases; its lease is sound, and it is on the honest server's address.
fn boots_with_the_lease(mode: &str) {
    // One of them says it in two options.
    let directory = if mode == "split-option" { "deep" } else { "" };
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let images = tree(&root.join(directory));
        rogue_dhcp(&server, mode);
        tftp::start(&server, tftp::Kind::Hpa, &root);
        assert_right(&run(lab), &images);
    });
}

/// Only the rogue gives leases, and none that can be used.
fn gets_no_lease(mode: &str) {
    Lab::run(|lab| {
        let rogue = lab.host("rogue", ROGUE);
        rogue_dhcp(&rogue, mode);
        let wire = Wire::tap(rogue.netns(), "eth0");
        run(lab).failed(10, &["xenbr0"]);
        assert!(!wire.datagrams_to(68).is_empty(), "the rogue has not said anything");
    });
}

/// A TFTP server that serves some files wrongly.
struct HostileTftp {
    images: Images,
    server: Server,
    wire: Wire,
}

/// Starts one: `mode` is for files whose names contain `name`.
fn hostile_tftp(lab: &Lab, mode: &str, name: &str) -> HostileTftp {
    let server = lab.host("server", SERVER);
    server.ip("addr add 192.168.200.66/24 dev eth0");
    let root = server.directory("root");
    let images = tree(&root);
    dhcpd::start(&server, &Offer::usual("192.168.200.1"));
    let mut command = server.command(Lab::own_program("hostile-tftp"));
    command.args([mode, name]).arg(&root);
    let wire = Wire::tap(server.netns(), "eth0");
    let server = server.serve("hostile-tftp", command, |server| server.has_udp_port(69));
    HostileTftp { images, server, wire }
}

impl HostileTftp {
    /// A test in which the hostile side was not asked would prove nothing.
    fn assert_was_asked(&self, mode: &str) {
        let asked = format!(": {mode}");
        assert!(
            self.server.log().lines().any(|line| line.ends_with(&asked)),
            "nobody asked for it"
        );
    }
}

fn boots_from_tftp(mode: &str) {
    Lab::run(|lab| {
        let hostile = hostile_tftp(lab, mode, "vmlinuz");
        assert_right(&run(lab), &hostile.images);
        hostile.assert_was_asked(mode);
        if mode.starts_with("injected") {
            let evil = |frame: &Vec<u8>| {
                frame.get(42..44) == Some(&[0, 3]) && frame[46..].iter().all(|byte| *byte == 0xee)
            };
            assert!(hostile.wire.frames().iter().any(evil), "nothing was injected");
        }
    });
}

/// The kernel cannot be had; `codes` are the exit codes that are right.
fn fails_over_tftp(mode: &str, codes: &[i32]) {
    Lab::run(|lab| {
        let hostile = hostile_tftp(lab, mode, "vmlinuz");
        let end = run(lab);
        hostile.assert_was_asked(mode);
        assert!(codes.contains(&end.status.code().unwrap_or(-1)), "{end}");
        assert!(end.console.contains("vmlinuz"), "it names the file: {end}");
    });
}

fn is_refused_over_tftp(mode: &str) {
    fails_over_tftp(mode, &[14]);
}

/// The transfer's own patience or the boot's deadline may be over first.
fn is_given_up_over_tftp(mode: &str) {
    fails_over_tftp(mode, &[14, 16]);
}

/// The config cannot be had: that is no "not found", which would go on to the next name.
fn fails_for_the_config(mode: &str) {
    Lab::run(|lab| {
        let hostile = hostile_tftp(lab, mode, "C0A8C8B1");
        let end = run(lab);
        hostile.assert_was_asked(mode);
        assert!([13, 14, 16].contains(&end.status.code().unwrap_or(-1)), "{end}");
        assert!(end.console.contains("C0A8C8B1"), "it names the file: {end}");
    });
}

/// One test for each mode of a hostile peer, named after the mode.
macro_rules! scenarios {
    ($($group:ident: $what:ident { $($mode:ident)* })*) => {
        $(mod $group {
            $(#[test]
            fn $mode() {
                super::$what(&stringify!($mode).replace('_', "-"));
            })*
        })*
    };
}

scenarios! {
    dhcp_beside_an_honest_server: boots_beside {
        wrong_xid wrong_chaddr wrong_cookie wrong_hlen wrong_op no_type cut overrun noise
        flood flood_of_offers foreign_nak foreign_ack
    }
    dhcp_without_a_usable_lease: gets_no_lease {
        address_zero address_broadcast address_loopback address_multicast always_nak
    }
    dhcp_sound_but_rare: boots_with_the_lease {
        overloaded split_option no_end padded mask_with_holes short_options empty_options
        garbage_options repeated_options
    }
    tftp_sound_with_something_beside: boots_from_tftp {
        doubled two_threads injected_from_a_port injected_from_an_address errors_from_an_address
        late_repeats errors_before_the_first_answer errors_after_the_end
    }
    tftp_refused: is_refused_over_tftp {
        beyond_tsize short_of_tsize huge_tsize negative_tsize bigger_blksize zero_blksize
        zero_windowsize unasked_option long_block error_with_escapes long_error error_in_the_middle
    }
    tftp_given_up: is_given_up_over_tftp {
        endless oack_forever cut_packets unknown_opcodes silent silent_after_the_first drip
        window_without_end window_without_its_last_block deaf_window
    }
    config: fails_for_the_config {
        endless huge_tsize silent error_with_escapes
    }
    http_head: fails_over_http {
        endless_header endless_line endless_continue endless_early_hints slow_head many_headers
        long_header not_http error_500 nothing silent two_lengths huge_length overflowing_length
        negative_length
    }
    http_body: fails_over_http {
        endless_body endless_trailers endless_chunk_extension slow_body slow_chunks short_body
        length_and_chunks a_coding_nobody_asked_for a_second_answer chunk_beyond_numbers
        chunk_of_all_memory chunk_negative chunk_garbage chunk_longer_than_told no_last_chunk
    }
    http_redirect: fails_over_http {
        redirects_for_ever redirect_to_a_file redirect_to_another_scheme redirect_to_a_closed_port
        redirect_to_dom0_itself redirect_without_a_place redirect_with_escapes
        redirect_to_an_endless_name
    }
    http_rest: fails_over_http {
        rest_never rest_of_another_start rest_of_another_length rest_of_another_file rest_backwards
        rest_beyond_numbers
    }
    tls: fails_over_tls {
        garbage plain_http closed_at_once an_alert an_alert_of_no_kind
        the_largest_record_then_silence a_record_too_large a_byte_now_and_then
        changes_of_cipher_without_end empty_records_without_end a_handshake_message_without_end
        then_cut then_cut_without_a_length then_garbage then_silence
    }
    dns_sound_with_something_beside: boots_by_name {
        other_ids_first another_question_first another_port_first another_address_first noise_first
        a_chain_of_forty cut_with_an_address
    }
    dns_without_an_address: fails_by_name {
        a_chain_of_thousands a_ring a_pointer_to_itself a_pointer_beyond_the_end
        more_records_told_than_there an_address_of_three_bytes cut no_such_name server_failure
        refused no_records the_question_again silent loopback zero multicast broadcast
    }
}

#[test]
fn a_boot_file_with_escapes_does_not_reach_the_terminal() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        rogue_dhcp(&server, "boot-file-with-escapes");
        tftp::start(&server, tftp::Kind::Hpa, &root);
        let end = run_with(lab, &["--debug"]);
        assert!([11, 12, 13, 14].contains(&end.status.code().unwrap_or(-1)), "{end}");
    });
}

#[test]
fn names_from_a_config_never_become_local_paths() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        let config = b"default a\nlabel a\nkernel http://192.168.200.1/../../../run/lab/pwned\ninitrd http://192.168.200.1/%2e%2e/etc/pwned\n";
        fixtures::write(&root, CONFIG_NAME, config);
        fixtures::write(&root, "run/lab/pwned", b"kernel");
        fixtures::write(&root, "etc/pwned", b"ramdisk");
        dnsmasq::whole(&server, &root);
        http::start(&server, &root);
        let end = run(lab);
        if let Some(answer) = &end.answer {
            assert!(
                answer.paths.iter().all(|path| path.starts_with("/var/lib/xen/bootloader.7.d")),
                "{:?}",
                answer.paths
            );
        }
        assert!(!Path::new("/run/lab/pwned").exists() && !Path::new("/etc/pwned").exists());
    });
}

#[test]
fn an_include_that_includes_itself_ends() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        fixtures::write(
            &root,
            CONFIG_NAME,
            b"include again.cfg\ndefault a\nlabel a\nkernel vmlinuz\n",
        );
        fixtures::write(&root, "again.cfg", b"include again.cfg\n");
        dnsmasq::whole(&server, &root);
        run(lab).failed(13, &["again.cfg"]);
    });
}

#[test]
fn a_config_that_hands_over_to_itself_ends() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        fixtures::write(&root, CONFIG_NAME, b"default a\nlabel a\nconfig pxelinux.cfg/C0A8C8B1\n");
        dnsmasq::whole(&server, &root);
        run(lab).failed(13, &["C0A8C8B1"]);
    });
}

#[test]
fn a_config_of_the_largest_size_with_noise_in_it() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        let noise: Vec<u8> = fixtures::bytes(3, 200_000)
            .iter()
            .map(|byte| if *byte == 0 { 1 } else { *byte })
            .collect();
        fixtures::write(&root, CONFIG_NAME, &noise);
        dnsmasq::whole(&server, &root);
        let end = run(lab);
        assert_eq!(end.status.code(), Some(13), "{end}");
    });
}

#[test]
fn text_from_a_config_is_shown_without_its_escapes() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        tree(&root);
        fixtures::write(
            &root,
            CONFIG_NAME,
            b"default nosuch\x1b[2J\nsay \x1b]0;owned\x07\nlabel \x1b[31mred\nkernel k\x07\n",
        );
        dnsmasq::whole(&server, &root);
        let end = run_with(lab, &["--debug"]);
        assert!(!end.status.success(), "{end}");
    });
}

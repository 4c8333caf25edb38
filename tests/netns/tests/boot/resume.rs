//! Transfers from a real web server that break off in the middle, by a relay in front of it.

use netns_tests::certificates::{Authority, Valid};
use netns_tests::fixtures::{self, CONFIG_NAME, Images};
use netns_tests::host::Server;
use netns_tests::servers::nginx::{self, Nginx};
use netns_tests::{Host, Lab, process, programs};

use crate::common::{OTHER, assert_same, check, lease_with};

/// A boot from nginx on port 8080 behind a relay on port 80.
struct Cut {
    nginx: Nginx,
    relay: Server,
    root: std::path::PathBuf,
    images: Images,
}

fn cut(lab: &Lab, bytes: &str, cuts: &str, manner: &str, more: &str, go: &str) -> Cut {
    let (server, root, images) = lease_with(lab, &["dhcp-option=210,http://192.168.200.1/"]);
    let nginx = nginx::start_on(&server, &root, "8080", None, more);
    Cut { nginx, relay: relay(&server, "80", [bytes, cuts, manner], go), root, images }
}

/// The same over https; and the word that makes it trusted.
fn cut_tls(lab: &Lab, how: [&str; 3]) -> (Cut, String) {
    let (server, root, images) = lease_with(lab, &["dhcp-option=210,https://192.168.200.1/"]);
    let authority = Authority::new(lab, "ours");
    let certificate = authority.sign(lab, "IP:192.168.200.1", Valid::Now);
    let nginx = nginx::start_on(&server, &root, "8080", Some(("8443", &certificate)), "");
    let relay = relay(&server, "443", how, "");
    let ca = format!("--ca={}", authority.own.certificate.display());
    (Cut { nginx, relay, root, images }, ca)
}

fn relay(server: &Host, port: &str, how: [&str; 3], go: &str) -> Server {
    let mut command = server.command(Lab::own_program("netns-cut"));
    let listen = format!("192.168.200.1:{port}");
    let target = format!("192.168.200.1:{}", if port == "80" { "8080" } else { "8443" });
    command.args([listen, target]).args(how).env("GO", go);
    server.serve("netns-cut", command, |server| server.log().contains("relaying"))
}

impl Cut {
    /// The ranges that were asked for and given, from the first byte on.
    fn resumed(&self) -> Vec<String> {
        let asked = self.nginx.asked().into_iter();
        asked.filter(|asked| asked.status == "206").map(|asked| asked.headers[1].clone()).collect()
    }

    fn cuts(&self) -> usize {
        self.relay.log().matches("cut by").count()
    }
}

fn boots_in_spite_of(manner: &'static str) {
    Lab::run(move |lab| {
        let cut = cut(lab, "1000000", "3", manner, "", "");
        check(&lab.boot().run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (3, 3), "{:?}", cut.nginx.asked());
        assert!(cut.resumed().iter().all(|range| range != "bytes=0-"), "{:?}", cut.resumed());
    });
}

#[test]
fn a_connection_that_is_reset_is_made_again_and_goes_on() {
    boots_in_spite_of("reset");
}

#[test]
fn a_connection_that_is_closed_is_made_again_and_goes_on() {
    boots_in_spite_of("close");
}

#[test]
fn a_server_that_falls_silent_is_asked_again_and_goes_on() {
    Lab::run(|lab| {
        let cut = cut(lab, "1000000", "1", "silence", "", "");
        check(&lab.boot().run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (1, 1), "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_connection_that_is_always_cut_is_given_up() {
    Lab::run(|lab| {
        let cut = cut(lab, "100000", "100", "close", "", "");
        let end = lab.boot().run();
        end.failed(14, &["http://192.168.200.1/", "broke off after", "4 times"]);
        assert!(cut.cuts() >= 4, "{}", cut.relay.log());
    });
}

#[test]
fn a_server_without_tags_and_dates_begins_again() {
    Lab::run(|lab| {
        let more = "etag off; add_header Last-Modified \"\";";
        let cut = cut(lab, "1000000", "2", "close", more, "");
        check(&lab.boot().run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (2, 0), "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_server_without_ranges_begins_again() {
    Lab::run(|lab| {
        let cut = cut(lab, "1000000", "2", "close", "max_ranges 0;", "");
        check(&lab.boot().run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (2, 0), "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_transfer_over_tls_that_is_cut_goes_on() {
    Lab::run(|lab| {
        let (cut, ca) = cut_tls(lab, ["1000000", "2", "close"]);
        check(&lab.boot().and([ca]).run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (2, 2), "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_handshake_that_is_cut_or_never_ends_is_an_error() {
    Lab::run(|lab| {
        let (cut, ca) = cut_tls(lab, ["100", "9", "close"]);
        lab.boot().and([ca]).run().failed(14, &["https://192.168.200.1/", "hangs up"]);
        assert_eq!(cut.cuts(), 2, "it is tried twice");
    });
    Lab::run(|lab| {
        let (_, ca) = cut_tls(lab, ["0", "9", "silence"]);
        let end = lab.boot().and([ca]).run();
        end.failed(14, &["https://192.168.200.1/", "no connection in time"]);
        assert!(end.took.as_secs() < 15, "{end}");
    });
}

#[test]
fn a_transfer_without_a_length_that_is_cut_is_not_taken_for_whole() {
    Lab::run(|lab| {
        // So nginx sends files in chunks, and neither tag nor date with them.
        let more = "ssi on; ssi_types application/octet-stream text/plain;";
        let cut = cut(lab, "1000000", "2", "close", more, "");
        let mut command = lab.host("client", OTHER).command(programs::installed("curl"));
        command.args(["-sS", "-D", "-", "-o", "/dev/null", "http://192.168.200.1:8080/vmlinuz"]);
        let headers = String::from_utf8(process::run(command).stdout).expect("text");
        assert!(headers.contains("Transfer-Encoding: chunked"), "{headers}");
        check(&lab.boot().run(), &cut.images);
        assert_eq!((cut.cuts(), cut.resumed().len()), (2, 0), "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_file_that_is_changed_meanwhile_begins_again() {
    Lab::run(|lab| {
        let go = lab.directory("go").join("go");
        let go = go.to_str().expect("plain text");
        let cut = cut(lab, "1000000", "1", "close", "", go);
        let config = b"default a\nlabel a\nkernel vmlinuz\n";
        fixtures::write(&cut.root, CONFIG_NAME, config);
        let boot = lab.boot().start();
        boot.wait_until("the cut", || cut.cuts() == 1);
        let changed = fixtures::kernel(77, 600_000);
        // Shorter than what is here already; and a new file in the old one's place, as a
        // package's upgrade does it.
        fixtures::write(&cut.root, "new", &changed);
        std::fs::rename(cut.root.join("new"), cut.root.join("vmlinuz")).expect("another kernel");
        std::fs::write(go, "").expect("the sign to go on");

        assert_same("kernel", &boot.finish().booted().kernel, &changed);

        assert_eq!(cut.resumed().len(), 0, "{:?}", cut.nginx.asked());
        let ranges = cut.nginx.asked().into_iter().filter(|asked| asked.headers[1] != "-");
        assert_eq!(ranges.count(), 1, "{:?}", cut.nginx.asked());
    });
}

#[test]
fn a_server_that_is_not_ready_yet_is_asked_again_a_second_later() {
    Lab::run(|lab| {
        let cut = cut(lab, "0", "1", "503", "", "");
        check(&lab.boot().run(), &cut.images);
        assert_eq!(cut.relay.log().matches("503 to").count(), 1, "{}", cut.relay.log());
    });
}

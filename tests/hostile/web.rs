//! Boots whose kernel is on a hostile web server, over http or https.

use netns_tests::certificates::{Authority, Valid};
use netns_tests::fixtures::{self, CONFIG_NAME, SERVER};
use netns_tests::servers::dnsmasq;
use netns_tests::{Host, Lab};

use super::{SHORT, run_for, tree};

/// A server that gives lease and config; the kernel is elsewhere.
pub(crate) fn kernel_at(lab: &Lab, url: &str) -> Host {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    tree(&root);
    let config = format!("default a\nlabel a\nkernel {url}\n");
    fixtures::write(&root, CONFIG_NAME, config.as_bytes());
    dnsmasq::whole(&server, &root);
    server
}

/// What comes is no kernel, or too late.
const CODES: [i32; 3] = [14, 15, 16];

pub(crate) fn fails_over_http(mode: &str) {
    const URL: &str = "http://192.168.200.1/vmlinuz";
    Lab::run(|lab| {
        let server = kernel_at(lab, URL);
        let mut command = server.command(Lab::own_program("hostile-http"));
        command.arg(mode);
        let hostile =
            server.serve("hostile-http", command, |server| server.log().contains("answering"));
        let end = run_for(lab, &[], SHORT);
        assert!(hostile.log().contains("a request"), "nobody asked for it");
        if mode.starts_with("rest-") && mode != "rest-never" {
            assert!(hostile.log().contains("the rest"), "nobody asked for the rest");
        }
        assert!(CODES.contains(&end.status.code().unwrap_or(-1)), "{end}");
        assert!(end.console.contains(URL), "it names the file: {end}");
    });
}

pub(crate) fn fails_over_tls(mode: &str) {
    const URL: &str = "https://192.168.200.1/vmlinuz";
    Lab::run(|lab| {
        let server = kernel_at(lab, URL);
        let authority = Authority::new(lab, "ours");
        let signed = authority.sign(lab, "IP:192.168.200.1", Valid::Now);
        let mut command = server.command(Lab::own_program("hostile-tls"));
        command.arg(mode).arg(&signed.certificate).arg(&signed.key);
        let hostile =
            server.serve("hostile-tls", command, |server| server.log().contains("answering"));
        let trusted = format!("--ca={}", authority.own.certificate.display());
        let end = run_for(lab, &[&trusted], SHORT);
        assert!(hostile.log().contains("a request"), "nobody asked for it");
        // Nothing of a file that was cut short counts as that file: not even as a wrong one.
        assert!([14, 16].contains(&end.status.code().unwrap_or(-1)), "{end}");
        assert!(end.console.contains(URL), "it names the file: {end}");
    });
}

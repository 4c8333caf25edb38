//! Blocks beyond the MTU: asked for where a server knows no windows, and given up where they do
//! not get through.

use std::time::Duration;

use netns_tests::Lab;
use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, Images, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::{Offer, dhcpd, tftp};
use netns_tests::wire::Wire;

use crate::common::{assert_same, check};

const LARGE: &str = "blksize\x0065464";
const USUAL: &str = "blksize\x001468";
const A_MIB: usize = 1 << 20;

/// A boot from this server; gives back every request for a kernel or an initrd.
fn requests(kind: tftp::Kind, faults: Option<Faults>) -> Vec<String> {
    let mut seen = Vec::new();
    let heard = std::sync::Mutex::new(&mut seen);
    Lab::run(|lab| {
        let server = match faults {
            Some(faults) => lab.host_behind("server", SERVER, faults),
            None => lab.host("server", SERVER),
        };
        let root = server.directory("root");
        let images =
            Images { kernel: fixtures::kernel(5, A_MIB), ramdisk: fixtures::bytes(6, 2 * A_MIB) };
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &images.kernel);
        fixtures::write(&root, "initrd.img", &images.ramdisk);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, kind, &root);
        let wire = Wire::tap(server.netns(), "eth0");

        check(&lab.boot().run(), &images);

        let asked = wire.datagrams_to(69);
        **heard.lock().expect("one thread") = asked
            .iter()
            .map(|request| String::from_utf8_lossy(&request.payload).into_owned())
            .filter(|request| request.contains("vmlinuz") || request.contains("initrd.img"))
            .collect();
    });
    seen
}

fn count(requests: &[String], blksize: &str) -> usize {
    requests.iter().filter(|request| request.contains(&format!("{blksize}\0"))).count()
}

#[test]
fn a_server_without_windows_is_asked_for_the_largest_blocks_at_once() {
    let requests = requests(tftp::Kind::Hpa, None);
    assert_eq!((requests.len(), count(&requests, LARGE)), (2, 2), "{requests:?}");
}

#[test]
fn a_server_that_caps_its_blocks_is_asked_once_for_each_file() {
    let requests = requests(tftp::Kind::Dnsmasq, None);
    assert_eq!(requests.len(), 2, "{requests:?}");
}

#[test]
fn a_server_with_windows_is_never_asked_for_large_blocks() {
    for kind in [tftp::Kind::Atftpd, tftp::Kind::RsTftpd] {
        let requests = requests(kind, None);
        assert_eq!((requests.len(), count(&requests, USUAL)), (2, 2), "{requests:?}");
    }
}

#[test]
fn where_fragments_are_lost_the_usual_blocks_do() {
    let faults = Faults {
        no_fragments: true,
        delay: Duration::from_micros(300),
        seed: 21,
        ..Faults::default()
    };
    let requests = requests(tftp::Kind::Hpa, Some(faults));
    assert!(count(&requests, LARGE) >= 1, "they were tried: {requests:?}");
    assert_eq!(count(&requests, USUAL), 2, "each came by the usual ones: {requests:?}");
}

#[test]
fn without_a_config_file_the_first_answer_of_a_large_file_tells() {
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        let kernel = fixtures::kernel(7, A_MIB);
        fixtures::write(&root, "vmlinuz", &kernel);
        dhcpd::start(&server, &Offer::usual("192.168.200.1"));
        tftp::start(&server, tftp::Kind::Hpa, &root);
        let wire = Wire::tap(server.netns(), "eth0");

        let end = lab.boot().own("--kernel=tftp://192.168.200.1/vmlinuz").run();

        assert_same("kernel", &end.booted().kernel, &kernel);
        let asked: Vec<String> = wire
            .datagrams_to(69)
            .iter()
            .map(|request| String::from_utf8_lossy(&request.payload).into_owned())
            .collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!((count(&asked, USUAL), count(&asked, LARGE)), (1, 1), "{asked:?}");
    });
}

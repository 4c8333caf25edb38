//! Boots whose kernel has a name in its URL, and a hostile server that looks names up.

use netns_tests::fixtures::{self, CONFIG_NAME, Images, SERVER};
use netns_tests::host::Server;
use netns_tests::servers::{dnsmasq, http};
use netns_tests::{Host, Lab};

use super::{run, tree};

struct Site {
    images: Images,
    _server: Host,
    names: Server,
}

fn site(lab: &Lab, mode: &str) -> Site {
    let server = lab.host("server", SERVER);
    server.ip("addr add 192.168.200.66/24 dev eth0");
    let root = server.directory("root");
    let images = tree(&root);
    let config = b"default a\nlabel a\nkernel http://boot.test/vmlinuz\n";
    fixtures::write(&root, CONFIG_NAME, config);
    let mut lines = dnsmasq::lease();
    lines.extend(dnsmasq::tftp(&root));
    lines.extend(["dhcp-boot=pxelinux.0", "dhcp-option=6,192.168.200.1"].map(str::to_owned));
    dnsmasq::start(&server, &lines);
    http::start(&server, &root);
    let mut command = server.command(Lab::own_program("hostile-dns"));
    command.arg(mode);
    let names = server.serve("hostile-dns", command, |server| server.has_udp_port(53));
    Site { images, _server: server, names }
}

impl Site {
    fn assert_was_asked(&self) {
        assert!(self.names.log().contains("a request"), "nobody asked for it");
    }
}

pub(crate) fn boots_by_name(mode: &str) {
    Lab::run(|lab| {
        let site = site(lab, mode);
        let end = run(lab);
        site.assert_was_asked();
        assert!(end.booted().kernel == site.images.kernel, "a wrong kernel: {end}");
    });
}

pub(crate) fn fails_by_name(mode: &str) {
    Lab::run(|lab| {
        let site = site(lab, mode);
        let end = run(lab);
        site.assert_was_asked();
        end.failed(14, &["http://boot.test/vmlinuz"]);
        if mode == "cut" {
            end.failed(14, &["192.168.200.1 cut its answer for boot.test"]);
        }
    });
}

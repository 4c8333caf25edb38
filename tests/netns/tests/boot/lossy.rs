//! A network that loses, doubles and reorders: slower, but never wrong.

use std::time::Duration;

use netns_tests::Lab;
use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, Images, SERVER};
use netns_tests::relay::Faults;
use netns_tests::servers::{dnsmasq, tftp};

use crate::common::check;

/// dnsmasq repeats a lost block only after 2 s, and more each time.
const LONGEST: Duration = Duration::from_secs(45);

fn boots_through(kind: tftp::Kind, faults: Faults) {
    Lab::run(|lab| {
        let server = lab.host_behind("server", SERVER, faults);
        let root = server.directory("root");
        let images =
            Images { kernel: fixtures::kernel(5, 150_000), ramdisk: fixtures::bytes(6, 300_001) };
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &images.kernel);
        fixtures::write(&root, "initrd.img", &images.ramdisk);
        let mut lines = dnsmasq::lease();
        lines.push("dhcp-boot=pxelinux.0".into());
        if kind == tftp::Kind::Dnsmasq {
            lines.extend(dnsmasq::tftp(&root));
        } else {
            tftp::start(&server, kind, &root);
        }
        dnsmasq::start(&server, &lines);

        let end = lab.boot().run();

        check(&end, &images);
        assert!(end.took < LONGEST, "{end}");
    });
}

const PATH: Faults = Faults {
    lost: 0,
    doubled: 0,
    late: 0,
    no_fragments: false,
    delay: Duration::from_micros(300),
    seed: 0,
};
const LOSS: Faults = Faults { lost: 10, doubled: 0, late: 0, seed: 11, ..PATH };
const DOUBLES: Faults = Faults { lost: 0, doubled: 50, late: 0, seed: 12, ..PATH };
const DISORDER: Faults = Faults { lost: 0, doubled: 0, late: 50, seed: 13, ..PATH };
const ALL: Faults = Faults { lost: 10, doubled: 50, late: 50, seed: 14, ..PATH };

macro_rules! whole_boots {
    ($($name:ident: $kind:ident through $faults:ident;)*) => {
        $(#[test]
        fn $name() {
            boots_through(tftp::Kind::$kind, $faults);
        })*
    };
}

whole_boots! {
    dnsmasq_with_loss: Dnsmasq through LOSS;
    dnsmasq_with_doubles: Dnsmasq through DOUBLES;
    dnsmasq_with_disorder: Dnsmasq through DISORDER;
    dnsmasq_with_all_of_it: Dnsmasq through ALL;
    tftpd_hpa_with_loss: Hpa through LOSS;
    tftpd_hpa_with_doubles: Hpa through DOUBLES;
    tftpd_hpa_with_disorder: Hpa through DISORDER;
    tftpd_hpa_with_all_of_it: Hpa through ALL;
    atftpd_with_loss: Atftpd through LOSS;
    atftpd_with_doubles: Atftpd through DOUBLES;
    atftpd_with_disorder: Atftpd through DISORDER;
    atftpd_with_all_of_it: Atftpd through ALL;
    rs_tftpd_with_loss: RsTftpd through LOSS;
    rs_tftpd_with_doubles: RsTftpd through DOUBLES;
    rs_tftpd_with_disorder: RsTftpd through DISORDER;
    rs_tftpd_with_all_of_it: RsTftpd through ALL;
}

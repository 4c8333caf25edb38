//! Trees in the shape of what sites have (tests/pxelinux/trees/sites.trees), served by real servers:
//! rpxeboot plans what the real PXELINUX booted of them.

use std::sync::LazyLock;

use netns_tests::servers::{dnsmasq, nginx};
use netns_tests::{Lab, fixtures};
use serde_json::Value;

#[path = "../../../../bootloader/tests/pxelinux/trees.rs"]
mod trees;

use trees::{Answer, Real, Tree};

const SERVER: [u8; 4] = [10, 0, 2, 2];
const MAC: &str = "52:54:00:12:34:56";

static SITES: LazyLock<Vec<(Tree, Answer)>> = LazyLock::new(|| trees::of("sites"));

/// Serves the tree by TFTP, or by HTTP under a prefix that DHCP gives, and compares.
fn plans_what_pxelinux_booted(name: &'static str, by_http: bool) {
    // Read before: a lab has a /tmp of its own, and the repository may be in the other.
    let (tree, answer) = SITES.iter().find(|(tree, _)| tree.name == name).expect("the site's tree");
    Lab::run(move |lab| {
        let host = lab.host("server", SERVER);
        let root = host.directory("root");
        for (file, bytes) in &tree.files {
            fixtures::write(&root, file, bytes);
        }
        let mut lines = vec![
            "dhcp-range=10.0.2.0,static,255.255.255.0,1h".to_owned(),
            format!("dhcp-host={MAC},10.0.2.15"),
            "dhcp-boot=lpxelinux.0".to_owned(),
        ];
        if by_http {
            nginx::start_on(&host, &root, "5248", None, "");
            lines.push("dhcp-option-force=210,http://10.0.2.2:5248/".to_owned());
        } else {
            lines.extend(dnsmasq::tftp(&root));
        }
        dnsmasq::start(&host, &lines);

        let said = lab.shell(&["--dry-run", &format!("mac={MAC},bridge=xenbr0")]);
        let plan: Value = serde_json::from_slice(&said.stdout).expect("one JSON object");

        match &answer.did {
            Real::Disk => assert_eq!(plan["action"], "localboot", "{plan}"),
            Real::Line(line) => {
                let line = String::from_utf8_lossy(line);
                assert_eq!(plan["args"].as_str().expect("a command line"), line, "{plan}");
                assert_files(&plan, answer);
            }
            Real::Modules(modules) => {
                let first = String::from_utf8_lossy(&modules[0]).into_owned();
                let (_, words) = first.split_once(' ').expect("a kernel with words");
                assert_eq!(plan["args"], words, "{plan}");
                assert_files(&plan, answer);
            }
            Real::Waits => panic!("{name}: PXELINUX waits; that is no site's tree"),
        }
    });
}

/// The last files that PXELINUX asked for are the kernel and the initrds.
fn assert_files(plan: &Value, answer: &Answer) {
    let initrds = plan["initrds"].as_array().expect("initrds");
    let urls = std::iter::once(&plan["kernel"]).chain(initrds);
    let paths: Vec<String> = urls
        .map(|url| {
            let url = url.as_str().expect("a URL");
            let (_, path) =
                url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a path");
            path.to_owned()
        })
        .collect();
    let asked: Vec<String> =
        answer.asked.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    assert!(asked.ends_with(&paths), "{paths:?} of {asked:?}");
}

/// A test for each site.
macro_rules! sites {
    ($($test:ident: $tree:literal, $by_http:literal;)*) => {
        $(
            #[test]
            fn $test() {
                plans_what_pxelinux_booted($tree, $by_http);
            }
        )*

        #[test]
        fn every_tree_has_its_test() {
            let tested = [$($tree),*];
            for (tree, _) in SITES.iter() {
                assert!(tested.contains(&tree.name.as_str()), "{} has no test here", tree.name);
            }
        }
    };
}

sites! {
    foreman_installs: "foreman", false;
    foreman_boots_from_disk: "foreman-local", false;
    foreman_for_unknown_machines: "foreman-global", false;
    foreman_installs_ubuntu: "foreman-ubuntu", false;
    cobbler_installs: "cobbler", false;
    cobbler_for_unknown_machines: "cobbler-menu", false;
    maas_deploys: "maas", false;
    maas_deploys_by_http: "maas", true;
    maas_boots_from_disk: "maas-local", false;
    maas_boots_from_disk_by_http: "maas-local", true;
    fai_installs: "fai", false;
    fai_with_uuid_and_mac: "fai-sysappend", false;
    xcat_installs: "xcat", false;
    xcat_boots_from_disk: "xcat-boot", false;
    ironic_deploys: "ironic", false;
    ironic_boots_the_whole_disk: "ironic-whole-disk", false;
    quattor_installs: "quattor", false;
    debians_text_installer: "debian-text", false;
    debians_graphical_installer: "debian-gtk", false;
    anaconda: "anaconda", false;
    anaconda_by_http: "anaconda", true;
    opensuse_from_disk: "opensuse", false;
    opensuse_installs: "opensuse-install", false;
    ubuntus_live_installer: "ubuntu-live", false;
    coreos: "rhcos", false;
    coreos_by_http: "rhcos", true;
    ltsp: "ltsp", false;
    clonezilla: "drbl", false;
    xcp_ng: "xcp-ng", false;
    written_on_windows: "hand-made-crlf", false;
    written_by_hand: "hand-made-memtest", false;
    the_first_user: "seed", false;
}

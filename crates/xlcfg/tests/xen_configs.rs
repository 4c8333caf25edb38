//! The configs that people start from, `xen-configs/`: each is read, and says what it should.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use xlcfg::{DiskFormat, DiskSpec, Document, GuestType, OvsBridge, VifSpec, format_mac};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xen-configs");

fn paths(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(DIRECTORY).expect(DIRECTORY);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// By the name of the file.
fn configs() -> BTreeMap<String, Document> {
    let read = |path: PathBuf| {
        let text = fs::read(&path).unwrap();
        let document = Document::parse(&text)
            .unwrap_or_else(|error| panic!("{}", error.render(&path.display().to_string())));
        assert_eq!(document.to_bytes(), text, "{}", path.display());
        (stem(&path), document)
    };
    let configs: BTreeMap<_, _> = paths("cfg").into_iter().map(read).collect();
    assert!(configs.len() >= 7, "the configs are not there: {:?}", configs.keys());
    configs
}

fn disks(name: &str, document: &Document) -> Vec<DiskSpec> {
    let specs = document.strings("disk").unwrap().unwrap_or_else(|| panic!("{name}: no disk"));
    let read = |spec: &String| {
        DiskSpec::parse(spec).unwrap_or_else(|error| panic!("{name}: {spec}: {error}"))
    };
    specs.iter().map(read).collect()
}

fn vifs(name: &str, document: &Document) -> Vec<VifSpec> {
    let specs = document.strings("vif").unwrap().unwrap_or_else(|| panic!("{name}: no vif"));
    let read = |spec: &String| {
        VifSpec::parse(spec).unwrap_or_else(|error| panic!("{name}: {spec}: {error}"))
    };
    specs.iter().map(read).collect()
}

#[test]
fn each_is_named_like_its_file_and_boots_by_rpxeboot() {
    for (name, document) in configs() {
        assert_eq!(document.string("name").unwrap().as_deref(), Some(name.as_str()));
        let bootloader = document.string("bootloader").unwrap();
        assert_eq!(bootloader.as_deref(), Some("/usr/bin/rpxeboot"), "{name}");
        // A word that xl would pass over is no help to anybody.
        assert!(document.keys().all(|key| key != "bootargs"), "{name}");
        assert!(document.integer("memory").unwrap().unwrap() >= 512, "{name}");

        // Without a system on its disk, a guest installs itself: it must never do so twice.
        let args = document.bootloader_args().unwrap();
        let expected: &[&str] = if name == "diskless" { &[] } else { &["--order=disk,net"] };
        assert_eq!(args, expected, "{name}");
        let kind = if name == "pvh" { GuestType::Pvh } else { GuestType::Pv };
        assert_eq!(document.guest_type(), Ok(kind), "{name}");
    }
}

#[test]
fn each_has_a_disk_of_its_own_for_libxl_to_pass_to_the_bootloader() {
    let mut targets = BTreeSet::new();
    for (name, document) in configs() {
        let disks = disks(&name, &document);
        let first = disks.first().unwrap_or_else(|| panic!("{name}: no disk"));
        let expected = match name.as_str() {
            "lvm" => "/dev/vg0/lvm".to_owned(),
            _ => format!("/var/lib/xen/images/{name}/disk.img"),
        };
        assert_eq!(first.target.as_deref(), Some(expected.as_str()), "{name}");
        assert_eq!((first.format, first.cdrom), (DiskFormat::Raw, false), "{name}");
        assert_eq!(first.read_only, name == "diskless", "{name}");
        for disk in disks {
            assert!(targets.insert(disk.target.clone()), "{name}: {disk:?} is another's too");
            disk.to_spec().unwrap();
        }
    }
}

#[test]
fn each_has_macs_of_its_own() {
    let mut macs = BTreeSet::new();
    for (name, document) in configs() {
        let vifs = vifs(&name, &document);
        // The interface to boot over, at least, has one, and its bridge is named.
        let first = vifs.first().unwrap_or_else(|| panic!("{name}: no vif"));
        assert!(first.mac().is_some() && first.bridge().is_some(), "{name}: {first}");
        for mac in vifs.iter().filter_map(VifSpec::mac) {
            assert_eq!(mac[..3], [0x00, 0x16, 0x3e], "{name}");
            assert!(macs.insert(format_mac(mac)), "{name}: {} is another's", format_mac(mac));
        }
    }
    for path in paths("xml") {
        let text = fs::read_to_string(&path).unwrap();
        let mac = text.split("<mac address='").nth(1).and_then(|rest| rest.get(..17));
        let mac = xlcfg::parse_mac(mac.expect("a MAC in the XML")).unwrap();
        assert!(macs.insert(format_mac(mac)), "{}", path.display());
    }
}

#[test]
fn the_vlans_are_where_the_scripts_look_for_them() {
    let configs = configs();
    let ovs = vifs("openvswitch", &configs["openvswitch"]);
    assert!(ovs.iter().all(|vif| vif.script() == Some("vif-openvswitch")));
    let bridges: Vec<_> =
        ovs.iter().map(|vif| OvsBridge::parse(vif.bridge().unwrap()).unwrap()).collect();
    assert_eq!(
        (bridges[0].name, bridges[0].tag, &bridges[0].trunks[..]),
        ("ovsbr0", Some(42), &[][..])
    );
    // Open vSwitch heeds no trunks of a port that has a tag.
    assert_eq!((bridges[1].tag, &bridges[1].trunks[..]), (None, &[100, 200][..]));
    for (name, document) in &configs {
        if name != "openvswitch" {
            let vifs = vifs(name, document);
            assert!(vifs.iter().all(|vif| vif.script().is_none()), "{name}");
        }
    }
}

/// What is commented out is there to be used: it must be right as well.
#[test]
fn each_setting_that_is_commented_out_is_one() {
    let mut tried = 0;
    for path in paths("cfg") {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let Some(setting) = line.strip_prefix('#') else { continue };
            if !setting.starts_with(|first: char| first.is_ascii_lowercase()) {
                continue;
            }
            tried += 1;
            let place = format!("{}:{}", path.display(), number + 1);
            let document = Document::parse(format!("{setting}\n"))
                .unwrap_or_else(|error| panic!("{}", error.render(&place)));
            for spec in document.strings("vif").unwrap().unwrap_or_default() {
                VifSpec::parse(&spec).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
        }
    }
    assert!(tried >= 4, "only {tried} were found");
}

#[test]
fn the_table_of_the_readme_has_every_file() {
    let readme = fs::read_to_string(Path::new(DIRECTORY).join("README.md")).unwrap();
    for entry in fs::read_dir(DIRECTORY).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let linked = readme.contains(&format!("[{name}]({name})"));
        assert_eq!(linked, name != "README.md", "{name}");
    }
}

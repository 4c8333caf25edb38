//! Configs and iPXE scripts that would keep their reader busy without end, from an honest server.

use netns_tests::fixtures::{self, CONFIG_NAME, SERVER};
use netns_tests::servers::{dnsmasq, http};
use netns_tests::{End, Lab};

use super::{SHORT, run_for, tree};

/// A boot with this config, and these files beside it.
fn config(lab: &Lab, text: &str, files: &[(&str, &str)]) -> End {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    tree(&root);
    fixtures::write(&root, CONFIG_NAME, text.as_bytes());
    for (name, text) in files {
        fixtures::write(&root, name, text.as_bytes());
    }
    dnsmasq::whole(&server, &root);
    run_for(lab, &[], SHORT)
}

/// A boot that runs these scripts, the first of them at first.
fn script(lab: &Lab, files: &[(&str, &str)]) -> End {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    tree(&root);
    for (name, text) in files {
        fixtures::write(&root, name, format!("#!ipxe\n{text}").as_bytes());
    }
    let mut lines = dnsmasq::lease();
    lines.push(format!("dhcp-boot=http://192.168.200.1/{}", files[0].0));
    dnsmasq::start(&server, &lines);
    http::start(&server, &root);
    run_for(lab, &["--client=ipxe"], SHORT)
}

fn ends(files: &'static [(&str, &str)], code: i32, told: &'static [&str]) {
    Lab::run(|lab| script(lab, files).failed(code, told));
}

#[test]
fn files_that_include_each_other() {
    Lab::run(|lab| {
        let end = config(
            lab,
            "include a.cfg\ndefault a\nlabel a\nkernel vmlinuz\n",
            &[("a.cfg", "include b.cfg\ninclude b.cfg\n"), ("b.cfg", "include a.cfg\n")],
        );
        end.failed(13, &[".cfg"]);
    });
}

#[test]
fn configs_that_hand_over_to_each_other() {
    Lab::run(|lab| {
        let end = config(
            lab,
            "default a\nlabel a\nconfig a.cfg\n",
            &[
                ("a.cfg", "default a\nlabel a\nconfig b.cfg\n"),
                ("b.cfg", "default a\nlabel a\nconfig a.cfg\n"),
            ],
        );
        end.failed(13, &[".cfg"]);
    });
}

#[test]
fn labels_beyond_their_number() {
    let labels: String = (0..12_000).map(|number| format!("label {number}\n")).collect();
    Lab::run(|lab| config(lab, &labels, &[]).failed(13, &["C0A8C8B1"]));
}

#[test]
fn a_config_beyond_its_size() {
    let line = format!("default {}\n", "a".repeat(1 << 20));
    Lab::run(|lab| config(lab, &line, &[]).failed(14, &["C0A8C8B1"]));
}

#[test]
fn a_line_as_long_as_a_config_may_be() {
    let line = format!("default {}\n", "a".repeat(250_000));
    Lab::run(|lab| {
        let end = config(lab, &line, &[]);
        assert!([13, 14].contains(&end.status.code().unwrap_or(-1)), "{end}");
    });
}

#[test]
fn menus_in_menus_beyond_their_depth() {
    let menus: String = (0..5000).map(|number| format!("menu begin {number}\n")).collect();
    Lab::run(|lab| {
        let end = config(lab, &format!("ui menu.c32\n{menus}label a\nkernel nothing\n"), &[]);
        assert!([13, 14].contains(&end.status.code().unwrap_or(-1)), "{end}");
    });
}

#[test]
fn a_label_that_is_its_own_default_on_error() {
    Lab::run(|lab| {
        let end = config(lab, "default nothing\nonerror nothing\n", &[]);
        assert!([13, 14].contains(&end.status.code().unwrap_or(-1)), "{end}");
    });
}

#[test]
fn a_script_that_turns_in_place() {
    ends(&[("a.ipxe", ":again\ngoto again\n")], 13, &["a.ipxe"]);
}

#[test]
fn a_script_that_chains_itself() {
    ends(&[("a.ipxe", "chain a.ipxe\n")], 13, &["a.ipxe"]);
}

#[test]
fn scripts_that_chain_each_other() {
    ends(
        &[("a.ipxe", "chain --replace b.ipxe\n"), ("b.ipxe", "chain --replace a.ipxe\n")],
        13,
        &[".ipxe"],
    );
}

#[test]
fn a_script_that_sleeps_is_not_waited_for() {
    Lab::run(|lab| {
        let end = script(lab, &[("a.ipxe", "sleep 9999\nkernel vmlinuz\nboot\n")]);
        assert!(end.booted().kernel == fixtures::kernel(5, 200_000), "a wrong kernel: {end}");
    });
}

#[test]
fn a_script_that_waits_for_a_key() {
    ends(&[("a.ipxe", "prompt Press any key\nkernel gone\nboot\n")], 13, &["a.ipxe"]);
}

#[test]
fn a_variable_that_doubles() {
    ends(&[("a.ipxe", "set a aaaaaaaa\n:again\nset a ${a}${a}\ngoto again\n")], 13, &["a.ipxe"]);
}

#[test]
fn a_variable_that_holds_itself() {
    ends(
        &[("a.ipxe", "set a ${a}x\nset b ${a:${b}}\nset c ${${${c}}}\nkernel ${a}${b}${c}\n")],
        13,
        &["a.ipxe"],
    );
}

#[test]
fn images_without_end() {
    ends(
        &[("a.ipxe", ":again\ninitrd http://192.168.200.1/initrd.img\ngoto again\n")],
        13,
        &["a.ipxe"],
    );
}

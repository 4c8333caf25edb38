//! What `vmprov server` writes for a site's servers: each text passes its server's own check, and
//! serves a whole boot, put in as it says, beside the least that such a server needs besides.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netns_tests::fixtures::{self, CONFIG_NAME, GUEST, Images, MAC, SERVER};
use netns_tests::servers::{dnsmasq, tftp};
use netns_tests::{Host, Lab, programs};

mod provision;
mod serve;

const ARGS: &str = "BOOT_IMAGE=vmlinuz console=hvc0 quiet initrd=initrd.img";

/// The texts, written below a directory of the lab's; with the images and the guest's config in
/// the TFTP server's root.
struct Texts {
    directory: PathBuf,
    root: PathBuf,
    images: Images,
}

fn texts(lab: &Lab, host: &Host, words: &[&str]) -> Texts {
    let configs = lab.directory("configs");
    let config = format!("name = 'RK'\nvif = [ 'mac={MAC},bridge=xenbr0' ]\n");
    fs::write(configs.join("RK.cfg"), config).unwrap();
    let directory = lab.directory("texts");
    let mut command = Command::new(Lab::own_program("vmprov"));
    command.arg("--config-dir").arg(&configs).arg("--state-dir").arg(lab.directory("state"));
    command.args(["server", "RK", "--address", GUEST, "--kernel", "vmlinuz"]);
    command.args(["--initrd", "initrd.img", "--append", "console=hvc0 quiet"]).args(words);
    let output = command.arg("--write").arg(&directory).output().expect("cargo build -p vmprov");
    assert!(output.status.success(), "{output:?}");

    let root = host.directory("root");
    let images = fixtures::tree(&root);
    // Only ours says what to boot.
    fs::remove_file(root.join(CONFIG_NAME)).unwrap();
    let ours = directory.join("tftp/pxelinux.cfg");
    for entry in fs::read_dir(ours).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), root.join("pxelinux.cfg").join(entry.file_name())).unwrap();
    }
    Texts { directory, root, images }
}

fn passes(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// The guest boots what the texts say, from the address that they give it.
fn boots(lab: &Lab, images: &Images) {
    let end = lab.boot().run();
    let answer = end.booted();
    assert_eq!(answer.args, ARGS, "{end}");
    assert!(answer.kernel == images.kernel && answer.ramdisk.as_ref() == Some(&images.ramdisk));
    let said = end.to_string();
    assert!(said.contains(&format!("lease {GUEST}/24")), "{said}");
    assert!(said.contains("pxelinux.cfg/01-00-16-3e-62-39-d3"), "{said}");
}

fn dnsmasq_lines(conf: &Path) -> Vec<String> {
    vec!["dhcp-range=192.168.200.0,static,1h".to_owned(), format!("conf-file={}", conf.display())]
}

#[test]
fn dnsmasq_that_serves_the_files_too() {
    Lab::run(|lab| {
        let host = lab.host("server", SERVER);
        let texts = texts(lab, &host, &["--for", "dnsmasq"]);
        let conf = texts.directory.join("dnsmasq/RK.conf");
        let mut check = lab.command(programs::installed("dnsmasq"));
        check.arg("--test").arg(format!("--conf-file={}", conf.display()));
        passes(check);
        let mut lines = dnsmasq_lines(&conf);
        lines.extend(dnsmasq::tftp(&texts.root));
        dnsmasq::start(&host, &lines);
        boots(lab, &texts.images);
    });
}

#[test]
fn dnsmasq_beside_a_tftp_server() {
    Lab::run(|lab| {
        let host = lab.host("server", SERVER);
        let files = lab.host("files", [192, 168, 200, 7]);
        let texts = texts(lab, &files, &["--for", "dnsmasq", "--server", "192.168.200.7"]);
        dnsmasq::start(&host, &dnsmasq_lines(&texts.directory.join("dnsmasq/RK.conf")));
        tftp::start(&files, tftp::Kind::Hpa, &texts.root);
        boots(lab, &texts.images);
    });
}

#[test]
fn isc_dhcpd_includes_it() {
    Lab::run(|lab| {
        let host = lab.host("server", SERVER);
        let texts = texts(lab, &host, &["--for", "isc-dhcpd", "--server", "192.168.200.1"]);
        tftp::start(&host, tftp::Kind::Hpa, &texts.root);
        let directory = host.directory("dhcpd");
        let config = directory.join("dhcpd.conf");
        let ours = texts.directory.join("dhcpd/RK.conf");
        let text = format!(
            "subnet 192.168.200.0 netmask 255.255.255.0 {{ }}\ninclude \"{}\";\n",
            ours.display()
        );
        fs::write(&config, text).unwrap();
        fs::write(directory.join("leases"), "").unwrap();
        let dhcpd = |words: &[&str]| {
            let mut command = host.command(programs::installed("dhcpd"));
            command.args(["-4", "-cf"]).arg(&config).arg("-lf").arg(directory.join("leases"));
            command.args(words);
            command
        };
        passes(dhcpd(&["-t"]));
        host.serve("dhcpd", dhcpd(&["-f", "-d", "--no-pid", "eth0"]), |server| {
            server.log().contains("Server starting service.")
        });
        boots(lab, &texts.images);
    });
}

#[test]
fn kea_includes_it() {
    Lab::run(|lab| {
        let host = lab.host("server", SERVER);
        let texts = texts(lab, &host, &["--for", "kea", "--server", "192.168.200.1"]);
        tftp::start(&host, tftp::Kind::Hpa, &texts.root);
        let directory = host.directory("kea");
        let config = directory.join("kea-dhcp4.conf");
        let text = format!(
            r#"{{ "Dhcp4": {{
                "interfaces-config": {{ "interfaces": [ "eth0" ] }},
                "lease-database": {{ "type": "memfile", "persist": false }},
                "loggers": [{{ "name": "kea-dhcp4", "severity": "INFO", "output_options": [{{ "output": "stdout" }}] }}],
                "subnet4": [{{ "id": 1, "subnet": "192.168.200.0/24", "reservations": [
                    <?include "{}"?>
                ] }}]
            }} }}"#,
            texts.directory.join("kea/RK.json").display()
        );
        fs::write(&config, text).unwrap();
        let kea = |option: &str| {
            let mut command = host.command(programs::installed("kea-dhcp4"));
            command.arg(option).arg(&config);
            command.env("KEA_PIDFILE_DIR", &directory).env("KEA_LOCKFILE_DIR", &directory);
            command
        };
        passes(kea("-t"));
        host.serve("kea-dhcp4", kea("-c"), |server| server.log().contains("DHCP4_STARTED"));
        boots(lab, &texts.images);
    });
}

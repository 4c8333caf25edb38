//! The list of system calls: exact, and the documented one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, SERVER};
use netns_tests::servers::{dnsmasq, nginx};
use netns_tests::{Lab, programs};
use rpxeboot::sandbox::syscalls::ALLOWED;

fn listed() -> BTreeSet<&'static str> {
    ALLOWED.iter().copied().flatten().map(|call| call.name).collect()
}

#[test]
fn every_other_system_call_ends_the_process() {
    let output = std::process::Command::new(programs::own("compromised"))
        .arg("--calls")
        .output()
        .expect("it can be started");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.lines().count(), 1, "these were not ended:\n{told}");
    let tried: usize = told.split(' ').next().expect("a number").parse().expect("a number");
    assert!(tried > 500, "{told}");
}

#[test]
fn the_documented_list_is_the_real_one() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox.md");
    let text = fs::read_to_string(document).expect("docs/sandbox.md");
    let documented: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(name, _)| name))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .filter(|name| !name.starts_with(char::is_uppercase))
        .collect();
    assert_eq!(documented, listed());
}

/// Of a boot that does most of what there is to do: two initrds and a compressed kernel, by TFTP
/// and HTTP, a name that has to be looked up.
#[test]
fn a_whole_boot_makes_only_the_listed_system_calls() {
    let strace = programs::installed("strace");
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 3 << 20));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 3 << 20));
        let config = "default a\nlabel a\nkernel http://192.168.200.1/vmlinuz\n\
                      initrd initrd.img,http://192.168.200.1/initrd.img\nappend a=b\n";
        fixtures::write(&root, CONFIG_NAME, config.as_bytes());
        dnsmasq::whole(&server, &root);
        let _nginx = nginx::start(&server, &root, None, "");

        let directory = lab.directory("traced");
        let wrapper = directory.join("rpxeboot");
        let log = directory.join("log");
        let script = format!(
            "#!/bin/sh\nexec {} -f -o {} {} \"$@\"\n",
            strace.display(),
            log.display(),
            lab.program().display()
        );
        fs::write(&wrapper, script).expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&wrapper, mode).expect("its mode");
        let end = lab.boot().program(&wrapper).run();
        end.booted();
        let seen = after_the_filter(&fs::read_to_string(&log).expect("strace's log"));
        assert!(seen.contains("recvfrom") && seen.contains("pwrite64"), "{seen:?}");
        let unlisted: Vec<_> =
            seen.iter().filter(|name| !listed().contains(name.as_str())).collect();
        assert!(unlisted.is_empty(), "{unlisted:?}");
    });
}

/// The system calls that the worker and its threads made after the filter was there: the second
/// one, the first only hides clone3(2).
fn after_the_filter(log: &str) -> BTreeSet<String> {
    let mut filters = 0;
    let mut confined = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for line in log.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("seccomp(") {
            filters += 1;
            if filters == 2 {
                confined.insert(process.to_owned());
            }
            continue;
        }
        if !confined.contains(process) {
            continue;
        }
        if let Some((name, _)) = rest.split_once('(')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            seen.insert(name.to_owned());
        }
        let is_clone = rest.starts_with("clone") || rest.starts_with("<... clone");
        if let Some((_, thread)) = rest.rsplit_once("= ")
            && is_clone
            && thread.bytes().all(|byte| byte.is_ascii_digit())
        {
            confined.insert(thread.to_owned());
        }
    }
    assert_eq!(filters, 2, "the worker's filters");
    seen
}

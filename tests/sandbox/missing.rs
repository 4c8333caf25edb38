//! Kernels that lack a part of the sandbox: it is said, and `--sandbox=require` goes no further. The
//! kernel is this one, behind a filter that answers as an older one would (without.rs).

use netns_tests::fixtures::{self, CONFIG, CONFIG_NAME, SERVER};
use netns_tests::servers::dnsmasq;
use netns_tests::{End, Lab};

fn boot_without(what: &str, policy: &str) -> End {
    let mut end = None;
    Lab::run(|lab| {
        let server = lab.host("server", SERVER);
        let root = server.directory("root");
        fixtures::write(&root, CONFIG_NAME, CONFIG.as_bytes());
        fixtures::write(&root, "vmlinuz", &fixtures::kernel(1, 100_000));
        fixtures::write(&root, "initrd.img", &fixtures::bytes(2, 100_000));
        dnsmasq::whole(&server, &root);
        let ended = lab
            .boot()
            .program(Lab::own_program("without"))
            .env("WITHOUT", what)
            .env("PROGRAM", lab.program())
            .and([format!("--sandbox={policy}")])
            .run();
        end = Some(ended);
    });
    end.expect("it was run")
}

#[test]
fn everything_is_there_here() {
    let end = boot_without("nothing", "require");
    end.booted();
    assert!(!end.console.contains("confined without"), "{end}");
}

#[test]
fn limits_that_are_lower_already_stay() {
    boot_without("room", "require").booted();
}

#[test]
fn without_landlock_it_is_said() {
    let end = boot_without("landlock", "best-effort");
    end.booted();
    assert!(end.console.contains("this kernel has no Landlock"), "{end}");
    boot_without("landlock", "require").failed(17, &["--sandbox=require", "no Landlock"]);
}

#[test]
fn with_landlock_switched_off_it_is_said() {
    let end = boot_without("landlock-off", "best-effort");
    end.booted();
    assert!(end.console.contains("lsm="), "{end}");
    boot_without("landlock-off", "require").failed(17, &["--sandbox=require", "lsm="]);
}

#[test]
fn without_filters_of_system_calls_it_is_said() {
    let end = boot_without("seccomp", "best-effort");
    end.booted();
    assert!(end.console.contains("filters no system calls"), "{end}");
    boot_without("seccomp", "require")
        .failed(17, &["--sandbox=require", "filters no system calls"]);
}

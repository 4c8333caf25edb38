//! Every message says where, what and why.

use ipxe::{Dhcp, Limits, ScriptError, Settings, begin};

use crate::support::World;

#[track_caller]
fn check(script: &str, message: &str) {
    assert_eq!(World::default().error(script), message, "{script}");
}

const REST: &str = "; iPXE ends the script here: mend it, or let \"|| goto\" follow the command";

#[test]
fn a_failed_command_is_named_with_its_line() {
    let at = "http://boot/a/menu.ipxe line";
    for (script, message) in [
        ("\nfoo", "3: \"foo\" failed: it is no command that is known here: correct its name"),
        ("echo -x", "2: \"echo\" failed: it has no option \"-x\": remove it"),
        ("kernel --name", "2: \"kernel\" failed: the option \"--name\" needs a value"),
        ("echo --n=1 a", "2: \"echo\" failed: the option \"--n=1\" takes no value"),
        ("iseq a", "2: \"iseq\" failed: it has 1 arguments instead of 2: correct them"),
        ("kernel", "2: \"kernel\" failed: it has 0 arguments instead of 1 or more: correct them"),
        ("exit 1 2", "2: \"exit\" failed: it has 2 arguments instead of 0 to 1: correct them"),
        ("sleep x", "2: \"sleep\" failed: \"x\" is no number"),
        ("isset ${x}", "2: \"isset\" failed: the condition is not true"),
        ("goto x", "2: \"goto\" failed: the script has no label \":x\": add it"),
        ("chain x", "2: \"chain\" failed: cannot fetch http://boot/a/x: 404 Not Found"),
        (
            "chain http://u:secret@h/x",
            "2: \"chain\" failed: cannot fetch http://u:***@h/x: 404 Not Found",
        ),
        ("prompt", "2: \"prompt\" failed: it waits for a person, and nobody is there"),
        ("time", "2: \"time\" failed: it has 0 arguments instead of 1 or more: correct them"),
        (
            "imgtrust --permanent",
            "2: \"imgtrust\" failed: signatures are not checked here: fetch over https from a server you trust, and remove it",
        ),
    ] {
        check(script, &format!("{at} {message}{REST}"));
    }
}

#[test]
fn giving_up_tells_what_failed_before() {
    check("shell", "http://boot/a/menu.ipxe line 2: the script gives up with \"shell\"");
    check(
        "kernel k || goto no\n:no\nreboot",
        "http://boot/a/menu.ipxe line 4: the script gives up with \"reboot\"; what failed before: \
         http://boot/a/menu.ipxe line 2: \"kernel\" failed: cannot fetch http://boot/a/k: 404 Not Found",
    );
}

#[test]
fn a_control_byte_does_not_reach_the_command_line() {
    let mut world = World::with(&[("k", ""), ("i", "")]);
    let error = world.error("set x:hex 1b\nkernel k ${x:string}\nboot");
    assert!(
        error.contains("line 4: \"boot\" failed: the command line holds the control byte 0x1b"),
        "{error}"
    );
    let error = world.error("set x:hex 0a\nkernel k\ninitrd i /${x:string}\nboot");
    assert!(error.contains("holds the control byte 0x0a"), "{error}");
}

#[test]
fn what_is_no_script_does_not_begin() {
    let run = |url: &str, bytes: &[u8]| {
        let settings = Settings::new([0; 6], Dhcp::default());
        begin(url, bytes, settings, Limits::default()).unwrap_err()
    };
    let error = run("http://boot/x", b"<html>");
    assert_eq!(
        error.to_string(),
        "http://boot/x is no iPXE script: its first line must be \"#!ipxe\""
    );
    let error = run("boot.ipxe", b"#!ipxe\n");
    assert_eq!(error.error, ScriptError::BadBase { url: "boot.ipxe".to_owned() });
    assert!(error.to_string().contains("give scheme://host/path"));
}

#[test]
fn what_was_printed_comes_with_the_error() {
    let failed = World::default().run("echo a\nfoo").unwrap_err();
    assert_eq!(failed.console[0], "a");
    assert!(failed.console[1].contains("\"foo\" failed"));
}

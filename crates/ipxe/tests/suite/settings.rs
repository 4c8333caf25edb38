//! `set`, `clear`, `inc`, `show`, and what scripts do with them.

use crate::support::World;

#[track_caller]
fn check(script: &str, printed: &[&str]) {
    assert_eq!(World::default().prints(script), printed, "{script}");
}

#[test]
fn a_variable_keeps_its_type() {
    check("set n:int32 5\ninc n\ninc n 10\necho ${n} ${n:uint8}", &["16 0x10"]);
    check("set n:int32 -1\necho [${n}]\ninc n\necho ${n}", &["[-1]", "0"]);
    check("inc n\necho ${n}", &["1"]);
    check("set n:uint8 255\ninc n\necho ${n}", &["0x0"]);
    check("set s:hex 20:41\necho [${s:string}] ${s}", &["[ A] 20:41"]);
    check("set a b\necho ${a:hexraw} ${a:base64}", &["62 Yg=="]);
}

#[test]
fn inc_of_text_fails() {
    let mut world = World::default();
    let error = world.error("set n 1\ninc n");
    let wanted = "line 3: \"inc\" failed: \"1\" does not fit the type of the setting \"n\"";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn clear_and_an_empty_value_remove_a_variable() {
    check("set a b\nclear a\nisset ${a} || echo gone", &["gone"]);
    check("set a b\nset a\nisset ${a} || echo gone", &["gone"]);
    check("set a b\nset a ${x}\nisset ${a} || echo gone", &["gone"]);
    check("clear a && echo ok", &["ok"]);
}

#[test]
fn a_setting_of_the_lease_can_be_set() {
    check("set hostname db1\necho ${hostname} ${net0/hostname}", &["db1 web1"]);
    check("set net0/dns 8.8.8.8\necho ${dns}", &["8.8.8.8"]);
    check("set hostname db1\nclear hostname\necho ${hostname}", &["web1"]);
}

#[test]
fn a_value_that_does_not_fit_fails() {
    let error = World::default().error("set net0/ip fast");
    assert!(error.contains("\"fast\" does not fit the type of the setting \"net0/ip\""), "{error}");
    let error = World::default().error("set a:float 1");
    assert!(error.contains("\"a:float\" is no setting"), "{error}");
}

#[test]
fn show_prints_a_setting() {
    check("show ip", &["ip = 10.0.0.5"]);
    check(
        "show nothing || echo no",
        &["http://boot/a/menu.ipxe line 2: \"show\" failed: \"nothing\" is no setting", "no"],
    );
}

#[test]
fn a_loop_over_devices_ends_behind_the_first() {
    let script = "set i:int32 -1\n:loop\ninc i\nisset ${net${i}/mac} || goto done\n\
                  echo net${i} ${net${i}/mac:hexhyp} ${net${i}/ip}\ngoto loop\n:done\necho done";
    check(script, &["net0 52-54-00-12-34-56 10.0.0.5", "done"]);
}

#[test]
fn errno_says_whether_something_failed() {
    check("echo ${errno}\nisset ${x} ||\necho ${errno}", &["0x0", "0x1"]);
}

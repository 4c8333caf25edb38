//! Lines, operators, labels, scripts in scripts.

use ipxe::{Leave, Outcome};

use crate::support::World;

#[track_caller]
fn check(script: &str, printed: &[&str]) {
    assert_eq!(World::default().prints(script), printed, "{script}");
}

#[test]
fn operators_are_read_from_left_to_right() {
    check("isset x && echo a || echo b", &["a"]);
    check("isset ${x} && echo a || echo b", &["b"]);
    check("isset x || echo a && echo b", &["b"]);
    check("isset ${x} || echo a && echo b", &["a", "b"]);
    check("isset ${x} ; echo a", &["a"]);
    check("isset ${x} ||\necho a", &["a"]);
    check("isset ${x} && echo a ||\necho b", &["b"]);
    check("isset x &&\necho a", &["a"]);
    check("isset ${x} || isset x || echo a\necho b", &["b"]);
    check("|| echo a ; ; && echo b", &["b"]);
}

#[test]
fn a_failure_that_nothing_catches_ends_the_script() {
    check("echo a\nisset ${x}\necho b", &["a"]);
    check("echo a\nisset ${x} &&\necho b", &["a"]);
    check("echo a ; isset ${x} && echo b\necho c", &["a"]);
}

#[test]
fn comments_begin_with_a_word() {
    check("echo a # b\n# echo c\n  #echo d\necho e#f", &["a", "e#f"]);
    check("echo ${x}#y", &["#y"]);
}

#[test]
fn words_are_split_before_settings_are_put_in() {
    check("set x a  b\necho [${x}]   c", &["[a b] c"]);
    check(
        "set x a b\niseq ${x} a || echo no\nset y ${x}\niseq ${x} ${y} && echo yes",
        &["no", "yes"],
    );
    check("set op ||\nset x isset\n${x} a && echo ran", &["ran"]);
    check("echo [${nothing}] ${nothing} x", &["[]  x"]);
}

#[test]
fn goto_goes_to_the_first_label_and_drops_the_rest_of_its_line() {
    check("goto there && echo a\necho b\n:there echo c\n:there\necho d", &["c", "d"]);
    check("set x there\ngoto ${x}\necho a\n:there\necho b", &["b"]);
    check("isset ${x} || goto nowhere || echo a", &["a"]);
    check(
        "set n:int32 0\n:again\ninc n\necho ${n}\niseq ${n} 3 || goto again\necho end",
        &["1", "2", "3", "end"],
    );
}

#[test]
fn echo_prints_words() {
    check("echo", &[""]);
    check("echo -n a\necho  b", &["ab"]);
    check("echo -- -a", &["-a"]);
    check("set esc:hex 1b\nset esc ${esc:string}\necho ${esc}[1ma", &["[1ma"]);
    check("echo -n last", &["last"]);
}

#[test]
fn windows_line_ends_and_continuations_are_read() {
    check("echo a\\\r\nb \\\r\n  c\r\necho d\r\n", &["ab c", "d"]);
}

#[test]
fn the_end_and_exit_lead_to_the_disk() {
    for (script, leave) in [
        ("", Leave::End),
        ("echo a", Leave::End),
        ("exit\necho a", Leave::Exit(0)),
        ("exit 3", Leave::Exit(3)),
        ("isset ${x} || exit 1", Leave::Exit(1)),
        ("sanboot --no-describe --drive 0x80", Leave::Sanboot),
        ("sanboot", Leave::Sanboot),
    ] {
        let done = World::default().run(script).unwrap();
        assert_eq!(done.outcome, Outcome::LocalDisk(leave), "{script}");
    }
    assert_eq!(World::default().run("echo a\nexit").unwrap().at.line, 3);
}

#[test]
fn a_script_goes_on_after_one_it_chains_to() {
    let files = [("b.ipxe", "#!ipxe\necho b ${cwuri}\nexit\necho no")];
    let mut world = World::with(&files);
    let printed = world.prints("chain b.ipxe && echo c\necho ${cwuri}");
    assert_eq!(printed, ["b http://boot/a/b.ipxe", "c", "http://boot/a/menu.ipxe"]);
}

#[test]
fn a_chained_script_that_fails_fails_its_chain() {
    let files = [("b.ipxe", "#!ipxe\necho b\nisset ${x}\necho no"), ("c.ipxe", "#!ipxe\nexit 1")];
    let mut world = World::with(&files);
    assert_eq!(world.prints("chain b.ipxe || echo c"), ["b", "c"]);
    assert_eq!(world.prints("chain c.ipxe || echo d"), ["d"]);
    let error = world.error("chain c.ipxe");
    assert!(error.starts_with("http://boot/a/c.ipxe line 2: \"exit\" failed: "), "{error}");
}

#[test]
fn replace_ends_the_script_that_chains() {
    let files =
        [("b.ipxe", "#!ipxe\necho b"), ("c.ipxe", "#!ipxe\nchain --replace b.ipxe\necho no")];
    let mut world = World::with(&files);
    assert_eq!(world.prints("chain --replace --autofree b.ipxe || echo x\necho no"), ["b"]);
    assert_eq!(world.prints("chain c.ipxe\necho yes"), ["b", "yes"]);
}

#[test]
fn names_are_relative_to_the_script_that_runs() {
    let files = [
        ("http://boot/b/sub.ipxe", "#!ipxe\nchain inner.ipxe"),
        ("http://boot/b/inner.ipxe", "#!ipxe\necho inner"),
        ("own.ipxe", "#!ipxe\necho own"),
    ];
    let mut world = World::with(&files);
    assert_eq!(world.prints("chain ../b/sub.ipxe\nchain own.ipxe"), ["inner", "own"]);
}

#[test]
fn the_network_is_there_already() {
    check("dhcp && echo a", &["a"]);
    check(
        "ifopen net0\ndhcp net0\nifconf -c dhcp netX\niflinkwait --timeout 500 net0\necho a",
        &["a"],
    );
    check(
        "ifclose ; dhcp net1 || echo a",
        &[
            "http://boot/a/menu.ipxe line 2: \"dhcp\" failed: there is no network device \"net1\": the guest has net0 only",
            "a",
        ],
    );
    check(
        "route ; ifstat ; console --x 1024 --y 768 ; colour --rgb 0 1 ; cpair --fg 1 2\necho a",
        &["a"],
    );
    check("sleep 5 && time sleep 1 && time time echo a", &["a"]);
}

#[test]
fn nobody_presses_a_key() {
    check(
        "prompt --key 0x02 --timeout 4000 Press Ctrl-B... && echo shell || echo on",
        &["Press Ctrl-B...", "on"],
    );
    check("read name || echo on", &["on"]);
    check("prompt Press a key || echo on", &["Press a key", "on"]);
    check("login || echo on", &["on"]);
}

#[test]
fn a_processor_has_what_every_64_bit_one_has() {
    check("cpuid --ext 29 && echo 64 || echo 32", &["64"]);
    check(
        "cpuid --amd 29 && echo a\ncpuid 6 && echo b\ncpuid --ecx 31 && echo c",
        &["a", "b", "c"],
    );
    check("cpuid --ecx 5 || echo no", &["no"]);
    check("cpuid 99 || echo no", &["no"]);
}

#[test]
fn an_unknown_command_fails() {
    let printed = World::default().prints("frobnicate now || echo on");
    assert_eq!(printed.len(), 2);
    assert!(printed[0].contains("\"frobnicate\" failed: it is no command that is known here"));
    assert_eq!(printed[1], "on");
}

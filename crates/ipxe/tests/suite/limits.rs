//! Each limit, at its boundary and one past it.

use ipxe::{Answer, Limits, Outcome};

use crate::support::{World, line};

fn world(limits: Limits) -> World {
    let mut world = World::with(&[
        ("k", ""),
        ("i", ""),
        ("large", "(large)"),
        ("nothing.ipxe", "#!ipxe\n"),
        ("self.ipxe", "#!ipxe\nchain self.ipxe"),
        ("replace.ipxe", "#!ipxe\nchain --replace --autofree replace.ipxe"),
    ]);
    world.limits = limits;
    world
}

#[track_caller]
fn passes(limits: Limits, script: &str) {
    let done = world(limits).run(script).unwrap();
    assert!(matches!(done.outcome, Outcome::LocalDisk(_)), "{done:?}");
}

#[track_caller]
fn exceeds(limits: Limits, script: &str, message: &str) {
    // Not even "||" goes on past a limit.
    let error = world(limits).error(script);
    assert!(error.contains(message), "{error}");
}

#[test]
fn steps() {
    // Two lines with one command each: a step for the line, and one for the command.
    let limits = |steps| Limits { steps, ..Limits::default() };
    passes(limits(4), "echo a");
    exceeds(limits(3), "echo a", "line 2: the script has run 3 steps without booting anything");
    exceeds(limits(1000), ":a goto a", "it loops");
    exceeds(limits(1000), "set a ${b}\n:a\nkernel no || goto a", "more than 128 files");
    exceeds(limits(100), ":a\nisset ${x} || goto a", "it loops; what failed last: ");
}

#[test]
fn files() {
    let limits = Limits { files: 2, ..Limits::default() };
    passes(limits, "kernel k\ninitrd i");
    exceeds(
        limits,
        "kernel k\ninitrd i\ninitrd i || exit",
        "the script asks for more than 2 files",
    );
    exceeds(
        limits,
        ":a\nkernel no || goto a",
        "what failed last: http://boot/a/menu.ipxe line 3: ",
    );
    exceeds(Limits::default(), "chain replace.ipxe", "asks for more than 128 files");
}

#[test]
fn depth() {
    let limits = |depth| Limits { depth, ..Limits::default() };
    passes(limits(2), "chain nothing.ipxe");
    exceeds(limits(1), "chain nothing.ipxe || exit", "more than 1 scripts chain to each other");
    exceeds(Limits::default(), "chain self.ipxe", "more than 16 scripts chain to each other");
}

#[test]
fn bytes_of_all_scripts() {
    let limits = |total_bytes| Limits { total_bytes, ..Limits::default() };
    let script = "chain nothing.ipxe";
    let both = "#!ipxe\n".len() * 2 + script.len();
    passes(limits(both), script);
    exceeds(limits(both - 1), script, "the scripts have more than ");
}

#[test]
fn bytes_of_a_command() {
    let limits = Limits { command_bytes: 13, ..Limits::default() };
    passes(limits, "set a 1234\necho ${a}   123");
    exceeds(
        limits,
        "set a 1234\necho ${a}   1234 || exit",
        "line 3: the command is longer than 13 bytes",
    );
}

#[test]
fn variables_and_their_bytes() {
    let limits = Limits { variables: 2, variable_bytes: 3, ..Limits::default() };
    passes(limits, "set a 123\nset b 1\nset b 2\nclear a\nset c 1");
    exceeds(limits, "set a 1234 || exit", "the variable has more than 3 bytes");
    exceeds(limits, "set a 1\nset b 1\nset c 1 || exit", "sets more than 2 variables");
    exceeds(
        Limits { variable_bytes: 3, ..limits },
        "inc c || exit",
        "the variable has more than 3 bytes",
    );
}

#[test]
fn images() {
    let limits = Limits { images: 2, ..Limits::default() };
    passes(limits, "kernel k\ninitrd i\nimgfree i\ninitrd i");
    exceeds(limits, "kernel k\ninitrd i\ninitrd i || exit", "more than 2 images are held");
}

#[test]
fn menus_and_items() {
    let limits = Limits { menus: 2, items: 3, ..Limits::default() };
    passes(limits, "menu\nitem a\nitem b\nchoose --keep x\nchoose x");
    exceeds(limits, "menu\nitem a\nitem b\nitem c || exit", "the menus have more than 3 items");
    let many = "menu\nitem a\nchoose --keep x\nchoose --keep x\nchoose x || exit";
    exceeds(limits, many, "the script shows more than 2 menus");
    exceeds(
        limits,
        "menu --name a\nmenu --name b\nmenu --name c\nmenu || exit",
        "more than 3 items",
    );
    exceeds(Limits::default(), ":a\nmenu\nitem a\nchoose x\ngoto a", "shows more than 32 menus");
}

#[test]
fn form_parameters() {
    let limits = Limits { parameters: 3, ..Limits::default() };
    passes(limits, "params\nparam a\nparam b");
    exceeds(limits, "params\nparam a\nparam b\nparam c || exit", "more than 3 form parameters");
    exceeds(
        limits,
        "params -n a\nparams -n b\nparams -n c\nparams || exit",
        "more than 3 form parameters",
    );
}

#[test]
fn bytes_of_a_url() {
    let limits = |url_bytes| Limits { url_bytes, ..Limits::default() };
    passes(limits("http://boot/a/k".len()), "kernel k");
    let error = world(limits("http://boot/a/k".len() - 1)).error("kernel k");
    assert!(error.contains("has more than 14 bytes: shorten it"), "{error}");
}

#[test]
fn bytes_of_the_command_line() {
    let limits = Limits { command_line: 3, ..Limits::default() };
    assert_eq!(line(&world(limits).boots("kernel k abc\nboot")), "abc");
    let error = world(limits).error("kernel k abcd\nboot");
    assert!(
        error.contains("line 3: \"boot\" failed: the command line has 4 bytes, more than 3"),
        "{error}"
    );
}

#[test]
fn the_console() {
    let limits = Limits { console_lines: 2, ..Limits::default() };
    assert_eq!(world(limits).prints("echo a\necho b"), ["a", "b"]);
    assert_eq!(world(limits).prints("echo a\necho b\necho c"), ["a", "b"]);
    let printed = World::default().prints(&format!("echo {}", "x".repeat(512)));
    assert_eq!(printed[0].len(), 512);
    let printed = World::default().prints(&format!(
        "echo {}\necho -n a\necho {}",
        "x".repeat(513),
        "y".repeat(512)
    ));
    assert_eq!((printed[0].len(), printed[1].len()), (512, 512));
}

#[test]
fn a_large_file_is_no_script() {
    let mut world = world(Limits::default());
    world.answers.push(Answer::Unattended);
    assert_eq!(world.boots("chain large").kernel, "http://boot/a/large");
}

#[test]
fn text_of_a_menu_is_cut() {
    let mut world = World::default();
    world.prints(&format!("menu {}\nitem a {}\nchoose x", "t".repeat(256), "i".repeat(257)));
    assert_eq!(world.menus, [format!("{}*a={}", "t".repeat(256), "i".repeat(256))]);
}

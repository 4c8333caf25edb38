//! Arbitrary input: nothing panics, every run ends, the limits hold, and no control byte gets out.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use proptest::sample::select;

use ipxe::{Answer, Fetched, Found, Limits, Outcome, Step, begin};

use crate::support::{BASE, settings};

const SMALL: Limits = Limits {
    script_bytes: 4096,
    total_bytes: 16384,
    line_bytes: 512,
    command_bytes: 512,
    steps: 2000,
    depth: 4,
    files: 12,
    menus: 6,
    items: 12,
    variables: 8,
    variable_bytes: 64,
    images: 6,
    parameters: 6,
    url_bytes: 256,
    command_line: 128,
    console_lines: 10,
};

fn printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Runs to the end, with answers that depend on what is asked.
fn run(first: &[u8], second: &[u8], answers: &[u8]) {
    let mut answers = answers.iter().copied().cycle();
    let mut step = begin(BASE, first, settings(), SMALL);
    let mut asked = 0;
    loop {
        asked += 1;
        assert!(asked <= SMALL.files + SMALL.menus + 1);
        let answer = answers.next().unwrap_or(0);
        step = match step {
            Ok(Step::Fetch(fetch)) => {
                assert!(printable(fetch.url()) && fetch.url().len() <= SMALL.url_bytes);
                check_console(fetch.console());
                fetch.resume(match answer % 5 {
                    0 => Fetched::Missing("x".to_owned()),
                    1 => Fetched::TooLarge,
                    2 => Fetched::Redirected { url: "../b/c".to_owned(), bytes: second.to_vec() },
                    _ => Fetched::Bytes(second.to_vec()),
                })
            }
            Ok(Step::Probe(probe)) => {
                assert!(printable(probe.url()) && probe.url().len() <= SMALL.url_bytes);
                check_console(probe.console());
                probe.resume(match answer % 3 {
                    0 => Found::Missing("x".to_owned()),
                    _ => Found::Present,
                })
            }
            Ok(Step::Choose(choose)) => {
                let selected =
                    choose.items().get(choose.selected()).and_then(|item| item.label.clone());
                assert!(selected.is_some());
                assert!(choose.items().len() <= SMALL.items);
                choose.resume(match answer % 3 {
                    0 => Answer::Unattended,
                    1 => Answer::Label(b"a".to_vec()),
                    _ => Answer::Cancelled,
                })
            }
            Ok(Step::Done(done)) => {
                check_console(&done.console);
                if let Outcome::Boot(boot) = done.outcome {
                    assert!(printable(&boot.kernel));
                    assert!(boot.command_line.len() <= SMALL.command_line);
                    assert!(!boot.command_line.iter().any(u8::is_ascii_control));
                    assert!(boot.initrds.len() < SMALL.images);
                    for initrd in &boot.initrds {
                        assert!(printable(&initrd.url));
                    }
                }
                return;
            }
            Err(failed) => {
                check_console(&failed.console);
                assert!(!failed.to_string().chars().any(char::is_control), "{failed}");
                return;
            }
        };
    }
}

fn check_console(lines: &[String]) {
    assert!(lines.len() <= SMALL.console_lines);
    assert!(!lines.iter().any(|line| line.chars().any(char::is_control)));
}

/// Words scripts are made of, so that most lines mean something.
const WORDS: &[&str] = &[
    "kernel",
    "initrd",
    "module",
    "imgfetch",
    "imgargs",
    "imgexec",
    "imgfree",
    "imgstat",
    "boot",
    "chain",
    "set",
    "clear",
    "inc",
    "show",
    "isset",
    "iseq",
    "goto",
    "exit",
    "echo",
    "sleep",
    "time",
    "menu",
    "item",
    "choose",
    "params",
    "param",
    "sanboot",
    "prompt",
    "read",
    "cpuid",
    "dhcp",
    "reboot",
    "\n:a",
    "\n:b",
    "\n",
    "\n",
    "\n",
    "||",
    "&&",
    ";",
    "#",
    "\\\n",
    "a",
    "b",
    "c.ipxe",
    "vmlinuz",
    "xen.gz",
    "pxelinux.0",
    "x.efi",
    "http://h/x",
    "tftp://h",
    "c:d",
    "${a}",
    "${b:hex}",
    "${${a}}",
    "${a",
    "}",
    "${net0/mac}",
    "${210:string}",
    "${x/y:int32}",
    "a:int32",
    "b:hex",
    "0a:1b",
    "-1",
    "0x7fffffff",
    "--name",
    "--keep",
    "--default",
    "--timeout",
    "--replace",
    "--autofree",
    "--gap",
    "--ext",
    "--",
    "-n",
    "http://h/##params",
    "mode=644",
    "/etc/a",
    "%zz",
    "\u{e9}",
];

fn script() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        12 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(word, 0..60).prop_map(|words| [b"#!ipxe\n".as_slice(), &words.join(&b' ')].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_script_of_known_words_ends(
        first in script(),
        second in prop_oneof![script(), Just(b"\x7fELF".to_vec()), Just(Vec::new())],
        answers in vec(any::<u8>(), 1..8),
    ) {
        run(&first, &second, &answers);
    }

    #[test]
    fn arbitrary_bytes_end(first in vec(any::<u8>(), 0..600), magic: bool) {
        let head: &[u8] = if magic { b"#!ipxe\n" } else { b"" };
        run(&[head, &first].concat(), &first, &[0, 1, 2, 3]);
    }

    #[test]
    fn a_relative_name_stays_on_its_server(name in "[a-z./?&=%# -]{0,40}") {
        let script = format!("#!ipxe\nset n {name}\nkernel -- ${{n}}");
        if let Ok(Step::Probe(probe)) = begin(BASE, script.as_bytes(), settings(), SMALL) {
            prop_assert!(probe.url().starts_with("http://boot"), "{}", probe.url());
            let rest = &probe.url()["http://boot".len()..];
            prop_assert!(rest.is_empty() || rest.starts_with(['/', '?']), "{}", probe.url());
            prop_assert!(printable(probe.url()));
        }
    }
}

//! iPXE scripts, with a driver that answers as the input says.

use arbitrary::Unstructured;
use ipxe::{Answer, Dhcp, Fetched, Found, Limits, Outcome, Settings, Step, begin};

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

/// Some answers, then two scripts with a NUL between them.
pub(crate) fn script(bytes: &[u8]) {
    let (answers, scripts) = bytes.split_at_checked(8).unwrap_or((&[], bytes));
    let mut scripts = scripts.splitn(2, |byte| *byte == 0);
    let first = [b"#!ipxe\n", scripts.next().unwrap_or_default()].concat();
    let second = scripts.next().unwrap_or_default();
    run(&first, second, &mut Unstructured::new(answers));
    run(bytes, second, &mut Unstructured::new(answers));
}

fn run(first: &[u8], second: &[u8], answers: &mut Unstructured<'_>) {
    let settings = Settings::new([0x52, 0x54, 0, 0x12, 0x34, 0x56], Dhcp::default());
    let mut step = begin("http://boot/a/menu.ipxe", first, settings, SMALL);
    let mut asked = 0;
    loop {
        asked += 1;
        assert!(asked <= SMALL.files + SMALL.menus + 1, "it does not end");
        let answer = answers.arbitrary::<u8>().unwrap_or(3);
        step = match step {
            Ok(Step::Fetch(fetch)) => {
                check_url(fetch.url());
                check_console(fetch.console());
                fetch.resume(match answer % 5 {
                    0 => Fetched::Missing("x".to_owned()),
                    1 => Fetched::TooLarge,
                    2 => Fetched::Redirected { url: "../b/c".to_owned(), bytes: second.to_vec() },
                    _ => Fetched::Bytes(second.to_vec()),
                })
            }
            Ok(Step::Probe(probe)) => {
                check_url(probe.url());
                check_console(probe.console());
                let missing = Found::Missing("x".to_owned());
                probe.resume(if answer.is_multiple_of(3) { missing } else { Found::Present })
            }
            Ok(Step::Choose(choose)) => {
                assert!((1..=SMALL.items).contains(&choose.items().len()));
                let selected = choose.items().get(choose.selected());
                assert!(selected.is_some_and(|item| item.label.is_some()));
                choose.resume(match answer % 3 {
                    0 => Answer::Unattended,
                    1 => Answer::Label(b"a".to_vec()),
                    _ => Answer::Cancelled,
                })
            }
            Ok(Step::Done(done)) => {
                check_console(&done.console);
                if let Outcome::Boot(boot) = done.outcome {
                    check_url(&boot.kernel);
                    assert!(boot.command_line.len() <= SMALL.command_line);
                    assert!(!boot.command_line.iter().any(u8::is_ascii_control));
                    assert!(boot.initrds.len() < SMALL.images);
                    for initrd in &boot.initrds {
                        check_url(&initrd.url);
                    }
                }
                return;
            }
            Err(failed) => {
                check_console(&failed.console);
                return crate::assert_shown(&failed.to_string());
            }
        };
    }
}

fn check_url(url: &str) {
    assert!(
        url.bytes().all(|byte| byte.is_ascii_graphic()) && url.len() <= SMALL.url_bytes,
        "{url}"
    );
}

fn check_console(lines: &[String]) {
    assert!(lines.len() <= SMALL.console_lines);
    for line in lines {
        crate::assert_shown(line);
    }
}

use super::*;

fn heard(said: &str) -> Words {
    let mut words = Words::default();
    // In pieces, as a pipe gives them.
    for piece in said.as_bytes().chunks(7) {
        words.hear(piece, &mut |_| {});
    }
    words.end(&mut |_| {});
    words
}

fn outcome(said: &str) -> Outcome {
    heard(said).outcome(ExitStatus::from_raw(0))
}

fn unknown(said: &str) -> String {
    match outcome(said) {
        Outcome::Unknown(why) => why,
        other => panic!("{said}: {other:?}"),
    }
}

/// An exception as Python shows it.
fn traceback(exception: &str) -> String {
    format!("Traceback (most recent call last):\n  File \"pygrub\", line 1\n    x()\n{exception}\n")
}

const USING: &str = "Using <class 'grub.GrubConf.Grub2ConfigFile'> to parse /boot/grub/grub.cfg\n";

/// What pygrub says of partitions that were passed over with these exceptions.
fn passed_over(exceptions: &[&str]) -> String {
    let mut said: String = exceptions.iter().map(|exception| traceback(exception)).collect();
    said.push_str(&traceback(NO_KERNEL));
    said
}

#[test]
fn a_disk_without_a_menu() {
    let unknown = "OSError: [Errno 95] Operation not supported";
    let menuless = "RuntimeError: couldn't find bootloader config file in the image provided.";
    assert_eq!(outcome(&passed_over(&[unknown])), Outcome::NoMenu(0));
    assert_eq!(outcome(&passed_over(&[unknown, menuless, menuless])), Outcome::NoMenu(2));
    assert_eq!(outcome(&passed_over(&["IOError: [Errno 95] x"])), Outcome::NoMenu(0));
    let end = heard(&passed_over(&[unknown])).outcome(ExitStatus::from_raw(1 << 8));
    assert_eq!(end, Outcome::NoMenu(0), "a pygrub with a better exit code");
}

#[test]
fn a_partition_that_was_passed_over_for_another_reason_may_hold_a_system() {
    for strange in [
        "MemoryError",
        "OSError: [Errno 5] Input/output error",
        "PermissionError: [Errno 13] Permission denied: '/device'",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9",
        "IndexError: list index out of range",
        "KeyboardInterrupt",
    ] {
        let known = "OSError: [Errno 95] Operation not supported";
        let why = unknown(&passed_over(&[known, strange, known]));
        assert_eq!(why, format!("pygrub: {strange}"));
    }
}

#[test]
fn a_menu_that_is_there_but_of_no_use_is_no_empty_disk() {
    assert_eq!(
        unknown(&format!("{USING}{}", traceback(NO_KERNEL))),
        format!("pygrub: {NO_KERNEL}")
    );
}

#[test]
fn a_missing_file_is_named() {
    let said = format!("{USING}[Errno 2] No such file or directory\nError opening /k in guest\n");
    assert_eq!(outcome(&said), Outcome::Missing("/k".to_owned()));
}

#[test]
fn a_file_that_cannot_be_read_is_not_missing() {
    let said = format!("{USING}[Errno 5] Input/output error\nError opening /k in guest\n");
    assert_eq!(unknown(&said), "pygrub: Error opening /k in guest");
}

#[test]
fn what_is_said_after_the_known_end_counts() {
    let said = format!("{}and then it went on\n", traceback(NO_KERNEL));
    assert_eq!(unknown(&said), "pygrub: and then it went on");
}

#[test]
fn another_end_is_unknown() {
    assert_eq!(unknown(""), "pygrub gave no kernel and said nothing");
    assert_eq!(unknown("Usage: pygrub\n"), "pygrub: Usage: pygrub");
    for end in ["RuntimeError: bad_mount: src=x", "ImportError: no curses"] {
        assert_eq!(unknown(&traceback(end)), format!("pygrub: {end}"));
    }
}

#[test]
fn an_end_by_a_signal_or_a_strange_code_is_unknown_whatever_was_said() {
    let said = heard(&passed_over(&["OSError: [Errno 95] x"]));
    for raw in [libc::SIGKILL, libc::SIGSEGV, libc::SIGXFSZ, 127 << 8, 9 << 8, 2 << 8] {
        let outcome = said.outcome(ExitStatus::from_raw(raw));
        assert!(matches!(outcome, Outcome::Unknown(_)), "{raw}: {outcome:?}");
    }
}

#[test]
fn the_menu_is_listed_once_each() {
    let entry = "title: Debian\n  root: None\n  kernel: /k1\n  args: a\n  initrd: /r1\n";
    let other = "title: memtest\n  root: None\n  kernel: /k2\n  args: \n  initrd: None\n";
    let words = heard(&format!("{entry}{entry}{other}{entry}"));
    let kernels = &words.listing().unwrap().kernels;
    assert_eq!(*kernels, [(0, "/k1".to_owned()), (2, "/k2".to_owned())]);
    let broken = heard(&format!("{entry}{}", traceback("TypeError: x")));
    assert_eq!(broken.listing(), None);
}

#[test]
fn its_words_are_bounded_and_fit_to_be_shown() {
    let mut words = Words::default();
    let mut shown = Vec::new();
    for number in 0..100 {
        let line = format!("{number} \x1b[2J{}\r\n", "x".repeat(100_000));
        words.hear(line.as_bytes(), &mut |line| shown.push(line.to_owned()));
    }
    assert_eq!(shown.len(), 100);
    assert_eq!(words.last_words().count(), MAX_PYGRUB_LAST_WORDS);
    assert!(shown.iter().all(|line| line.len() < MAX_PYGRUB_LINE && !line.contains('\x1b')));
    words.hear(&vec![b'y'; 1 << 20], &mut |_| {});
    assert!(words.line.len() <= MAX_PYGRUB_LINE);
}

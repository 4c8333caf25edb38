//! What the administrator sees.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use xlcfg::Document;

fn message(text: &str) -> String {
    Document::parse(text).expect_err("was accepted").render("web.cfg")
}

#[test]
fn the_line_and_a_caret_under_the_place() {
    assert_eq!(
        message("vif = [ 'a' ]\nbootargs = vif[0]\n"),
        "web.cfg:2:12: expected a value, found `vif`; write \"text\", a number or a [list]; a bare word is not one\n \
         2 | bootargs = vif[0]\n   |            ^"
    );
}

#[test]
fn the_column_counts_characters_and_a_tab_is_one() {
    assert_eq!(
        message("\tname = 'größe' 'x'\n"),
        "web.cfg:1:17: expected the end of the line after the value, found the string 'x'; one setting a line\n 1 |  \
         name = 'größe' 'x'\n   |                 ^"
    );
}

#[test]
fn the_end_of_the_file_has_a_place_too() {
    assert_eq!(
        message("\nvif = [ 'a',\n"),
        "web.cfg:3:1: the file ends inside the list that opened on line 2; close it with ]\n 3 | \n   | ^"
    );
    assert!(
        message("a =\n").starts_with("web.cfg:1:4: expected a value, found the end of the line;")
    );
}

#[test]
fn a_windows_file() {
    assert_eq!(
        message("name = 'x'\r\n"),
        "web.cfg:1:11: a carriage return; save the file with Unix line ends\n 1 | name = 'x'\n   |           ^"
    );
}

#[test]
fn control_characters_are_not_passed_to_a_terminal() {
    let message = message("a = '\u{1b}[31m' b\n");
    assert!(!message.contains('\u{1b}'), "{message:?}");
    let kind = self::message("\u{1b}[31m = 1\n");
    assert!(!kind.contains('\u{1b}'), "{kind:?}");
    let found = self::message("a = 1 '\u{1b}[31m'\n");
    assert!(!found.contains('\u{1b}'), "{found:?}");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let message = message(&format!("a = '{}' b\n", "x".repeat(5_000)));
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() < 200), "{message}");
    let caret = lines[2].find('^').unwrap();
    assert_eq!(lines[1].chars().nth(caret), Some('b'));
}

//! The limits on reading, and what messages may hold.

use pxelinux::{Exceeded, Included, Limits, ReadError, Reader, Step, choose};

use crate::support::{Files, drive, options, read_bytes};

fn read_within(limits: Limits, config: &str, files: Files<'_>) -> Result<(), ReadError> {
    drive(Reader::new(limits).begin(b"main", config.into()), files).map(drop)
}

#[test]
fn one_file_has_a_limit() {
    let limits = Limits { file_bytes: 10, ..Limits::default() };
    assert!(read_within(limits, "0123456789", &[]).is_ok());
    let error = read_within(limits, "01234567890", &[]).unwrap_err();
    assert_eq!(error.limit, Exceeded::FileBytes { size: 11, limit: 10 });
    let error = read_within(limits, "include x", &[("x", "01234567890")]).unwrap_err();
    assert_eq!(error.at.to_string(), "x line 1");
}

#[test]
fn all_files_together_have_a_limit() {
    let limits = Limits { total_bytes: 20, ..Limits::default() };
    assert!(read_within(limits, "include x\n", &[("x", "0123456789")]).is_ok());
    let error = read_within(limits, "include x\n", &[("x", "01234567890")]).unwrap_err();
    assert_eq!(error.limit, Exceeded::TotalBytes { limit: 20 });
}

#[test]
fn the_room_left_for_a_file_is_told() {
    let limits = Limits { total_bytes: 20, file_bytes: 15, ..Limits::default() };
    let step = Reader::new(limits).begin(b"main", b"include x\n".to_vec()).unwrap();
    let Step::Include(waiting) = step else { panic!() };
    assert_eq!(waiting.max_bytes(), 10);
}

#[test]
fn lines_have_a_limit() {
    let limits = Limits { lines: 3, ..Limits::default() };
    assert!(read_within(limits, "\n\n\n", &[]).is_ok());
    let error = read_within(limits, "\n\ninclude x", &[("x", "\n")]).unwrap_err();
    assert_eq!(
        (error.limit, error.at.to_string()),
        (Exceeded::Lines { limit: 3 }, "x line 1".into())
    );
}

#[test]
fn labels_and_menus_have_a_limit() {
    let limits = Limits { entries: 3, ..Limits::default() };
    assert!(read_within(limits, "label a\nlabel b\nlabel c", &[]).is_ok());
    for config in [
        "label a\nlabel b\nlabel c\nlabel d",
        "menu separator\nmenu separator\nmenu separator\nmenu separator",
        "menu begin\nmenu begin\nmenu begin\nmenu begin",
    ] {
        let error = read_within(limits, config, &[]).unwrap_err();
        assert_eq!(error.limit, Exceeded::Entries { limit: 3 });
        assert_eq!(error.at.line, 4);
    }
}

#[test]
fn a_file_that_includes_itself_ends_in_an_error() {
    let error = read_within(Limits::default(), "include x", &[("x", "include x")]).unwrap_err();
    let limit = Limits::default().include_depth;
    assert_eq!(error.limit, Exceeded::IncludeDepth { limit });
    assert!(error.to_string().starts_with("x line 1: more than 32 files include each other"));
}

#[test]
fn the_include_depth_counts_the_files_that_are_open() {
    let limits = Limits { include_depth: 2, ..Limits::default() };
    assert!(read_within(limits, "include x\ninclude x", &[("x", "label a")]).is_ok());
    let error = read_within(limits, "include x", &[("x", "include y"), ("y", "#")]).unwrap_err();
    assert_eq!(error.limit, Exceeded::IncludeDepth { limit: 2 });
}

#[test]
fn a_chain_of_include_bombs_ends_in_an_error() {
    let ten = "include x\n".repeat(10);
    let files =
        [("x", "include y\n".repeat(10)), ("y", "include z\n".repeat(10)), ("z", ten.clone())];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let error = read_within(Limits::default(), &ten, &files).unwrap_err();
    assert!(matches!(error.limit, Exceeded::Includes { .. } | Exceeded::IncludeDepth { .. }));
    // Missing files count as well: each of them costs a request.
    let many = "include gone\n".repeat(600);
    let error = read_within(Limits::default(), &many, &[]).unwrap_err();
    assert_eq!(error.limit, Exceeded::Includes { limit: 512 });
    assert_eq!(error.at.line, 513);
}

#[test]
fn remarks_have_a_limit() {
    let limits = Limits { notes: 2, ..Limits::default() };
    let step = Reader::new(limits).begin(b"main", "include gone\n".repeat(9).into());
    assert_eq!(drive(step, &[]).unwrap().notes.len(), 2);
}

#[test]
fn the_menu_s_own_files_are_limited_like_includes() {
    let names = vec![b"x".to_vec(); 513];
    let mut step = Reader::new(Limits::default()).begin_files(names).unwrap();
    let error = loop {
        let Step::Include(waiting) = step else { panic!() };
        match waiting.resume(Included::Missing) {
            Ok(next) => step = next,
            Err(error) => break error,
        }
    };
    assert_eq!(error.limit, Exceeded::Includes { limit: 512 });
}

#[test]
fn messages_hold_no_control_byte_and_have_an_end() {
    let mut config = b"default a\nlabel a\nkernel \x80\xff".to_vec();
    config.extend(vec![b'\xff'; 250]);
    config.extend(b".0\nlabel \x7fb\nlabel c");
    let menu = read_bytes(&config);
    for label in [None, Some("x\x1b[31m\r\n"), Some("a")] {
        let error = choose(&menu, &options(label)).unwrap_err().to_string();
        assert!(!error.chars().any(char::is_control), "{error:?}");
        assert!(error.chars().count() < 600, "{error}");
    }
}

//! INCLUDE, MENU INCLUDE and the list of files of a menu.

use pxelinux::{EntryKind, Included, Limits, Reader, Step, choose_in_menu};

use crate::support::{CONFIG, choose_in, drive, kernel_of, options, read_with, text};

fn line(config: &str, files: crate::support::Files<'_>) -> String {
    text(&kernel_of(&choose_in(&read_with(config, files)).unwrap()).command_line)
}

#[test]
fn includes_are_textual_even_inside_a_label() {
    let files = [("args.cfg", "append from include\ninitrd i\n")];
    assert_eq!(
        line("default a\nlabel a\nkernel k\ninclude args.cfg\nsysappend 2", &files),
        "BOOT_IMAGE=k from include initrd=i BOOTIF=01-52-54-00-12-34-56"
    );
}

#[test]
fn a_label_may_begin_in_the_included_file() {
    let files = [("one.cfg", "default a\nlabel a\nkernel k")];
    assert_eq!(line("menu include one.cfg\nappend x", &files), "BOOT_IMAGE=k x");
}

#[test]
fn default_in_an_include_counts_by_its_place() {
    let files = [("one.cfg", "default b")];
    let labels = "label a\nkernel ka\nlabel b\nkernel kb\n";
    assert_eq!(line(&format!("default a\n{labels}include one.cfg"), &files), "BOOT_IMAGE=kb ");
    assert_eq!(line(&format!("include one.cfg\n{labels}default a"), &files), "BOOT_IMAGE=ka ");
}

#[test]
fn the_include_is_asked_for_by_its_first_word_and_line() {
    let config = "\ninclude sub/a.cfg rest\n".to_owned();
    let step = Reader::new(Limits::default()).begin(CONFIG.as_bytes(), config.into()).unwrap();
    let Step::Include(waiting) = step else { panic!() };
    assert_eq!(waiting.name(), b"sub/a.cfg");
    assert_eq!(waiting.from().to_string(), "pxelinux.cfg/default line 2");
    assert_eq!(waiting.max_bytes(), Limits::default().file_bytes);
}

#[test]
fn a_missing_or_empty_include_is_ignored_and_remarked() {
    let config = "default a\ninclude gone\nmenu include empty sub\nlabel a\nkernel k";
    let menu = read_with(config, &[("empty", "")]);
    assert_eq!(text(&kernel_of(&choose_in(&menu).unwrap()).command_line), "BOOT_IMAGE=k ");
    let notes: Vec<String> =
        menu.notes.iter().map(|note| format!("{}: {}", note.at, note.text)).collect();
    assert_eq!(
        notes,
        [
            "pxelinux.cfg/default line 2: the included file \"gone\" is missing",
            "pxelinux.cfg/default line 3: the included file \"empty\" is missing"
        ]
    );
    assert_eq!(menu.menus.len(), 2, "no submenu for a file that is not there");
}

#[test]
fn an_include_without_a_name_is_not_asked_for() {
    let menu = read_with("include\nmenu include  \nlabel a", &[("", "label b")]);
    assert_eq!(menu.entries.len(), 1);
    assert_eq!(menu.notes.len(), 2);
}

#[test]
fn menu_include_with_a_tag_puts_a_submenu_around_the_file() {
    let config = "ui menu.c32\nlabel a\nkernel ka\nmenu include sub.cfg My ^Tools\nlabel c\nkernel kc\nmenu default";
    let files = [("sub.cfg", "label b\nkernel kb\nmenu default")];
    let menu = read_with(config, &files);
    let kinds: Vec<(&str, usize)> = menu
        .entries
        .iter()
        .map(|entry| (str::from_utf8(&entry.title).unwrap(), entry.menu))
        .collect();
    assert_eq!(kinds, [("a", 0), ("My ^Tools", 0), ("b", 2), ("c", 0)]);
    assert_eq!(menu.entries[1].kind, EntryKind::Submenu(2));
    assert_eq!(line(config, &files), "BOOT_IMAGE=kc ");
    let choice = pxelinux::choose(&menu, &options(Some("b"))).unwrap();
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=kb ");
}

#[test]
fn a_text_block_ends_with_its_file() {
    let files = [("help.cfg", "text help\nlabel no\n")];
    assert_eq!(line("default a\ninclude help.cfg\nlabel a\nkernel k", &files), "BOOT_IMAGE=k ");
}

#[test]
fn sixteen_files_may_include_each_other() {
    let names: Vec<String> = (0..16).map(|i| format!("{i}.cfg")).collect();
    let texts: Vec<String> = (1..=16).map(|i| format!("include {i}.cfg\n")).collect();
    let mut files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files[15].1 = "default a\nlabel a\nkernel deep";
    assert_eq!(line("include 0.cfg", &files), "BOOT_IMAGE=deep ");
}

#[test]
fn messages_name_the_file_a_line_stands_in() {
    let files = [("sub/b.cfg", "\nlabel b\nkernel x.0\n")];
    let error = choose_in(&read_with("default b\ninclude sub/b.cfg", &files)).unwrap_err();
    assert!(error.to_string().starts_with("sub/b.cfg line 2, label \"b\": "), "{error}");
}

#[test]
fn lines_are_counted_on_after_an_include() {
    let files = [("one.cfg", "\n\n\n\n")];
    let menu = read_with("include one.cfg\nlabel a", &files);
    assert_eq!(menu.entries[0].at.to_string(), "pxelinux.cfg/default line 2");
}

#[test]
fn the_files_of_a_menu_are_read_as_one_and_missing_ones_are_left_out() {
    let names = ["one.cfg", "gone.cfg", "two.cfg"].map(|name| name.as_bytes().to_vec());
    let files =
        [("one.cfg", "timeout 5\nlabel a\nkernel ka"), ("two.cfg", "append x\nontimeout a")];
    let step = Reader::new(Limits::default()).begin_files(names.to_vec());
    let menu = drive(step, &files).unwrap();
    assert_eq!(menu.notes.len(), 1);
    let choice = choose_in_menu(&menu, &options(None)).unwrap();
    // The label goes on into the second file, so APPEND is the label's.
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=ka x");
}

#[test]
fn a_file_without_includes_is_done_at_once() {
    let step = Reader::new(Limits::default()).begin(b"x", b"label a".to_vec()).unwrap();
    let Step::Done(menu) = step else { panic!() };
    assert_eq!(menu.entries.len(), 1);
    let step = Reader::new(Limits::default()).begin(b"x", b"include y".to_vec()).unwrap();
    let Step::Include(waiting) = step else { panic!() };
    assert!(matches!(waiting.resume(Included::Missing).unwrap(), Step::Done(_)));
}

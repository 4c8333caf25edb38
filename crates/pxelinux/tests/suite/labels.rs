//! LABEL, the global values, and what a label may be called by.

use pxelinux::{ChooseError, Why, choose, entries};

use crate::support::{chosen, label_line, line, options, read, text};

#[test]
fn a_label_is_its_first_word_and_default_s_further_words_are_arguments() {
    let config = "default linux cloud-init autoinstall\nlabel linux cloud-init autoinstall\nkernel k\nappend a\nsysappend 2";
    assert_eq!(line(config), "BOOT_IMAGE=k a BOOTIF=01-52-54-00-12-34-56 cloud-init autoinstall");
}

#[test]
fn labels_are_matched_with_case() {
    let config = "default Linux\nlabel linux\nkernel lower\nlabel Linux\nkernel upper";
    assert_eq!(line(config), "BOOT_IMAGE=upper ");
}

#[test]
fn the_first_of_two_equal_labels_wins() {
    assert_eq!(line("default a\nlabel a\nkernel one\nlabel a\nkernel two"), "BOOT_IMAGE=one ");
}

#[test]
fn the_kernel_is_the_label_unless_said_otherwise() {
    assert_eq!(line("default vmlinuz\nlabel vmlinuz\nappend x"), "BOOT_IMAGE=vmlinuz x");
}

#[test]
fn a_label_without_a_kernel_is_not_extended() {
    let choice = chosen("default linux\nlabel linux");
    assert!(matches!(choice.action, pxelinux::Action::Kernel(_)));
}

#[test]
fn a_local_append_replaces_the_global_one() {
    let config = "append global\ndefault a\nlabel a\nkernel k\nappend local\nlabel b\nkernel k";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=k local");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=k global");
}

#[test]
fn a_dash_empties_append() {
    let config = "append global\nlabel a\nkernel k\nappend -\nlabel b\nkernel k\nappend - x";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=k ");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=k - x");
    assert_eq!(label_line("append -\nlabel a\nkernel k", "a"), "BOOT_IMAGE=k ");
}

#[test]
fn the_global_append_counts_as_it_stands_when_the_label_ends() {
    // Inside a label APPEND is the label's own; after MENU SEPARATOR it is global again.
    let config = "append one\nlabel a\nkernel k\nmenu separator\nappend two\nlabel b\nkernel k";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=k one");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=k two");
}

#[test]
fn menu_begin_and_menu_end_close_a_label() {
    let config = "label a\nkernel k\nmenu begin x\nappend one\nlabel b\nkernel k\nmenu end\nappend two\nlabel c\nkernel k";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=k ");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=k one");
    assert_eq!(label_line(config, "c"), "BOOT_IMAGE=k two");
}

#[test]
fn a_global_sysappend_goes_to_the_labels_that_follow() {
    let config = "label a\nkernel k\nmenu separator\nipappend 2\nlabel b\nkernel k\nlabel c\nkernel k\nipappend 0";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=k ");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=k BOOTIF=01-52-54-00-12-34-56");
    assert_eq!(label_line(config, "c"), "BOOT_IMAGE=k ");
}

#[test]
fn an_asked_label_is_booted_without_default_or_ui() {
    let menu = read(
        "ui menu.c32\ndefault b\ntimeout 10\nontimeout b\nlabel a\nkernel k\nlabel b\nkernel z",
    );
    let choice = choose(&menu, &options(Some("a"))).unwrap();
    assert_eq!(choice.why, Why::Asked);
    assert_eq!(choice.entry, Some(0));
    assert_eq!(choice.command.to_string(), "pxelinux.cfg/default line 5, label \"a\"");
}

#[test]
fn an_asked_label_may_have_arguments() {
    assert_eq!(label_line("label a\nkernel k\nappend x", "a  y z"), "BOOT_IMAGE=k x y z");
}

#[test]
fn an_asked_label_may_be_hidden_or_in_a_submenu() {
    let config = "label a\nkernel ka\nmenu hide\nmenu begin sub\nlabel b\nkernel kb\nmenu end";
    assert_eq!(label_line(config, "a"), "BOOT_IMAGE=ka ");
    assert_eq!(label_line(config, "b"), "BOOT_IMAGE=kb ");
}

#[test]
fn an_unknown_label_is_an_error_that_names_the_labels() {
    let menu = read("label a\nlabel b\nmenu disable\nlabel c");
    let error = choose(&menu, &options(Some("x"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration has no label \"x\": choose another one; labels: \"a\", \"c\""
    );
    for label in ["b", "", "A"] {
        let error = choose(&menu, &options(Some(label))).unwrap_err();
        assert!(matches!(error, ChooseError::UnknownLabel { .. }), "{label}");
    }
}

#[test]
fn a_long_list_of_labels_is_cut_short() {
    let config: String = (0..100).map(|i| format!("label l{i}\n")).collect();
    let error = choose(&read(&config), &options(Some("x"))).unwrap_err().to_string();
    assert!(error.ends_with("\"l15\" and 84 more"), "{error}");
}

#[test]
fn a_listing_has_what_can_be_booted_and_marks_the_default() {
    let menu = read(
        "ui menu.c32\nlabel a\nmenu label ^First\nmenu separator\nlabel b\nmenu default\nkernel kb\nlabel c\nmenu disable",
    );
    let options = options(Some("a"));
    let listed = entries(&menu, &options);
    let shown: Vec<(String, String, bool)> = listed
        .iter()
        .map(|listed| (text(&listed.entry.label), text(&listed.entry.title), listed.default))
        .collect();
    assert_eq!(
        shown,
        [("a".to_owned(), "^First".to_owned(), false), ("b".to_owned(), "b".to_owned(), true)]
    );
}

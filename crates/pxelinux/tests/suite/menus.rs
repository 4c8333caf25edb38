//! `menu.c32` and `vesamenu.c32` with nobody at the keyboard.

use pxelinux::{Action, ChooseError, MenuFile, Why, choose, choose_in_menu};

use crate::support::{chosen, line, options, read, refused};

const THREE: &str = "label a\nkernel ka\nlabel b\nkernel kb\nmenu default\nlabel c\nkernel kc\n";

fn with_three(head: &str) -> String {
    format!("{head}\n{THREE}")
}

#[test]
fn every_way_to_name_the_menu_reaches_it() {
    for head in [
        "ui menu.c32",
        "ui vesamenu.c32",
        "ui boot/syslinux/vesamenu.c32",
        "ui menu",
        "ui ::menu.c32",
        "ui menu.c32 ~",
        "default menu.c32",
        "default vesamenu.c32",
        "default boot/vesamenu",
        "default menu",
        "default ::menu",
        "default start\nlabel start\nkernel menu.c32\nlabel z",
        "default start\nlabel start\ncom32 menu\nlabel z",
        "sysappend 3\ndefault start\nlabel start\nkernel menu.c32\nlabel z",
    ] {
        let choice = chosen(&with_three(head));
        assert_eq!(choice.why, Why::MenuDefault, "{head}");
        assert_eq!(choice.command.label.as_deref(), Some(&b"b"[..]), "{head}");
        assert_eq!(choice.menu, Some(0));
    }
}

#[test]
fn a_label_called_menu_beats_the_module() {
    assert_eq!(line("default menu\nlabel menu\nkernel k"), "BOOT_IMAGE=k ");
}

#[test]
fn ui_beats_default_whichever_comes_first() {
    for head in ["ui menu.c32\ndefault c", "default c\nui menu.c32"] {
        assert_eq!(chosen(&with_three(head)).menu, Some(0), "{head}");
    }
}

#[test]
fn the_timeout_runs_ontimeout_else_the_default_entry() {
    assert_eq!(line(&with_three("ui menu.c32\ntimeout 50\nontimeout c x")), "BOOT_IMAGE=kc x");
    assert_eq!(line(&with_three("ui menu.c32\ntimeout 50")), "BOOT_IMAGE=kb ");
    assert_eq!(line(&with_three("ui menu.c32\ntotaltimeout 50\nontimeout c")), "BOOT_IMAGE=kc ");
}

#[test]
fn a_menu_that_waits_for_ever_takes_its_default_entry_at_once() {
    assert_eq!(line(&with_three("ui menu.c32\ntimeout 0\nontimeout c")), "BOOT_IMAGE=kb ");
}

#[test]
fn with_ui_the_default_label_is_the_default_entry() {
    assert_eq!(line(&with_three("ui menu.c32\ndefault c words")), "BOOT_IMAGE=kc ");
}

#[test]
fn without_ui_default_is_taken_by_the_module() {
    assert_eq!(line(&with_three("default c\ndefault menu.c32")), "BOOT_IMAGE=kb ");
}

#[test]
fn without_menu_default_the_first_entry_is_the_default() {
    assert_eq!(line("ui menu.c32\nlabel a\nkernel ka\nlabel b\nkernel kb"), "BOOT_IMAGE=ka ");
}

#[test]
fn the_last_menu_default_wins() {
    assert_eq!(line(&format!("ui menu.c32\n{THREE}menu default")), "BOOT_IMAGE=kc ");
}

#[test]
fn an_unknown_default_label_has_no_effect_on_the_menu() {
    assert_eq!(line(&with_three("ui menu.c32\ndefault nosuch")), "BOOT_IMAGE=kb ");
}

#[test]
fn menu_default_in_a_submenu_is_that_submenu_s() {
    let config = "ui menu.c32\nlabel a\nkernel ka\nmenu begin s\nlabel b\nkernel kb\nlabel c\nkernel kc\nmenu default\nmenu end";
    assert_eq!(line(config), "BOOT_IMAGE=ka ");
}

#[test]
fn default_naming_a_label_in_a_submenu_starts_there() {
    let config = "ui menu.c32\ndefault c\nlabel a\nkernel ka\nmenu begin s\nlabel b\nkernel kb\nlabel c\nkernel kc\nmenu end";
    let choice = chosen(config);
    assert_eq!((choice.menu, line(config).as_str()), (Some(2), "BOOT_IMAGE=kc "));
}

#[test]
fn menu_start_makes_a_submenu_the_first_one_shown() {
    let config = "default menu.c32\nlabel a\nkernel ka\nmenu begin s\nmenu start\nlabel b\nkernel kb\nmenu end";
    assert_eq!(line(config), "BOOT_IMAGE=kb ");
}

#[test]
fn menu_default_right_after_menu_begin_leads_into_the_submenu() {
    let config = "ui menu.c32\nlabel a\nkernel ka\nmenu begin s\nmenu default\nlabel b\nkernel kb\nlabel c\nkernel kc\nmenu default\nmenu end";
    assert_eq!(line(config), "BOOT_IMAGE=kc ");
}

#[test]
fn a_submenu_that_comes_first_leads_to_its_default() {
    let config = "ui menu.c32\nmenu begin s\nlabel b\nkernel kb\nmenu end\nlabel a\nkernel ka";
    assert_eq!(line(config), "BOOT_IMAGE=kb ");
}

#[test]
fn an_empty_submenu_does_not_swallow_the_boot() {
    assert_eq!(line("ui menu.c32\nmenu begin s\nmenu end\nlabel a\nkernel ka"), "BOOT_IMAGE=ka ");
}

#[test]
fn timeouts_belong_to_the_menu_they_stand_in_and_are_inherited() {
    let sub =
        "menu begin s\ntimeout 50\nontimeout c\nlabel b\nkernel kb\nmenu end\nlabel c\nkernel kc";
    // In the submenu only: the top menu waits for ever, so its default is taken.
    assert_eq!(line(&format!("ui menu.c32\nlabel a\nkernel ka\n{sub}")), "BOOT_IMAGE=ka ");
    // The submenu is shown first: its own timeout counts.
    assert_eq!(
        line(&format!("ui menu.c32\ndefault b\nlabel a\nkernel ka\n{sub}")),
        "BOOT_IMAGE=kc "
    );
    // The submenu begins with what the top menu has by then, not with what comes later.
    let inherits = "ui menu.c32\ndefault b\ntimeout 50\nontimeout c\nmenu begin s\nlabel b\nkernel kb\nmenu end\nlabel c\nkernel kc";
    assert_eq!(line(inherits), "BOOT_IMAGE=kc ");
    let too_late = "ui menu.c32\ndefault b\nmenu begin s\nlabel b\nkernel kb\nmenu end\ntimeout 50\nontimeout c\nlabel c\nkernel kc";
    assert_eq!(line(too_late), "BOOT_IMAGE=kb ");
}

#[test]
fn a_hidden_entry_is_no_default_but_ontimeout_can_name_it() {
    let config = "label a\nkernel ka\nlabel h\nkernel kh\nmenu hide\nmenu default\n";
    assert_eq!(line(&format!("ui menu.c32\ndefault h\n{config}")), "BOOT_IMAGE=ka ");
    assert_eq!(line(&format!("ui menu.c32\ntimeout 5\nontimeout h\n{config}")), "BOOT_IMAGE=kh ");
    assert_eq!(line(&format!("default h\n{config}")), "BOOT_IMAGE=kh ");
}

#[test]
fn a_disabled_or_separator_default_moves_on_to_the_next_entry() {
    let head = "ui menu.c32\nlabel title\nmenu disable\nmenu separator\nlabel a\nkernel ka";
    assert_eq!(line(head), "BOOT_IMAGE=ka ");
    let last =
        "ui menu.c32\nlabel a\nkernel ka\nlabel b\nkernel kb\nmenu begin s\nmenu default\nmenu end";
    assert_eq!(line(last), "BOOT_IMAGE=ka ");
}

#[test]
fn behind_the_last_entry_the_cursor_goes_back_to_the_nearest() {
    let config = "ui menu.c32\nlabel a\nkernel ka\nlabel b\nkernel kb\nmenu begin s\nmenu default\nlabel back\nmenu exit\nmenu end";
    assert_eq!(line(config), "BOOT_IMAGE=ka ");
    let menu = "ui menu.c32\ndefault q\nlabel a\nkernel ka\nlabel b\nkernel kb\nlabel q\nmenu quit";
    assert_eq!(line(menu), "BOOT_IMAGE=kb ");
}

#[test]
fn ontimeout_is_kept_where_a_disabled_default_makes_pxelinux_hang() {
    let config = "ui menu.c32\ntimeout 50\nontimeout local\nlabel title\nmenu disable\nlabel a\nkernel ka\nlabel local\nlocalboot 0";
    assert_eq!(chosen(config).action, Action::LocalBoot { kind: 0 });
}

#[test]
fn menu_default_on_a_disabled_entry_has_no_effect() {
    let config = "ui menu.c32\nlabel a\nkernel ka\nlabel b\nmenu default\nmenu disable";
    assert_eq!(line(config), "BOOT_IMAGE=ka ");
}

#[test]
fn menu_hidden_changes_nothing_and_menu_shiftkey_skips_ontimeout() {
    assert_eq!(
        line(&with_three("ui menu.c32\nmenu hidden\ntimeout 5\nontimeout c")),
        "BOOT_IMAGE=kc "
    );
    assert_eq!(
        line(&with_three("ui menu.c32\nmenu shiftkey\ntimeout 5\nontimeout c")),
        "BOOT_IMAGE=kb "
    );
}

#[test]
fn a_password_is_not_asked_for_on_timeout() {
    let config = with_three("ui menu.c32\nmenu master passwd x\ntimeout 5") + "menu passwd y";
    assert_eq!(line(&config), "BOOT_IMAGE=kb ");
}

#[test]
fn goto_exit_and_quit_entries_boot_nothing() {
    let config = "ui menu.c32\nlabel q\nmenu quit\nlabel g\nmenu goto s\nlabel a\nkernel ka\nmenu begin s\nlabel back\nmenu exit\nlabel b\nkernel kb\nmenu end";
    assert_eq!(line(config), "BOOT_IMAGE=ka ");
    for label in ["q", "g", "back"] {
        let error = choose(&read(config), &options(Some(label))).unwrap_err();
        assert!(matches!(error, ChooseError::Navigation { .. }), "{label}: {error}");
    }
    // At the top there is nothing to leave: the entry is an ordinary one.
    assert_eq!(line("ui menu.c32\nlabel k\nmenu exit"), "BOOT_IMAGE=k ");
}

#[test]
fn a_submenu_is_called_by_its_tag_its_label_or_its_title() {
    for (lines, title) in [
        ("menu begin tag", "tag"),
        ("menu begin\nmenu title T", "T"),
        ("menu begin tag\nmenu title T", "tag"),
        ("menu begin tag\nmenu title T\nmenu label ^L", "^L"),
        ("menu begin\nmenu label ^L\nmenu title T", "^L"),
        ("menu begin tag\nlabel x\nmenu label X\nmenu title T", "tag"),
    ] {
        let menu = read(&format!("menu title top\n{lines}"));
        assert_eq!(crate::support::text(&menu.entries[0].title), title, "{lines}");
    }
}

#[test]
fn menu_disabled_is_menu_disable() {
    for word in ["disable", "disabled"] {
        let config = format!("ui menu.c32\nlabel a\nkernel ka\nmenu {word}\nlabel b\nkernel kb");
        assert_eq!(line(&config), "BOOT_IMAGE=kb ", "{word}");
    }
}

#[test]
fn menu_end_without_begin_stays_at_the_top() {
    assert_eq!(line("ui menu.c32\nmenu end\nmenu end\nlabel a\nkernel ka"), "BOOT_IMAGE=ka ");
}

#[test]
fn a_menu_without_entries_is_an_error() {
    for config in ["ui menu.c32", "ui menu.c32\nlabel a\nmenu disable\nmenu begin x\nmenu end"] {
        assert_eq!(refused(config), ChooseError::EmptyMenu);
    }
}

#[test]
fn a_menu_that_starts_itself_is_an_error() {
    let error = refused("ui menu.c32\nlabel again\nkernel menu.c32");
    assert!(matches!(error, ChooseError::MenuLoop { .. }));
    assert!(error.to_string().starts_with("pxelinux.cfg/default line 2, label \"again\": "));
}

#[test]
fn a_menu_of_other_files_is_asked_for() {
    let choice = chosen("sysappend 2\nui menu.c32 one.cfg ~ dir/two.cfg");
    let files = vec![
        MenuFile::Named(b"one.cfg".to_vec()),
        MenuFile::Current,
        MenuFile::Named(b"dir/two.cfg".to_vec()),
    ];
    assert_eq!(choice.action, Action::Menu { files });
}

#[test]
fn a_raw_ontimeout_in_a_menu_is_not_extended_and_gets_no_sysappend() {
    let config =
        with_three("sysappend 2\nimplicit 0\nui menu.c32\ntimeout 5\nontimeout vmlinuz  x");
    let choice = chosen(&config.replace("implicit 0\n", ""));
    assert!(matches!(choice.action, Action::Kernel(_)));
    assert_eq!(line(&config.replace("implicit 0\n", "")), "BOOT_IMAGE=vmlinuz x");
}

#[test]
fn ontimeout_with_a_label_keeps_its_words_as_written() {
    let labels = "timeout 5\nontimeout c   x\nlabel c\nkernel kc\nappend a";
    assert_eq!(line(&format!("ui menu.c32\n{labels}")), "BOOT_IMAGE=kc a   x");
    // The prompt puts one blank there.
    assert_eq!(line(&format!("default z\nprompt 1\n{labels}")), "BOOT_IMAGE=kc a x");
}

#[test]
fn a_menu_read_for_its_own_files_is_shown_without_ui() {
    let menu = read(&with_three("timeout 5\nontimeout c"));
    let choice = choose_in_menu(&menu, &options(None)).unwrap();
    assert_eq!(choice.command.label.as_deref(), Some(&b"c"[..]));
}

#[test]
fn a_menu_takes_the_whole_label_line_for_the_label() {
    let labels = "timeout 5\nlabel a\nkernel ka\nlabel b w\nkernel kb\nlabel b\nkernel kc\n";
    // DEFAULT finds the second b, and no c at all.
    assert_eq!(line(&format!("ui menu.c32\ndefault b\n{labels}")), "BOOT_IMAGE=kc ");
    let config = format!("ui menu.c32\ndefault c\n{labels}label c x\nkernel kd");
    assert_eq!(line(&config), "BOOT_IMAGE=ka ");
    assert_eq!(line(&config.replace("label c x", "label c ")), "BOOT_IMAGE=ka ");
    // At the prompt the first word counts.
    assert_eq!(line(&format!("default b\n{labels}")), "BOOT_IMAGE=kb ");
}

#[test]
fn a_menu_takes_the_whole_label_line_for_the_kernel() {
    let config = "timeout 5\nlabel kb w  \nappend q\n";
    assert_eq!(line(&format!("ui menu.c32\n{config}")), "BOOT_IMAGE=kb w   q");
    assert_eq!(line(&format!("default kb\n{config}")), "BOOT_IMAGE=kb q");
    let named = "ui menu.c32\ntimeout 5\nlabel kb w\nkernel k";
    assert_eq!(line(named), "BOOT_IMAGE=k ");
}

#[test]
fn ontimeout_in_a_menu_finds_a_label_with_further_words_where_pxelinux_hangs() {
    let config = "ui menu.c32\ntimeout 5\nontimeout b\nlabel a\nkernel ka\nlabel b w\nkernel kb";
    assert_eq!(line(config), "BOOT_IMAGE=kb ");
}

#[test]
fn a_submenu_line_that_times_out_leads_to_the_last_ontimeout_of_all() {
    let menu = "ui menu.c32\nmenu begin s\nontimeout kc\nlabel b\nkernel kb\nmenu end\nlabel a\nkernel ka\n";
    assert_eq!(line(&format!("timeout 5\n{menu}")), "BOOT_IMAGE=kc ");
    // Without a timeout it waits for ever, so the submenu's default is taken.
    assert_eq!(line(menu), "BOOT_IMAGE=kb ");
    // An entry that boots is not left for the prompt.
    let entry = menu.replace("label a\nkernel ka", "label a\nkernel ka\nmenu default");
    assert_eq!(line(&format!("timeout 5\n{entry}")), "BOOT_IMAGE=ka ");
    let error =
        refused(&format!("timeout 5\n{}", menu.replace("ontimeout kc", "ontimeout menu.c32")));
    assert!(matches!(error, ChooseError::MenuLoop { .. }));
}

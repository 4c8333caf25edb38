//! What a person would be shown, and what comes of a choice.

use pxelinux::{
    Asks, Choice, ChooseOptions, Kernel, Menu, Page, Row, RowKind, Screen, asks, choose_entry,
    choose_typed, screen,
};

use crate::support::{kernel_of, options, read, text};

const SITE: &str = "ui menu.c32\nmenu title Our site\ntimeout 300\nmenu hidden\n\
    label one\nmenu label ^First one\nmenu indent 2\nkernel k1\nappend a b\ninitrd i\n\
    text help\nBoots the first.\n  Twice.\nendtext\n\
    menu separator\n\
    label gone\nmenu disable\nmenu label not now\n\
    menu begin more\nmenu title More\n\
    label two\nkernel k2\nmenu default\nmenu passwd secret\n\
    label back\nmenu exit\n\
    menu end\n\
    label leave\nmenu quit\n\
    label there\nmenu goto more\n\
    label hidden\nkernel k3\nmenu hide\n";

fn shown(config: &str) -> Option<(Menu, Screen, Asks)> {
    let menu = read(config);
    let asked = asks(&menu, &options(None))?;
    let screen = screen(&menu, &options(None), asked);
    Some((menu, screen, asked))
}

fn line(choice: &Choice) -> String {
    let Kernel { command_line, .. } = kernel_of(choice);
    text(&command_line)
}

fn texts(page: &Page) -> Vec<String> {
    page.rows.iter().map(|row| text(&row.text)).collect()
}

#[test]
fn a_menu_is_shown_as_its_pages() {
    let (_, screen, _) = shown(SITE).unwrap();
    let top = &screen.pages[screen.first];
    assert_eq!(text(&top.title), "Our site");
    assert_eq!(texts(top), ["First one", "", "not now", "more", "leave", "there"]);
    assert_eq!((top.timeout, top.default, top.parent), (300, 0, None));
    assert!(screen.hidden && screen.may_edit);
    let Row { hot_key, indent, help, locked, .. } = &top.rows[0];
    assert_eq!((*hot_key, *indent, *locked), (Some(b'F'), 2, false));
    assert_eq!(
        help.iter().map(|line| text(line)).collect::<Vec<_>>(),
        ["Boots the first.", "  Twice."]
    );
    let RowKind::Open(more) = top.rows[3].kind else { panic!("no submenu") };
    assert_eq!(top.rows[1].kind, RowKind::Dead);
    assert_eq!(top.rows[2].kind, RowKind::Dead);
    assert_eq!(top.rows[4].kind, RowKind::Quit);
    assert_eq!(top.rows[5].kind, RowKind::Open(more));
    let page = &screen.pages[more];
    assert_eq!(text(&page.title), "More");
    assert_eq!(texts(page), ["two", "back"]);
    assert_eq!(page.parent, Some(screen.first));
    assert!(page.rows[0].locked);
    assert_eq!(page.rows[1].kind, RowKind::Open(screen.first));
}

#[test]
fn an_entry_that_is_chosen_boots_as_it_would_by_itself() {
    let (menu, screen, asked) = shown(SITE).unwrap();
    let RowKind::Boot { entry, line: edited } = &screen.pages[screen.first].rows[0].kind else {
        panic!("boots nothing")
    };
    let choice = choose_entry(&menu, &options(None), asked, *entry).unwrap();
    assert_eq!(line(&choice), "BOOT_IMAGE=k1 a b initrd=i");
    assert_eq!(text(edited), "k1 a b initrd=i");
}

#[test]
fn a_submenu_without_a_tag_is_named_by_its_title() {
    let config = "ui menu.c32\nmenu begin\nmenu title Inner one\nlabel a\nkernel k\nmenu end\n";
    let (_, screen, _) = shown(config).unwrap();
    assert_eq!(texts(&screen.pages[screen.first]), ["Inner one"]);
}

#[test]
fn a_line_may_be_edited_and_a_label_typed() {
    let (menu, _, asked) = shown(SITE).unwrap();
    let typed = |asks, what: &str| {
        line(&choose_typed(&menu, &options(None), asks, what.as_bytes()).unwrap())
    };
    assert_eq!(typed(asked, "k1 a initrd=i single"), "BOOT_IMAGE=k1 a initrd=i single");
    assert_eq!(typed(asked, "hidden  x"), "BOOT_IMAGE=k3 x");
    assert_eq!(typed(Asks::Prompt, "hidden  x"), "BOOT_IMAGE=k3 x");
    assert_eq!(typed(Asks::Prompt, "vmlinuz x"), "BOOT_IMAGE=vmlinuz x");
}

#[test]
fn what_waits_nowhere_shows_nothing() {
    assert!(shown("default a\ntimeout 100\nlabel a\nkernel k\n").is_none());
    let menu = read(SITE);
    let by_label = ChooseOptions { label: Some(b"two"), ..options(None) };
    assert_eq!(asks(&menu, &by_label), None);
}

#[test]
fn the_prompt_is_a_list_of_all_labels() {
    for config in [
        "default b\nprompt 1\ntimeout 50\nlabel a\nkernel k\nlabel b\nkernel l\n",
        "timeout 50\nlabel a\nkernel k\nlabel b\nkernel l\nmenu hide\n",
    ] {
        let (_, screen, asked) = shown(config).unwrap();
        assert_eq!(asked, Asks::Prompt);
        let page = &screen.pages[screen.first];
        assert_eq!(texts(page), ["a", "b"]);
        assert_eq!(page.timeout, 50);
        assert_eq!(page.default, usize::from(config.starts_with("default")));
    }
}

#[test]
fn a_menu_whose_default_boots_nothing_is_still_shown() {
    let config = "ui menu.c32\nlabel a\nkernel memdisk\nlabel b\nkernel k\n";
    assert_eq!(shown(config).unwrap().2, Asks::Menu(0));
}

#[test]
fn a_master_password_holds_in_the_menus_below() {
    let config = "ui menu.c32\nmenu master passwd x\nlabel a\nkernel k\nmenu begin\nlabel b\n\
                  kernel l\nmenu end\n";
    let (menu, screen, _) = shown(config).unwrap();
    assert!(screen.pages[0].locked && screen.pages[2].locked);
    assert_eq!(menu.menus[2].master_password.as_deref(), Some(&b"x"[..]));
}

#[test]
fn allowoptions_0_takes_editing_away() {
    let (_, screen, _) = shown("ui menu.c32\nallowoptions 0\nlabel a\nkernel k\n").unwrap();
    assert!(!screen.may_edit);
}

//! Menus.

use ipxe::Answer;

use crate::support::World;

const MENU: &str = "menu Choose one\nitem --gap -- Systems\nitem debian Debian 12\n\
                    item --key x --default rescue Rescue\nitem\nitem local\n";

#[test]
fn a_menu_shows_its_items_and_marks_the_default() {
    let mut world = World::default();
    let script = format!("{MENU}choose --timeout 5000 target && echo ${{target}}");
    assert_eq!(world.prints(&script), ["rescue"]);
    assert_eq!(world.menus, ["Choose one|-=Systems|debian=Debian 12*rescue=Rescue|-=|local="]);
    assert_eq!(world.timeouts, [Some(5000)]);
}

#[test]
fn the_option_of_choose_counts_before_that_of_item() {
    let script = format!("{MENU}choose --default local --timeout 1 t\necho ${{t}}");
    assert_eq!(World::default().prints(&script), ["local"]);
    let script = format!("{MENU}choose --default none t\necho ${{t}}");
    assert_eq!(World::default().prints(&script), ["debian"]);
}

#[test]
fn without_a_timeout_the_marked_item_counts_all_the_same() {
    let mut world = World::default();
    let script = "menu\nitem a A\nitem b B\nchoose t && goto ${t}\n:b\necho b\nexit\n:a\necho a";
    assert_eq!(world.prints(script), ["a"]);
    assert_eq!(world.timeouts, [None]);
    world.prints("menu\nitem a A\nchoose --timeout 0 t");
    assert_eq!(world.timeouts, [None, None]);
}

#[test]
fn an_answer_is_taken() {
    let run = |answer: Answer| {
        let mut world = World { answers: vec![answer], ..World::default() };
        let script = format!("{MENU}choose --timeout 5000 t && echo ${{t}} || echo left");
        world.prints(&script).last().cloned().unwrap()
    };
    assert_eq!(run(Answer::Label(b"debian".to_vec())), "debian");
    assert_eq!(run(Answer::Label(b"nothing".to_vec())), "left");
    assert_eq!(run(Answer::Cancelled), "left");
    assert_eq!(run(Answer::Unattended), "rescue");
}

#[test]
fn a_menu_is_gone_once_shown_unless_it_is_kept() {
    let mut world = World::default();
    let printed = world.prints(&format!("{MENU}choose t\nchoose t || echo gone"));
    assert_eq!(printed.last().unwrap(), "gone");
    let printed = world.prints(&format!("{MENU}choose --keep t\nchoose t && echo kept"));
    assert_eq!(printed.last().unwrap(), "kept");
}

#[test]
fn menus_have_names() {
    let script = "menu --name m Main\nitem --menu m a A\nmenu Other\nitem b B\n\
                  choose --menu m t\necho ${t}\nchoose t\necho ${t}\nmenu --name m Main\n\
                  menu --name m --delete\nitem --menu m a A || echo gone";
    let printed = World::default().prints(script);
    assert_eq!(printed[..2], ["a", "b"]);
    assert_eq!(printed.last().unwrap(), "gone");
}

#[test]
fn a_menu_without_items_fails() {
    for script in ["choose t", "menu\nchoose t", "menu\nitem --gap x\nchoose t", "item a A"] {
        let error = World::default().error(script);
        assert!(error.contains("there is no menu with an item to choose"), "{script}: {error}");
    }
}

#[test]
fn a_setting_with_a_type_takes_the_label() {
    let script = "menu\nitem 5 Five\nchoose n:int32\ninc n\necho ${n}";
    assert_eq!(World::default().prints(script), ["6"]);
}

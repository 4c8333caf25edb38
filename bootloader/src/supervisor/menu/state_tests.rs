use super::*;
use crate::limits::MENU_GLANCE;
use crate::worker::message::{ShownMenu, ShownPage};
use proptest::prelude::{Strategy, prop_assert, prop_oneof, proptest};

fn page(title: &str, timeout: u64, parent: Option<usize>, locked: bool) -> ShownPage {
    ShownPage { title: title.to_owned(), default: 0, timeout, parent, locked }
}

fn row(page: usize, text: &str, kind: ShownKind) -> ShownRow {
    let text = text.to_owned();
    ShownRow { page, text, hot_key: None, indent: 0, help: Vec::new(), locked: false, kind }
}

fn boot(page: usize, entry: usize) -> ShownRow {
    let line = Some(format!("k{entry} a"));
    row(page, &format!("entry {entry}"), ShownKind::Boot { entry, line })
}

/// Top: entry 0, a separator, entry 1, a submenu, a locked entry 2, quit. Below: entry 3, back.
fn menu() -> Menu {
    let shown = ShownMenu {
        pages: vec![page("top", 50, None, false), page("below", 0, Some(0), true)],
        first: 0,
        hidden: false,
        may_edit: true,
        total_timeout: 0,
    };
    let mut menu = Menu::begin(shown).unwrap();
    let locked = ShownRow { locked: true, hot_key: Some('L'), ..boot(0, 2) };
    menu.add(vec![
        boot(0, 0),
        row(0, "", ShownKind::Dead),
        boot(0, 1),
        row(0, "more", ShownKind::Open(1)),
        locked,
        row(0, "quit", ShownKind::Quit),
        boot(1, 3),
        row(1, "back", ShownKind::Open(0)),
    ])
    .unwrap();
    menu
}

fn after(keys: &[Key]) -> (State, Outcome) {
    let mut state = State::new(menu(), None);
    let mut outcome = Outcome::On;
    for key in keys {
        outcome = state.on_key(*key);
    }
    (state, outcome)
}

fn entry(page: usize, entry: usize) -> Outcome {
    Outcome::Picked(Picked::Entry { page, entry })
}

fn typed(page: Option<usize>, line: &str) -> Outcome {
    Outcome::Picked(Picked::Typed { page, line: line.as_bytes().to_vec() })
}

#[test]
fn enter_takes_the_row_under_the_cursor() {
    assert_eq!(after(&[Key::Enter]).1, entry(0, 0));
    assert_eq!(after(&[Key::Down, Key::Enter]).1, entry(0, 1), "over the separator");
    assert_eq!(after(&[Key::Down, Key::Up, Key::Enter]).1, entry(0, 0));
    assert_eq!(after(&[Key::Up, Key::Enter]).1, entry(0, 0), "nothing is above");
}

#[test]
fn submenus_are_entered_and_left() {
    let more = [Key::Down, Key::Down, Key::Enter];
    let (state, _) = after(&more);
    assert_eq!(state.page().unwrap().head.title, "below");
    assert_eq!(after(&[&more[..], &[Key::Enter]].concat()).1, entry(1, 3));
    let (state, _) = after(&[&more[..], &[Key::Escape]].concat());
    assert_eq!((state.page().unwrap().head.title.as_str(), state.place().row), ("top", 3));
    let (state, _) = after(&[&more[..], &[Key::End, Key::Enter]].concat());
    assert_eq!(state.page().unwrap().head.title, "top");
}

#[test]
fn tab_edits_the_line() {
    let edit = [Key::Tab, Key::Char(' '), Key::Char('x'), Key::Enter];
    assert_eq!(after(&edit).1, typed(Some(0), "k0 a x"));
    assert_eq!(after(&[Key::Char('e'), Key::Enter]).1, entry(0, 0), "untouched");
    assert_eq!(after(&[Key::Tab, Key::Escape, Key::Enter]).1, entry(0, 0));
    assert_eq!(after(&[Key::Tab, Key::Ctrl('u'), Key::Enter]).1, Outcome::On);
}

#[test]
fn c_and_escape_lead_to_the_prompt() {
    for leave in [Key::Char('c'), Key::Escape, Key::Char('q')] {
        assert_eq!(after(&[leave, Key::Char('k'), Key::Enter]).1, typed(None, "k"));
    }
    let mut fixed = menu();
    fixed.may_edit = false;
    let mut state = State::new(fixed, None);
    assert_eq!(state.on_key(Key::Char('c')), Outcome::On);
    assert_eq!(state.mode(), &Mode::Rows);
    assert!(state.message().is_some());
    state.on_key(Key::Tab);
    assert_eq!(state.mode(), &Mode::Rows);
}

#[test]
fn a_password_keeps_a_row_locked() {
    let keys = [Key::Char('l'), Key::Enter, Key::Char('s'), Key::Enter];
    let (mut state, outcome) = after(&keys);
    assert_eq!(outcome, Outcome::Try { page: 0, row: Some(4), password: "s".to_owned() });
    assert_eq!(state.clone().password(true), entry(0, 2));
    assert_eq!(state.password(false), Outcome::On);
    assert!(state.message().is_some());
    assert_eq!(state.mode(), &Mode::Rows);
}

#[test]
fn a_master_password_keeps_lines_and_the_prompt() {
    let below = [Key::Down, Key::Down, Key::Enter];
    let (mut state, outcome) =
        after(&[&below[..], &[Key::Tab, Key::Char('m'), Key::Enter]].concat());
    assert_eq!(outcome, Outcome::Try { page: 1, row: None, password: "m".to_owned() });
    state.password(true);
    assert!(matches!(state.mode(), Mode::Typing(typing) if typing.line.text() == "k3 a"));
    let (mut state, _) =
        after(&[&below[..], &[Key::Char('c'), Key::Char('m'), Key::Enter]].concat());
    assert_eq!(state.password(true), Outcome::On);
    assert!(matches!(state.mode(), Mode::Typing(typing) if typing.page.is_none()));
}

#[test]
fn time_decides_until_a_key_is_pressed() {
    let mut state = State::new(menu(), None);
    assert_eq!(state.seconds_left(), Some(5));
    assert_eq!(state.pass(Duration::from_millis(4_900)), Outcome::On);
    assert_eq!(state.seconds_left(), Some(1));
    assert_eq!(state.clone().pass(Duration::from_millis(100)), Outcome::Picked(Picked::Unattended));
    state.on_key(Key::Ctrl('l'));
    assert_eq!(state.seconds_left(), None);
    assert_eq!(state.pass(Duration::from_secs(60)), Outcome::On);
    assert_eq!(state.pass(MENU_PATIENCE), Outcome::Picked(Picked::Unattended), "not for ever");
}

#[test]
fn a_countdown_is_cut_or_begun_where_somebody_only_seems_to_be_there() {
    let with = |timeout, longest| {
        let mut menu = menu();
        menu.pages[0].head.timeout = timeout;
        State::new(menu, longest).seconds_left()
    };
    assert_eq!(with(300, Some(MENU_GLANCE)), Some(10));
    assert_eq!(with(30, Some(MENU_GLANCE)), Some(3));
    assert_eq!(with(0, Some(MENU_GLANCE)), Some(10));
    assert_eq!(with(0, None), None);
}

#[test]
fn a_total_timeout_cares_for_no_key() {
    let mut menu = menu();
    menu.total_timeout = 20;
    let mut state = State::new(menu, None);
    state.on_key(Key::Down);
    assert_eq!(state.pass(Duration::from_secs(2)), Outcome::Picked(Picked::Unattended));
}

#[test]
fn a_hidden_menu_comes_up_with_a_key() {
    let mut menu = menu();
    menu.hidden = true;
    let mut state = State::new(menu, None);
    assert_eq!(state.mode(), &Mode::Hidden);
    assert_eq!(state.on_key(Key::Enter), Outcome::On, "the key itself chooses nothing");
    assert_eq!(state.mode(), &Mode::Rows);
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        proptest::char::range(' ', '~').prop_map(Key::Char),
        proptest::char::range('a', 'z').prop_map(Key::Ctrl),
        proptest::sample::select(vec![
            Key::Enter,
            Key::Tab,
            Key::Escape,
            Key::Backspace,
            Key::Delete,
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::Home,
            Key::End,
            Key::PageUp,
            Key::PageDown,
        ]),
    ]
}

proptest! {
    #[test]
    fn the_cursor_is_always_on_a_row_that_does_something(
        keys in proptest::collection::vec(any_key(), 0..80),
        rows in proptest::collection::vec(0..3_usize, 1..60),
    ) {
        let mut menu = menu();
        menu.pages[0].rows = rows
            .iter()
            .enumerate()
            .map(|(index, kind)| match kind {
                0 => row(0, "", ShownKind::Dead),
                1 => boot(0, index),
                _ => row(0, "more", ShownKind::Open(1)),
            })
            .collect();
        let all_dead = rows.iter().all(|kind| *kind == 0);
        let mut state = State::new(menu, None);
        for key in keys {
            if let Outcome::Try { .. } = state.on_key(key) {
                state.password(true);
            }
            let Place { row, top } = state.place();
            let page = state.page().unwrap();
            prop_assert!(top <= row && row < top + WINDOW);
            let is_dead = page.rows[row].kind == ShownKind::Dead;
            prop_assert!(!is_dead || (all_dead && page.head.title == "top"));
        }
    }
}

//! A menu on its whole way: a config's screen, as an honest worker tells of it; the supervisor's check,
//! which must pass; keys of any kind, and what is drawn after each.

use std::time::Duration;

use pxelinux::{Asks, ChooseOptions, Limits, asks, choose_entry, choose_typed, screen};
use ratatui_core::buffer::Buffer;
use rpxeboot::limits::{MAX_MENU_PAGES, MAX_MENU_ROWS, MAX_MESSAGE, MAX_TYPED};
use rpxeboot::plan::person::Picked;
use rpxeboot::supervisor::menu::draw::{SCREEN, draw};
use rpxeboot::supervisor::menu::keys::Keys;
use rpxeboot::supervisor::menu::received::Menu;
use rpxeboot::supervisor::menu::state::{Outcome, State};
use rpxeboot::worker::menu::reports;
use rpxeboot::worker::message::{Report, ShownKind};

use crate::pxelinux_config::{read, values};

/// Room for more pages than are shown.
const LIMITS: Limits = Limits {
    file_bytes: 8192,
    total_bytes: 16384,
    lines: 1500,
    entries: 400,
    include_depth: 2,
    includes: 2,
    help_lines: 24,
    notes: 4,
};
/// Menus are drawn slowly: enough keys to go everywhere.
const MAX_KEYS: usize = 40;

/// Keys, a NUL, a config.
pub(crate) fn menu(bytes: &[u8]) {
    let (keys, config) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (&[][..], bytes),
    };
    let Some(config) = read(LIMITS, config, b"") else { return };
    let options = ChooseOptions { label: None, values: values() };
    let asked = asks(&config, &options);
    for asks in asked.into_iter().chain([Asks::Prompt]) {
        let screen = screen(&config, &options, asks);
        let Some(reports) = reports(&screen) else {
            assert!(screen.first >= MAX_MENU_PAGES);
            continue;
        };
        let menu = received(&reports);
        let rows: usize = screen.pages.iter().map(|page| page.rows.len()).sum();
        let shown: usize = menu.pages.iter().map(|page| page.rows.len()).sum();
        if screen.pages.len() <= MAX_MENU_PAGES {
            assert_eq!(shown, rows.min(MAX_MENU_ROWS));
        }
        match walk(menu, keys) {
            Some(Picked::Entry { page, entry }) => {
                assert!(page < screen.pages.len() && entry < config.entries.len());
                let _ = choose_entry(&config, &options, asks, entry);
            }
            Some(Picked::Typed { page, line }) => {
                assert!(page.is_none_or(|page| page < screen.pages.len()));
                let _ = choose_typed(&config, &options, asks, &line);
            }
            Some(Picked::Unattended) | None => {}
        }
    }
}

/// What an honest worker says is whole when it has come over, and is believed.
fn received(reports: &[Report]) -> Menu {
    let mut menu = None;
    for report in reports {
        let message = serde_json::to_vec(report).expect("JSON");
        assert!(message.len() <= MAX_MESSAGE, "{} bytes in one message", message.len());
        let heard: Report = serde_json::from_slice(&message).expect("its own words");
        assert_eq!(&heard, report);
        match (heard, &mut menu) {
            (Report::Menu(shown), None) => {
                menu = Some(Menu::begin(*shown).expect("an honest worker's menu"));
            }
            (Report::Rows(rows), Some(menu)) => menu.add(rows).expect("an honest worker's rows"),
            other => panic!("{other:?}"),
        }
    }
    menu.expect("a menu is begun")
}

/// Somebody presses keys until something is picked; a password fits when it has an even length.
pub(crate) fn walk(menu: Menu, keys: &[u8]) -> Option<Picked> {
    let (pages, entries) = (menu.pages.len(), menu.pages.clone());
    let may_edit = menu.may_edit;
    let is_there = |page: usize, entry: usize| {
        entries[page]
            .rows
            .iter()
            .any(|row| matches!(row.kind, ShownKind::Boot { entry: booted, .. } if booted == entry))
    };
    let mut state = State::new(menu, Some(Duration::from_secs(10)));
    let mut typed = Keys::default();
    check(&state);
    for piece in keys.chunks(3).take(MAX_KEYS) {
        let mut pressed = typed.feed(piece);
        if pressed.is_empty() {
            pressed.extend(typed.pause());
        }
        for key in pressed {
            let mut outcome = state.on_key(key);
            if let Outcome::Try { page, row, password } = outcome {
                assert!(page < pages && row.is_none_or(|row| row < entries[page].rows.len()));
                assert!(password.len() <= MAX_TYPED);
                outcome = state.password(password.len() % 2 == 0);
            }
            check(&state);
            let Outcome::Picked(picked) = outcome else { continue };
            match &picked {
                Picked::Entry { page, entry } => {
                    assert!(*page < pages && is_there(*page, *entry), "{picked:?}");
                }
                Picked::Typed { page, line } => {
                    assert!(may_edit && page.is_none_or(|page| page < pages));
                    assert!(line.len() <= MAX_TYPED + 1);
                    crate::assert_shown(str::from_utf8(line).expect("text"));
                }
                Picked::Unattended => panic!("somebody was there"),
            }
            return Some(picked);
        }
    }
    // Whoever goes away is not waited for without end.
    let mut waited = 0;
    while state.pass(Duration::from_secs(60)) == Outcome::On {
        waited += 1;
        assert!(waited < 11, "it waits for ever");
    }
    None
}

/// The cursor is on a row that does something, and nothing that is drawn moves the terminal's.
fn check(state: &State) {
    let page = state.page().expect("a page is shown");
    let place = state.place();
    assert!(page.rows.is_empty() || place.row < page.rows.len());
    assert!(place.top <= place.row);
    if page.rows.iter().any(|row| row.kind != ShownKind::Dead) {
        assert_ne!(page.rows[place.row].kind, ShownKind::Dead);
    }
    let mut screen = Buffer::empty(SCREEN);
    if let Some((x, y)) = draw(state, &mut screen) {
        assert!(x < SCREEN.width && y < SCREEN.height);
    }
    for cell in screen.content() {
        crate::assert_shown(cell.symbol());
    }
}

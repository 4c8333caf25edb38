//! What a worker that was taken over tells the supervisor.

use rpxeboot::guest::GuestType;
use rpxeboot::lease::is_usable;
use rpxeboot::limits::{MAX_INITRDS, MAX_MENU_PAGES, MAX_MENU_ROWS, MAX_PVH_ARGS};
use rpxeboot::plan::args::command_line;
use rpxeboot::supervisor::conversation::{checked_addresses, checked_plan};
use rpxeboot::supervisor::menu::received::Menu;
use rpxeboot::worker::message::{PlannedAction, Report, ShownRow};

/// Lines of JSON, each a report; the rows that follow a menu are its own.
pub(crate) fn report(bytes: &[u8]) {
    let mut menu: Option<Menu> = None;
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(report) = serde_json::from_slice::<Report>(line) else { continue };
        match report {
            Report::Line(_, text) => {
                crate::assert_shown(&rpxeboot::text::printable(text.as_bytes()))
            }
            Report::Failed(failure) => assert!(failure.reason.code() >= 2),
            Report::Leased(addresses) => {
                if let Ok(addressing) = checked_addresses(addresses) {
                    assert!((1..=32).contains(&addressing.prefix) && is_usable(addressing.address));
                    assert!(addressing.router.is_none_or(is_usable));
                }
            }
            Report::Planned(planned) => {
                let Ok(planned) = checked_plan(*planned) else { continue };
                let named = [&planned.server, &planned.boot_file, &planned.config, &planned.label];
                named.into_iter().flatten().for_each(|text| crate::assert_shown(text));
                if let PlannedAction::Kernel { kernel, initrds, args } = &planned.action {
                    initrds.iter().chain([kernel]).for_each(|url| crate::assert_shown(url));
                    assert!(initrds.len() <= MAX_INITRDS);
                    if let Ok(line) = command_line(args, b"own", GuestType::Pvh) {
                        assert!(line.len() <= MAX_PVH_ARGS);
                        assert!(!line.iter().any(u8::is_ascii_control));
                    }
                }
            }
            Report::Menu(shown) => menu = Menu::begin(*shown).ok(),
            Report::Rows(rows) => menu = menu.and_then(|menu| with_rows(menu, rows)),
            Report::Entries(_) | Report::Opens(_) | Report::Fetched(_) => {}
        }
    }
    let Some(menu) = menu else { return };
    assert!(menu.first < menu.pages.len() && menu.pages.len() <= MAX_MENU_PAGES);
    let rows: usize = menu.pages.iter().map(|page| page.rows.len()).sum();
    assert!(rows <= MAX_MENU_ROWS);
    for page in &menu.pages {
        crate::assert_shown(&page.head.title);
        for row in &page.rows {
            row.help.iter().chain([&row.text]).for_each(|text| crate::assert_shown(text));
        }
    }
    // Whatever it is, somebody may sit there and press keys.
    crate::menu::walk(menu, b"\x1b[B\r  e\x1b[D\x7fx\x1b  qqq\x1b[A\t  \x15 y\r  c  a\r ");
}

fn with_rows(mut menu: Menu, rows: Vec<ShownRow>) -> Option<Menu> {
    menu.add(rows).ok()?;
    Some(menu)
}

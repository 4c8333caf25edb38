//! What a worker that was taken over tells the supervisor.

use rpxeboot::guest::GuestType;
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
                    assert!(addressing.prefix <= 32 && !addressing.address.is_loopback());
                }
            }
            Report::Planned(planned) => {
                let Ok(planned) = checked_plan(*planned) else { continue };
                planned.label.iter().for_each(|text| crate::assert_shown(text));
                if let PlannedAction::Kernel { kernel, initrds, args } = &planned.action {
                    crate::assert_shown(kernel);
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
        page.rows.iter().for_each(|row| crate::assert_shown(&row.text));
    }
}

fn with_rows(mut menu: Menu, rows: Vec<ShownRow>) -> Option<Menu> {
    menu.add(rows).ok()?;
    Some(menu)
}

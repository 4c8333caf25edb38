//! What a menu looks like on 80 columns and 24 rows. No I/O.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Modifier, Style};

use super::cursor::{Place, WINDOW};
use super::line::Line;
use super::state::{Mode, State};
use crate::worker::message::{ShownKind, ShownRow};

/// What a VT100 has, and what a serial line tells nothing about.
pub const SCREEN: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

const TITLE: u16 = 1;
const FIRST_ROW: u16 = 4;
const HELP: u16 = 18;
const HELP_ROWS: usize = 4;
const PROMPT: u16 = 22;
const FOOT: u16 = 23;
/// Columns of a row's text.
const LEFT: u16 = 4;
const WIDTH: u16 = 72;

const BRIGHT: Style = Style::new().add_modifier(Modifier::BOLD);
const MARKED: Style = Style::new().add_modifier(Modifier::REVERSED);
const PLAIN: Style = Style::new();

/// Draws `state`; gives back where the cursor stands, if it is seen.
pub fn draw(state: &State, screen: &mut Buffer) -> Option<(u16, u16)> {
    match state.mode() {
        Mode::Hidden => {
            draw_countdown(state, screen);
            None
        }
        Mode::Rows => {
            draw_page(state, screen, true);
            draw_help(state, screen);
            if let Some(message) = state.message() {
                put(screen, PROMPT, message, BRIGHT);
            } else {
                draw_countdown(state, screen);
            }
            let edit = if state.may_edit() { "   Tab or e: edit   c: type" } else { "" };
            put(screen, FOOT, &format!("Enter: boot{edit}   Esc: back"), PLAIN);
            None
        }
        Mode::Typing(typing) => {
            draw_page(state, screen, false);
            let prompt = if typing.page.is_some() { "> " } else { "boot: " };
            put(screen, FOOT, "Enter: boot   Esc: back", PLAIN);
            Some(draw_line(screen, prompt, &typing.line, false))
        }
        Mode::Password(line, _) => {
            draw_page(state, screen, false);
            put(screen, FOOT, "Enter: go on   Esc: back", PLAIN);
            Some(draw_line(screen, "Password: ", line, true))
        }
    }
}

fn draw_page(state: &State, screen: &mut Buffer, with_cursor: bool) {
    let Some(page) = state.page() else { return };
    let title = if page.head.title.is_empty() { "boot menu" } else { &page.head.title };
    let width = u16::try_from(title.chars().count()).unwrap_or(WIDTH).min(WIDTH);
    let _ = screen.set_stringn(LEFT + (WIDTH - width) / 2, TITLE, title, WIDTH.into(), BRIGHT);
    let Place { row: cursor, top } = state.place();
    let seen = page.rows.iter().enumerate().skip(top).take(WINDOW);
    for ((index, row), y) in seen.zip(FIRST_ROW..) {
        draw_row(screen, y, row, with_cursor && index == cursor);
    }
    if top > 0 {
        put(screen, FIRST_ROW - 1, "  (more above)", PLAIN);
    }
    if page.rows.len() > top + WINDOW {
        put(screen, HELP - 2, "  (more below)", PLAIN);
    }
}

fn draw_row(screen: &mut Buffer, y: u16, row: &ShownRow, marked: bool) {
    let style = if marked { MARKED } else { PLAIN };
    screen.set_style(Rect { x: LEFT, y, width: WIDTH, height: 1 }, style);
    let indent = u16::from(row.indent).min(WIDTH / 2);
    let arrow = matches!(row.kind, ShownKind::Open(_));
    let room = usize::from(WIDTH - indent).saturating_sub(if arrow { 4 } else { 2 });
    let (end, _) = screen.set_stringn(LEFT + 1 + indent, y, &row.text, room, style);
    if arrow {
        screen.set_string(end, y, " >", style);
    }
    if let Some(key) = row.hot_key {
        // The first letter that is the key.
        let is_key = |c: char| c.to_ascii_uppercase() == key;
        let place = row.text.chars().position(is_key).and_then(|place| u16::try_from(place).ok());
        let cell = place.and_then(|place| screen.cell_mut((LEFT + 1 + indent + place, y)));
        if let Some(cell) = cell {
            cell.set_style(style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED));
        }
    }
}

fn draw_help(state: &State, screen: &mut Buffer) {
    let row = state.page().and_then(|page| page.rows.get(state.place().row));
    let lines = row.map(|row| row.help.as_slice()).unwrap_or_default();
    for (line, y) in lines.iter().take(HELP_ROWS).zip(HELP - 1..) {
        put(screen, y, line, PLAIN);
    }
}

fn draw_countdown(state: &State, screen: &mut Buffer) {
    if let Some(seconds) = state.seconds_left() {
        let s = if seconds == 1 { "" } else { "s" };
        put(screen, PROMPT, &format!("Automatic boot in {seconds} second{s}..."), BRIGHT);
    }
}

/// A line and its cursor; of a long one the part around the cursor.
fn draw_line(screen: &mut Buffer, prompt: &str, line: &Line, secret: bool) -> (u16, u16) {
    let x = u16::try_from(prompt.len()).unwrap_or(0);
    let room = usize::from(SCREEN.width - x) - 1;
    let from = line.cursor().saturating_sub(room);
    let text: String =
        line.chars().iter().skip(from).take(room).map(|c| if secret { '*' } else { *c }).collect();
    screen.set_stringn(0, PROMPT, prompt, usize::from(x), BRIGHT);
    screen.set_stringn(x, PROMPT, &text, room, PLAIN);
    (x + u16::try_from(line.cursor() - from).unwrap_or(0), PROMPT)
}

fn put(screen: &mut Buffer, y: u16, text: &str, style: Style) {
    screen.set_stringn(LEFT, y, text, WIDTH.into(), style);
}

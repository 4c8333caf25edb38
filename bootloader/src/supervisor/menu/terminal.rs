//! The terminal: raw while it is ours, and only what changed is sent to it.
//!
//! libxl has made its pty raw already, and knows no size; a person's own terminal is put back as it
//! was. The sequences are a VT100's: cursor position, bold, underline, reverse, and nothing else.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::style::Modifier;

use super::draw::{SCREEN, draw};
use super::state::State;

/// The terminal, while a menu is on it.
pub(super) struct Screen {
    before: Termios,
    seen: Buffer,
    cursor: Option<(u16, u16)>,
}

impl Screen {
    /// Takes the terminal, and clears it.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &raw)?;
        // From here on it is put back whatever happens.
        let screen = Self { before, seen: Buffer::empty(SCREEN), cursor: None };
        send(b"\x1b[0m\x1b[2J\x1b[H")?;
        Ok(screen)
    }

    /// Shows `state`; `whole` sends all of it, for a terminal that has just come.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn show(&mut self, state: &State, whole: bool) -> io::Result<()> {
        let mut bytes = Vec::new();
        if whole {
            self.seen = Buffer::empty(SCREEN);
            self.cursor = None;
            bytes.extend(b"\x1b[0m\x1b[2J");
        }
        let mut next = Buffer::empty(SCREEN);
        let cursor = draw(state, &mut next);
        encode(&self.seen.diff(&next), &mut bytes);
        let place = cursor.unwrap_or((SCREEN.width - 1, SCREEN.height - 1));
        if !bytes.is_empty() || self.cursor != Some(place) {
            let (x, y) = place;
            bytes.extend(format!("\x1b[{};{}H", y + 1, x + 1).bytes());
            send(&bytes)?;
        }
        self.seen = next;
        self.cursor = Some(place);
        Ok(())
    }

    /// What was typed, as far as it is there. Nothing at all: nobody can type any more.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn typed(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut stdin = io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)?;
        stdin.read(bytes)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If it is gone, nothing can be put back.
        let _ = send(b"\x1b[0m\x1b[2J\x1b[H");
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.before);
    }
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(bytes)?;
    stderr.flush()
}

/// Cells as a VT100 takes them: where, how, what.
fn encode(cells: &[(u16, u16, &Cell)], bytes: &mut Vec<u8>) {
    let mut style = Modifier::empty();
    let mut at = None;
    for (x, y, cell) in cells {
        if at != Some((*x, *y)) {
            bytes.extend(format!("\x1b[{};{}H", y + 1, x + 1).bytes());
        }
        if cell.modifier != style {
            style = cell.modifier;
            bytes.extend(b"\x1b[0");
            for (modifier, code) in
                [(Modifier::BOLD, ";1"), (Modifier::UNDERLINED, ";4"), (Modifier::REVERSED, ";7")]
            {
                if style.contains(modifier) {
                    bytes.extend(code.bytes());
                }
            }
            bytes.push(b'm');
        }
        bytes.extend(cell.symbol().bytes());
        // Behind a wide character the terminal's cursor is two columns on: say it again.
        at = cell.symbol().is_ascii().then_some((x + 1, *y));
    }
    if !style.is_empty() {
        bytes.extend(b"\x1b[0m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui_core::style::Style;

    fn encoded(before: &Buffer, after: &Buffer) -> String {
        let mut bytes = Vec::new();
        encode(&before.diff(after), &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_what_changed_is_sent() {
        let empty = Buffer::empty(SCREEN);
        let mut one = empty.clone();
        one.set_string(4, 2, "boot:10", Style::new());
        assert_eq!(encoded(&empty, &one), "\x1b[3;5Hboot:10");
        let mut two = empty.clone();
        two.set_string(4, 2, "boot:9 ", Style::new());
        assert_eq!(encoded(&one, &two), "\x1b[3;10H9 ");
        assert_eq!(encoded(&two, &two), "");
    }

    #[test]
    fn a_style_ends_with_its_text() {
        let empty = Buffer::empty(SCREEN);
        let mut marked = empty.clone();
        marked.set_string(0, 0, "a", Style::new().add_modifier(Modifier::REVERSED));
        assert_eq!(encoded(&empty, &marked), "\x1b[1;1H\x1b[0;7ma\x1b[0m");
    }

    #[test]
    fn no_control_byte_of_a_text_gets_through() {
        let empty = Buffer::empty(SCREEN);
        let mut bad = empty.clone();
        bad.set_string(0, 0, "a\u{1b}[2J\u{7}b\u{9b}c", Style::new());
        let sent = encoded(&empty, &bad);
        assert!(
            !sent.contains("\x1b[2J") && !sent.contains('\u{7}') && !sent.contains('\u{9b}'),
            "{sent:?}"
        );
    }
}

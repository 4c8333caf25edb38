//! A menu in somebody's hands, as a state machine: keys and time in, a choice out. No I/O.
//!
//! run_menu in com32/menu/menumain.c, with pygrub's `e` and `c` beside Tab and Escape.

use std::time::Duration;

use super::cursor::{Place, WINDOW};
use super::keys::Key;
use super::line::Line;
use super::received::Menu;
use crate::limits::MENU_PATIENCE;
use crate::plan::person::Picked;
use crate::worker::message::{ShownKind, ShownRow};

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Nothing but a countdown: MENU HIDDEN.
    Hidden,
    /// The rows of a page.
    Rows,
    /// A line is typed.
    Typing(Typing),
    /// A password is typed.
    Password(Line, Behind),
}

/// A line that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The line.
    pub line: Line,
    /// The page whose entry it was; none for the prompt.
    pub page: Option<usize>,
    /// The entry, and its line before it was touched.
    entry: Option<(usize, String)>,
}

/// What a password is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The row under the cursor.
    Row,
    /// Its line.
    Line,
    /// The prompt.
    Prompt,
}

/// What came of a key or of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    On,
    /// Somebody, or the time, has decided.
    Picked(Picked),
    /// Whether this password fits has to be asked; [`State::password`] takes the answer.
    Try {
        /// The page.
        page: usize,
        /// The row, if the password is a row's.
        row: Option<usize>,
        /// What was typed.
        password: String,
    },
}

/// The menu.
#[derive(Debug, Clone)]
pub struct State {
    menu: Menu,
    page: usize,
    /// For each page where its cursor is.
    places: Vec<Place>,
    mode: Mode,
    countdown: Option<Duration>,
    total: Option<Duration>,
    untouched: Duration,
    message: Option<&'static str>,
}

impl State {
    /// A menu nobody has touched yet. `longest` cuts its countdown, and is one where it has none.
    pub fn new(menu: Menu, longest: Option<Duration>) -> Self {
        let tenths =
            |tenths: u64| (tenths > 0).then(|| Duration::from_millis(tenths.saturating_mul(100)));
        let own = menu.pages.get(menu.first).and_then(|page| tenths(page.head.timeout));
        let countdown = match (own, longest) {
            (Some(own), Some(longest)) => Some(own.min(longest)),
            (own, longest) => own.or(longest),
        };
        let places =
            menu.pages.iter().map(|page| Place::at(&page.rows, page.head.default)).collect();
        Self {
            page: menu.first,
            places,
            mode: if menu.hidden { Mode::Hidden } else { Mode::Rows },
            countdown,
            total: tenths(menu.total_timeout),
            untouched: Duration::ZERO,
            message: None,
            menu,
        }
    }

    /// The page that is shown.
    pub fn page(&self) -> Option<&super::received::Page> {
        self.menu.pages.get(self.page)
    }

    /// Where the page's cursor is.
    pub fn place(&self) -> Place {
        self.places.get(self.page).copied().unwrap_or_default()
    }

    /// What is on the screen.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Whether lines may be edited and typed.
    pub fn may_edit(&self) -> bool {
        self.menu.may_edit
    }

    /// Seconds until the choice is made, if it is made by time.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = [self.countdown, self.total].into_iter().flatten().min()?;
        Some(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }

    /// Something to tell until the next key.
    pub fn message(&self) -> Option<&'static str> {
        self.message
    }

    /// Time went by.
    pub fn pass(&mut self, time: Duration) -> Outcome {
        let is_over = |left: &mut Option<Duration>| {
            left.as_mut().is_some_and(|left| {
                *left = left.saturating_sub(time);
                left.is_zero()
            })
        };
        self.untouched += time;
        let over = [is_over(&mut self.countdown), is_over(&mut self.total)];
        if over.contains(&true) || self.untouched >= MENU_PATIENCE {
            return Outcome::Picked(Picked::Unattended);
        }
        Outcome::On
    }

    /// Somebody pressed a key.
    pub fn on_key(&mut self, key: Key) -> Outcome {
        self.untouched = Duration::ZERO;
        self.countdown = None;
        self.message = None;
        match std::mem::replace(&mut self.mode, Mode::Rows) {
            Mode::Hidden => Outcome::On,
            Mode::Rows => self.on_rows(key),
            Mode::Typing(typing) => self.on_typing(typing, key),
            Mode::Password(line, behind) => self.on_password(line, behind, key),
        }
    }

    /// Whether the password fits.
    pub fn password(&mut self, fits: bool) -> Outcome {
        let mode = std::mem::replace(&mut self.mode, Mode::Rows);
        let Mode::Password(_, behind) = mode else { return Outcome::On };
        if !fits {
            self.message = Some("That is not the password.");
            return Outcome::On;
        }
        match behind {
            Behind::Row => self.open(),
            Behind::Line => self.edit(),
            Behind::Prompt => self.leave(),
        }
    }

    fn row(&self) -> Option<&ShownRow> {
        self.page()?.rows.get(self.place().row)
    }

    fn is_locked(&self) -> bool {
        self.page().is_some_and(|page| page.head.locked)
    }

    fn on_rows(&mut self, key: Key) -> Outcome {
        let count = self.page().map_or(0, |page| page.rows.len());
        match key {
            Key::Up | Key::Ctrl('p') | Key::Char('-') => {
                self.move_to(false, |row| row.saturating_sub(1));
            }
            Key::Down | Key::Ctrl('n') | Key::Char('+') => {
                self.move_to(true, |row| row.saturating_add(1));
            }
            Key::PageUp | Key::Left | Key::Ctrl('b') => {
                self.move_to(false, |row| row.saturating_sub(WINDOW));
            }
            Key::PageDown | Key::Right | Key::Ctrl('f') | Key::Char(' ') => {
                self.move_to(true, |row| row.saturating_add(WINDOW));
            }
            Key::Home | Key::Ctrl('a') => self.move_to(true, |_| 0),
            Key::End => self.move_to(false, |_| count),
            Key::Enter => {
                if self.row().is_some_and(|row| row.locked) {
                    self.mode = Mode::Password(Line::default(), Behind::Row);
                    return Outcome::On;
                }
                return self.open();
            }
            Key::Tab | Key::Ctrl('e') => return self.ask_to_edit(),
            Key::Escape | Key::Ctrl('c') => return self.back(),
            Key::Char(c) => return self.on_letter(c),
            _ => {}
        }
        Outcome::On
    }

    /// A hot key first; then pygrub's letters.
    fn on_letter(&mut self, c: char) -> Outcome {
        let wanted = c.to_ascii_uppercase();
        let found = self
            .page()
            .and_then(|page| page.rows.iter().position(|row| row.hot_key == Some(wanted)));
        match (found, c) {
            (Some(row), _) => self.move_to(true, |_| row),
            (None, 'e') => return self.ask_to_edit(),
            (None, 'c') => return self.ask_to_leave(),
            (None, 'q') => return self.back(),
            _ => {}
        }
        Outcome::On
    }

    fn open(&mut self) -> Outcome {
        match self.row().map(|row| row.kind.clone()) {
            Some(ShownKind::Boot { entry, .. }) => {
                Outcome::Picked(Picked::Entry { page: self.page, entry })
            }
            Some(ShownKind::Open(page)) => {
                self.page = page;
                Outcome::On
            }
            Some(ShownKind::Quit) => self.ask_to_leave(),
            Some(ShownKind::Dead) | None => Outcome::On,
        }
    }

    fn back(&mut self) -> Outcome {
        match self.page().and_then(|page| page.head.parent) {
            Some(parent) => self.page = parent,
            None => return self.ask_to_leave(),
        }
        Outcome::On
    }

    fn ask_to_edit(&mut self) -> Outcome {
        match self.row().map(|row| &row.kind) {
            Some(ShownKind::Boot { line: Some(_), .. }) if self.menu.may_edit => {
                if self.is_locked() {
                    self.mode = Mode::Password(Line::default(), Behind::Line);
                    return Outcome::On;
                }
                self.edit()
            }
            Some(ShownKind::Boot { .. }) => {
                self.message = Some("This line cannot be edited.");
                Outcome::On
            }
            _ => Outcome::On,
        }
    }

    fn edit(&mut self) -> Outcome {
        if let Some(ShownKind::Boot { entry, line: Some(line) }) = self.row().map(|row| &row.kind) {
            let typing = Typing {
                line: Line::new(line),
                page: Some(self.page),
                entry: Some((*entry, line.clone())),
            };
            self.mode = Mode::Typing(typing);
        }
        Outcome::On
    }

    fn ask_to_leave(&mut self) -> Outcome {
        if !self.menu.may_edit {
            self.message = Some("Nothing can be typed here: choose an entry.");
            return Outcome::On;
        }
        if self.is_locked() {
            self.mode = Mode::Password(Line::default(), Behind::Prompt);
            return Outcome::On;
        }
        self.leave()
    }

    fn leave(&mut self) -> Outcome {
        self.mode = Mode::Typing(Typing { line: Line::default(), page: None, entry: None });
        Outcome::On
    }

    fn on_typing(&mut self, mut typing: Typing, key: Key) -> Outcome {
        match key {
            Key::Escape | Key::Ctrl('c') => return Outcome::On,
            Key::Enter => {
                let line = typing.line.text();
                return match typing.entry {
                    // Untouched it is the entry, with bytes that a terminal may not show.
                    Some((entry, before)) if before == line => {
                        Outcome::Picked(Picked::Entry { page: self.page, entry })
                    }
                    _ if line.trim().is_empty() => Outcome::On,
                    _ => Outcome::Picked(Picked::Typed {
                        page: typing.page,
                        line: line.into_bytes(),
                    }),
                };
            }
            key => typing.line.on_key(key),
        }
        self.mode = Mode::Typing(typing);
        Outcome::On
    }

    fn on_password(&mut self, mut line: Line, behind: Behind, key: Key) -> Outcome {
        match key {
            Key::Escape | Key::Ctrl('c') => return Outcome::On,
            Key::Enter => {
                let password = line.text();
                self.mode = Mode::Password(Line::default(), behind);
                let row = (behind == Behind::Row).then(|| self.place().row);
                return Outcome::Try { page: self.page, row, password };
            }
            key => line.on_key(key),
        }
        self.mode = Mode::Password(line, behind);
        Outcome::On
    }

    /// Moves the cursor by `to`, which says where it is to be from where it is.
    fn move_to(&mut self, down: bool, to: impl FnOnce(usize) -> usize) {
        if let (Some(place), Some(page)) =
            (self.places.get_mut(self.page), self.menu.pages.get(self.page))
        {
            place.move_to(&page.rows, to(place.row), down);
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;

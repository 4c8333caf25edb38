//! The menu on the guest's console: shown to whoever sits there, by the supervisor, which has the
//! terminal. What is shown came from the network through the worker, and is checked first.

pub mod cursor;
pub mod draw;
pub mod keys;
pub mod line;
mod presence;
pub mod received;
pub mod state;
mod terminal;

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::conversation::Conversation;
use super::out_of_turn;
use super::signals::Signals;
use crate::budget::{Budget, poll_milliseconds};
use crate::console::{Console, Level, Say};
use crate::failure::Failure;
use crate::limits::MENU_GLANCE;
use crate::plan::person::Picked;
use crate::request::{MenuPolicy, Purpose, Request};
use crate::worker::message::{Instruction, Report, ShownMenu};
use keys::Keys;
use received::Menu;
use state::{Outcome, State};
use terminal::Screen;

/// The longest wait for a key: an escape that was begun is one after it, and a countdown goes on.
const TICK: Duration = Duration::from_millis(100);

/// Whether a menu may be shown in this boot at all.
#[must_use]
pub fn is_possible(request: &Request) -> bool {
    request.menu != MenuPolicy::Never
        && !request.quiet
        && request.purpose == Purpose::Boot
        && presence::has_terminal()
}

/// Takes the menu that the worker begins with `shown`, lets a person choose, and tells the worker.
///
/// # Errors
/// A signal; the end of the budget while nobody chose; a worker that says impossible things.
pub fn show(
    shown: ShownMenu,
    request: &Request,
    worker: &mut Conversation<'_>,
    signals: &Signals,
    budget: &Budget,
    console: &Console,
) -> Result<(), Failure> {
    let mut menu = Menu::begin(shown)?;
    loop {
        match worker.hear()? {
            Report::Rows(rows) if rows.is_empty() => break,
            Report::Rows(rows) => menu.add(rows)?,
            _ => return Err(out_of_turn()),
        }
    }
    let begun = Instant::now();
    // PXELINUX's own timing where it was asked for; else a look is enough to be asked.
    let longest = (request.menu == MenuPolicy::Auto).then_some(MENU_GLANCE);
    let is_shown = request.menu == MenuPolicy::Always || presence::is_somebody_there(request);
    let picked = if is_shown {
        let mut person = Person { state: State::new(menu, longest), worker, signals };
        person.choose()?
    } else {
        console.say(Level::Detail, "nobody is at the console: what boots unattended is taken");
        Picked::Unattended
    };
    let waited = begun.elapsed();
    budget.stand_still(waited);
    let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    worker.tell(&Instruction::Chosen { picked, waited_ms }, &[])
}

struct Person<'a, 'b> {
    state: State,
    worker: &'a mut Conversation<'b>,
    signals: &'a Signals,
}

impl Person<'_, '_> {
    fn choose(&mut self) -> Result<Picked, Failure> {
        let Ok(mut screen) = Screen::take() else { return Ok(Picked::Unattended) };
        let mut keys = Keys::default();
        let mut before = Instant::now();
        let mut whole = true;
        loop {
            if screen.show(&self.state, whole).is_err() {
                return Ok(Picked::Unattended);
            }
            whole = false;
            let typed = self.wait(&mut screen)?;
            let now = Instant::now();
            let passed = now.saturating_duration_since(before);
            before = now;
            let pressed: Vec<_> = match &typed {
                Typed::Gone => return Ok(Picked::Unattended),
                Typed::Nothing => keys.pause().into_iter().collect(),
                Typed::Bytes(bytes) => keys.feed(bytes),
            };
            if let Outcome::Picked(picked) = self.state.pass(passed) {
                return Ok(picked);
            }
            for key in pressed {
                whole |= key == keys::Key::Ctrl('l');
                let mut outcome = self.state.on_key(key);
                if let Outcome::Try { page, row, password } = outcome {
                    self.worker.tell(&Instruction::Try { page, row, password }, &[])?;
                    let Report::Opens(fits) = self.worker.hear()? else {
                        return Err(out_of_turn());
                    };
                    outcome = self.state.password(fits);
                }
                if let Outcome::Picked(picked) = outcome {
                    return Ok(picked);
                }
            }
        }
    }

    /// Waits for keys, a signal, or a tick.
    fn wait(&self, screen: &mut Screen) -> Result<Typed, Failure> {
        self.signals.check()?;
        let stdin = io::stdin();
        let mut wanted = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut wanted, PollTimeout::from(poll_milliseconds(TICK))) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Failure::bug(format!("waiting for a key: {error}"))),
        }
        let [keyboard, _] = &wanted;
        if keyboard.any() != Some(true) {
            return Ok(Typed::Nothing);
        }
        let mut bytes = [0; 256];
        match screen.typed(&mut bytes) {
            Ok(0) | Err(_) => Ok(Typed::Gone),
            Ok(length) => Ok(Typed::Bytes(bytes.get(..length).unwrap_or_default().to_vec())),
        }
    }
}

enum Typed {
    Nothing,
    Bytes(Vec<u8>),
    Gone,
}

//! What a run waits for, and how it goes on.

use crate::command::Ask;
use crate::error::{Cause, Failed, ScriptError};
use crate::form::Parameter;
use crate::image::{Download, Executes};
use crate::limits::Limits;
use crate::menu::{Asked, Item};
use crate::outcome::Finished;
use crate::run::{From, Run};
use crate::settings::Settings;
use crate::text::At;

/// Begins to run a script that is already fetched. Its URL is what its relative names are relative to;
/// for a file from TFTP that is `tftp://server/path`.
///
/// # Errors
/// The file is no script, its URL is not absolute, a command failed that nothing catches, or a limit is
/// passed.
pub fn begin(
    url: &str,
    bytes: &[u8],
    settings: Settings,
    limits: Limits,
) -> Result<Step, Box<Failed>> {
    let mut run = Run::new(settings, limits);
    let Some(url) = crate::uri::resolve("", url.as_bytes()) else {
        return Err(run.fail(ScriptError::BadBase { url: url.to_owned() }));
    };
    match run.enter(&url, bytes, false) {
        Ok(()) => run.go(),
        Err(error) => Err(run.fail(error)),
    }
}

/// Where a run stands.
#[derive(Clone, Debug)]
#[must_use]
pub enum Step {
    /// A file is needed that may be a script: `chain` and its like.
    Fetch(Box<Fetch>),
    /// Is this file there? iPXE fetches it now, and the script goes on in another way if it cannot. A driver
    /// may begin to fetch it, but whether it is used is known only at the end.
    Probe(Box<Probe>),
    /// A menu is shown.
    Choose(Box<Choose>),
    /// The script came to an end.
    Done(Box<Finished>),
}

/// A run that waits for a file.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fetch {
    run: Run,
    from: From,
    console: Vec<String>,
    wanted: Executes,
}

/// The answer to [`Step::Fetch`].
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The file.
    Bytes(Vec<u8>),
    /// The file, and the absolute URL a redirect led to; names in it are relative to that.
    Redirected {
        /// Where it was found.
        url: String,
        /// The file.
        bytes: Vec<u8>,
    },
    /// The file is there and has more than [`Fetch::max_bytes`], so it is no script.
    TooLarge,
    /// It cannot be had; why, for a message.
    Missing(String),
}

/// A run that asks whether a file is there.
#[derive(Clone, Debug)]
#[must_use]
pub struct Probe {
    run: Run,
    from: From,
    console: Vec<String>,
    wanted: Download,
}

/// The answer to [`Step::Probe`].
#[derive(Clone, Debug)]
pub enum Found {
    /// It is there.
    Present,
    /// It cannot be had; why, for a message.
    Missing(String),
}

/// A run that waits for a choice from a menu.
#[derive(Clone, Debug)]
#[must_use]
pub struct Choose {
    run: Run,
    from: From,
    console: Vec<String>,
    asked: Asked,
}

/// The answer to [`Step::Choose`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// The item with this label.
    Label(Vec<u8>),
    /// Nobody chooses: the item that is marked when the menu comes up, [`Choose::selected`].
    ///
    /// With a timeout this is what iPXE does when it ends. Without one iPXE waits for ever; here the
    /// marked item counts all the same, so that a guest that nobody watches comes up.
    Unattended,
    /// The menu was left with Escape: the command fails.
    Cancelled,
}

impl Step {
    pub(crate) fn ask(mut run: Run, ask: Ask, from: From) -> Step {
        let console = run.take_console();
        match ask {
            Ask::Fetch(wanted) => Step::Fetch(Box::new(Fetch { run, from, console, wanted })),
            Ask::Probe(wanted) => Step::Probe(Box::new(Probe { run, from, console, wanted })),
            Ask::Choose(asked) => Step::Choose(Box::new(Choose { run, from, console, asked })),
        }
    }
}

impl Fetch {
    /// The file's absolute URL: printable ASCII without blanks.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.wanted.download.url
    }

    /// If the file is asked for with a form: what to send. Such a request is an HTTP POST with the media
    /// type `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(&self) -> Option<&[Parameter]> {
        self.wanted.download.form.as_deref()
    }

    /// How long iPXE waits for progress at most, in milliseconds; none is as long as it takes.
    #[must_use]
    pub fn timeout(&self) -> Option<u32> {
        self.wanted.download.timeout
    }

    /// The longest script the limits allow, in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        self.run.limits.script_bytes
    }

    /// Where the command stands.
    #[must_use]
    pub fn at(&self) -> &At {
        &self.from.at
    }

    /// What the script printed since the last step, line by line, without control characters.
    #[must_use]
    pub fn console(&self) -> &[String] {
        &self.console
    }

    /// Goes on.
    ///
    /// # Errors
    /// A command failed that nothing catches, or a limit is passed.
    pub fn resume(self, fetched: Fetched) -> Result<Step, Box<Failed>> {
        let Fetch { mut run, from, wanted, .. } = self;
        let ran = run.fetched(wanted, fetched);
        run.resume(from, ran)
    }
}

impl Probe {
    /// The file's absolute URL: printable ASCII without blanks.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.wanted.url
    }

    /// If the file is asked for with a form: what to send, as [`Fetch::form`].
    #[must_use]
    pub fn form(&self) -> Option<&[Parameter]> {
        self.wanted.form.as_deref()
    }

    /// How long iPXE waits for progress at most, in milliseconds; none is as long as it takes.
    #[must_use]
    pub fn timeout(&self) -> Option<u32> {
        self.wanted.timeout
    }

    /// Where the command stands.
    #[must_use]
    pub fn at(&self) -> &At {
        &self.from.at
    }

    /// What the script printed since the last step, line by line, without control characters.
    #[must_use]
    pub fn console(&self) -> &[String] {
        &self.console
    }

    /// Goes on.
    ///
    /// # Errors
    /// A command failed that nothing catches, or a limit is passed.
    pub fn resume(self, found: Found) -> Result<Step, Box<Failed>> {
        let Probe { mut run, from, wanted, .. } = self;
        let ran = match found {
            Found::Present => run.downloaded(wanted),
            Found::Missing(why) => Err(wanted.missing(why)),
        };
        run.resume(from, ran)
    }
}

impl Choose {
    /// The menu's title.
    #[must_use]
    pub fn title(&self) -> &[u8] {
        &self.asked.menu.title
    }

    /// The items, separators included. At least one has a label.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.asked.menu.items
    }

    /// The item that is marked when the menu comes up, as an index into [`Choose::items`]. It has a
    /// label.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.asked.selected
    }

    /// How long iPXE waits for a key, in milliseconds; none is for ever.
    #[must_use]
    pub fn timeout(&self) -> Option<u32> {
        self.asked.timeout
    }

    /// Where the command stands.
    #[must_use]
    pub fn at(&self) -> &At {
        &self.from.at
    }

    /// What the script printed since the last step, line by line, without control characters.
    #[must_use]
    pub fn console(&self) -> &[String] {
        &self.console
    }

    /// Goes on.
    ///
    /// # Errors
    /// A command failed that nothing catches, or a limit is passed.
    pub fn resume(self, answer: Answer) -> Result<Step, Box<Failed>> {
        let Choose { mut run, from, asked, .. } = self;
        let labels = || asked.menu.items.iter().filter_map(|item| item.label.as_ref());
        let label = match answer {
            Answer::Label(label) => labels().find(|known| **known == label).cloned(),
            Answer::Unattended => {
                asked.menu.items.get(asked.selected).and_then(|item| item.label.clone())
            }
            Answer::Cancelled => None,
        };
        let ran = match label {
            Some(label) => run.set(&asked.setting, &label),
            None => Err(Cause::Cancelled.into()),
        };
        run.resume(from, ran)
    }
}

//! Runs lines and commands. Follows `system` of `src/core/exec.c`, `script_exec` of
//! `src/image/script.c` and, for scripts in scripts, `image_exec` of `src/core/image.c`.

use std::sync::Arc;

use crate::command::{Ask, Flow, Stop};
use crate::error::{Cause, Exceeded, Failed, Failure, ScriptError};
use crate::expand::expand;
use crate::form::Forms;
use crate::image::Image;
use crate::limits::{Limits, MAX_CONSOLE_LINE};
use crate::line::Current;
use crate::menu::Menus;
use crate::outcome::{Finished, Leave, Outcome};
use crate::script::Script;
use crate::settings::Settings;
use crate::step::Step;
use crate::store::Store;
use crate::text::{At, Shown};

/// Where a run stands.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    pub(crate) images: Vec<Image>,
    pub(crate) menus: Menus,
    pub(crate) forms: Forms,
    /// Files asked for, and menus shown.
    pub(crate) files: usize,
    pub(crate) shown: usize,
    /// The scripts that run; the last one goes on.
    frames: Vec<Frame>,
    bytes: usize,
    steps: usize,
    console: Vec<String>,
    open_line: Vec<u8>,
    last: Option<Failure>,
}

#[derive(Clone, Debug)]
struct Frame {
    script: Arc<Script>,
    /// The line that comes next.
    next: usize,
    line: Option<Current>,
}

impl Run {
    pub(crate) fn new(settings: Settings, limits: Limits) -> Run {
        Run {
            limits,
            store: Store::new(settings),
            images: Vec::new(),
            menus: Menus::default(),
            forms: Forms::default(),
            files: 0,
            shown: 0,
            frames: Vec::new(),
            bytes: 0,
            steps: 0,
            console: Vec::new(),
            open_line: Vec::new(),
            last: None,
        }
    }

    /// Lets a script run, in place of the one that runs now or from it.
    pub(crate) fn enter(
        &mut self,
        url: &str,
        bytes: &[u8],
        replace: bool,
    ) -> Result<(), ScriptError> {
        let script = Script::parse(url, bytes, &self.limits)?;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > self.limits.total_bytes {
            let limit = Exceeded::TotalBytes { limit: self.limits.total_bytes };
            return Err(ScriptError::Limit { at: script.at(0), limit });
        }
        if replace {
            self.frames.pop();
        }
        if self.frames.len() >= self.limits.depth {
            let limit = Exceeded::Depth { limit: self.limits.depth };
            return Err(ScriptError::Limit { at: script.at(0), limit });
        }
        self.store.url.clone_from(&script.url);
        self.frames.push(Frame { script: Arc::new(script), next: 0, line: None });
        Ok(())
    }

    fn leave(&mut self) {
        self.frames.pop();
        if let Some(frame) = self.frames.last() {
            self.store.url.clone_from(&frame.script.url);
        }
    }

    /// Goes on until something is needed or all is done.
    pub(crate) fn go(mut self) -> Result<Step, Box<Failed>> {
        loop {
            match self.turn() {
                Ok(None) => {}
                Ok(Some(Pause::Ask(ask, from))) => return Ok(Step::ask(self, ask, from)),
                Ok(Some(Pause::Done(outcome, at))) => {
                    let console = self.take_console();
                    return Ok(Step::Done(Box::new(Finished { at, outcome, console })));
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Goes on with the end of the command that waited.
    pub(crate) fn resume(
        mut self,
        from: From,
        ran: Result<Flow, Stop>,
    ) -> Result<Step, Box<Failed>> {
        match self.apply(from, ran) {
            Ok(None) => self.go(),
            Ok(Some(Pause::Ask(ask, from))) => Ok(Step::ask(self, ask, from)),
            Ok(Some(Pause::Done(outcome, at))) => {
                let console = self.take_console();
                Ok(Step::Done(Box::new(Finished { at, outcome, console })))
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    pub(crate) fn fail(&mut self, error: ScriptError) -> Box<Failed> {
        Box::new(Failed { error, console: self.take_console() })
    }

    /// One command, or the end of a line or a script.
    fn turn(&mut self) -> Result<Option<Pause>, ScriptError> {
        let Some(frame) = self.frames.last_mut() else {
            let at = At { script: self.store.url.as_str().into(), line: 0 };
            return Ok(Some(Pause::Done(Outcome::LocalDisk(Leave::End), at)));
        };
        let script = Arc::clone(&frame.script);
        let Some(current) = &mut frame.line else {
            let index = frame.next;
            let Some(line) = script.lines.get(index) else {
                let at = script.at(index.saturating_sub(1));
                return self.end(at);
            };
            frame.next = index.saturating_add(1);
            frame.line = Some(Current::new(index, line.words()));
            return self.step(&script.at(index)).map(|()| None);
        };
        let index = current.index;
        let words = current.take();
        let at = script.at(index);
        self.step(&at)?;
        let mut argv = Vec::with_capacity(words.len());
        let mut size = 0_usize;
        for word in words {
            let word = expand(&word, &self.store, &mut self.steps, &self.limits)
                .map_err(|limit| self.limit(at.clone(), limit))?;
            size = size.saturating_add(word.len()).saturating_add(1);
            if size > self.limits.command_bytes.saturating_add(1) {
                let limit = self.limits.command_bytes;
                return Err(self.limit(at, Exceeded::CommandBytes { limit }));
            }
            argv.push(word);
        }
        let command = argv.first().cloned().unwrap_or_default();
        let ran = if argv.is_empty() { Ok(Flow::Next) } else { self.command(&argv) };
        self.apply(From { at, command }, ran)
    }

    /// The end of a script that did not fail.
    fn end(&mut self, at: At) -> Result<Option<Pause>, ScriptError> {
        self.leave();
        if self.frames.is_empty() {
            return Ok(Some(Pause::Done(Outcome::LocalDisk(Leave::End), at)));
        }
        self.settle(None).map(|()| None)
    }

    fn apply(&mut self, from: From, ran: Result<Flow, Stop>) -> Result<Option<Pause>, ScriptError> {
        match ran {
            Ok(Flow::Next) => self.settle(None)?,
            Ok(Flow::Entered) => {}
            Ok(Flow::Goto(label)) => {
                let Some(frame) = self.frames.last_mut() else { return Ok(None) };
                match frame.script.label(&label) {
                    Some(line) => (frame.next, frame.line) = (line, None),
                    None => self.settle(Some(from.failure(Cause::NoLabel(label))))?,
                }
            }
            Ok(Flow::Exit(status)) => {
                self.leave();
                if self.frames.is_empty() {
                    let outcome = Outcome::LocalDisk(Leave::Exit(status));
                    return Ok(Some(Pause::Done(outcome, from.at)));
                }
                self.settle((status != 0).then(|| from.failure(Cause::Exit(status))))?;
            }
            Ok(Flow::Ask(ask)) => return Ok(Some(Pause::Ask(ask, from))),
            Ok(Flow::Done(outcome)) => return Ok(Some(Pause::Done(outcome, from.at))),
            Err(Stop::Fails(cause)) => self.settle(Some(from.failure(cause)))?,
            Err(Stop::Limit(limit)) => return Err(self.limit(from.at, limit)),
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::GivesUp) => {
                let From { at, command } = from;
                return Err(ScriptError::GivesUp {
                    at,
                    command,
                    last: self.last.take().map(Box::new),
                });
            }
        }
        Ok(None)
    }

    /// A command ended: goes to the next one of its line, or, if it failed and nothing catches it, ends its
    /// script, and with it the command that runs that.
    fn settle(&mut self, failure: Option<Failure>) -> Result<(), ScriptError> {
        if let Some(failure) = &failure {
            self.store.failed = true;
            self.last = Some(failure.clone());
            let silent = matches!(
                failure.cause,
                Cause::False | Cause::Unattended | Cause::Exit(_) | Cause::NoLabel(_)
            );
            if !silent {
                self.print(failure.to_string().as_bytes(), true);
            }
        }
        loop {
            let Some(frame) = self.frames.last_mut() else {
                return failure
                    .map_or(Ok(()), |failure| Err(ScriptError::Aborted(Box::new(failure))));
            };
            if frame.line.as_mut().is_some_and(|line| line.advance(failure.is_none())) {
                return Ok(());
            }
            frame.line = None;
            if failure.is_none() {
                return Ok(());
            }
            self.leave();
        }
    }

    fn step(&mut self, at: &At) -> Result<(), ScriptError> {
        self.steps = self.steps.saturating_add(1);
        if self.steps <= self.limits.steps {
            return Ok(());
        }
        let limit = Exceeded::Steps { limit: self.limits.steps, last: None };
        Err(self.limit(at.clone(), limit))
    }

    fn limit(&self, at: At, mut limit: Exceeded) -> ScriptError {
        if let Exceeded::Steps { last, .. } | Exceeded::Files { last, .. } = &mut limit {
            *last = self.last.clone().map(Box::new);
        }
        ScriptError::Limit { at, limit }
    }

    /// Prints to the console, and ends the line unless it goes on.
    pub(crate) fn print(&mut self, text: &[u8], end: bool) {
        let room = MAX_CONSOLE_LINE.saturating_sub(self.open_line.len());
        self.open_line.extend(text.iter().take(room));
        if !end {
            return;
        }
        let line = std::mem::take(&mut self.open_line);
        if self.console.len() < self.limits.console_lines {
            let text = String::from_utf8_lossy(&line);
            self.console.push(text.chars().filter(|c| !c.is_control()).collect());
        }
    }

    pub(crate) fn take_console(&mut self) -> Vec<String> {
        if !self.open_line.is_empty() {
            self.print(b"", true);
        }
        std::mem::take(&mut self.console)
    }
}

/// The command that asks or ends.
#[derive(Clone, Debug)]
pub(crate) struct From {
    pub(crate) at: At,
    pub(crate) command: Vec<u8>,
}

impl From {
    fn failure(&self, cause: Cause) -> Failure {
        Failure { at: self.at.clone(), command: self.command.clone(), cause }
    }
}

impl std::fmt::Display for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, Shown(&self.command))
    }
}

enum Pause {
    Ask(Ask, From),
    Done(Outcome, At),
}

//! Following a configuration to one thing to do, as PXELINUX follows it.
//!
//! The SYSLINUX manual (DEFAULT, UI, PROMPT, TIMEOUT, ONTIMEOUT, ONERROR) and its menu manual.

use std::cell::Cell;

use crate::choice::{Action, Candidate, Choice, Why};
use crate::choose::{Asks, ChooseOptions};
use crate::cmdline::of_label;
use crate::config::{Directive, EntryKind, HIDDEN, Menu, TOP};
use crate::error::{ChooseError, Command, Labels};
use crate::execute::{EXTENSIONS, Executed, base_name, execute, type_by_extension};
use crate::limits::MAX_HOPS;
use crate::sysappend::SysValues;
use crate::text::{skip_blanks, split_word};

/// What decides, and what was met on the way.
pub(crate) struct Chooser<'a> {
    menu: &'a Menu,
    values: &'a SysValues,
    /// How many more commands may run commands themselves (`ifcpu64.c32`).
    hops: usize,
    /// Where a person would have been asked on the way to the choice.
    pub(crate) asked: Cell<Option<Asks>>,
}

impl<'a> Chooser<'a> {
    pub(crate) fn new(menu: &'a Menu, options: &'a ChooseOptions<'_>) -> Self {
        Chooser { menu, values: &options.values, hops: MAX_HOPS, asked: Cell::new(None) }
    }
}

/// A command line, and where it came from.
pub(crate) struct Run {
    line: Vec<u8>,
    appended: Vec<Vec<u8>>,
    entry: Option<usize>,
    command: Command,
    why: Why,
    menu: Option<usize>,
}

impl Chooser<'_> {
    pub(crate) fn begin(&self, label: Option<&[u8]>) -> Result<Choice, ChooseError> {
        if let Some(label) = label {
            return self.label(label);
        }
        let menu = self.menu;
        match menu.first_command() {
            // NOESCAPE takes the prompt away, and UI does not stop there.
            Some(_) if menu.prompt && menu.ui.is_none() && !menu.no_escape => self.prompt(),
            Some(first) => self.load(first, Why::Default),
            None => self.without_default(),
        }
    }

    pub(crate) fn label(&self, label: &[u8]) -> Result<Choice, ChooseError> {
        let index = self.menu.find(label).filter(|_| !label.is_empty()).ok_or_else(|| {
            ChooseError::UnknownLabel { label: label.to_vec(), labels: self.labels() }
        })?;
        let (_, arguments) = split_word(label);
        self.start(self.run_entry(index, skip_blanks(arguments), b" ", Why::Asked, None)?)
    }

    /// The `boot:` prompt. A timeout runs ONTIMEOUT, or else what Enter would run.
    fn prompt(&self) -> Result<Choice, ChooseError> {
        self.asked.set(Some(Asks::Prompt));
        match (self.prompt_timeout(), self.menu.first_command()) {
            (Some(on_timeout), _) => self.load(on_timeout, Why::OnTimeout),
            (None, Some(first)) => self.load(first, Why::Default),
            (None, None) => self.without_default(),
        }
    }

    fn prompt_timeout(&self) -> Option<&Directive> {
        let times_out = self.menu.timeout > 0 || self.menu.total_timeout > 0;
        self.menu.on_timeout.as_ref().filter(|_| times_out)
    }

    /// PXELINUX complains and goes to its prompt, where ONTIMEOUT still works. Else it would wait for
    /// ever; a MENU DEFAULT is then the one thing that says what was meant.
    fn without_default(&self) -> Result<Choice, ChooseError> {
        if !self.menu.no_escape {
            self.asked.set(Some(Asks::Prompt));
            if let Some(on_timeout) = self.prompt_timeout() {
                return self.load(on_timeout, Why::OnTimeout);
            }
            if self.menu.menus.get(TOP).is_some_and(|top| top.has_default) {
                return self.start(self.menu_default(TOP)?);
            }
        }
        Err(ChooseError::NoDefault { labels: self.labels() })
    }

    /// Runs a command as the prompt does: a label and arguments, else a file.
    pub(crate) fn load(&self, directive: &Directive, why: Why) -> Result<Choice, ChooseError> {
        let line: &[u8] = &directive.command;
        let command = Command { label: None, at: directive.at.clone() };
        let (word, arguments) = split_word(line);
        if let Some(index) = self.menu.find(line) {
            return self.start(self.run_entry(index, skip_blanks(arguments), b" ", why, None)?);
        }
        if !self.menu.implicit {
            return self.forbidden(directive, why);
        }
        let line = if self.menu.allow_options { line } else { word };
        let appended = self.values.strings(self.menu.sysappend);
        let run = Run { line: line.to_vec(), appended, entry: None, command, why, menu: None };
        if type_by_extension(line).is_some() {
            return self.start(run);
        }
        if is_menu_name(word) {
            let line = with_extension(line, b".c32");
            return self.start(Run { line, ..run });
        }
        self.candidates(run)
    }

    /// What a module runs, as if it were typed at the prompt.
    fn run_command(&self, line: &[u8], command: Command, why: Why) -> Result<Choice, ChooseError> {
        // Without a command it is the default again, which most often is this one.
        let Some(hops) = self.hops.checked_sub(1).filter(|_| !line.is_empty()) else {
            return Err(ChooseError::MenuLoop { command });
        };
        let directive = Directive { command: line.into(), at: command.at };
        let inner = Chooser { hops, asked: Cell::new(None), ..*self };
        let choice = inner.load(&directive, why);
        self.asked.set(inner.asked.get());
        choice
    }

    /// A command that is no label where IMPLICIT 0 wants one: ONERROR, then the prompt's timeout.
    fn forbidden(&self, directive: &Directive, why: Why) -> Result<Choice, ChooseError> {
        if let Some(choice) = self.on_error(None) {
            return choice;
        }
        if why == Why::Default
            && !self.menu.no_escape
            && let Some(on_timeout) = self.prompt_timeout()
            && self.menu.find(&on_timeout.command).is_some()
        {
            return self.load(on_timeout, Why::OnTimeout);
        }
        let (word, _) = split_word(&directive.command);
        Err(ChooseError::ImplicitForbidden {
            command: word.to_vec(),
            at: directive.at.clone(),
            labels: self.labels(),
        })
    }

    /// The files a bare name may mean. PXELINUX takes the first that exists.
    fn candidates(&self, run: Run) -> Result<Choice, ChooseError> {
        let extensions = EXTENSIONS.iter().map(|(extension, _)| *extension).chain([&b""[..]]);
        let candidates = extensions
            .map(|extension| {
                let line = with_extension(&run.line, extension);
                let (name, _) = split_word(&line);
                let action = match execute(&line, &run.appended, self.values, &run.command) {
                    Ok(Executed::Action(action)) => Ok(action),
                    Ok(Executed::ThisMenu) => self.show_menu().map(|choice| choice.action),
                    Ok(Executed::Command(line)) => self
                        .run_command(&line, run.command.clone(), run.why)
                        .map(|choice| choice.action),
                    Err(error) => Err(error),
                };
                Candidate { name: name.to_vec(), action }
            })
            .collect();
        let Run { entry, command, why, menu, .. } = run;
        Ok(Choice { entry, command, why, menu, action: Action::Implicit(candidates) })
    }

    pub(crate) fn start(&self, run: Run) -> Result<Choice, ChooseError> {
        let Run { line, appended, entry, command, why, menu } = run;
        match execute(&line, &appended, self.values, &command)? {
            Executed::Action(action) => Ok(Choice { entry, command, why, menu, action }),
            Executed::ThisMenu if menu.is_some() => Err(ChooseError::MenuLoop { command }),
            Executed::ThisMenu => self.show_menu(),
            Executed::Command(line) => self.run_command(&line, command, why),
        }
    }

    /// `menu.c32` and `vesamenu.c32`: ONTIMEOUT after a timeout, else the default entry.
    ///
    /// Two cases in which PXELINUX hangs are decided here. If the default entry is disabled, it
    /// cancels the timeout; ONTIMEOUT is what was meant, or the entry the cursor moves to. If the
    /// default is a submenu's line, the timeout leads to the prompt, where the last ONTIMEOUT of all
    /// menus counts; without one, it is that submenu's default.
    pub(crate) fn show_menu(&self) -> Result<Choice, ChooseError> {
        let number = self.menu.start;
        self.asked.set(Some(Asks::Menu(number)));
        let Some(menu) = self.menu.menus.get(number) else { return Err(ChooseError::EmptyMenu) };
        // Without a single line there is no menu: the prompt is next.
        if self.menu.menus.get(TOP).is_some_and(|top| top.entries.is_empty())
            && let Some(on_timeout) = self.prompt_timeout().filter(|_| !self.menu.no_escape)
        {
            // ONTIMEOUT may be this menu again, for ever.
            let command = Command { label: None, at: on_timeout.at.clone() };
            let Some(hops) = self.hops.checked_sub(1) else {
                return Err(ChooseError::MenuLoop { command });
            };
            let inner = Chooser { hops, asked: Cell::new(Some(Asks::Prompt)), ..*self };
            let choice = inner.load(on_timeout, Why::OnTimeout);
            self.asked.set(inner.asked.get());
            return choice;
        }
        // MENU SHIFTKEY boots the default entry at once.
        let times_out = (menu.timeout > 0 || self.menu.total_timeout > 0) && !self.menu.shift_key;
        let default =
            menu.entries.get(menu.default).and_then(|&entry| self.menu.entries.get(entry));
        let opens = default.is_some_and(|entry| matches!(entry.kind, EntryKind::Submenu(_)));
        let run = match (&menu.on_timeout, self.prompt_timeout()) {
            (Some(on_timeout), _) if times_out => {
                self.in_menu(on_timeout, number, Why::OnTimeout)?
            }
            (None, Some(on_timeout)) if times_out && opens && !self.menu.no_escape => {
                self.in_menu(on_timeout, number, Why::OnTimeout)?
            }
            _ => self.menu_default(number)?,
        };
        self.start(run)
    }

    /// A command in a menu: a label with the text behind it, or a file. No extension is tried.
    ///
    /// A label with further words on its line is not one here to PXELINUX, which then looks for a
    /// file of that name and hangs. It is still taken for what it was meant to be.
    pub(crate) fn in_menu(
        &self,
        directive: &Directive,
        menu: usize,
        why: Why,
    ) -> Result<Run, ChooseError> {
        let line: &[u8] = &directive.command;
        if let Some(index) = self.menu.find_whole(line).or_else(|| self.menu.find(line)) {
            let (_, rest) = split_word(line);
            return self.run_entry(index, rest, b"", why, Some(menu));
        }
        let command = Command { label: None, at: directive.at.clone() };
        let menu = Some(menu);
        Ok(Run { line: line.to_vec(), appended: Vec::new(), entry: None, command, why, menu })
    }

    /// The default entry of a menu, or the next one that boots something, or the first one anywhere.
    fn menu_default(&self, number: usize) -> Result<Run, ChooseError> {
        let mut number = number;
        // Submenus are inside each other, so this ends; the bound makes that plain.
        for _ in 0..self.menu.menus.len() {
            let Some(menu) = self.menu.menus.get(number) else { break };
            let after = menu.entries.iter().skip(menu.default);
            let before = menu.entries.iter().take(menu.default).rev();
            let found = after.chain(before).find_map(|&index| {
                match self.menu.entries.get(index).map(|entry| &entry.kind) {
                    Some(EntryKind::Boot(_)) => Some((index, None)),
                    Some(EntryKind::Submenu(inner)) => Some((index, Some(*inner))),
                    _ => None,
                }
            });
            match found {
                Some((_, Some(inner))) => number = inner,
                Some((index, None)) => return self.run_default(index, number),
                None => break,
            }
        }
        let first = self
            .menu
            .entries
            .iter()
            .position(|entry| matches!(entry.kind, EntryKind::Boot(_)) && entry.menu != HIDDEN);
        self.run_default(first.ok_or(ChooseError::EmptyMenu)?, number)
    }

    fn run_default(&self, index: usize, menu: usize) -> Result<Run, ChooseError> {
        self.run_entry(index, b"", b"", Why::MenuDefault, Some(menu))
    }

    /// An entry's command with arguments behind it.
    pub(crate) fn run_entry(
        &self,
        index: usize,
        arguments: &[u8],
        separator: &[u8],
        why: Why,
        menu: Option<usize>,
    ) -> Result<Run, ChooseError> {
        let Some(entry) = self.menu.entries.get(index) else { return Err(ChooseError::EmptyMenu) };
        let EntryKind::Boot(boot) = &entry.kind else {
            let (label, at) = (entry.label.clone(), entry.at.clone());
            return Err(ChooseError::Navigation { label, at });
        };
        let rest = if menu.is_some() { entry.label_rest.as_slice() } else { b"" };
        let mut line = of_label(boot, rest, self.values);
        if !arguments.is_empty() {
            line.extend_from_slice(separator);
            line.extend_from_slice(arguments);
        }
        let command = Command { label: Some(entry.label.clone()), at: entry.at.clone() };
        Ok(Run { line, appended: Vec::new(), entry: Some(index), command, why, menu })
    }

    /// ONERROR. Outside menus the label's command gets the whole DEFAULT command as arguments, and
    /// the words behind the label in ONERROR are lost; that is what PXELINUX 6 does.
    pub(crate) fn on_error(&self, menu: Option<usize>) -> Option<Result<Choice, ChooseError>> {
        let run = match menu {
            Some(number) => {
                let directive = self.menu.menus.get(number)?.on_error.as_ref()?;
                self.in_menu(directive, number, Why::OnError)
            }
            None => self.on_error_at_prompt(self.menu.on_error.as_ref()?),
        };
        let appended = self.values.strings(self.menu.sysappend);
        Some(run.and_then(|run| self.start(Run { appended, ..run })))
    }

    /// What a timeout of the prompt leads to, where a failure outside of menus ends.
    pub(crate) fn failed_at_prompt(
        &self,
        menu: Option<usize>,
    ) -> Option<Result<Choice, ChooseError>> {
        let has_prompt = menu.is_none() && !self.menu.no_escape;
        let on_timeout = self.prompt_timeout().filter(|_| has_prompt)?;
        Some(self.load(on_timeout, Why::OnTimeout))
    }

    fn on_error_at_prompt(&self, directive: &Directive) -> Result<Run, ChooseError> {
        // Where there is none, 6.04 prints its null pointer, and so the kernel gets that.
        let first = self.menu.first_command().map_or(&b"(null)"[..], |first| &first.command);
        if let Some(index) = self.menu.find(&directive.command) {
            return self.run_entry(index, first, b" ", Why::OnError, None);
        }
        let line = [&*directive.command, b" ", first].concat();
        let command = Command { label: None, at: directive.at.clone() };
        let (appended, why) = (Vec::new(), Why::OnError);
        Ok(Run { line, appended, entry: None, command, why, menu: None })
    }

    fn labels(&self) -> Labels {
        Labels::of(self.menu.labels())
    }
}

/// The command with an extension on its first word.
fn with_extension(line: &[u8], extension: &[u8]) -> Vec<u8> {
    let (word, rest) = split_word(line);
    [word, extension, rest].concat()
}

/// `DEFAULT menu` reaches menu.c32 on a server that has it. We are that module, so nobody is asked.
fn is_menu_name(word: &[u8]) -> bool {
    matches!(base_name(word), b"menu" | b"vesamenu")
}

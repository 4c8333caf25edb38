//! Reads a configuration and all it includes, without opening a file itself.
//!
//! The reader stops where the text includes another file, and goes on when it is handed that file.
//! Includes are textual: a label that begins in one file may go on in the next.

use std::sync::Arc;

use crate::config::{Menu, Note};
use crate::lexer::{Lines, keyword};
use crate::limits::Limits;
use crate::parser::{Parser, Request};
use crate::text::{At, Shown};

/// Reads one configuration.
#[derive(Clone, Debug)]
pub struct Reader {
    parser: Parser,
    limits: Limits,
    frames: Vec<Frame>,
    /// Further files, read one after the other as if they were one; the next one is last.
    queue: Vec<Vec<u8>>,
    bytes: usize,
    lines: usize,
    includes: usize,
}

/// Where reading stands.
#[derive(Clone, Debug)]
#[must_use]
pub enum Step {
    /// A file is needed to go on.
    Include(Box<Waiting>),
    /// All is read.
    Done(Box<Menu>),
}

/// A reader that waits for a file.
#[derive(Clone, Debug)]
#[must_use]
pub struct Waiting {
    reader: Reader,
    name: Vec<u8>,
    from: At,
    /// The name of the submenu that MENU INCLUDE puts around the file.
    submenu: Option<Vec<u8>>,
}

/// The answer to [`Step::Include`].
#[derive(Clone, Debug)]
pub enum Included {
    /// The file. No bytes at all count as missing, as in PXELINUX.
    Bytes(Vec<u8>),
    /// The server has no such file; PXELINUX goes on without it. A server that is silent or refuses
    /// is not this: then do not resume.
    Missing,
}

/// A limit was passed. PXELINUX has none here; see [`Limits`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {limit}: is this file a PXELINUX configuration?")]
pub struct ReadError {
    /// Where.
    pub at: At,
    /// Which.
    pub limit: Exceeded,
}

/// The limits of [`Limits`], and binary files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// One file is too large.
    #[error("the file has {size} bytes, more than {limit}")]
    FileBytes {
        /// Its bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// All files together are too large.
    #[error("the configuration and its includes have more than {limit} bytes together")]
    TotalBytes {
        /// The limit.
        limit: usize,
    },
    /// Too many lines.
    #[error("the configuration and its includes have more than {limit} lines together")]
    Lines {
        /// The limit.
        limit: usize,
    },
    /// Too many labels.
    #[error("the configuration has more than {limit} labels and menu lines")]
    Entries {
        /// The limit.
        limit: usize,
    },
    /// Includes nest too deep; most likely a file includes itself.
    #[error("more than {limit} files include each other")]
    IncludeDepth {
        /// The limit.
        limit: usize,
    },
    /// Too many includes.
    #[error("the configuration includes more than {limit} files")]
    Includes {
        /// The limit.
        limit: usize,
    },
    /// A line with text holds a NUL. PXELINUX would silently drop the rest of the line.
    #[error("the line holds a NUL byte, so the file is not plain text (UTF-16, perhaps)")]
    Nul,
}

#[derive(Clone, Debug)]
struct Frame {
    name: Arc<str>,
    lines: Lines,
    /// The menu that directives of this file go to. Only this file's own MENU BEGIN and END move it.
    menu: usize,
    /// In a TEXT block, which cannot reach beyond the file.
    in_text: bool,
    /// The submenu that MENU INCLUDE put around this file.
    submenu: Option<usize>,
}

impl Reader {
    /// A reader with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Reader {
        Reader {
            parser: Parser::new(limits),
            limits,
            frames: Vec::new(),
            queue: Vec::new(),
            bytes: 0,
            lines: 0,
            includes: 0,
        }
    }

    /// Reads a configuration that is already fetched. `name` is for messages.
    ///
    /// # Errors
    /// A limit is passed.
    pub fn begin(mut self, name: &[u8], bytes: Vec<u8>) -> Result<Step, ReadError> {
        self.open(name, bytes, None)?;
        self.run()
    }

    /// Reads several files as one, asking for each: what `menu.c32` does with its arguments. Missing
    /// ones are left out.
    ///
    /// # Errors
    /// A limit is passed.
    pub fn begin_files(mut self, mut names: Vec<Vec<u8>>) -> Result<Step, ReadError> {
        names.reverse();
        self.queue = names;
        self.run()
    }

    fn run(mut self) -> Result<Step, ReadError> {
        loop {
            let Some(frame) = self.frames.last_mut() else {
                let Some(name) = self.queue.pop() else {
                    return Ok(Step::Done(Box::new(self.parser.finish()?)));
                };
                let from = At { file: "the menu's arguments".into(), line: 1 };
                return self.ask(Request { name, submenu: None }, from);
            };
            let file = Arc::clone(&frame.name);
            let Some(line) = frame.lines.next() else {
                self.close()?;
                continue;
            };
            let at = At { file, line: line.number };
            if self.lines >= self.limits.lines {
                return Err(ReadError { at, limit: Exceeded::Lines { limit: self.limits.lines } });
            }
            self.lines += 1;
            if line.nul && !crate::lexer::is_empty(line.text) {
                return Err(ReadError { at, limit: Exceeded::Nul });
            }
            if frame.in_text {
                let (word, _) = keyword(line.text);
                frame.in_text = word.as_bytes() != b"endtext";
                if frame.in_text {
                    self.parser.text_line(line.text);
                }
                continue;
            }
            if line.split {
                let text = "the line is longer than 4095 bytes; its rest is read as a new line";
                self.parser.note(Note { at: at.clone(), text: text.to_owned() });
            }
            if line.number == 1 && line.text.starts_with(b"\xef\xbb\xbf") {
                let text = "the file begins with a byte order mark, which spoils its first line";
                self.parser.note(Note { at: at.clone(), text: text.to_owned() });
            }
            let request = self.parser.line(line.text, &at, &mut frame.menu, &mut frame.in_text)?;
            match request {
                Some(request) if request.name.is_empty() => {
                    let text = "the include names no file".to_owned();
                    self.parser.note(Note { at, text });
                }
                Some(request) => return self.ask(request, at),
                None => {}
            }
        }
    }

    fn ask(mut self, request: Request, from: At) -> Result<Step, ReadError> {
        if self.includes >= self.limits.includes {
            let limit = Exceeded::Includes { limit: self.limits.includes };
            return Err(ReadError { at: from, limit });
        }
        if self.frames.len() >= self.limits.include_depth {
            let limit = Exceeded::IncludeDepth { limit: self.limits.include_depth };
            return Err(ReadError { at: from, limit });
        }
        self.includes += 1;
        let Request { name, submenu } = request;
        Ok(Step::Include(Box::new(Waiting { reader: self, name, from, submenu })))
    }

    fn open(
        &mut self,
        name: &[u8],
        bytes: Vec<u8>,
        submenu: Option<usize>,
    ) -> Result<(), ReadError> {
        let name: Arc<str> = Shown(name).to_string().into();
        let error = |limit| ReadError { at: At { file: Arc::clone(&name), line: 1 }, limit };
        if bytes.len() > self.limits.file_bytes {
            let (size, limit) = (bytes.len(), self.limits.file_bytes);
            return Err(error(Exceeded::FileBytes { size, limit }));
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > self.limits.total_bytes {
            return Err(error(Exceeded::TotalBytes { limit: self.limits.total_bytes }));
        }
        let lines = Lines::new(bytes);
        let menu = self.parser.current_menu();
        self.frames.push(Frame { name, lines, menu, in_text: false, submenu });
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        match self.frames.pop().and_then(|frame| frame.submenu) {
            Some(submenu) => self.parser.end_submenu(submenu),
            None => Ok(()),
        }
    }
}

impl Waiting {
    /// The name of the file, relative to the prefix like any other name. From a configuration it is
    /// never empty.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Where the include stands.
    #[must_use]
    pub fn from(&self) -> &At {
        &self.from
    }

    /// The longest file the limits still allow, in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        let limits = &self.reader.limits;
        limits.file_bytes.min(limits.total_bytes.saturating_sub(self.reader.bytes))
    }

    /// Goes on.
    ///
    /// # Errors
    /// A limit is passed.
    pub fn resume(self, included: Included) -> Result<Step, ReadError> {
        let Waiting { mut reader, name, from, submenu } = self;
        match included {
            Included::Bytes(bytes) if !bytes.is_empty() => {
                let submenu = match submenu {
                    Some(title) => {
                        let current = reader.parser.current_menu();
                        let mut menu = reader.frames.last().map_or(current, |frame| frame.menu);
                        reader.parser.begin_submenu(&title, &from, &mut menu)?;
                        Some(menu)
                    }
                    None => None,
                };
                reader.open(&name, bytes, submenu)?;
            }
            Included::Bytes(_) | Included::Missing => {
                let text = format!("the included file \"{}\" is missing", Shown(&name));
                reader.parser.note(Note { at: from, text });
            }
        }
        reader.run()
    }
}

//! Bytes at places of a file, and of what is compressed in it.
//!
//! A [`Source`] can be read from any offset. Of something compressed that means to unpack it from
//! its start, so a [`View`] goes on forward as long as it can, and whoever uses it asks for what
//! he needs in the order in which it lies there. All unpacking of one look is counted together.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::compression::Compression;
use crate::limits::Limits;
use crate::unpack::{self, Unsupported};

/// Bytes that a view of compressed data keeps of their start.
const FIRST: u64 = 16 << 10;

/// Why bytes did not come.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The input itself cannot be read.
    Input(io::Error),
    /// The bytes end before this offset.
    End(u64),
    /// What is compressed there is damaged.
    Corrupt(Compression, String),
    /// It may be sound, but is not unpacked.
    Unseen(String),
}

/// What all streams of one look share.
pub(crate) struct Shared<'a> {
    input: RefCell<Box<dyn Input + 'a>>,
    /// An error of the input, which must not be taken for one of the data.
    failure: RefCell<Option<io::Error>>,
    unpacked_left: Cell<u64>,
    limits: Limits,
}

/// What a file gives.
pub(crate) trait Input: Read + Seek {}
impl<T: Read + Seek> Input for T {}

impl<'a> Shared<'a> {
    pub(crate) fn new(input: Box<dyn Input + 'a>, limits: Limits) -> Rc<Shared<'a>> {
        Rc::new(Shared {
            input: RefCell::new(input),
            failure: RefCell::new(None),
            unpacked_left: Cell::new(limits.unpacked),
            limits,
        })
    }

    /// The whole input.
    pub(crate) fn file(self: &Rc<Shared<'a>>) -> io::Result<Source<'a>> {
        let size = self.input.borrow_mut().seek(SeekFrom::End(0))?;
        Ok(Source { shared: Rc::clone(self), from: From::File, size })
    }

    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input.borrow_mut();
        let read = input.seek(SeekFrom::Start(position)).and_then(|_| {
            loop {
                match input.read(out) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => return read,
                }
            }
        });
        read.map_err(|error| {
            let kind = error.kind();
            self.failure.borrow_mut().get_or_insert(error);
            kind.into()
        })
    }

    /// What an error of a stream means; `None` if that it is at its end.
    fn trouble(&self, error: &io::Error, compression: Option<Compression>) -> Option<Trouble> {
        if let Some(failure) = self.failure.borrow_mut().take() {
            return Some(Trouble::Input(failure));
        }
        if self.unpacked_left.get() == 0 {
            let limit = self.limits.unpacked >> 20;
            let why = format!("to look into it, more than {limit} MiB would have to be unpacked");
            return Some(Trouble::Unseen(why));
        }
        if let Some(why) = Unsupported::of(error) {
            return Some(Trouble::Unseen(why.to_owned()));
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return None;
        }
        compression.map(|compression| Trouble::Corrupt(compression, error.to_string()))
    }
}

/// Bytes that can be read from any offset.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    shared: Rc<Shared<'a>>,
    from: From<'a>,
    size: u64,
}

#[derive(Clone)]
enum From<'a> {
    File,
    Packed { outer: Rc<Source<'a>>, start: u64, length: u64, compression: Compression },
}

impl<'a> Source<'a> {
    /// The size in bytes: of the file, or what the compressed data say of themselves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// As many bytes as Xen takes it for: what gzip unpacks gets 16 more than it says.
    pub(crate) fn room(&self) -> u64 {
        let gzip = self.compression() == Some(Compression::Gzip);
        self.size.saturating_add(if gzip { 16 } else { 0 })
    }

    /// How it is compressed.
    pub(crate) fn compression(&self) -> Option<Compression> {
        match self.from {
            From::File => None,
            From::Packed { compression, .. } => Some(compression),
        }
    }

    /// What is compressed in `length` bytes from `start`, and claims to be of `size` bytes.
    pub(crate) fn unpacked(
        &self,
        start: u64,
        length: u64,
        compression: Compression,
        size: u32,
    ) -> Source<'a> {
        let outer = Rc::new(self.clone());
        let from = From::Packed { outer, start, length, compression };
        Source { shared: Rc::clone(&self.shared), from, size: u64::from(size) }
    }

    /// A place to read from.
    pub(crate) fn view(&self) -> View<'a> {
        View { source: self.clone(), first: Vec::new(), stream: None, position: 0 }
    }

    fn stream(&self, offset: u64) -> io::Result<Box<dyn Read + 'a>> {
        match &self.from {
            From::File => {
                Ok(Box::new(FileStream { shared: Rc::clone(&self.shared), position: offset }))
            }
            From::Packed { outer, start, length, compression } => {
                let packed = BufReader::with_capacity(1 << 16, outer.stream(*start)?.take(*length));
                let claimed = u32::try_from(self.size).unwrap_or(u32::MAX);
                let window = self.shared.limits.window;
                let stream = unpack::open(*compression, packed, claimed, window)?;
                let mut stream = Metered { stream, shared: Rc::clone(&self.shared) };
                skip(&mut stream, offset)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// Reads forward through a source.
pub(crate) struct View<'a> {
    source: Source<'a>,
    /// The first bytes of what is compressed: they are asked for again and again, and to come
    /// back to them would mean to unpack from the start.
    first: Vec<u8>,
    stream: Option<Box<dyn Read + 'a>>,
    position: u64,
}

impl<'a> View<'a> {
    pub(crate) fn source(&self) -> &Source<'a> {
        &self.source
    }

    /// `length` bytes from `offset`, all of them.
    pub(crate) fn bytes(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Trouble> {
        let bytes = self.head(offset, length)?;
        if (bytes.len() as u64) < length {
            return Err(Trouble::End(offset.saturating_add(length)));
        }
        Ok(bytes)
    }

    /// Up to `length` bytes from `offset`: less where the source ends.
    pub(crate) fn head(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Trouble> {
        let end = offset.saturating_add(length);
        let packed = self.source.compression().is_some();
        if packed && self.first.is_empty() && end <= FIRST {
            self.first = self.fresh(0, FIRST)?;
        }
        if packed && end <= FIRST {
            let (offset, end) = (index(offset), index(end).min(self.first.len()));
            return Ok(self.first.get(offset..end).unwrap_or_default().to_vec());
        }
        self.fresh(offset, length)
    }

    fn fresh(&mut self, offset: u64, length: u64) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        let read = self.read(offset, length, &mut bytes);
        if let Err(error) = read {
            self.stream = None;
            if let Some(trouble) = self.source.shared.trouble(&error, self.source.compression()) {
                return Err(trouble);
            }
        }
        Ok(bytes)
    }

    fn read(&mut self, offset: u64, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        let in_file = self.source.compression().is_none();
        let mut stream = match self.stream.take() {
            Some(stream) if self.position == offset => stream,
            Some(mut stream) if self.position < offset && !in_file => {
                skip(&mut stream, offset.saturating_sub(self.position))?;
                stream
            }
            _ => self.source.stream(offset)?,
        };
        stream.by_ref().take(length).read_to_end(bytes)?;
        self.position = offset.saturating_add(bytes.len() as u64);
        self.stream = Some(stream);
        Ok(())
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn skip(stream: &mut dyn Read, count: u64) -> io::Result<()> {
    let mut left = count;
    let mut dropped = vec![0; 1 << 16];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(dropped.len());
        let read = stream.read(dropped.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left = left.saturating_sub(read as u64);
    }
    Ok(())
}

struct FileStream<'a> {
    shared: Rc<Shared<'a>>,
    position: u64,
}

impl Read for FileStream<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.shared.read_at(self.position, out)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

/// Counts what is unpacked, and ends it at the limit.
struct Metered<'a> {
    stream: Box<dyn Read + 'a>,
    shared: Rc<Shared<'a>>,
}

impl Read for Metered<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.shared.unpacked_left.get();
        if left == 0 && !out.is_empty() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let read = self.stream.read(out.get_mut(..wanted).unwrap_or_default())?;
        self.shared.unpacked_left.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}

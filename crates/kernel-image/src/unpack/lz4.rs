//! LZ4 as Linux kernels have it: the legacy frame, a magic and then blocks, each with its packed
//! length before it and nothing else.
//!
//! Follows the LZ4 block and frame format descriptions, and `xc_try_lz4_decode`, which takes the
//! end of the payload for the end of the stream and a repeated magic for nothing. A block is
//! unpacked as it comes, so the 8 MiB that it may hold are never in memory.

use std::io::{self, BufRead, Read};

use super::corrupt;

const MAGIC: u32 = 0x184c_2102;

/// How far back a match reaches, in bytes.
const HISTORY: usize = 1 << 16;

/// Unpacked bytes that are made before the reader gets them.
const BATCH: usize = 1 << 16;

/// A match is four bytes longer than its number says.
const MIN_MATCH: u64 = 4;

/// Unpacks the blocks of `source`.
pub(crate) struct Lz4<B> {
    source: B,
    started: bool,
    /// Packed bytes of the current block that are still to come.
    block: u64,
    next: Next,
    /// History, and behind it what was not read yet.
    window: Vec<u8>,
    unread: usize,
}

enum Next {
    Block,
    Sequence,
    /// So many literals, and then a match of the length class of this token.
    Literals(u64, u8),
    /// So many bytes from so far back.
    Match(u64, usize),
    End,
}

impl<B: BufRead> Lz4<B> {
    pub(crate) fn new(source: B) -> Lz4<B> {
        Lz4 {
            source,
            started: false,
            block: 0,
            next: Next::Block,
            window: Vec::with_capacity(HISTORY + 2 * BATCH),
            unread: 0,
        }
    }

    fn step(&mut self) -> io::Result<Next> {
        match self.next {
            Next::End => Ok(Next::End),
            Next::Block => self.begin_block(),
            Next::Sequence => {
                let token = self.byte()?;
                let literals = self.length(token >> 4)?;
                Ok(Next::Literals(literals, token & 15))
            }
            Next::Literals(0, class) => {
                // Only the last sequence of a block has no match.
                if self.block == 0 {
                    return Ok(Next::Block);
                }
                let distance = usize::from(self.byte()?) | usize::from(self.byte()?) << 8;
                if distance == 0 || distance > self.window.len() {
                    return Err(corrupt("a match reaches before the start of the data"));
                }
                let length = self.length(class)?.saturating_add(MIN_MATCH);
                Ok(Next::Match(length, distance))
            }
            Next::Literals(left, class) => {
                if left > self.block {
                    return Err(corrupt("a run of literals is longer than its block"));
                }
                let ready = self.source.fill_buf()?;
                let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(BATCH);
                let piece = ready.get(..wanted.min(ready.len())).unwrap_or_default();
                if piece.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.window.extend_from_slice(piece);
                let taken = piece.len();
                self.source.consume(taken);
                self.block = self.block.saturating_sub(taken as u64);
                Ok(Next::Literals(left.saturating_sub(taken as u64), class))
            }
            Next::Match(0, _) if self.block == 0 => Ok(Next::Block),
            Next::Match(0, _) => Ok(Next::Sequence),
            Next::Match(left, distance) => {
                // A match may overlap what it makes, so no more than its distance at a time. What
                // it has made then repeats itself, so the next piece may be twice as long.
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(distance);
                let from = self.window.len().saturating_sub(distance);
                self.window.extend_from_within(from..from.saturating_add(count));
                let twice = distance.saturating_mul(2);
                let distance = if twice <= HISTORY { twice } else { distance };
                Ok(Next::Match(left.saturating_sub(count as u64), distance))
            }
        }
    }

    fn begin_block(&mut self) -> io::Result<Next> {
        // A block knows nothing of the one before it, all of which has been read.
        self.window.clear();
        self.unread = 0;
        if self.started && self.source.fill_buf()?.is_empty() {
            return Ok(Next::End);
        }
        let mut number = [0; 4];
        self.source.read_exact(&mut number)?;
        let number = u32::from_le_bytes(number);
        match (number, self.started) {
            (MAGIC, _) => {
                self.started = true;
                Ok(Next::Block)
            }
            (_, false) => Err(corrupt("it does not begin with the legacy LZ4 magic")),
            (0, true) => Ok(Next::Block),
            (length, true) => {
                self.block = u64::from(length);
                Ok(Next::Sequence)
            }
        }
    }

    /// A length of four bits, with the bytes that follow when they do not suffice.
    fn length(&mut self, short: u8) -> io::Result<u64> {
        let mut length = u64::from(short);
        if short == 15 {
            loop {
                let more = self.byte()?;
                length = length.saturating_add(u64::from(more));
                if more != 255 {
                    break;
                }
            }
        }
        Ok(length)
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.block = self.block.checked_sub(1).ok_or_else(|| corrupt("a block ends too early"))?;
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }
}

impl<B: BufRead> Read for Lz4<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.window.get(self.unread..).unwrap_or_default();
            // Before a new block the window is emptied, so what is unread has to go first.
            let full = ready.len() >= BATCH;
            let due = matches!(self.next, Next::Block | Next::End) && !ready.is_empty();
            if full || due || out.is_empty() {
                let count = ready.len().min(out.len());
                for (to, from) in out.iter_mut().zip(ready) {
                    *to = *from;
                }
                self.unread = self.unread.saturating_add(count);
                let old = self.unread.saturating_sub(HISTORY);
                if old >= BATCH {
                    self.window.drain(..old);
                    self.unread = self.unread.saturating_sub(old);
                }
                return Ok(count);
            }
            if matches!(self.next, Next::End) {
                return Ok(0);
            }
            self.next = self.step()?;
        }
    }
}

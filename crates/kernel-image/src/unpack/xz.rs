//! The xz container, as far as a reader needs it that stops early: blocks of LZMA2, with or
//! without the filter for x86 code.
//!
//! Follows "The .xz File Format", version 1.2.1, sections 2 and 3. Check sums are not computed:
//! Xen does that, and a look stops long before they would come.

use std::io::{self, Read};

use lzma_rust2::Lzma2Reader;
use lzma_rust2::filter::bcj::BcjReader;

use super::{Unsupported, corrupt};
use crate::limits::MAX_XZ_BLOCKS;

const MAGIC: &[u8; 6] = b"\xfd7zXZ\0";
const FILTER_X86: u64 = 0x04;
const FILTER_LZMA2: u64 = 0x21;

/// Sizes up to this are a dictionary that any decoder has to take.
const MIN_DICTIONARY: u32 = 4096;

/// Unpacks the first stream in `source`, as Xen does.
pub(crate) struct Xz<R> {
    state: State<R>,
    /// Bytes of the check at the end of each block.
    check: u64,
    max_dictionary: u32,
    /// What the whole stream holds, as the kernel's trailer says: no distance is longer.
    unpacked: u32,
    blocks: u32,
}

enum State<R> {
    Between(Counted<R>),
    Plain(Box<Lzma2Reader<Counted<R>>>),
    X86(Box<BcjReader<Lzma2Reader<Counted<R>>>>),
    End,
}

impl<R: Read> Xz<R> {
    pub(crate) fn new(mut source: R, max_dictionary: u32, unpacked: u32) -> io::Result<Xz<R>> {
        let mut header = [0; 12];
        source.read_exact(&mut header)?;
        let [magic @ .., reserved, kind, _, _, _, _] = header;
        if magic != *MAGIC || reserved != 0 || kind > 15 {
            return Err(corrupt("its xz header is wrong"));
        }
        // Section 2.1.1.2: the sizes go by threes.
        let check = match kind {
            0 => 0,
            1..=3 => 4,
            4..=6 => 8,
            7..=9 => 16,
            10..=12 => 32,
            _ => 64,
        };
        let state = State::Between(Counted { source, count: 0 });
        Ok(Xz { state, check, max_dictionary, unpacked, blocks: 0 })
    }

    /// Reads a block's header. `End` if it is the index, which follows the last block.
    fn begin(&mut self, mut source: Counted<R>) -> io::Result<State<R>> {
        let size = source.byte()?;
        if size == 0 {
            return Ok(State::End);
        }
        self.blocks = self.blocks.saturating_add(1);
        if self.blocks > MAX_XZ_BLOCKS {
            return Err(Unsupported::error("its xz stream has very many blocks"));
        }
        // The size counts itself and the CRC32 at the end.
        let mut header = vec![0; usize::from(size).saturating_mul(4).saturating_add(3)];
        source.read_exact(&mut header)?;
        let mut fields = Fields(&header);
        let flags = fields.byte()?;
        if flags & 0x3c != 0 {
            return Err(Unsupported::error("its xz block has flags from the future"));
        }
        for present in [0x40, 0x80] {
            if flags & present != 0 {
                fields.number()?;
            }
        }
        let mut x86_start = None;
        for left in (0..=flags & 3).rev() {
            let filter = fields.number()?;
            let length = fields.number()?;
            let properties = fields.take(length)?;
            match (filter, left, properties) {
                (FILTER_X86, 1.., []) if x86_start.is_none() => x86_start = Some(0),
                (FILTER_X86, 1.., &[a, b, c, d]) if x86_start.is_none() => {
                    x86_start = Some(u32::from_le_bytes([a, b, c, d]));
                }
                (FILTER_LZMA2, 0, &[bits]) => {
                    source.count = 0;
                    let lzma2 = Lzma2Reader::new(source, self.dictionary(bits)?, None);
                    return Ok(match x86_start {
                        None => State::Plain(Box::new(lzma2)),
                        Some(start) => {
                            let start = usize::try_from(start).unwrap_or(0);
                            State::X86(Box::new(BcjReader::new_x86(lzma2, start)))
                        }
                    });
                }
                _ => return Err(Unsupported::error("it is compressed with a rare filter of xz")),
            }
        }
        Err(corrupt("its xz block has no LZMA2"))
    }

    /// Section 5.3.1: sizes of 2^n and 2^n + 2^(n-1) bytes.
    fn dictionary(&self, bits: u8) -> io::Result<u32> {
        let mantissa = 2 | u32::from(bits & 1);
        let size = match bits {
            0..=39 => mantissa.checked_shl(u32::from(bits / 2).saturating_add(11)),
            40 => Some(u32::MAX),
            _ => None,
        };
        let size = size.ok_or_else(|| corrupt("its dictionary has an unknown size"))?;
        let size = size.min(self.unpacked.max(MIN_DICTIONARY));
        if size > self.max_dictionary {
            return Err(Unsupported::error("it needs a very large dictionary"));
        }
        Ok(size)
    }

    /// After a block: its padding and its check.
    fn finish(&self, mut source: Counted<R>) -> io::Result<State<R>> {
        let padding = source.count.wrapping_neg() & 3;
        let skipped = padding.saturating_add(self.check);
        if io::copy(&mut source.by_ref().take(skipped), &mut io::sink())? != skipped {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(State::Between(source))
    }
}

impl<R: Read> Read for Xz<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let read = match &mut self.state {
                State::Plain(lzma2) => lzma2.read(out)?,
                State::X86(filtered) => filtered.read(out)?,
                State::Between(_) => 0,
                State::End => return Ok(0),
            };
            if read > 0 {
                return Ok(read);
            }
            self.state = match std::mem::replace(&mut self.state, State::End) {
                State::Plain(lzma2) => self.finish(lzma2.into_inner())?,
                State::X86(filtered) => self.finish(filtered.into_inner().into_inner())?,
                State::Between(source) => self.begin(source)?,
                State::End => State::End,
            };
        }
    }
}

/// Counts the packed bytes of a block.
struct Counted<R> {
    source: R,
    count: u64,
}

impl<R: Read> Counted<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        self.count = self.count.saturating_add(read as u64);
        Ok(read)
    }
}

/// The fields of a block's header.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn byte(&mut self) -> io::Result<u8> {
        let (&first, rest) = self.0.split_first().ok_or_else(short)?;
        self.0 = rest;
        Ok(first)
    }

    /// Section 1.2: seven bits a byte, the lowest first, at most nine bytes.
    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(short())
    }

    fn take(&mut self, length: u64) -> io::Result<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| short())?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn short() -> io::Error {
    corrupt("the header of its xz block is wrong")
}

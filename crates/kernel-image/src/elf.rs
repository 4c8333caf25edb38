//! The headers of an ELF file, and where its notes are.
//!
//! Follows `elf_init`, `elf_parse_binary` and `elf_xen_parse` (xen/common/libelf/): notes in
//! segments first; only if there is none of Xen's, those in sections; only if there is none
//! either, the section `__xen_guest`.

use crate::error::LookError;
use crate::limits::{MAX_GUEST_SECTION, MAX_NOTE_BYTES, MAX_PROGRAM_HEADERS, MAX_SECTION_HEADERS};
use crate::notes::{XenNotes, all_notes};
use crate::number::{u16_at, u32_at, u64_at};
use crate::source::{Trouble, View};

/// What an ELF file is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elf {
    /// 32 or 64.
    pub bits: u8,
    /// What it runs on.
    pub machine: Machine,
    /// The address at which it says to start.
    pub entry: u64,
    /// The physical addresses from the first byte that is loaded to behind the last one.
    pub memory: (u64, u64),
    /// What it says to Xen, if it does.
    pub xen: Option<XenNotes>,
}

/// The machine of an ELF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// x86 with 32 bits.
    X86,
    /// x86 with 64 bits.
    X86_64,
    /// Any other, by its number in ELF.
    Other(u16),
}

/// Why the look into an ELF file ended.
pub(crate) enum Halt {
    Trouble(Trouble),
    Refused(LookError),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Halt {
        Halt::Trouble(trouble)
    }
}

impl From<LookError> for Halt {
    fn from(error: LookError) -> Halt {
        Halt::Refused(error)
    }
}

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const SHT_NOTE: u32 = 7;

/// Bytes behind a piece of notes that its last note may need.
const BEYOND_NOTES: u64 = 256;

/// A piece of the file, by its offset and size.
type Piece = (u64, u64);

/// Reads what the ELF file in `view` is.
pub(crate) fn read(view: &mut View<'_>) -> Result<Elf, Halt> {
    let header = Header::read(view)?;
    let size = view.source().room();
    let unpacked = view.source().compression().is_some();
    let within = |end: u64| {
        let truncated = LookError::Truncated { says: end, has: size, unpacked };
        if end > size { Err(truncated) } else { Ok(()) }
    };
    within(header.programs.end())?;
    within(header.sections.end())?;

    let mut memory: Option<(u64, u64)> = None;
    let mut notes = Vec::new();
    for program in header.programs.read(view, MAX_PROGRAM_HEADERS)? {
        let program = header.program(&program).ok_or_else(odd)?;
        let end = program.offset.saturating_add(program.file_size);
        match program.kind {
            PT_LOAD if program.flags & 7 != 0 => {
                within(end)?;
                let last = program.address.wrapping_add(program.memory_size);
                let (low, high) = memory.unwrap_or((program.address, last));
                memory = Some((low.min(program.address), high.max(last)));
            }
            PT_NOTE if program.offset != 0 => notes.push((program.offset, program.file_size)),
            _ => {}
        }
    }
    let memory = memory.ok_or(LookError::NothingToLoad)?;
    let xen = match notes_in(view, &notes)? {
        Some(xen) => Some(xen),
        None => from_sections(view, &header)?,
    };
    Ok(Elf { bits: header.bits, machine: header.machine, entry: header.entry, memory, xen })
}

/// Notes in sections, or the section of the time before notes.
fn from_sections(view: &mut View<'_>, header: &Header) -> Result<Option<XenNotes>, Halt> {
    let mut notes = Vec::new();
    let mut sections = Vec::new();
    for section in header.sections.read(view, MAX_SECTION_HEADERS)? {
        let section = header.section(&section).ok_or_else(odd)?;
        if section.kind == SHT_NOTE {
            notes.push(section.place);
        }
        sections.push(section);
    }
    if let Some(xen) = notes_in(view, &notes)? {
        return Ok(Some(xen));
    }
    let Some(names) = sections.get(usize::from(header.names)) else { return Ok(None) };
    let names = piece(view, names.place, MAX_NOTE_BYTES)?;
    for section in &sections {
        let name = usize::try_from(section.name).ok().and_then(|at| names.get(at..));
        if name.is_some_and(|name| name.starts_with(b"__xen_guest\0")) {
            let (offset, size) = section.place;
            let text = piece(view, (offset, size.min(MAX_GUEST_SECTION)), MAX_GUEST_SECTION)?;
            return Ok(Some(XenNotes::of_guest_section(&text)));
        }
    }
    Ok(None)
}

/// Xen's notes in these pieces. They are read in the order in which they lie, and heard in the
/// order in which the file lists them.
fn notes_in(view: &mut View<'_>, pieces: &[Piece]) -> Result<Option<XenNotes>, Halt> {
    let mut read = Vec::new();
    let mut order: Vec<(usize, &Piece)> = pieces.iter().enumerate().collect();
    order.sort_by_key(|(_, (offset, _))| *offset);
    let mut left = MAX_NOTE_BYTES;
    for (index, &place) in order {
        let (offset, size) = place;
        if size > left {
            return Err(odd().into());
        }
        left = left.saturating_sub(size);
        let bytes = view.head(offset, size.saturating_add(BEYOND_NOTES))?;
        let size = usize::try_from(size).map_err(|_| odd())?;
        if bytes.len() < size {
            return Err(Trouble::End(offset.saturating_add(size as u64)).into());
        }
        read.push((index, bytes, size));
    }
    read.sort_by_key(|(index, ..)| *index);
    let mut xen = XenNotes::default();
    let (mut found, mut notes_left) = (0, all_notes());
    for (_, bytes, size) in &read {
        let count = xen.add(bytes, *size, &mut notes_left).ok_or_else(odd)?;
        found = count.max(found);
    }
    Ok((found > 0).then_some(xen))
}

fn piece(view: &mut View<'_>, (offset, size): Piece, limit: u64) -> Result<Vec<u8>, Trouble> {
    if size > limit {
        return Err(odd());
    }
    view.bytes(offset, size)
}

/// Headers that no kernel has, and of which it is not certain what libelf makes of them.
fn odd() -> Trouble {
    Trouble::Unseen("its ELF headers or notes are unusual".to_owned())
}

/// The file header.
struct Header {
    bits: u8,
    machine: Machine,
    entry: u64,
    programs: Table,
    sections: Table,
    /// The section that holds the names of sections.
    names: u16,
}

/// A table of headers.
struct Table {
    offset: u64,
    entry_size: u16,
    count: u16,
}

struct Program {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
}

struct Section {
    name: u32,
    kind: u32,
    place: Piece,
}

impl Header {
    fn read(view: &mut View<'_>) -> Result<Header, Halt> {
        let head = view.head(0, 64)?;
        if head.get(5) == Some(&2) {
            return Err(LookError::BigEndian.into());
        }
        let bits = if head.get(4) == Some(&2) { 64 } else { 32 };
        Ok(Header::parse(&head, bits).ok_or(Trouble::End(64))?)
    }

    fn parse(head: &[u8], bits: u8) -> Option<Header> {
        let u16 = |at| u16_at(head, at);
        let machine = match u16(18)? {
            3 => Machine::X86,
            62 => Machine::X86_64,
            other => Machine::Other(other),
        };
        let (entry, programs, sections, rest) = if bits == 64 {
            (u64_at(head, 24)?, u64_at(head, 32)?, u64_at(head, 40)?, 54)
        } else {
            let wide = |at| u32_at(head, at).map(u64::from);
            (wide(24)?, wide(28)?, wide(32)?, 42)
        };
        let field = |index: usize| u16(index.checked_mul(2)?.checked_add(rest)?);
        let programs = Table { offset: programs, entry_size: field(0)?, count: field(1)? };
        let sections = Table { offset: sections, entry_size: field(2)?, count: field(3)? };
        Some(Header { bits, machine, entry, programs, sections, names: field(4)? })
    }

    fn program(&self, bytes: &[u8]) -> Option<Program> {
        let kind = u32_at(bytes, 0)?;
        if self.bits == 64 {
            let u64 = |at| u64_at(bytes, at);
            let (flags, offset, address) = (u32_at(bytes, 4)?, u64(8)?, u64(24)?);
            let (file_size, memory_size) = (u64(32)?, u64(40)?);
            Some(Program { kind, flags, offset, address, file_size, memory_size })
        } else {
            let wide = |at| u32_at(bytes, at).map(u64::from);
            let (flags, offset, address) = (u32_at(bytes, 24)?, wide(4)?, wide(12)?);
            let (file_size, memory_size) = (wide(16)?, wide(20)?);
            Some(Program { kind, flags, offset, address, file_size, memory_size })
        }
    }

    fn section(&self, bytes: &[u8]) -> Option<Section> {
        let (name, kind) = (u32_at(bytes, 0)?, u32_at(bytes, 4)?);
        let place = if self.bits == 64 {
            (u64_at(bytes, 24)?, u64_at(bytes, 32)?)
        } else {
            (u64::from(u32_at(bytes, 16)?), u64::from(u32_at(bytes, 20)?))
        };
        Some(Section { name, kind, place })
    }
}

impl Table {
    /// The offset behind the table.
    fn end(&self) -> u64 {
        let size = u64::from(self.entry_size).saturating_mul(u64::from(self.count));
        self.offset.saturating_add(size)
    }

    /// The entries.
    fn read(&self, view: &mut View<'_>, most: u16) -> Result<Vec<Vec<u8>>, Trouble> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        // The longest entry of any kind has 64 bytes; a much longer one is not of this world.
        if self.count > most || self.entry_size == 0 || self.entry_size > 256 {
            return Err(odd());
        }
        let bytes = view.bytes(self.offset, self.end().saturating_sub(self.offset))?;
        Ok(bytes.chunks_exact(usize::from(self.entry_size)).map(<[u8]>::to_vec).collect())
    }
}

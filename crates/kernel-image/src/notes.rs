//! Xen's ELF notes, and the `__xen_guest` section that came before them.
//!
//! Follows `elf_xen_parse_notes`, `elf_xen_parse_note` and `elf_xen_parse_guest_info`
//! (xen/common/libelf/libelf-dominfo.c) and xen/include/public/elfnote.h. Like libelf, it aligns
//! everything to four bytes whatever the segment says, and lets a later note win.

use crate::limits::MAX_NOTES;
use crate::number::{text, u16_at, u32_at, u64_at};

/// What a kernel says to Xen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct XenNotes {
    /// It says so in a section `__xen_guest`, as kernels did before Linux 2.6.23.
    pub legacy: bool,
    /// `ENTRY`: where a PV guest starts, a virtual address.
    pub entry: Option<u64>,
    /// `PHYS32_ENTRY`: where a PVH guest starts, a physical address.
    pub pvh_entry: Option<u64>,
    /// `VIRT_BASE`: the virtual address of the kernel's first byte.
    pub virt_base: Option<u64>,
    /// `PADDR_OFFSET`: what the program headers' physical addresses start at.
    pub paddr_offset: Option<u64>,
    /// `GUEST_OS`, such as `linux`.
    pub guest_os: Option<String>,
    /// `GUEST_VERSION`: for Linux always `2.6`.
    pub guest_version: Option<String>,
    /// `XEN_VERSION`: `xen-3.0` for every Xen since then.
    pub xen_version: Option<String>,
    /// `LOADER`, such as `generic`.
    pub loader: Option<String>,
    /// `FEATURES`, separated by `|`; those with a `!` are required.
    pub features: Option<String>,
    /// `BSD_SYMTAB` is `yes`: the symbols are loaded behind the kernel.
    pub bsd_symtab: bool,
}

impl XenNotes {
    /// Whether it says that it runs as dom0 only.
    #[must_use]
    pub fn requires_dom0(&self) -> bool {
        let features = self.features.as_deref().unwrap_or_default();
        features.split('|').any(|feature| feature == "!dom0")
    }

    /// Takes over the Xen notes that begin in the first `size` of `bytes`; like libelf, it follows
    /// the last one beyond them. Gives how many these are, or `None` if one has no whole header or
    /// there are too many, so that nothing certain can be said.
    pub(crate) fn add(
        &mut self,
        mut bytes: &[u8],
        size: usize,
        notes_left: &mut u32,
    ) -> Option<u32> {
        let mut count = 0_u32;
        let beyond = bytes.len().saturating_sub(size);
        while bytes.len() > beyond {
            *notes_left = notes_left.checked_sub(1)?;
            let (name_size, size) = (u32_at(bytes, 0)?, u32_at(bytes, 4)?);
            let kind = u32_at(bytes, 8)?;
            let (name, rest) = split(bytes.get(12..)?, name_size)?;
            let (value, rest) = split(rest, size)?;
            if name == b"Xen\0" {
                self.note(kind, value);
                count = count.saturating_add(1);
            }
            bytes = rest;
        }
        Some(count)
    }

    fn note(&mut self, kind: u32, value: &[u8]) {
        match kind {
            1 => self.entry = Some(number(value)),
            3 => self.virt_base = Some(number(value)),
            4 => self.paddr_offset = Some(number(value)),
            5 => self.xen_version = Some(text(value)),
            6 => self.guest_os = Some(text(value)),
            7 => self.guest_version = Some(text(value)),
            8 => self.loader = Some(text(value)),
            10 => self.features = Some(text(value)),
            11 => self.bsd_symtab |= text(value) == "yes",
            // Xen keeps 32 bits of it, and all of them set mean that there is none.
            18 => {
                let entry = number(value) & u64::from(u32::MAX);
                self.pvh_entry = (entry != u64::from(u32::MAX)).then_some(entry);
            }
            _ => {}
        }
    }

    /// What a `__xen_guest` section says: `NAME=VALUE` and `NAME`, separated by commas.
    pub(crate) fn of_guest_section(bytes: &[u8]) -> XenNotes {
        let mut notes = XenNotes { legacy: true, ..XenNotes::default() };
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let all = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        for item in all.split(',') {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            let shown = || Some(text(value.as_bytes()));
            match name {
                "LOADER" => notes.loader = shown(),
                "GUEST_OS" => notes.guest_os = shown(),
                "GUEST_VER" => notes.guest_version = shown(),
                "XEN_VER" => notes.xen_version = shown(),
                "FEATURES" => notes.features = shown(),
                "VIRT_BASE" => notes.virt_base = Some(strtoull(value)),
                "VIRT_ENTRY" => notes.entry = Some(strtoull(value)),
                "ELF_PADDR_OFFSET" => notes.paddr_offset = Some(strtoull(value)),
                "BSD_SYMTAB" => notes.bsd_symtab = true,
                _ => {}
            }
        }
        notes
    }
}

/// How many notes a file may have.
pub(crate) fn all_notes() -> u32 {
    MAX_NOTES
}

/// The first `size` bytes, and what follows their padding. The last ones may be cut off: the last
/// note of GRUB's i386 image leads out of its file, and Xen boots it.
fn split(bytes: &[u8], size: u32) -> Option<(&[u8], &[u8])> {
    let size = usize::try_from(size).ok()?;
    let padded = size.checked_next_multiple_of(4)?;
    Some((bytes.get(..size).unwrap_or(bytes), bytes.get(padded..).unwrap_or_default()))
}

/// A number of 1, 2, 4 or 8 bytes; libelf takes any other length for 0.
fn number(value: &[u8]) -> u64 {
    match value.len() {
        1 => value.first().copied().map(u64::from),
        2 => u16_at(value, 0).map(u64::from),
        4 => u32_at(value, 0).map(u64::from),
        8 => u64_at(value, 0),
        _ => None,
    }
    .unwrap_or(0)
}

/// As C's, with base 0: hexadecimal after `0x`, octal after `0`.
fn strtoull(text: &str) -> u64 {
    let text = text.trim();
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix("0X")) {
        (Some(digits), _) | (None, Some(digits)) => (digits, 16),
        (None, None) if text.starts_with('0') => (text, 8),
        (None, None) => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(base)).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default();
    if digits.is_empty() { 0 } else { u64::from_str_radix(digits, base).unwrap_or(u64::MAX) }
}

//! Kernels made of tiny parts.

use std::io::{Cursor, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use kernel_image::{Kernel, Limits, LookError, look};
use lzma_rust2::{LzmaOptions, LzmaWriter, XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Where a PVH guest of [`linux`] starts.
pub(crate) const PVH_ENTRY: u64 = 0x0100_0850;

/// Where a PV guest of [`linux`] starts.
pub(crate) const PV_ENTRY: u64 = 0xffff_ffff_8107_91c0;

pub(crate) fn seen(bytes: &[u8]) -> Result<Kernel, LookError> {
    look(Cursor::new(bytes), &Limits::default())
}

/// What stands in an ELF file.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) bits: u8,
    pub(crate) machine: u16,
    pub(crate) entry: u64,
    pub(crate) address: u64,
    /// What is loaded; it stands at 4096.
    pub(crate) body: Vec<u8>,
    /// Notes, the offset at which they stand, and whether a segment or a section says so.
    pub(crate) notes: Option<(Vec<u8>, usize, Place)>,
    pub(crate) guest_section: Option<Vec<u8>>,
    pub(crate) more_programs: u16,
    pub(crate) more_sections: u16,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Segment,
    Section,
}

/// A program header, or a section header, in words of four or eight bytes.
fn words(bits: u8, values: &[(usize, u64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(size, value) in values {
        // Fields without a size have that of an address.
        let size = if size > 0 { size } else { usize::from(bits / 8) };
        bytes.extend_from_slice(&value.to_le_bytes()[..size]);
    }
    bytes
}

impl Image {
    pub(crate) fn new(notes: &[(u32, &[u8])]) -> Image {
        let body = (0..40_000_u32).flat_map(|i| (i / 97).to_le_bytes()).collect();
        let notes = (!notes.is_empty()).then(|| (note_bytes(notes), 100_000, Place::Segment));
        Image {
            bits: 64,
            machine: 62,
            entry: 0x0100_0000,
            address: 0x0100_0000,
            body,
            notes,
            guest_section: None,
            more_programs: 0,
            more_sections: 0,
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let bits = self.bits;
        let (program_size, section_size) = if bits == 64 { (56, 64) } else { (32, 40) };
        let header_size: usize = if bits == 64 { 64 } else { 52 };
        let mut file = vec![0; 4096];
        file.extend_from_slice(&self.body);

        let body_size = self.body.len() as u64;
        let mut programs = vec![(1_u64, 7_u64, 4096_u64, self.address, body_size, body_size * 2)];
        let mut sections = vec![(0_u64, 0_u64, 0_u64, 0_u64)];
        let names = b"\0.notes\0__xen_guest\0.names\0";
        if let Some((notes, at, place)) = &self.notes {
            file.resize(file.len().max(at + notes.len()), 0);
            file[*at..at + notes.len()].copy_from_slice(notes);
            let (at, size) = (*at as u64, notes.len() as u64);
            match place {
                Place::Segment => programs.push((4, 4, at, 0, size, size)),
                Place::Section => sections.push((1, 7, at, size)),
            }
        }
        if let Some(text) = &self.guest_section {
            sections.push((8, 1, file.len() as u64, text.len() as u64));
            file.extend_from_slice(text);
        }
        programs.resize(programs.len() + usize::from(self.more_programs), (0, 0, 0, 0, 0, 0));
        sections.resize(sections.len() + usize::from(self.more_sections), (0, 0, 0, 0));
        sections.push((20, 3, file.len() as u64, names.len() as u64));
        file.extend_from_slice(names);

        let programs_at = if self.more_programs > 0 { file.len() } else { header_size };
        let table: Vec<u8> = programs
            .iter()
            .flat_map(|&(kind, flags, at, to, size, memory)| {
                if bits == 64 {
                    words(
                        64,
                        &[
                            (4, kind),
                            (4, flags),
                            (0, at),
                            (0, to),
                            (0, to),
                            (0, size),
                            (0, memory),
                            (0, 0),
                        ],
                    )
                } else {
                    words(
                        32,
                        &[
                            (0, kind),
                            (0, at),
                            (0, to),
                            (0, to),
                            (0, size),
                            (0, memory),
                            (0, flags),
                            (0, 0),
                        ],
                    )
                }
            })
            .collect();
        file.resize(file.len().max(programs_at + table.len()), 0);
        file[programs_at..programs_at + table.len()].copy_from_slice(&table);

        let sections_at = file.len() as u64;
        for &(name, kind, at, size) in &sections {
            file.extend(words(
                bits,
                &[
                    (4, name),
                    (4, kind),
                    (0, 0),
                    (0, 0),
                    (0, at),
                    (0, size),
                    (4, 0),
                    (4, 0),
                    (0, 0),
                    (0, 0),
                ],
            ));
        }
        let mut header = vec![0x7f, b'E', b'L', b'F', bits / 32, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend(words(
            bits,
            &[
                (2, 2),
                (2, self.machine.into()),
                (4, 1),
                (0, self.entry),
                (0, programs_at as u64),
                (0, sections_at),
                (4, 0),
                (2, header_size as u64),
                (2, program_size),
                (2, programs.len() as u64),
                (2, section_size),
                (2, sections.len() as u64),
                (2, sections.len() as u64 - 1),
            ],
        ));
        assert_eq!(header.len(), header_size);
        file[..header_size].copy_from_slice(&header);
        file
    }
}

/// Xen's notes of these types and values.
pub(crate) fn note_bytes(notes: &[(u32, &[u8])]) -> Vec<u8> {
    notes.iter().flat_map(|(kind, value)| one_note(b"Xen\0", *kind, value)).collect()
}

pub(crate) fn one_note(name: &[u8], kind: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [u32::try_from(name.len()).unwrap(), u32::try_from(value.len()).unwrap(), kind] {
        bytes.extend(number.to_le_bytes());
    }
    for field in [name, value] {
        bytes.extend(field);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// Linux with both entries, as Debian builds it.
pub(crate) fn linux() -> Image {
    let mut image = Image::new(&[
        (6, b"linux\0"),
        (7, b"2.6\0"),
        (5, b"xen-3.0\0"),
        (3, &0xffff_ffff_8000_0000_u64.to_le_bytes()),
        (1, &PV_ENTRY.to_le_bytes()),
        (10, b"!writable_page_tables|pae_pgdir_above_4gb"),
        (9, b"yes\0"),
        (8, b"generic\0"),
        (4, &0_u64.to_le_bytes()),
        (18, &PVH_ENTRY.to_le_bytes()),
    ]);
    // The PV entry lies within what is loaded.
    image.body.resize(600_000, 0x90);
    image
}

/// Linux for PVH alone: CONFIG_XEN_PVH without CONFIG_XEN_PV.
pub(crate) fn pvh_linux() -> Image {
    Image::new(&[
        (6, b"linux\0"),
        (5, b"xen-3.0\0"),
        (8, b"generic\0"),
        (18, &PVH_ENTRY.to_le_bytes()),
    ])
}

/// Linux for PV alone: CONFIG_XEN_PV without CONFIG_XEN_PVH.
pub(crate) fn pv_linux() -> Image {
    let image = linux();
    let notes = note_bytes(&[
        (6, b"linux\0"),
        (5, b"xen-3.0\0"),
        (3, &0xffff_ffff_8000_0000_u64.to_le_bytes()),
        (1, &PV_ENTRY.to_le_bytes()),
        (8, b"generic\0"),
        (4, &0_u64.to_le_bytes()),
    ]);
    Image { notes: Some((notes, 100_000, Place::Segment)), ..image }
}

/// A bzImage around this payload.
pub(crate) fn bzimage(payload: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 2048];
    file[0x1f1] = 2; // sectors of setup code, so the rest begins at 0x600
    file[0x202..0x206].copy_from_slice(b"HdrS");
    file[0x206..0x208].copy_from_slice(&[15, 2]);
    file[0x20e..0x210].copy_from_slice(&0x200_u16.to_le_bytes());
    file[0x400..0x40c].copy_from_slice(b"6.1.0-test\0\0");
    file[0x248..0x24c].copy_from_slice(&0x200_u32.to_le_bytes());
    let length = u32::try_from(payload.len()).unwrap();
    file[0x24c..0x250].copy_from_slice(&length.to_le_bytes());
    file.extend_from_slice(payload);
    file
}

/// What Linux's build appends to all payloads but gzip's.
pub(crate) fn with_size(mut packed: Vec<u8>, unpacked: usize) -> Vec<u8> {
    packed.extend(u32::try_from(unpacked).unwrap().to_le_bytes());
    packed
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// LZ4 in blocks of `block` literals.
pub(crate) fn lz4(bytes: &[u8], block: usize) -> Vec<u8> {
    let mut packed = 0x184c_2102_u32.to_le_bytes().to_vec();
    for literals in bytes.chunks(block) {
        let mut sequence = vec![0xf0];
        assert!(literals.len() >= 15);
        let mut left = literals.len() - 15;
        while left >= 255 {
            sequence.push(255);
            left -= 255;
        }
        sequence.push(u8::try_from(left).unwrap());
        sequence.extend_from_slice(literals);
        packed.extend(u32::try_from(sequence.len()).unwrap().to_le_bytes());
        packed.extend(sequence);
    }
    packed
}

pub(crate) fn xz(bytes: &[u8], options: XzOptions) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn lzma(bytes: &[u8]) -> Vec<u8> {
    let options = LzmaOptions { dict_size: 1 << 20, ..LzmaOptions::default() };
    let mut writer = LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Every compression that is looked into, around the same bytes, as a bzImage.
pub(crate) fn compressed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let size = bytes.len();
    vec![
        ("gzip", bzimage(&gzip(bytes))),
        ("zstd", bzimage(&with_size(zstd(bytes), size))),
        ("lz4", bzimage(&with_size(lz4(bytes, 1 << 16), size))),
        ("xz", bzimage(&with_size(xz(bytes, XzOptions::with_preset(1)), size))),
        ("lzma", bzimage(&with_size(lzma(bytes), size))),
    ]
}

//! Notes at odd places and of odd shapes.

use crate::support::{Image, Place, gzip, linux, note_bytes, one_note, seen};

fn with(notes: Vec<u8>, at: usize, place: Place) -> Image {
    Image { notes: Some((notes, at, place)), ..linux() }
}

#[test]
fn at_odd_offsets() {
    for at in [4096, 4097, 16_383, 99_999, 700_001, 3_000_001] {
        for place in [Place::Segment, Place::Section] {
            let file = with(note_bytes(&[(18, &0x1234_u32.to_le_bytes())]), at, place).build();
            for file in [file.clone(), gzip(&file)] {
                assert_eq!(seen(&file).unwrap().pvh_entry(), Some(0x1234), "{at}");
            }
        }
    }
}

#[test]
fn among_those_of_others() {
    let notes = [
        one_note(b"GNU\0", 3, &[1; 20]),
        one_note(b"Linux\0", 18, &5_u32.to_le_bytes()),
        one_note(b"", 1, b""),
        note_bytes(&[(18, &7_u32.to_le_bytes()), (0x1000, b"?"), (6, b"")]),
        one_note(b"Xen", 18, &9_u32.to_le_bytes()),
    ]
    .concat();
    let kernel = seen(&with(notes, 50_000, Place::Segment).build()).unwrap();
    assert_eq!(kernel.pvh_entry(), Some(7));
}

#[test]
fn numbers_of_every_length() {
    let value = 0x0807_0605_0403_0201_u64.to_le_bytes();
    for (length, number) in [
        (0, 0),
        (1, 0x01),
        (2, 0x0201),
        (3, 0),
        (4, 0x0403_0201),
        (5, 0),
        (8, 0x0807_0605_0403_0201),
        (9, 0),
    ] {
        let mut value = value.to_vec();
        value.resize(length, 0);
        let file = with(note_bytes(&[(1, &value)]), 50_000, Place::Segment).build();
        assert_eq!(seen(&file).unwrap().pv_entry(), Some(number), "{length}");
    }
}

#[test]
fn the_last_of_two_wins() {
    let notes = note_bytes(&[(18, &1_u32.to_le_bytes()), (18, &2_u32.to_le_bytes())]);
    let kernel = seen(&with(notes, 50_000, Place::Segment).build()).unwrap();
    assert_eq!(kernel.pvh_entry(), Some(2));
}

/// GRUB's grub-i386-xen.bin: the last note says that it is longer than its segment.
#[test]
fn a_last_note_that_leads_out() {
    let mut notes = note_bytes(&[(18, &3_u32.to_le_bytes()), (9, b"yes\0")]);
    let size_at = notes.len() - 12 - 4 - 4;
    notes[size_at + 4..size_at + 8].copy_from_slice(&12_u32.to_le_bytes());
    let kernel = seen(&with(notes, 50_000, Place::Segment).build()).unwrap();
    assert_eq!(kernel.unseen, None);
    assert_eq!(kernel.pvh_entry(), Some(3));
}

/// Half a header is nothing of which anything certain could be said.
#[test]
fn a_note_without_a_whole_header() {
    let mut image = with(note_bytes(&[(18, &3_u32.to_le_bytes())]), 0, Place::Segment);
    let (notes, at, _) = image.notes.as_mut().unwrap();
    notes.extend([4, 0, 0, 0, 4]);
    // At the very end of a file without sections, so that nothing follows.
    *at = 1_000_000;
    let mut file = image.build();
    file.truncate(1_000_000 + 16 + 4 + 5);
    // No sections: their offset, size and number.
    file[40..48].fill(0);
    file[58..64].fill(0);
    let kernel = seen(&file).unwrap();
    assert_eq!(kernel.unseen.as_deref(), Some("its ELF headers or notes are unusual"));
    assert_eq!(kernel.pvh_entry(), None);
}

/// Some versions of binutils leave the offset at zero.
#[test]
fn a_segment_of_notes_at_zero() {
    let mut file = with(note_bytes(&[(18, &3_u32.to_le_bytes())]), 50_000, Place::Segment).build();
    // The offset of the second program header.
    file[64 + 56 + 8..64 + 56 + 16].fill(0);
    assert_eq!(seen(&file).unwrap().elf.unwrap().xen, None);
}

#[test]
fn texts_are_printable_and_short() {
    let long = [b'x'; 5000];
    let notes = note_bytes(&[(6, b"li\x1b[31mnux\xff\n\0 hidden"), (8, &long)]);
    let file = with(notes, 50_000, Place::Segment).build();
    let xen = seen(&file).unwrap().elf.unwrap().xen.unwrap();
    assert_eq!(xen.guest_os.as_deref(), Some("li?[31mnux\u{fffd}?"));
    assert_eq!(xen.loader.map(|text| text.len()), Some(kernel_image::limits::MAX_TEXT));
}

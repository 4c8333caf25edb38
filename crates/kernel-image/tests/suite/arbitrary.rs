//! Arbitrary input: nothing panics, nothing is read without end, no control byte gets out.

use std::io::Cursor;

use kernel_image::{Arch, GuestType, Limits, look};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use proptest::sample::Index;

use crate::support::{Image, bzimage, compressed, gzip, linux};

const SMALL: Limits = Limits { unpacked: 4 << 20, window: 4 << 20 };

/// Looks, and asks everything there is to ask.
fn look_at(file: &[u8]) -> Vec<String> {
    let kernel = match look(Cursor::new(file), &SMALL) {
        Ok(kernel) => kernel,
        Err(error) => return vec![error.to_string()],
    };
    let mut texts: Vec<String> = kernel.unseen.iter().cloned().collect();
    texts.extend(kernel.version().map(str::to_owned));
    for guest in [GuestType::Pv, GuestType::Pvh, GuestType::Unknown] {
        for host in [Arch::X86, Arch::Arm] {
            texts.extend(kernel.for_guest(guest, host).err().map(|unfit| unfit.to_string()));
        }
        texts.extend(kernel.remarks(guest).iter().map(ToString::to_string));
    }
    texts
}

/// A small kernel, so that a change hits something that counts.
fn small() -> Image {
    let mut image = linux();
    image.body.truncate(9000);
    image.notes.as_mut().unwrap().1 = 9000;
    image
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..3000)) {
        for file in [bytes.clone(), gzip(&bytes), bzimage(&bytes)] {
            for text in look_at(&file) {
                prop_assert!(!text.chars().any(char::is_control), "{text}");
            }
        }
    }

    #[test]
    fn any_elf(changes in vec((any::<Index>(), any::<u8>()), 0..12), place in 0..4_usize) {
        let mut elf = small().build();
        // Where headers and notes are.
        let places = [0..64, 64..176, 9000..9300, elf.len() - 256..elf.len()];
        let range = places[place].clone();
        for (index, byte) in changes {
            let at = range.start + index.index(range.len());
            elf[at] = byte;
        }
        for file in [elf.clone(), gzip(&elf), bzimage(&gzip(&elf))] {
            for text in look_at(&file) {
                prop_assert!(!text.chars().any(char::is_control), "{text}");
            }
        }
    }

    #[test]
    fn any_change_of_what_is_compressed(
        which in 0..5_usize,
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
        near in any::<bool>(),
        cut in any::<Index>(),
    ) {
        let (_, mut file) = compressed(&small().build()).swap_remove(which);
        let payload = if near { 0x800..0x860.min(file.len()) } else { 0..file.len() };
        for (index, byte) in changes {
            let at = payload.start + index.index(payload.len());
            file[at] = byte;
        }
        for text in look_at(&file) {
            prop_assert!(!text.chars().any(char::is_control), "{text}");
        }
        file.truncate(cut.index(file.len()));
        look_at(&file);
    }

    #[test]
    fn any_bytes_behind_a_magic(which in 0..7_usize, bytes in vec(any::<u8>(), 0..600)) {
        let magic: &[u8] = [
            &b"\x1f\x8b\x08\0"[..],
            b"\xfd7zXZ\0\0\x01\x69\x22\xde\x36\x02\x01\x04\0\x21\x01\x16",
            b"\x28\xb5\x2f\xfd",
            b"\x5d\0\0\x10\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
            b"\x02\x21\x4c\x18\x40\x01\0\0",
            b"\x7fELF\x02\x01\x01",
            b"\x7fELF\x01\x01\x01",
        ][which];
        let file = [magic, &bytes, &[0, 0x10, 0, 0]].concat();
        for file in [bzimage(&file), file] {
            for text in look_at(&file) {
                prop_assert!(!text.chars().any(char::is_control), "{text}");
            }
        }
    }
}

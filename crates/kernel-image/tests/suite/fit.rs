//! Which guest can boot which kernel, and the sentences that say why not.

use kernel_image::{Arch, Form, GuestType, Remark, Unfit};

use crate::support::{Image, Place, bzimage, gzip, linux, note_bytes, pv_linux, pvh_linux, seen};

const GUESTS: [GuestType; 3] = [GuestType::Pv, GuestType::Pvh, GuestType::Unknown];

fn on_x86(image: &Image, guest: GuestType) -> Result<(), Unfit> {
    seen(&bzimage(&gzip(&image.build()))).unwrap().for_guest(guest, Arch::X86)
}

#[test]
fn for_pvh_alone() {
    let image = pvh_linux();
    assert_eq!(on_x86(&image, GuestType::Pvh), Ok(()));
    assert_eq!(on_x86(&image, GuestType::Unknown), Ok(()));
    assert_eq!(
        on_x86(&image, GuestType::Pv).unwrap_err().to_string(),
        "it has no Xen PV entry (no XEN_ELFNOTE_ENTRY): it was built without CONFIG_XEN_PV; use \
         type=\"pvh\", or a kernel with it"
    );
}

#[test]
fn for_pv_alone() {
    let image = pv_linux();
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
    assert_eq!(on_x86(&image, GuestType::Unknown), Ok(()));
    assert_eq!(
        on_x86(&image, GuestType::Pvh).unwrap_err().to_string(),
        "it has no Xen PVH entry (no XEN_ELFNOTE_PHYS32_ENTRY): it was built without CONFIG_PVH, \
         or is older than Linux 4.11; use type=\"pv\", or a newer kernel"
    );
}

#[test]
fn for_no_guest() {
    let image = Image::new(&[]);
    for guest in GUESTS {
        assert_eq!(on_x86(&image, guest), Err(Unfit::NoXenNotes));
    }
    assert!(Unfit::NoXenNotes.to_string().contains("CONFIG_XEN_PVH"));
}

/// Linux with CONFIG_XEN for HVM guests: it tells Xen about itself, and has no entry.
#[test]
fn for_neither_and_both_reasons() {
    let image = Image::new(&[(6, b"linux\0"), (5, b"xen-3.0\0"), (8, b"generic\0")]);
    assert_eq!(on_x86(&image, GuestType::Pv), Err(Unfit::NoPvEntry { pvh: false }));
    assert_eq!(on_x86(&image, GuestType::Pvh), Err(Unfit::NoPvhEntry { pv: false }));
    let neither = on_x86(&image, GuestType::Unknown).unwrap_err().to_string();
    assert!(neither.contains("XEN_ELFNOTE_ENTRY") && neither.contains("PHYS32"), "{neither}");
}

/// CONFIG_PVH without CONFIG_XEN: one note, for KVM and QEMU.
#[test]
fn a_pvh_entry_alone() {
    let image = Image::new(&[(18, &0x0100_0000_u64.to_le_bytes())]);
    assert_eq!(on_x86(&image, GuestType::Pvh), Ok(()));
    assert_eq!(on_x86(&image, GuestType::Pv), Err(Unfit::NoPvEntry { pvh: true }));
    let kernel = seen(&image.build()).unwrap();
    assert_eq!(kernel.remarks(GuestType::Pvh), [Remark::PvhAlone]);
    assert_eq!(seen(&linux().build()).unwrap().remarks(GuestType::Pvh), []);
}

#[test]
fn an_entry_of_all_ones_is_none() {
    let image = Image::new(&[(18, &u32::MAX.to_le_bytes())]);
    assert_eq!(seen(&image.build()).unwrap().pvh_entry(), None);
}

/// Others than Linux start where their ELF header says.
#[test]
fn pv_without_an_entry_that_is_not_linux() {
    let image = Image::new(&[(6, b"Mini-OS\0"), (5, b"xen-3.0\0"), (8, b"generic\0")]);
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
    let loader = Image::new(&[(6, b"Plan 9\0"), (5, b"xen-3.0\0"), (8, b"own\0")]);
    let unfit = on_x86(&loader, GuestType::Pv).unwrap_err();
    let (loader, guest_os) = ("own".to_owned(), "Plan 9".to_owned());
    assert_eq!(unfit, Unfit::PvLoader { loader, guest_os, pvh: false });
}

#[test]
fn another_interface_of_xen() {
    let image = Image::new(&[(6, b"linux\0"), (5, b"xen-2.0\0"), (8, b"generic\0")]);
    let version = "xen-2.0".to_owned();
    let unfit = Unfit::PvInterface { version, pvh: false };
    assert_eq!(on_x86(&image, GuestType::Pv), Err(unfit));
}

#[test]
fn for_dom0_alone() {
    let mut image = linux();
    let (notes, ..) = image.notes.as_mut().unwrap();
    notes.extend(note_bytes(&[(10, b"writable_page_tables|!dom0")]));
    for guest in GUESTS {
        assert_eq!(on_x86(&image, guest), Err(Unfit::Dom0Only));
    }
    // Without the mark it can do so, and need not.
    let (notes, ..) = image.notes.as_mut().unwrap();
    notes.extend(note_bytes(&[(10, b"writable_page_tables|dom0")]));
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
}

#[test]
fn addresses_that_contradict_each_other() {
    let add = |more: &[(u32, &[u8])]| {
        let mut image = linux();
        image.notes.as_mut().unwrap().0.extend(note_bytes(more));
        image
    };
    let end = 0xffff_ffff_8100_0000_u64 + 1_200_000;
    for (entry, fits) in [
        (0xffff_ffff_8100_0000, true),
        (0xffff_ffff_80ff_ffff, false),
        (end, true),
        (end + 1, false),
    ] {
        let image = add(&[(1, &u64::to_le_bytes(entry))]);
        assert_eq!(on_x86(&image, GuestType::Pv).is_ok(), fits, "{entry:x}");
        assert_eq!(on_x86(&image, GuestType::Pvh), Ok(()), "PVH does not look at it");
    }
    // With the symbols behind it, the end is not known.
    let image = add(&[(1, &(end + 1).to_le_bytes()), (11, b"yes\0")]);
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
    let mut image = Image::new(&[
        (6, b"linux\0"),
        (5, b"xen-3.0\0"),
        (1, &0x0100_0000_u64.to_le_bytes()),
        (4, &0_u64.to_le_bytes()),
    ]);
    assert_eq!(on_x86(&image, GuestType::Pv), Err(Unfit::PvAddresses), "no VIRT_BASE");
    let (notes, ..) = image.notes.as_mut().unwrap();
    notes.extend(note_bytes(&[(3, &0_u64.to_le_bytes())]));
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
}

#[test]
fn kernels_of_32_bits() {
    let mut image = Image::new(&[
        (6, b"linux\0"),
        (5, b"xen-3.0\0"),
        (3, &0xc000_0000_u32.to_le_bytes()),
        (1, &0xc100_0000_u32.to_le_bytes()),
        (8, b"generic\0"),
        (18, &0x0100_0000_u32.to_le_bytes()),
    ]);
    (image.bits, image.machine) = (32, 3);
    for file in [image.build(), gzip(&image.build()), bzimage(&gzip(&image.build()))] {
        let kernel = seen(&file).unwrap();
        assert_eq!(kernel.pv_entry(), Some(0xc100_0000));
        assert_eq!(kernel.pvh_entry(), Some(0x0100_0000));
        for guest in GUESTS {
            assert_eq!(kernel.for_guest(guest, Arch::X86), Ok(()));
        }
        assert_eq!(kernel.remarks(GuestType::Pv), [Remark::Pv32]);
        assert_eq!(kernel.remarks(GuestType::Pvh), []);
    }
}

/// Xen starts any ELF file of 32 bits that says nothing to it as it starts hvmloader.
#[test]
fn firmware_of_32_bits() {
    let image = Image { bits: 32, machine: 3, ..Image::new(&[]) };
    assert_eq!(on_x86(&image, GuestType::Pv), Err(Unfit::NoXenNotes));
    assert_eq!(on_x86(&image, GuestType::Pvh), Ok(()));
    assert_eq!(seen(&image.build()).unwrap().remarks(GuestType::Pvh), [Remark::Firmware]);
}

#[test]
fn other_machines() {
    let arm = Image { machine: 183, ..linux() };
    let error = on_x86(&arm, GuestType::Pvh).unwrap_err().to_string();
    assert_eq!(error, "it was built for arm64, and this host has x86 processors");
    let other = Image { machine: 258, ..linux() };
    assert!(on_x86(&other, GuestType::Pv).unwrap_err().to_string().contains("258"));
}

fn arm64() -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[..4].copy_from_slice(b"MZ\0\x91");
    file[0x38..0x3c].copy_from_slice(b"ARM\x64");
    file
}

fn arm32(says: u32) -> Vec<u8> {
    let mut file = vec![0; 4096];
    file[0x24..0x28].copy_from_slice(&0x016f_2818_u32.to_le_bytes());
    file[0x2c..0x30].copy_from_slice(&says.to_le_bytes());
    file
}

#[test]
fn kernels_for_arm() {
    let mut old = vec![0; 64];
    old[..4].copy_from_slice(&0x1400_0008_u32.to_le_bytes());
    for (file, form) in [
        (arm64(), Form::Arm64Image),
        (gzip(&arm64()), Form::Arm64Image),
        (old, Form::Arm64Image),
        (arm32(4096), Form::Arm32Image),
    ] {
        let kernel = seen(&file).unwrap();
        assert_eq!(kernel.form, form);
        for guest in GUESTS {
            assert_eq!(kernel.for_guest(guest, Arch::Arm), Ok(()));
            let unfit = kernel.for_guest(guest, Arch::X86).unwrap_err();
            assert!(matches!(unfit, Unfit::Machine { host: "x86", .. }), "{unfit}");
        }
    }
    let cut = seen(&arm32(4097)).unwrap_err().to_string();
    assert!(cut.contains("speaks of 4097 bytes, and it has 4096"), "{cut}");
}

#[test]
fn x86_kernels_on_arm() {
    for file in [linux().build(), bzimage(&gzip(&linux().build()))] {
        let kernel = seen(&file).unwrap();
        for guest in GUESTS {
            let unfit = kernel.for_guest(guest, Arch::Arm).unwrap_err();
            assert!(matches!(unfit, Unfit::Machine { host: "Arm", .. }), "{unfit}");
        }
    }
}

/// xg_dom_binloader.c: a table somewhere in the first 8 KiB, by its magic and its sum.
#[test]
fn a_plain_binary_for_xen() {
    for (at, sum, known) in [
        (0, 0_u32, true),
        (8188, 0, true),
        (2, 0, false),
        (8200, 0, true),
        (8224, 0, false),
        (64, 1, false),
    ] {
        let mut file = vec![0x11; 10_000];
        let flags = 0x0001_0000_u32;
        let magic = 0x336e_c578_u32;
        let checksum = 0_u32.wrapping_sub(magic).wrapping_sub(flags).wrapping_add(sum);
        let table = [magic, flags, checksum].map(u32::to_le_bytes).concat();
        file[at..at + 12].copy_from_slice(&table);
        let form = seen(&file).map(|kernel| {
            assert_eq!(kernel.for_guest(GuestType::Pv, Arch::X86), Ok(()));
            kernel.form
        });
        assert_eq!(form.ok() == Some(Form::XenBinary), known, "at {at}");
    }
}

#[test]
fn the_kernel_of_before_there_were_notes() {
    let legacy = |text: &[u8]| Image {
        address: 0xc100_0000,
        entry: 0xc100_0000,
        bits: 32,
        machine: 3,
        guest_section: Some(text.to_vec()),
        ..Image::new(&[])
    };
    let text =
        b"GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,HYPERCALL_PAGE=0x104,\
        FEATURES=writable_page_tables,PAE=yes,LOADER=generic\0";
    let image = legacy(text);
    assert_eq!(on_x86(&image, GuestType::Pv), Ok(()));
    let xen = seen(&image.build()).unwrap().elf.unwrap().xen.unwrap();
    assert!(xen.legacy);
    assert_eq!(xen.virt_base, Some(0xc000_0000));
    assert_eq!(xen.guest_os.as_deref(), Some("linux"));
    let dom0 = legacy(b"LOADER=generic,XEN_VER=xen-3.0,FEATURES=!dom0\0");
    assert_eq!(on_x86(&dom0, GuestType::Pv), Err(Unfit::Dom0Only));
}

#[test]
fn notes_that_no_segment_names() {
    let mut image = linux();
    image.notes.as_mut().unwrap().2 = Place::Section;
    for guest in GUESTS {
        assert_eq!(on_x86(&image, guest), Ok(()));
    }
}

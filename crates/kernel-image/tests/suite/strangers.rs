//! What is not a kernel gets its name.

use crate::support::{bzimage, gzip, linux, lz4, seen, with_size, zstd};

#[track_caller]
fn refused(file: &[u8]) -> String {
    let error = seen(file).unwrap_err().to_string();
    assert!(!error.chars().any(char::is_control), "{error}");
    error
}

#[test]
fn nothing_and_zeros() {
    assert_eq!(refused(b""), "the file is empty: look at the file on the server");
    for length in [1, 511, 100_000] {
        assert!(refused(&vec![0; length]).contains("not a kernel, but zero bytes"));
    }
}

#[test]
fn web_pages() {
    let page = b"<!DOCTYPE html>\n<html><head><Title> 404\n Not Found</title></head></html>";
    let error = refused(page);
    assert!(error.contains("a web page (\"404\")"), "{error}");
    assert!(error.contains("with status 200"), "{error}");
    for page in [&b"\xef\xbb\xbf  \n<HTML>"[..], b"<?xml version=\"1.0\"?>", b"<html></html>"] {
        assert!(refused(page).contains("a web page:"), "{}", refused(page));
    }
    assert!(refused(&gzip(page)).contains("a web page"));
}

#[test]
fn text() {
    let error = refused(b"File not found\r\nsecond line");
    assert!(error.contains("text (\"File not found\")"), "{error}");
    assert!(refused("DEFAULT linux\n\nLABEL linux ä".as_bytes()).contains("text (\"DEFAULT linux"));
    assert!(refused(&[0xee; 400]).contains("that Xen does not know"));
}

#[test]
fn initrds() {
    for magic in [&b"070701000000"[..], b"070702", b"070707", b"\xc7\x71\0\0"] {
        for file in [magic.to_vec(), gzip(magic)] {
            let error = refused(&file);
            assert!(error.contains("an initrd (a cpio archive)"), "{error}");
            assert!(error.contains("KERNEL and INITRD exchanged"), "{error}");
        }
    }
}

#[test]
fn programs_of_others() {
    let mut zboot = vec![0; 512];
    zboot[..8].copy_from_slice(b"MZ\0\0zimg");
    assert!(refused(&zboot).contains("CONFIG_EFI_ZBOOT"));
    assert!(refused(b"MZ\x90\0\x03\0\0\0").contains("an EFI program"));
    // pxelinux.0, undionly.kpxe, lpxelinux.0
    for start in [&b"\x66\xea\x08\0"[..], b"\xea\x05\0\xc0\x07", b"\xfa\xeb\x3c"] {
        let error = refused(&[start, &[0xff; 600]].concat());
        assert!(error.contains("a boot program for a BIOS or PXE, such as pxelinux.0"), "{error}");
    }
    assert!(refused(b"\xb8\xff\x4c\xcd\x21").contains("a module of Syslinux"));
}

/// iPXE's lkrn files and memdisk look like kernels, of an old time.
#[test]
fn old_boot_protocols() {
    let mut file = bzimage(&gzip(&linux().build()));
    for (minor, fits) in [(7, false), (8, true)] {
        file[0x206] = minor;
        assert_eq!(seen(&file).is_ok(), fits);
    }
    file[0x206] = 3;
    let error = refused(&file);
    assert!(error.contains("2.08") && error.contains("this (6.1.0-test) speaks 2.03"), "{error}");
}

#[test]
fn images_and_archives() {
    let mut iso = vec![0; 40_000];
    iso[0x8001..0x8006].copy_from_slice(b"CD001");
    assert!(refused(&iso).contains("an ISO image"));
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(refused(&tar).contains("a tar archive"));
    assert!(refused(b"hsqs\0\0\0\0").contains("a squashfs image"));
    assert!(refused(b"QFI\xfb\0\0\0\x03").contains("qcow2"));
    assert!(refused(b"!<arch>\ndebian-binary").contains("a Debian package"));
    assert!(refused(b"\xed\xab\xee\xdb\x03\0").contains("an RPM package"));
    assert!(refused(b"PK\x03\x04").contains("a zip archive"));
}

#[test]
fn whole_files_that_only_others_unpack() {
    let elf = linux().build();
    let error = refused(&zstd(&elf));
    assert!(error.contains("compressed by zstd, and of those Xen unpacks only gzip"), "{error}");
    assert!(refused(&lz4(&elf, 5000)).contains("compressed by lz4"));
    assert!(refused(include_bytes!("../data/sample.xz")).contains("compressed by xz"));
    assert!(refused(&gzip(&gzip(&elf))).contains("compressed twice by gzip"));
    assert!(refused(&gzip(b"\x01\x02\x03")).contains("a gzip file that holds no kernel"));
    assert!(refused(&gzip(b"")).contains("a gzip file that holds no kernel"));
}

#[test]
fn payloads_that_xen_cannot_unpack() {
    let error = refused(&bzimage(&linux().build()));
    assert!(error.contains("its payload is not compressed"), "{error}");
    let error = refused(&bzimage(&[0x77; 5000]));
    assert!(error.contains("its payload is compressed in an unknown way"), "{error}");
    assert!(refused(&bzimage(&gzip(&[7; 5000]))).contains("no ELF file"));
    assert!(refused(&bzimage(&with_size(zstd(&[7; 5000]), 5000))).contains("no ELF file"));
}

#[test]
fn elf_files_that_are_no_kernel() {
    let mut big = linux().build();
    big[5] = 2;
    for file in [big.clone(), gzip(&big), bzimage(&gzip(&big))] {
        assert!(refused(&file).contains("a big-endian ELF file"));
    }
    let mut object = linux().build();
    // The kind of the first program header: no longer a segment to load.
    object[64] = 6;
    assert!(refused(&object).contains("an ELF file with nothing to load"));
}

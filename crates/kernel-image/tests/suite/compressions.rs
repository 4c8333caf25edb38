//! Every compression that Linux knows, made by encoders of other crates and by the real tools.
//!
//! `data/sample.*` hold `support::linux()` as `sample`, made so by xz 5.4, zstd 1.5 and lz4 1.9:
//! `xz --check=crc32 --x86 --lzma2=dict=32MiB`, `zstd -22 --ultra < sample` (a window of 128 MiB),
//! `lz4 -l -9`, `lzma -9`, `gzip -n -9`, `bzip2 -9`.

use std::num::NonZeroU64;

use kernel_image::{Arch, Compression, Form, GuestType, Remark};
use lzma_rust2::{FilterType, XzOptions};

use crate::support::{
    PV_ENTRY, PVH_ENTRY, bzimage, compressed, gzip, linux, lz4, seen, with_size, xz, zstd,
};

#[track_caller]
fn check(name: &str, file: &[u8]) {
    let kernel = seen(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(kernel.unseen, None, "{name}");
    assert_eq!(kernel.pv_entry(), Some(PV_ENTRY), "{name}");
    assert_eq!(kernel.pvh_entry(), Some(PVH_ENTRY), "{name}");
    for guest in [GuestType::Pv, GuestType::Pvh, GuestType::Unknown] {
        assert_eq!(kernel.for_guest(guest, Arch::X86), Ok(()), "{name}");
    }
}

#[test]
fn elf_as_it_is() {
    let file = linux().build();
    check("ELF", &file);
    assert_eq!(seen(&file).unwrap().form, Form::Elf);
    assert_eq!(seen(&file).unwrap().compression(), None);
}

#[test]
fn a_whole_file_compressed_by_gzip() {
    let file = gzip(&linux().build());
    check("gzip", &file);
    let kernel = seen(&file).unwrap();
    assert!(kernel.gzipped);
    assert_eq!(kernel.form, Form::Elf);
    assert_eq!(kernel.compression(), Some(Compression::Gzip));
}

#[test]
fn each_compression_in_a_bzimage() {
    for (name, file) in compressed(&linux().build()) {
        check(name, &file);
        check(&format!("{name} in a gzip file"), &gzip(&file));
        let kernel = seen(&file).unwrap();
        assert_eq!(kernel.compression().unwrap().to_string(), name);
        assert_eq!(kernel.version(), Some("6.1.0-test"));
    }
}

#[test]
fn each_real_tool() {
    let size = linux().build().len();
    let samples: [(&str, &[u8]); 5] = [
        ("xz", include_bytes!("../data/sample.xz")),
        ("zstd", include_bytes!("../data/sample.zst")),
        ("lz4", include_bytes!("../data/sample.lz4")),
        ("lzma", include_bytes!("../data/sample.lzma")),
        ("gzip", include_bytes!("../data/sample.gz")),
    ];
    for (name, packed) in samples {
        let payload = packed.to_vec();
        let payload = if name == "gzip" { payload } else { with_size(payload, size) };
        check(name, &bzimage(&payload));
    }
}

#[test]
fn what_has_no_decoder_here_passes() {
    let bzip2 = include_bytes!("../data/sample.bz2").to_vec();
    // The magic of lzop's format, and nothing sensible behind it.
    let lzo = b"\x89LZO\0\x0d\x0a\x1a\x0a................".to_vec();
    for packed in [bzip2, lzo] {
        let kernel = seen(&bzimage(&with_size(packed, 1 << 20))).unwrap();
        assert_eq!(kernel.pv_entry(), None);
        let remarks = kernel.remarks(GuestType::Pvh);
        assert_eq!(remarks, [Remark::Unseen("rpxeboot has no decoder for it".to_owned())]);
        for guest in [GuestType::Pv, GuestType::Pvh, GuestType::Unknown] {
            assert_eq!(kernel.for_guest(guest, Arch::X86), Ok(()));
        }
    }
}

#[test]
fn xz_of_every_shape() {
    let elf = linux().build();
    let filtered = || {
        let mut options = XzOptions::with_preset(1);
        options.prepend_pre_filter(FilterType::BcjX86, 0);
        options
    };
    let blocks = |mut options: XzOptions| {
        options.set_block_size(NonZeroU64::new(70_000));
        options
    };
    for (name, options) in [
        ("x86", filtered()),
        ("blocks", blocks(XzOptions::with_preset(1))),
        ("x86 and blocks", blocks(filtered())),
    ] {
        check(name, &bzimage(&with_size(xz(&elf, options), elf.len())));
    }
    let mut delta = XzOptions::with_preset(1);
    delta.prepend_pre_filter(FilterType::Delta, 4);
    let kernel = seen(&bzimage(&with_size(xz(&elf, delta), elf.len()))).unwrap();
    assert_eq!(kernel.unseen.as_deref(), Some("it is compressed with a rare filter of xz"));
}

#[test]
fn lz4_in_small_blocks_and_with_the_magic_again() {
    let elf = linux().build();
    check("small", &bzimage(&with_size(lz4(&elf, 1000), elf.len())));
    let (first, second) = elf.split_at(200_000);
    let both = [lz4(first, 65_536), lz4(second, 65_536)].concat();
    check("two", &bzimage(&with_size(both, elf.len())));
}

#[test]
fn zstd_in_several_frames() {
    let elf = linux().build();
    let (first, second) = elf.split_at(50_000);
    check("two", &bzimage(&with_size([zstd(first), zstd(second)].concat(), elf.len())));
}

#[test]
fn zstd_is_remarked_on() {
    let elf = linux().build();
    let kernel = seen(&bzimage(&with_size(zstd(&elf), elf.len()))).unwrap();
    let remarks = kernel.remarks(GuestType::Pv);
    assert_eq!(remarks, [Remark::NeedsXen { compression: Compression::Zstd, since: (4, 15) }]);
    assert_eq!(
        remarks[0].to_string(),
        "the kernel is compressed by zstd, which Xen unpacks since 4.15"
    );
}

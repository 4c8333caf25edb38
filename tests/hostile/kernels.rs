//! Kernels that are made to cost their reader time and memory, from an honest server. What the look
//! at them cannot decide within its limits is Xen's to decide: the guest gets the very bytes.

use std::io::Write;
use std::process::{Command, Stdio};

use netns_tests::fixtures::{self, CONFIG_NAME, SERVER};
use netns_tests::servers::{Offer, dhcpd, tftp};
use netns_tests::{End, Lab, programs};

use super::{run, tree};

/// More than is ever unpacked.
const A_BOMB: u64 = 600 << 20;

/// The boot of a guest with this kernel.
fn boot(lab: &Lab, kernel: &[u8]) -> End {
    let server = lab.host("server", SERVER);
    let root = server.directory("root");
    tree(&root);
    fixtures::write(&root, "vmlinuz", kernel);
    fixtures::write(&root, CONFIG_NAME, b"default a\nlabel a\nkernel vmlinuz\n");
    dhcpd::start(&server, &Offer::usual("192.168.200.1"));
    tftp::start(&server, tftp::Kind::Hpa, &root);
    run(lab)
}

/// It is handed over as it is, or refused by name.
fn boots_or_is_refused(kernel: &[u8]) {
    Lab::run(|lab| {
        let end = boot(lab, kernel);
        match &end.answer {
            Some(answer) => assert!(answer.kernel == kernel, "other bytes: {end}"),
            None => end.failed(15, &["vmlinuz"]),
        }
    });
}

fn is_refused(kernel: &[u8]) {
    Lab::run(|lab| boot(lab, kernel).failed(15, &["vmlinuz"]));
}

/// A bzImage with this payload (Linux, Documentation/arch/x86/boot.rst), which says that it is
/// at `offset` of the protected-mode part and has `length` bytes.
fn told(payload: &[u8], offset: u32, length: u32) -> Vec<u8> {
    let mut file = vec![0; 1024];
    file[0x1f1] = 1;
    file[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
    file[0x200..0x202].copy_from_slice(&[0xeb, 0x66]);
    file[0x202..0x206].copy_from_slice(b"HdrS");
    file[0x206..0x208].copy_from_slice(&0x020f_u16.to_le_bytes());
    file[0x211] = 1;
    file[0x248..0x24c].copy_from_slice(&offset.to_le_bytes());
    file[0x24c..0x250].copy_from_slice(&length.to_le_bytes());
    file.extend_from_slice(payload);
    file
}

fn with_payload(payload: &[u8]) -> Vec<u8> {
    told(payload, 0, u32::try_from(payload.len()).expect("a small payload"))
}

/// What a compressor makes of these bytes, and of so many zeros behind them.
fn compressed(words: &[&str], head: &[u8], zeros: u64) -> Vec<u8> {
    let mut child = Command::new(programs::installed(words[0]))
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a compressor");
    let mut input = child.stdin.take().expect("a pipe");
    let head = head.to_vec();
    let writer = std::thread::spawn(move || {
        input.write_all(&head).expect("the compressor reads");
        let block = vec![0; 1 << 20];
        for _ in 0..zeros >> 20 {
            input.write_all(&block).expect("the compressor reads");
        }
    });
    let output = child.wait_with_output().expect("a compressor");
    writer.join().expect("the writer");
    assert!(output.status.success(), "{words:?}");
    output.stdout
}

const GZIP: [&str; 2] = ["gzip", "-1"];
const COMPRESSORS: [(&str, &[&str]); 6] = [
    ("gzip", &GZIP),
    ("xz", &["xz", "-0", "--check=crc32"]),
    ("lzma", &["xz", "-0", "--format=lzma"]),
    ("lz4", &["lz4", "-l", "-1"]),
    ("zstd", &["zstd", "-1", "-q"]),
    ("bzip2", &["bzip2", "-1"]),
];

fn compressor(name: &str) -> &'static [&'static str] {
    COMPRESSORS.iter().find(|known| known.0 == name).expect("one of them").1
}

/// An ELF file as far as its head goes, then zeros without end.
fn bomb(name: &str) {
    let head = fixtures::kernel(1, 4096);
    boots_or_is_refused(&with_payload(&compressed(compressor(name), &head, A_BOMB)));
}

#[test]
fn a_bomb_of_gzip() {
    bomb("gzip");
}

#[test]
fn a_bomb_of_xz() {
    bomb("xz");
}

#[test]
fn a_bomb_of_lzma() {
    bomb("lzma");
}

#[test]
fn a_bomb_of_lz4() {
    bomb("lz4");
}

#[test]
fn a_bomb_of_zstd() {
    bomb("zstd");
}

#[test]
fn a_bomb_of_zeros_that_is_no_kernel() {
    boots_or_is_refused(&with_payload(&compressed(&GZIP, &[], A_BOMB)));
}

#[test]
fn a_bomb_around_a_kernel() {
    // libxl unpacks gzip around a kernel as well.
    let bomb = with_payload(&compressed(&GZIP, &fixtures::kernel(1, 4096), A_BOMB));
    boots_or_is_refused(&compressed(&GZIP, &bomb, 0));
}

#[test]
fn a_bomb_in_place_of_a_kernel() {
    boots_or_is_refused(&compressed(&GZIP, &[], A_BOMB));
}

#[test]
fn a_bomb_in_a_bomb() {
    let inner = compressed(&GZIP, &fixtures::kernel(1, 4096), A_BOMB);
    boots_or_is_refused(&with_payload(&compressed(&GZIP, &inner, 0)));
}

#[test]
fn payloads_that_are_cut() {
    for (name, words) in COMPRESSORS {
        let whole = compressed(words, &fixtures::kernel(1, 200_000), 0);
        println!("{name}");
        for part in [whole.len() / 2, 7] {
            boots_or_is_refused(&with_payload(&whole[..part]));
        }
    }
}

#[test]
fn payloads_that_are_told_to_be_elsewhere() {
    let payload = compressed(&GZIP, &fixtures::kernel(1, 200_000), 0);
    let length = u32::try_from(payload.len()).expect("a small payload");
    for (offset, length) in
        [(u32::MAX, length), (0, u32::MAX), (u32::MAX, u32::MAX), (length, 1), (0, 0)]
    {
        boots_or_is_refused(&told(&payload, offset, length));
    }
}

#[test]
fn a_kernel_of_zeros() {
    is_refused(&[0; 100_000]);
}

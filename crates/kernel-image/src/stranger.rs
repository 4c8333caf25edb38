//! What a file is that Xen's loaders do not know, from its first bytes.
//!
//! Only the message depends on it: that no loader takes the file is known before.

use crate::compression::Compression;
use crate::error::Stranger;
use crate::number::text;

/// Where the ISO 9660 magic is; a file's head has to reach behind it to be known as one.
pub(crate) const ISO_MAGIC: u64 = 0x8001;

const PRINTED: usize = 60;

/// Names what begins with `head`. `iso` are the bytes at [`ISO_MAGIC`].
pub(crate) fn name(head: &[u8], iso: &[u8], gzipped: bool) -> Stranger {
    const CPIO: [&[u8]; 4] = [b"070701", b"070702", b"070707", b"\xc7\x71"];
    if head.starts_with(b"MZ") {
        let zboot = head.get(4..8) == Some(b"zimg");
        return if zboot { Stranger::EfiZboot } else { Stranger::Efi };
    }
    if CPIO.iter().any(|magic| head.starts_with(magic)) {
        return Stranger::Initrd;
    }
    match Compression::of(head) {
        Some(Compression::Gzip) => return Stranger::GzipTwice,
        Some(compression) => return Stranger::Compressed(compression),
        None => {}
    }
    if let Some(image) = image(head, iso) {
        return Stranger::Image(image);
    }
    if head.starts_with(b"\xb8\xff\x4c\xcd\x21") {
        return Stranger::Com32;
    }
    if let Some(found) = readable(head) {
        return found;
    }
    if !head.is_empty() && head.iter().all(|&byte| byte == 0) {
        return Stranger::Zeros;
    }
    if gzipped {
        return Stranger::Gzip;
    }
    // Real mode code starts with a jump or with interrupts off: EB, E9, EA, FA, and iPXE's 55 AA.
    match head {
        [0xeb | 0xe9 | 0xea | 0xfa | 0xfc, ..] | [0x55, 0xaa, ..] | [0x66, 0xea, ..] => {
            Stranger::BootProgram
        }
        _ => Stranger::Unknown,
    }
}

fn image(head: &[u8], iso: &[u8]) -> Option<&'static str> {
    if iso.starts_with(b"CD001") {
        return Some("an ISO image of a CD or DVD");
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    const MAGIC: [(&[u8], &str); 5] = [
        (b"hsqs", "a squashfs image"),
        (b"QFI\xfb", "a qcow2 disk image"),
        (b"PK\x03\x04", "a zip archive"),
        (b"!<arch>\n", "a Debian package or another ar archive"),
        (b"\xed\xab\xee\xdb", "an RPM package"),
    ];
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, what)| what)
}

/// Web pages and other text.
fn readable(head: &[u8]) -> Option<Stranger> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = head.get(start..)?;
    let is_text = |&byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if !head.iter().take(256).all(is_text) {
        return None;
    }
    let lower = head.to_ascii_lowercase();
    let tagged = [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body", b"<!--"];
    if tagged.iter().any(|tag| lower.starts_with(tag)) {
        return Some(Stranger::WebPage { title: title(head, &lower) });
    }
    // Bytes from 0x80 on are text only in company: random bytes must not count as it.
    let plain = head.iter().take(256).filter(|byte| byte.is_ascii()).count();
    (plain.saturating_mul(2) >= head.len().min(256)).then(|| Stranger::Text(first_line(head)))
}

fn title(head: &[u8], lower: &[u8]) -> Option<String> {
    let find = |from: usize, what: &[u8]| {
        let at = lower.get(from..)?.windows(what.len()).position(|window| window == what)?;
        from.checked_add(at)
    };
    let start = find(0, b"<title>")?.checked_add(7)?;
    let title = first_line(head.get(start..find(start, b"</title>")?)?.trim_ascii());
    (!title.is_empty()).then_some(title)
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    text(line).chars().take(PRINTED).collect()
}

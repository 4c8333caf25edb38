//! Text from outside, made fit to be shown: a terminal or a log never gets a control
//! byte, an escape sequence or an endless line that somebody on the wire has chosen.

use crate::limits::MAX_LINE;

/// `bytes` as one line of at most [`MAX_LINE`] characters: control characters and bytes
/// that are not UTF-8 become `\xNN`.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut line = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            // Bidirectional overrides and their like can reorder a log line.
            let unsafe_format = matches!(u32::from(character), 0x200b..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069 | 0xfeff);
            if character.is_control() || unsafe_format {
                line.extend(character.escape_unicode());
            } else {
                line.push(character);
            }
        }
        for byte in chunk.invalid() {
            line.push_str(&format!("\\x{byte:02x}"));
        }
        if line.len() > MAX_LINE {
            break;
        }
    }
    if line.chars().count() > MAX_LINE {
        line = line.chars().take(MAX_LINE).collect();
        line.push('…');
    }
    line
}

/// `1234567` as `1.2 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=1_048_575 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

/// A duration for a line on the console: `3 ms`, `1.24 s`.
#[must_use]
pub fn duration(time: std::time::Duration) -> String {
    match time.as_millis() {
        ms @ 0..=999 => format!("{ms} ms"),
        ms => format!("{}.{:02} s", ms / 1000, ms % 1000 / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable(b"a\x1b[2Jb\r\nc\0"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{0}");
        assert_eq!(printable(b"caf\xe9 \xc3\xa9"), "caf\\xe9 é");
        assert_eq!(printable("\u{202e}x".as_bytes()), "\\u{202e}x");
    }

    #[test]
    fn a_line_is_bounded() {
        let line = printable(&[b'x'; 100_000]);
        assert_eq!(line.chars().count(), MAX_LINE + 1);
        assert!(line.ends_with('…'));
    }

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(size(512), "512 bytes");
        assert_eq!(size(20_480), "20 KiB");
        assert_eq!(size(12 << 20), "12.0 MiB");
        assert_eq!(size((12 << 20) + (1 << 19)), "12.5 MiB");
        assert_eq!(duration(Duration::from_millis(7)), "7 ms");
        assert_eq!(duration(Duration::from_millis(1249)), "1.24 s");
    }
}

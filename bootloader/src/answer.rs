//! What the toolstack reads: which kernel, which ramdisk, which command line.
//!
//! simple0 is parsed by libxl (parse_bootloader_result): items `keyword value`, each ended by
//! a NUL; nothing is escaped, so nothing in a value may be a NUL (XSA-198). It is written in
//! one go, last of all, when everything it names is whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::console::Console;
use crate::failure::Failure;
use crate::limits::MAX_ANSWER_ITEM;
use crate::request::{Output, OutputFormat};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The kernel's file.
    pub kernel: PathBuf,
    /// The ramdisk's file.
    pub ramdisk: Option<PathBuf>,
    /// The guest's command line; may be empty.
    pub args: Vec<u8>,
}

impl Answer {
    /// The answer in `format`; for JSON that is `report`.
    ///
    /// # Errors
    /// A path or an argument that the format cannot carry.
    pub fn encode(
        &self,
        format: OutputFormat,
        report: &serde_json::Value,
    ) -> Result<Vec<u8>, Failure> {
        if format == OutputFormat::Json {
            return Ok(format!("{report}\n").into_bytes());
        }
        let mut items: Vec<(&str, &[u8])> = vec![("kernel", self.kernel.as_os_str().as_bytes())];
        if let Some(ramdisk) = &self.ramdisk {
            items.push(("ramdisk", ramdisk.as_os_str().as_bytes()));
        }
        // libxl warns of an args item with nothing behind it.
        if !self.args.is_empty() {
            items.push(("args", &self.args));
        }
        for (keyword, value) in &items {
            if value.iter().any(u8::is_ascii_control)
                || keyword.len() + 1 + value.len() > MAX_ANSWER_ITEM
            {
                return Err(Failure::bug(format!("{keyword} cannot be put into an answer")));
            }
        }
        Ok(match format {
            OutputFormat::Simple0 => lines(&items, 0),
            OutputFormat::Simple => lines(&items, b'\n'),
            OutputFormat::Sxp | OutputFormat::Json => sxp(&items),
        })
    }
}

/// Writes `bytes` to where the answer is wanted.
///
/// # Errors
/// [`crate::failure::Reason::NotPermitted`].
pub fn write(bytes: &[u8], output: &Output, console: &Console) -> Result<(), Failure> {
    let refused = |place: &dyn std::fmt::Display, error: &io::Error| {
        Failure::not_permitted(&format!("writing the answer to {place}"), error)
    };
    match output {
        Output::Stdout => console.result(bytes).map_err(|error| refused(&"stdout", &error)),
        Output::File(path) => {
            write_file(bytes, path).map_err(|error| refused(&path.display(), &error))
        }
    }
}

/// libxl has made the file and has it open; xend's is a FIFO: so it is written in place.
fn write_file(bytes: &[u8], path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = File::options().write(true).create(true).truncate(true).open(path)?;
    let written = file.write_all(bytes);
    if written.is_err() && is_new {
        let _ = std::fs::remove_file(path);
    }
    written
}

fn lines(items: &[(&str, &[u8])], end: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (keyword, value) in items {
        bytes.extend(keyword.as_bytes());
        bytes.push(b' ');
        bytes.extend(*value);
        bytes.push(end);
    }
    bytes
}

/// xend's S-expressions: a string in double quotes, with `\` before a quote or a `\`.
fn sxp(items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"linux ".to_vec();
    for (keyword, value) in items {
        bytes.push(b'(');
        bytes.extend(keyword.as_bytes());
        bytes.extend(b" \"");
        for byte in *value {
            if matches!(byte, b'"' | b'\\') {
                bytes.push(b'\\');
            }
            bytes.push(*byte);
        }
        bytes.extend(b"\")");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(args: &[u8]) -> Answer {
        Answer {
            kernel: PathBuf::from("/d/boot_kernel.1"),
            ramdisk: Some(PathBuf::from("/d/boot_ramdisk.1")),
            args: args.to_vec(),
        }
    }

    fn encoded(args: &[u8], format: OutputFormat) -> Vec<u8> {
        answer(args).encode(format, &json!({"x": 1})).unwrap()
    }

    #[test]
    fn simple0_is_what_libxl_reads() {
        assert_eq!(
            encoded(b"a b=c", OutputFormat::Simple0),
            b"kernel /d/boot_kernel.1\0ramdisk /d/boot_ramdisk.1\0args a b=c\0"
        );
        assert_eq!(
            encoded(b"", OutputFormat::Simple0),
            b"kernel /d/boot_kernel.1\0ramdisk /d/boot_ramdisk.1\0"
        );
    }

    #[test]
    fn the_other_formats() {
        assert_eq!(
            encoded(b"a", OutputFormat::Simple),
            b"kernel /d/boot_kernel.1\nramdisk /d/boot_ramdisk.1\nargs a\n"
        );
        assert_eq!(
            encoded(b"a=\"b\\c\"", OutputFormat::Sxp),
            br#"linux (kernel "/d/boot_kernel.1")(ramdisk "/d/boot_ramdisk.1")(args "a=\"b\\c\"")"#
        );
        assert_eq!(encoded(b"a", OutputFormat::Json), b"{\"x\":1}\n");
    }

    #[test]
    fn a_value_that_would_forge_an_item_is_refused() {
        for bad in [&b"a\0kernel /etc/shadow"[..], b"a\nkernel /etc/shadow", &[b'x'; 9000]] {
            assert!(answer(bad).encode(OutputFormat::Simple0, &json!({})).is_err());
        }
    }

    #[test]
    fn the_longest_item_that_libxl_reads_and_one_byte_more() {
        let longest = MAX_ANSWER_ITEM - "args ".len();
        let encode = |length| answer(&vec![b'x'; length]).encode(OutputFormat::Simple0, &json!({}));
        assert!(encode(longest).is_ok());
        assert!(encode(longest + 1).is_err());
    }

    #[test]
    fn an_existing_file_is_written_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        std::fs::write(&path, "something longer that was there before").unwrap();
        let before = std::fs::File::open(&path).unwrap();
        write_file(b"new", &path).unwrap();
        assert_eq!(std::io::read_to_string(before).unwrap(), "new");
    }
}

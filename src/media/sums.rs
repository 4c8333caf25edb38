//! Lists of SHA-256 checksums, as they lie beside what they are of: `SHA256SUMS`
//! (coreutils' format, and BSD's), and the `[checksums]` of a `.treeinfo` (productmd's format).

use serde::{Deserialize, Serialize};

/// A SHA-256 sum in hexadecimal digits, small letters. Others (MD5) are passed over: they prove
/// nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sum(String);

impl Sum {
    /// The sum of bytes that a hasher has seen.
    #[must_use]
    pub fn new(digest: &[u8]) -> Self {
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The sum in these digits.
    #[must_use]
    pub fn of(digits: &str) -> Option<Self> {
        let is_hex = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Self(digits.to_ascii_lowercase()))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The sum that a list has for a file; `name` from the list's own directory.
#[must_use]
pub fn in_list(text: &str, name: &str) -> Option<Sum> {
    text.lines().find_map(|line| {
        let (sum, file) = entry(line)?;
        let file = file.strip_prefix("./").unwrap_or(file);
        (file == name).then(|| Sum::of(sum)).flatten()
    })
}

/// The sum that a `.treeinfo` has for a file.
#[must_use]
pub fn in_treeinfo(text: &str, name: &str) -> Option<Sum> {
    let mut section = "";
    text.lines().map(str::trim).find_map(|line| {
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = head;
            return None;
        }
        let (key, value) = line.split_once('=')?;
        if section != "checksums" || key.trim() != name {
            return None;
        }
        Sum::of(value.trim().strip_prefix("sha256:")?)
    })
}

/// The SHA-256 sum that a Debian archive's `Release` has for a file. Its lines are ` SUM SIZE NAME`; the
/// MD5 part comes first, and its sums are passed over.
#[must_use]
pub fn in_release(text: &str, name: &str) -> Option<Sum> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (sum, _, file) = (words.next()?, words.next()?, words.next()?);
        (file == name).then(|| Sum::of(sum)).flatten()
    })
}

/// A line: `SUM  NAME`, `SUM *NAME` or `SHA256 (NAME) = SUM`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end();
    if let Some((name, sum)) = line.split_once(") = ") {
        return Some((sum, name.split_once(" (")?.1));
    }
    let (sum, name) = line.split_once(' ')?;
    let name = name.trim_start();
    Some((sum, name.strip_prefix('*').unwrap_or(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let (a, b) = ("A".repeat(64), "b".repeat(32));
        let text = format!(
            "# a comment\n{a}  ./netboot/linux\n{a} *linux\n{b}  ./casper/vmlinuz\n\
             SHA256 (Rocky 9.iso) = {a}\nnonsense\n{}  short\n",
            "c".repeat(63)
        );
        let sha = Sum::of(&"a".repeat(64));
        for name in ["netboot/linux", "linux", "Rocky 9.iso"] {
            assert_eq!(in_list(&text, name), sha, "{name}");
        }
        for name in ["casper/vmlinuz", "inux", "short", "", "a comment"] {
            assert_eq!(in_list(&text, name), None, "{name}");
        }
    }

    #[test]
    fn release() {
        let (md5, sum) = ("d".repeat(32), "1".repeat(64));
        let text = format!(
            "Origin: Debian\nMD5Sum:\n {md5} 7 main/SHA256SUMS\nSHA256:\n {sum} 7 main/SHA256SUMS\n"
        );
        assert_eq!(in_release(&text, "main/SHA256SUMS"), Sum::of(&sum));
        assert_eq!(in_release(&text, "SHA256SUMS"), None);
        assert_eq!(in_release(&format!(" {sum} main/SHA256SUMS\n"), "main/SHA256SUMS"), None);
    }

    #[test]
    fn treeinfo() {
        let sum = "0".repeat(64);
        let text = format!(
            "[general]\nimages/pxeboot/vmlinuz = sha256:{sum}\n[checksums]\n\
             images/pxeboot/vmlinuz = sha256:{sum}\nimages/boot.iso=md5:{sum}\n"
        );
        assert_eq!(in_treeinfo(&text, "images/pxeboot/vmlinuz"), Sum::of(&sum));
        assert_eq!(in_treeinfo(&text, "images/boot.iso"), None, "of another kind than it says");
        assert_eq!(in_treeinfo(&text, "images/pxeboot"), None);
    }
}

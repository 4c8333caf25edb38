//! A guest's memory, as xl counts it: in MiB.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::size::unit_bytes;

/// Less than this boots no installer; a smaller number is more likely one of GiB.
const SMALLEST: u64 = 32;
/// 16 TiB, the most that Xen gives to a guest on x86.
const LARGEST: u64 = 16 << 20;

/// Memory in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "MemoryWord")]
pub struct Memory(u64);

impl Memory {
    /// 1 GiB: what today's installers ask for at least.
    pub const DEFAULT: Self = Self(1024);

    /// In MiB, as `memory=` in a config.
    #[must_use]
    pub fn mib(self) -> u64 {
        self.0
    }
}

/// Why a word is no amount of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Not a number, or a unknown unit.
    #[error("{0:?} is no amount of memory: write it in MiB, or with a unit: 1024, 1024M or 1G")]
    Malformed(String),
    /// Outside of what a guest can have.
    #[error("{0:?} is not between {SMALLEST} MiB and 16 TiB; a number without a unit is in MiB")]
    Range(String),
}

impl FromStr for Memory {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        let malformed = || MemoryError::Malformed(text.to_owned());
        let range = || MemoryError::Range(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(malformed());
        }
        let unit =
            if unit.is_empty() { 1 << 20 } else { unit_bytes(unit).ok_or_else(malformed)? };
        let number = number.parse::<u64>().map_err(|_| range())?;
        let mib = number.checked_mul(unit).ok_or_else(range)? >> 20;
        if !(SMALLEST..=LARGEST).contains(&mib) {
            return Err(range());
        }
        Ok(Self(mib))
    }
}

/// In a settings file: `memory = 1024` or `memory = "1G"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum MemoryWord {
    Number(u64),
    Text(String),
}

impl TryFrom<MemoryWord> for Memory {
    type Error = MemoryError;

    fn try_from(word: MemoryWord) -> Result<Self, MemoryError> {
        match word {
            MemoryWord::Number(number) => number.to_string().parse(),
            MemoryWord::Text(text) => text.parse(),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_mib_unless_it_says_otherwise() {
        for (text, mib) in [("1024", 1024), ("512M", 512), ("2G", 2048), ("2GiB", 2048)] {
            assert_eq!(text.parse::<Memory>().unwrap().mib(), mib, "{text}");
        }
    }

    #[test]
    fn what_no_guest_can_have() {
        for text in ["1", "0", "17T", "99999999999999999999"] {
            assert!(matches!(text.parse::<Memory>(), Err(MemoryError::Range(_))), "{text}");
        }
        for text in ["", "G", "1Q", "-1", "1.5G"] {
            assert!(matches!(text.parse::<Memory>(), Err(MemoryError::Malformed(_))), "{text}");
        }
    }
}

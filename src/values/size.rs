//! A disk's size. The units are those of dd and the rest of coreutils: `G` and `GiB` are 2^30
//! bytes, `GB` is 10^9.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Disks are made of sectors of 512 bytes.
const SECTOR: u64 = 512;
/// Under this nothing can be installed: more likely a forgotten unit.
const SMALLEST: u64 = 1 << 20;
/// The largest file that Linux can have, in whole sectors.
const LARGEST: u64 = i64::MAX as u64 / SECTOR * SECTOR;

/// The size of a guest's disk, in bytes: a whole number of sectors, at least 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DiskSize(u64);

impl DiskSize {
    /// 8 GiB: room for any distribution's installer.
    pub const DEFAULT: Self = Self(8 << 30);

    /// In bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// Why a word is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number and a unit.
    #[error("{0:?} is not a size: write a number and a unit, such as 8G, 8GiB, 8GB or 8000M")]
    Malformed(String),
    /// A number without a unit could mean anything.
    #[error("{0:?} has no unit: write {0}G, {0}M or {0}B")]
    NoUnit(String),
    /// Less than a system needs.
    #[error("{0:?} is less than the 1 MiB that a disk must have")]
    TooSmall(String),
    /// More than a file can be.
    #[error("{0:?} is more than a disk can have (8 EiB)")]
    TooLarge(String),
}

impl FromStr for DiskSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let owned = || text.to_owned();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(SizeError::Malformed(owned()));
        }
        if unit.is_empty() {
            return Err(SizeError::NoUnit(owned()));
        }
        let unit = unit_bytes(unit).ok_or_else(|| SizeError::Malformed(owned()))?;
        let bytes = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .and_then(|bytes| bytes.checked_next_multiple_of(SECTOR))
            .filter(|bytes| *bytes <= LARGEST)
            .ok_or_else(|| SizeError::TooLarge(owned()))?;
        if bytes < SMALLEST {
            return Err(SizeError::TooSmall(owned()));
        }
        Ok(Self(bytes))
    }
}

/// `G`, `g`, `GiB` → 2^30; `GB` → 10^9; `B` → 1.
pub(super) fn unit_bytes(unit: &str) -> Option<u64> {
    let upper = unit.to_ascii_uppercase();
    if upper == "B" {
        return Some(1);
    }
    let power = u32::try_from("KMGTPE".find(upper.chars().next()?)?).ok()? + 1;
    match upper.get(1..)? {
        "" | "IB" => 1024_u64.checked_pow(power),
        "B" => 1000_u64.checked_pow(power),
        _ => None,
    }
}

/// `8589934592` as `8 GiB`, `8000000000` as `8 GB`, others in the largest binary unit with a
/// decimal.
impl fmt::Display for DiskSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1024_u64, ["TiB", "GiB", "MiB"]), (1000, ["TB", "GB", "MB"])];
        for (base, names) in units {
            for (name, power) in names.iter().zip([4, 3, 2]) {
                let unit = base.pow(power);
                if self.0.is_multiple_of(unit) {
                    return write!(f, "{} {name}", self.0 / unit);
                }
            }
        }
        f.write_str(&about(self.0))
    }
}

/// A number of bytes for people, in binary units with one decimal.
#[must_use]
pub fn about(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (shift, name) in units {
        if bytes >> shift > 0 {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

impl TryFrom<String> for DiskSize {
    type Error = SizeError;

    fn try_from(text: String) -> Result<Self, SizeError> {
        text.parse()
    }
}

impl From<DiskSize> for String {
    fn from(size: DiskSize) -> Self {
        format!("{}B", size.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> u64 {
        text.parse::<DiskSize>().unwrap().bytes()
    }

    #[test]
    fn the_units_are_those_of_dd() {
        assert_eq!(bytes("8G"), 8 << 30);
        assert_eq!(bytes("8g"), 8 << 30);
        assert_eq!(bytes("8GiB"), 8 << 30);
        assert_eq!(bytes("8GB"), 8_000_000_000);
        assert_eq!(bytes("8000M"), 8000 << 20);
        assert_eq!(bytes("1T"), 1 << 40);
        assert_eq!(bytes("2000000B"), 2_000_384, "in whole sectors");
    }

    #[test]
    fn what_is_no_size_says_what_is_one() {
        for text in ["8Q", "G", "", "-8G", "8 G", "8.5G", "8GBB", "0x8G", "8Gi", "٨G"] {
            assert!(matches!(text.parse::<DiskSize>(), Err(SizeError::Malformed(_))), "{text:?}");
        }
        let error = "8Q".parse::<DiskSize>().unwrap_err().to_string();
        assert!(error.contains("8GiB"), "{error}");
        assert_eq!("8".parse::<DiskSize>(), Err(SizeError::NoUnit("8".into())));
        assert_eq!("0G".parse::<DiskSize>(), Err(SizeError::TooSmall("0G".into())));
        for text in ["8E", "99999999999999999999G", "17179869184G"] {
            assert!(matches!(text.parse::<DiskSize>(), Err(SizeError::TooLarge(_))), "{text:?}");
        }
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!("8G".parse::<DiskSize>().unwrap().to_string(), "8 GiB");
        assert_eq!("8GB".parse::<DiskSize>().unwrap().to_string(), "8 GB");
        assert_eq!("8000M".parse::<DiskSize>().unwrap().to_string(), "8000 MiB");
        assert_eq!(about(1536), "1.5 KiB");
        assert_eq!(about(1023), "1023 bytes");
        assert_eq!(about(u64::MAX), "16777215.9 TiB");
    }

    proptest::proptest! {
        #[test]
        fn a_size_is_whole_sectors_and_survives_being_written(number in 1..1_u64 << 40, unit in "[KMG](iB|B)?|B") {
            if let Ok(size) = format!("{number}{unit}").parse::<DiskSize>() {
                proptest::prop_assert_eq!(size.bytes() % SECTOR, 0);
                proptest::prop_assert_eq!(String::from(size).parse::<DiskSize>(), Ok(size));
            }
        }

        #[test]
        fn no_word_is_a_panic(text in ".*", bytes in proptest::prelude::any::<u64>()) {
            let _ = text.parse::<DiskSize>();
            proptest::prop_assert!(!about(bytes).contains(".10 "));
        }
    }
}

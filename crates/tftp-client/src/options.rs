//! What the server granted: reading an OACK against what was asked (RFC 2347, 2348, 2349, 7440).

use std::fmt;

use crate::limits::{self, MAX_VALUE_DIGITS};
use crate::request::Ask;
use crate::text;

/// The terms of a transfer, known from the first reply on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Whether the server answered with an OACK. If not, it knows none of the options asked for.
    pub oack: bool,
    /// The block size in bytes: 8 to what was asked for, 512 if not granted.
    pub blksize: u16,
    /// The window in blocks: 1 to what was asked for, 1 if not granted.
    pub windowsize: u16,
    /// The file's size in bytes, if the server said it.
    pub tsize: Option<u64>,
    /// The server's retransmission timer in seconds, if granted.
    pub timeout: Option<u8>,
    /// The server's retransmission timer in microseconds, if granted.
    pub utimeout: Option<u32>,
}

impl Granted {
    /// The terms of RFC 1350, for a server that sends DATA 1 at once.
    pub(crate) const PLAIN: Self = Self {
        oack: false,
        blksize: limits::DEFAULT_BLKSIZE,
        windowsize: 1,
        tsize: None,
        timeout: None,
        utimeout: None,
    };
}

/// What is wrong with an OACK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionFault {
    /// The server answered an option that was not asked for.
    NotAsked {
        /// The option's name, made printable.
        name: String,
    },
    /// The server answered one option twice.
    Twice {
        /// The option's name.
        name: &'static str,
    },
    /// The value is not a number, or not within what was asked for.
    BadValue {
        /// The option's name.
        name: &'static str,
        /// The value, made printable.
        value: String,
        /// The smallest value there is.
        min: u64,
        /// The largest value that may be granted: the one that was asked for.
        max: u64,
    },
    /// A name without a value, or a value without its end.
    Cut,
}

impl fmt::Display for OptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked { name } => write!(f, "option {name} was not asked for"),
            Self::Twice { name } => write!(f, "option {name} comes twice"),
            Self::BadValue { name, value, min, max } => {
                write!(f, "option {name}={value} is not a number within {min}..={max}")
            }
            Self::Cut => f.write_str("the list of options is cut short"),
        }
    }
}

/// Reads the options of an OACK. Names are case-insensitive and come in any order; lower values
/// than those asked for are accepted. An empty name ends the list, as some servers pad it.
pub(crate) fn granted(options: &[u8], ask: &Ask) -> Result<Granted, OptionFault> {
    let mut granted = Granted { oack: true, ..Granted::PLAIN };
    let mut seen = Seen::default();
    let mut rest = options;
    while !rest.is_empty() && rest.first() != Some(&0) {
        let (name, after_name) = string(rest)?;
        let (value, after_value) = string(after_name)?;
        rest = after_value;
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match () {
            () if is("blksize") => {
                let max = asked(name, ask.blksize)?;
                seen.once("blksize", |s| &mut s.blksize)?;
                granted.blksize = within("blksize", value, limits::MIN_BLKSIZE, max)?;
            }
            () if is("windowsize") => {
                let max = asked(name, ask.windowsize)?;
                seen.once("windowsize", |s| &mut s.windowsize)?;
                granted.windowsize = within("windowsize", value, 1, max)?;
            }
            () if is("tsize") => {
                asked(name, ask.tsize.then_some(()))?;
                seen.once("tsize", |s| &mut s.tsize)?;
                granted.tsize = Some(within("tsize", value, 0, u64::MAX)?);
            }
            () if is("timeout") => {
                let max = asked(name, ask.timeout)?;
                seen.once("timeout", |s| &mut s.timeout)?;
                granted.timeout = Some(within("timeout", value, 1, max)?);
            }
            () if is("utimeout") => {
                let max = asked(name, ask.utimeout)?;
                seen.once("utimeout", |s| &mut s.utimeout)?;
                granted.utimeout = Some(within("utimeout", value, 1, max)?);
            }
            () => return Err(OptionFault::NotAsked { name: text::shown(name) }),
        }
    }
    Ok(granted)
}

/// Which options an OACK has named so far.
#[derive(Default)]
struct Seen {
    blksize: bool,
    windowsize: bool,
    tsize: bool,
    timeout: bool,
    utimeout: bool,
}

impl Seen {
    fn once(
        &mut self,
        name: &'static str,
        flag: fn(&mut Self) -> &mut bool,
    ) -> Result<(), OptionFault> {
        if std::mem::replace(flag(self), true) { Err(OptionFault::Twice { name }) } else { Ok(()) }
    }
}

fn asked<T>(name: &[u8], asked: Option<T>) -> Result<T, OptionFault> {
    asked.ok_or_else(|| OptionFault::NotAsked { name: text::shown(name) })
}

/// The string up to the next NUL, and what follows that.
fn string(bytes: &[u8]) -> Result<(&[u8], &[u8]), OptionFault> {
    let end = bytes.iter().position(|&b| b == 0).ok_or(OptionFault::Cut)?;
    let (text, rest) = bytes.split_at_checked(end).ok_or(OptionFault::Cut)?;
    Ok((text, rest.split_first().map_or(rest, |(_, rest)| rest)))
}

/// The value as a number of its own type.
fn within<T>(name: &'static str, value: &[u8], min: T, max: T) -> Result<T, OptionFault>
where
    T: TryFrom<u64> + Into<u64> + PartialOrd + Copy,
{
    decimal(value)
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| OptionFault::BadValue {
            name,
            value: text::shown(value),
            min: min.into(),
            max: max.into(),
        })
}

/// ASCII digits only: no sign, no blanks.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > MAX_VALUE_DIGITS {
        return None;
    }
    value.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An OACK's options, with a slash for each NUL.
    fn read(options: &str) -> Result<Granted, OptionFault> {
        granted(options.replace('/', "\0").as_bytes(), &Ask::default())
    }

    fn read_plain(options: &str) -> Result<Granted, OptionFault> {
        granted(options.replace('/', "\0").as_bytes(), &Ask::none())
    }

    fn value_refused(options: &str) -> bool {
        matches!(read(options), Err(OptionFault::BadValue { .. }))
    }

    #[test]
    fn all_options_in_any_order_and_lower() {
        let granted = read("utimeout/50000/tsize/123/windowsize/4/timeout/1/blksize/1400/");
        assert_eq!(
            granted,
            Ok(Granted {
                oack: true,
                blksize: 1400,
                windowsize: 4,
                tsize: Some(123),
                timeout: Some(1),
                utimeout: Some(50_000),
            })
        );
    }

    #[test]
    fn option_names_are_case_insensitive() {
        assert_eq!(read("BLKSIZE/600/TSize/7/").map(|g| (g.blksize, g.tsize)), Ok((600, Some(7))));
    }

    #[test]
    fn an_empty_oack_grants_nothing() {
        assert_eq!(read(""), Ok(Granted { oack: true, ..Granted::PLAIN }));
    }

    #[test]
    fn an_option_granted_above_what_was_asked_is_refused() {
        assert!(value_refused("blksize/1469/"));
        assert!(value_refused("windowsize/17/"));
        assert!(value_refused("timeout/2/"));
        assert!(value_refused("utimeout/100001/"));
        assert!(value_refused("blksize/65536/"));
    }

    #[test]
    fn zero_and_garbage_values_are_refused() {
        for value in ["0", "7", "", "abc", "-8", "+8", " 8", "8 ", "1e3", "99999999999999999999"] {
            assert!(value_refused(&format!("blksize/{value}/")), "blksize {value:?}");
        }
        assert!(value_refused("windowsize/0/"));
        assert!(value_refused("tsize/-1/"));
        assert!(value_refused("tsize/18446744073709551616/"));
        assert!(value_refused("timeout/0/"));
        assert!(value_refused("tsize/000000000000000000001/"), "21 digits");
    }

    #[test]
    fn an_option_not_asked_for_is_refused() {
        assert_eq!(read("multicast/x/"), Err(OptionFault::NotAsked { name: "multicast".into() }));
        let plain = read_plain("blksize/512/");
        assert_eq!(plain, Err(OptionFault::NotAsked { name: "blksize".into() }));
        let plain = read_plain("tsize/5/");
        assert_eq!(plain, Err(OptionFault::NotAsked { name: "tsize".into() }));
    }

    #[test]
    fn an_option_twice_is_refused() {
        assert_eq!(read("tsize/5/TSIZE/6/"), Err(OptionFault::Twice { name: "tsize" }));
    }

    #[test]
    fn a_list_cut_short_is_refused_and_padding_is_not() {
        assert_eq!(read("tsize"), Err(OptionFault::Cut));
        assert_eq!(read("tsize/"), Err(OptionFault::Cut));
        assert_eq!(read("tsize/5"), Err(OptionFault::Cut));
        assert_eq!(read("tsize/5///junk").map(|g| g.tsize), Ok(Some(5)));
    }
}

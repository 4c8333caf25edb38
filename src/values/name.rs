//! A guest's name: also its host name, its config's stem and its disk's directory, and a word on
//! xl's command line. So it is a word that is safe in all of these places.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longer host names are not names any more (RFC 1035 allows 63; xl allows more).
const MAX_NAME: usize = 63;

/// A name for a guest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestName(String);

impl GuestName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a word is no guest name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("a guest's name cannot be empty")]
    Empty,
    /// Too long.
    #[error("{0:?} is longer than the {MAX_NAME} characters that a guest's name can have")]
    TooLong(String),
    /// A character that some place cannot take.
    #[error(
        "{0:?} cannot be a guest's name: a letter or digit first, then letters, digits and . _ + -"
    )]
    Character(String),
    /// xl takes a number for a domain's id.
    #[error("{0:?} cannot be a guest's name: xl takes a number for a domain id")]
    Number(String),
    /// A name with another meaning.
    #[error("{0:?} cannot be a guest's name: it is taken")]
    Reserved(String),
}

impl FromStr for GuestName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let owned = || text.to_owned();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong(owned()));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        if !text.chars().all(fits) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(NameError::Character(owned()));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NameError::Number(owned()));
        }
        // "auto" is xendomains' directory beside the configs.
        if ["domain-0", "auto"].iter().any(|taken| text.eq_ignore_ascii_case(taken)) {
            return Err(NameError::Reserved(owned()));
        }
        Ok(Self(owned()))
    }
}

impl TryFrom<String> for GuestName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<GuestName> for String {
    fn from(name: GuestName) -> Self {
        name.0
    }
}

impl fmt::Display for GuestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which guest a verb is about: its name, or its config, as a path with a slash in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A guest whose config is in the config directory.
    Name(GuestName),
    /// A config anywhere.
    File(PathBuf),
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('/') {
            return Ok(Self::File(Path::new(text).to_owned()));
        }
        text.parse().map(Self::Name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_safe_everywhere() {
        for name in ["RK", "web-1", "db.example.org", "a+b_c", "9front"] {
            assert_eq!(name.parse::<GuestName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_are_not() {
        let long = "a".repeat(64);
        for name in
            ["", "../x", "a/b", "-x", ".x", "a b", "a\n", "ä", "42", "auto", "Domain-0", &long]
        {
            assert!(name.parse::<GuestName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_slash_makes_a_path() {
        assert_eq!("./vm.cfg".parse(), Ok(Target::File("./vm.cfg".into())));
        assert_eq!("RK".parse(), Ok(Target::Name("RK".parse().unwrap())));
        assert!("R K".parse::<Target>().is_err());
    }
}

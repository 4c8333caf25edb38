//! What a template may use. Each value is checked when it comes in, so that it is safe as a word
//! in any answer file: no line end, quote, backslash, dollar or back quote.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::failure::Failure;

/// No value is longer: SSH keys are the longest.
const MAX_VALUE: usize = 2000;

/// The values, by the names that templates have for them.
#[derive(Debug, Clone, Serialize)]
pub struct Answers {
    /// The guest.
    pub guest: GuestValues,
    /// Where its files are, without a slash at the end: `http://192.168.200.1/guests/RK`.
    pub url: String,
    /// dom0's address on its network.
    pub server: String,
    /// The medium.
    pub media: Media,
    /// Root's password as crypt(3) has it; empty: none, root is locked.
    pub root_password: String,
    /// SSH keys that may log in as root.
    pub ssh_keys: Vec<String>,
    /// `Europe/Berlin`.
    pub timezone: String,
    /// `en_US.UTF-8`.
    pub locale: String,
    /// `us`.
    pub keyboard: String,
    /// Where packages come from.
    pub mirror: Option<Mirror>,
    /// Packages to install beside the profile's.
    pub packages: Vec<String>,
    /// The profile's own choices.
    pub set: BTreeMap<String, String>,
    /// The disk's name in the guest.
    pub disk: String,
}

/// A guest, for templates.
#[derive(Debug, Clone, Serialize)]
pub struct GuestValues {
    /// Its name.
    pub name: String,
    /// The name that it gives itself.
    pub hostname: String,
    /// The MAC of its first interface.
    pub mac: String,
    /// `pv` or `pvh`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A medium, for templates.
#[derive(Debug, Clone, Serialize)]
pub struct Media {
    /// Where its files are, without a slash at the end.
    pub url: String,
}

/// A mirror's URL, in the parts that installers ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "MirrorParts")]
pub struct Mirror {
    protocol: String,
    host: String,
    directory: String,
}

/// As templates see it.
#[derive(Debug, Clone, Serialize)]
struct MirrorParts {
    url: String,
    protocol: String,
    host: String,
    directory: String,
}

/// Why a value cannot stand in an answer file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A character with a meaning somewhere, or none.
    #[error("{0:?} cannot stand in an answer file: it has {1:?} in it")]
    Character(String, char),
    /// Too long, or nothing.
    #[error("a value of {0} characters cannot stand in an answer file")]
    Length(usize),
    /// No URL of a mirror.
    #[error("{0:?} is no mirror: write it like http://deb.debian.org/debian")]
    Mirror(String),
    /// No public key.
    #[error("{0:?} is no SSH public key: it begins with its type, as in `ssh-ed25519 AAAA… name`")]
    Key(String),
}

/// A value that may stand in any answer file.
///
/// # Errors
/// It may not.
pub fn plain(value: &str) -> Result<String, ValueError> {
    if value.len() > MAX_VALUE {
        return Err(ValueError::Length(value.len()));
    }
    let is_safe = |c: char| (c.is_ascii_graphic() || c == ' ') && !"'\"\\$`<>&|;#".contains(c);
    match value.chars().find(|c| !is_safe(*c)) {
        Some(c) => Err(ValueError::Character(value.to_owned(), c)),
        None => Ok(value.to_owned()),
    }
}

/// The keys of an `authorized_keys` or `.pub` file: type, key and comment of each, no options.
///
/// # Errors
/// A line is no key, or none is there.
pub fn ssh_keys(text: &str) -> Result<Vec<String>, ValueError> {
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let no_key = || ValueError::Key(line.chars().take(60).collect());
        let mut words = line.split_whitespace();
        let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_kind = ["ssh-", "ecdsa-", "sk-"].iter().any(|start| kind.starts_with(start));
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        if !is_kind || key.len() < 20 || !key.chars().all(is_base64) {
            return Err(no_key());
        }
        // A comment is for people; what has a meaning elsewhere goes out of it.
        let fits = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
        let comment: String =
            words.collect::<Vec<_>>().join("_").chars().filter(|c| fits(*c)).take(100).collect();
        keys.push(plain(format!("{kind} {key} {comment}").trim_end())?);
    }
    if keys.is_empty() { Err(ValueError::Key(String::new())) } else { Ok(keys) }
}

impl Answers {
    /// Values of nobody's, to try a profile with.
    ///
    /// # Errors
    /// The profile's mirror is none.
    pub fn example(profile: &Profile) -> Result<Self, Failure> {
        let server = Ipv4Addr::new(192, 168, 200, 1);
        Ok(Self {
            guest: GuestValues {
                name: "web".into(),
                hostname: "web".into(),
                mac: "00:16:3e:62:39:d3".into(),
                kind: "pv".into(),
            },
            url: format!("http://{server}/guests/web"),
            server: server.to_string(),
            media: Media { url: format!("http://{server}/media/{}", profile.name) },
            root_password: "$6$saltsalt$kN7SUV/cEPv.bmGZAVzBWmzX2dZSTbhQJ3ZmK0cTsH4Ls0yS4aC1VnIoq\
                            F9YnwB6Pj4dEDzpX8v2wZfGkkUgF1"
                .into(),
            ssh_keys: vec![
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExamp \
                 admin@example.org"
                    .into(),
            ],
            timezone: "Europe/Berlin".into(),
            locale: "en_US.UTF-8".into(),
            keyboard: "us".into(),
            mirror: profile.mirror()?,
            packages: vec!["rsync".into(), "htop".into()],
            set: profile.family.set.iter().map(|(k, c)| (k.clone(), c.default.clone())).collect(),
            disk: "xvda".into(),
        })
    }
}

impl FromStr for Mirror {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::Mirror(text.to_owned());
        let url = plain(text)?;
        let (protocol, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let is_path = |c: char| c.is_ascii_alphanumeric() || "._~-/+%:@=,".contains(c);
        let is_known = ["http", "https"].contains(&protocol);
        if !is_known || host.is_empty() || !host.chars().all(is_host) || !path.chars().all(is_path)
        {
            return Err(wrong());
        }
        let directory = format!("/{}", path.trim_end_matches('/'));
        Ok(Self { protocol: protocol.to_owned(), host: host.to_owned(), directory })
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.protocol, self.host, self.directory.trim_end_matches('/'))
    }
}

impl TryFrom<String> for Mirror {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Mirror> for MirrorParts {
    fn from(mirror: Mirror) -> Self {
        Self {
            url: mirror.to_string(),
            protocol: mirror.protocol,
            host: mirror.host,
            directory: mirror.directory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_has_what_a_shell_or_a_file_takes_for_its_own() {
        assert_eq!(plain("Europe/Berlin").unwrap(), "Europe/Berlin");
        for value in ["a\nb", "a'b", "a\"b", "a\\b", "$(a)", "`a`", "a;b", "a#b", "ä", "a\0"] {
            assert!(plain(value).is_err(), "{value:?}");
        }
        assert_eq!(plain(&"a".repeat(2001)), Err(ValueError::Length(2001)));
    }

    #[test]
    fn keys_lose_nothing_but_their_comments_quirks() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIExample";
        let text = format!("# mine\n\nssh-ed25519 {key} it's me@home\nssh-rsa {key}\n");
        let keys = ssh_keys(&text).unwrap();
        assert_eq!(keys, [format!("ssh-ed25519 {key} its_me@home"), format!("ssh-rsa {key}")]);
        for wrong in ["", "-----BEGIN OPENSSH PRIVATE KEY-----", "command=\"x\" ssh-rsa AAAA"] {
            assert!(ssh_keys(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn mirrors_in_their_parts() {
        let mirror: Mirror = "http://192.168.200.1:8080/debian/".parse().unwrap();
        assert_eq!(mirror.to_string(), "http://192.168.200.1:8080/debian");
        let parts = MirrorParts::from(mirror);
        assert_eq!((&*parts.host, &*parts.directory), ("192.168.200.1:8080", "/debian"));
        assert_eq!("https://a.b".parse::<Mirror>().unwrap().to_string(), "https://a.b");
        for wrong in ["", "ftp://a/b", "http://", "http:///x", "http://a/b c", "http://a@b/"] {
            assert!(wrong.parse::<Mirror>().is_err(), "{wrong:?}");
        }
    }
}

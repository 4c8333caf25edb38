//! A URL taken apart (RFC 3986): what goes to the server, to whom, and whose password goes
//! with it. Redirects are followed here, so that a password stays where it belongs.

use std::fmt;

use crate::limits::MAX_URL;

/// Where one request goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https`.
    pub secure: bool,
    /// The host: a name or an IPv4 address, in lower case.
    pub host: String,
    /// The port; 80 or 443 where the URL names none.
    pub port: u16,
    /// Path and query; begins with a slash.
    path: String,
    /// `user:password`, as written.
    credentials: Option<String>,
}

/// Why a text is no URL that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoUrl {
    /// Longer than any real one.
    #[error("its address has more than {MAX_URL} bytes")]
    TooLong,
    /// Blanks, control bytes or bytes that are not ASCII.
    #[error("its address holds a byte that no URL can have")]
    Bytes,
    /// Neither http nor https.
    #[error("its address is neither http:// nor https://")]
    Scheme,
    /// An IPv6 address, or nothing that a host can be called.
    #[error("its address names no host: a DNS name or an IPv4 address belongs there")]
    Host,
    /// Not 1 to 65535.
    #[error("its address has a port that is not a number from 1 to 65535")]
    Port,
}

impl Url {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// [`NoUrl`].
    pub fn parse(text: &str) -> Result<Self, NoUrl> {
        if text.len() > MAX_URL {
            return Err(NoUrl::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoUrl::Bytes);
        }
        let (scheme, rest) = text.split_once("://").ok_or(NoUrl::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(NoUrl::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials.to_owned()), host),
            None => (None, authority),
        };
        let (host, port) = match host.split_once(':') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port)),
            None => (host, None),
        };
        let is_host = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !is_host {
            return Err(NoUrl::Host);
        }
        let port = match port {
            None if secure => 443,
            None => 80,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(NoUrl::Port)?
            }
            Some(_) => return Err(NoUrl::Port),
        };
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let credentials = credentials.filter(|credentials| !credentials.is_empty());
        Ok(Self { secure, host: host.to_ascii_lowercase(), port, path, credentials })
    }

    /// Where a redirect from here to `reference` leads (RFC 3986, 5.2). Credentials come along
    /// only to the same host, and only on its port or on from http's to https's.
    ///
    /// # Errors
    /// [`NoUrl`].
    pub fn join(&self, reference: &str) -> Result<Self, NoUrl> {
        let scheme = if self.secure { "https" } else { "http" };
        let authority = format!("{scheme}://{}:{}", self.host, self.port);
        let here = self.path.split('?').next().unwrap_or_default();
        let text = if has_scheme(reference) {
            reference.to_owned()
        } else if reference.starts_with("//") {
            format!("{scheme}:{reference}")
        } else if reference.starts_with('/') {
            format!("{authority}{reference}")
        } else if reference.is_empty() || reference.starts_with(['?', '#']) {
            format!("{authority}{here}{reference}")
        } else {
            let directory = here.rfind('/').and_then(|end| here.get(..=end)).unwrap_or("/");
            format!("{authority}{directory}{reference}")
        };
        let mut next = Self::parse(&text)?;
        next.path = without_dots(&next.path);
        let same_port = next.port == self.port || (self.port, next.port) == (80, 443);
        let ours = next.host == self.host && same_port && (next.secure || !self.secure);
        // What a server writes there is not a password that anybody has given us.
        next.credentials = self.credentials.clone().filter(|_| ours);
        Ok(next)
    }

    /// What is asked for: all of it but the credentials.
    #[must_use]
    pub fn request(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let port = match (self.secure, self.port) {
            (false, 80) | (true, 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        format!("{scheme}://{}{port}{}", self.host, self.path)
    }

    /// The value of an `Authorization` header for the credentials (RFC 7617).
    #[must_use]
    pub fn authorization(&self) -> Option<String> {
        let credentials = self.credentials.as_deref()?;
        // A name without a password is a name with an empty one.
        let colon = if credentials.contains(':') { "" } else { ":" };
        let mut bytes = unescaped(credentials);
        bytes.extend_from_slice(colon.as_bytes());
        Some(format!("Basic {}", base64(&bytes)))
    }

    /// Whether it carries credentials.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }
}

/// Without the credentials: neither of them is for a log.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.request())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn has_scheme(reference: &str) -> bool {
    let end = reference.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    end.is_some_and(|end| end > 0 && reference.get(end..).is_some_and(|rest| rest.starts_with(':')))
}

/// RFC 3986, 5.2.4, on the path; the query stays as it is.
fn without_dots(path: &str) -> String {
    let (path, query) = match path.find('?') {
        Some(at) => path.split_at_checked(at).unwrap_or((path, "")),
        None => (path, ""),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

/// `%XX` with two hexadecimal digits becomes a byte; any other `%` stays.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let escaped = match tail {
            [high, low, after @ ..] if *first == b'%' => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let letter = ALPHABET.get(index).copied().filter(|_| place <= three.len());
            text.push(char::from(letter.unwrap_or(b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests;

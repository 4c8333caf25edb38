//! From a name in a configuration to a place on the network.
//!
//! The PXELINUX manual, "Special pathnames": a name is relative to the prefix unless it is
//! `server::path` or a URL. A leading slash does not make it absolute.

use std::fmt;
use std::net::Ipv4Addr;

use crate::limits::MAX_NAME;
use crate::names::until_nul;
use crate::prefix::Prefix;
use crate::text::Shown;

/// The port of TFTP, where a name does not say another.
pub const TFTP_PORT: u16 = 69;

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On a TFTP server.
    Tftp {
        /// The server.
        server: Server,
        /// Its UDP port.
        port: u16,
        /// The name in the read request. It has no NUL and no control byte, and at most 255 bytes.
        path: Vec<u8>,
    },
    /// On a web server.
    Http {
        /// The URL, `http://` or `https://`, printable ASCII without blanks, perhaps with
        /// credentials in it. `Display` hides their password.
        url: String,
    },
}

/// A server, by address or by a name to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// An address.
    Ip(Ipv4Addr),
    /// A DNS name of letters, digits, dots, dashes and underscores. PXELINUX appends the domain of
    /// DHCP option 15 to a name without a dot.
    Name(String),
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// PXELINUX has 255 bytes for a name with its prefix.
    #[error(
        "the name \"{}\" has {} bytes with its prefix; at most {MAX_NAME} are possible: use a shorter path",
        Shown(name), name.len()
    )]
    TooLong {
        /// The whole name.
        name: Vec<u8>,
    },
    /// The name is empty.
    #[error("the name of a file is empty")]
    Empty,
    /// A control byte in a name. No server has such a file, and it could forge a log line.
    #[error(
        "the name \"{}\" holds the control byte 0x{byte:02x}: check the configuration for stray bytes",
        Shown(name)
    )]
    ControlByte {
        /// The whole name.
        name: Vec<u8>,
        /// The first such byte.
        byte: u8,
    },
    /// A URL whose scheme we cannot fetch.
    #[error(
        "cannot fetch \"{}\": {scheme}:// is not supported, only tftp://, http:// and https:// are",
        Shown(name)
    )]
    UnsupportedScheme {
        /// The whole name.
        name: Vec<u8>,
        /// The scheme, as written.
        scheme: String,
    },
    /// A transfer mode other than octet, which would change the file.
    #[error("cannot fetch \"{}\": only the TFTP mode octet is supported", Shown(name))]
    UnsupportedMode {
        /// The whole name.
        name: Vec<u8>,
    },
    /// The part that names the server is not an IPv4 address or a DNS name.
    #[error(
        "\"{}\" does not name a server: \"{}\" is neither an IPv4 address nor a DNS name",
        Shown(name),
        Shown(host)
    )]
    BadServer {
        /// The whole name.
        name: Vec<u8>,
        /// The part.
        host: Vec<u8>,
    },
    /// The port is not 1 to 65535.
    #[error("\"{}\" has a port that is not a number from 1 to 65535", Shown(name))]
    BadPort {
        /// The whole name.
        name: Vec<u8>,
    },
}

/// Finds the place of a name.
///
/// `server` is the boot server of the lease, for names that do not say one.
///
/// # Errors
/// The name or its prefix is empty, too long, malformed, or of a form we cannot fetch.
pub fn resolve(prefix: &Prefix, server: &Server, name: &[u8]) -> Result<Location, LocationError> {
    let name = until_nul(name);
    if name.is_empty() {
        return Err(LocationError::Empty);
    }
    let mut full = Vec::new();
    if NameForm::of(name) == NameForm::Relative {
        full.extend_from_slice(prefix.as_bytes());
    }
    // Which form it is, the prefix decides: "a:b://c" below a plain prefix is a plain path.
    let form = NameForm::of(if full.is_empty() { name } else { &full });
    full.extend_from_slice(name);
    if full.len() > MAX_NAME {
        return Err(LocationError::TooLong { name: full });
    }
    if let Some(&byte) = full.iter().find(|b| b.is_ascii_control()) {
        return Err(LocationError::ControlByte { name: full, byte });
    }
    match form {
        NameForm::Relative => {
            Ok(Location::Tftp { server: server.clone(), port: TFTP_PORT, path: full })
        }
        NameForm::Server => server_path(server, &full),
        NameForm::Url => url(&full),
    }
}

/// The three forms a name can have. The first colon decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameForm {
    /// Relative to the prefix.
    Relative,
    /// `server::path`; the boot server if `server` is empty.
    Server,
    /// `scheme://...`
    Url,
}

impl NameForm {
    pub(crate) fn of(name: &[u8]) -> NameForm {
        let colon = name.iter().position(|&b| b == b':').unwrap_or(name.len());
        match name.get(colon..).unwrap_or_default() {
            [b':', b'/', b'/', ..] => NameForm::Url,
            [b':', b':', ..] => NameForm::Server,
            _ => NameForm::Relative,
        }
    }
}

impl Server {
    /// Reads an IPv4 address or a DNS name; `None` if it is neither.
    #[must_use]
    pub fn parse(host: &[u8]) -> Option<Server> {
        let text = str::from_utf8(host).ok()?;
        if let Ok(address) = text.parse() {
            return Some(Server::Ip(address));
        }
        let is_name = !text.is_empty()
            && text.len() <= 253
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            // "10.0.0" and "10.0.0.256" are mistyped addresses, and no top-level domain is a number.
            && text.bytes().any(|b| b.is_ascii_alphabetic());
        is_name.then(|| Server::Name(text.to_owned()))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Ip(address) => address.fmt(f),
            Server::Name(name) => f.write_str(name),
        }
    }
}

/// The URL shown to people. A TFTP path that begins with a slash shows two of them, because the
/// slash goes to the server.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Tftp { server, port, path } => {
                write!(f, "tftp://{server}")?;
                if *port != TFTP_PORT {
                    write!(f, ":{port}")?;
                }
                f.write_str("/")?;
                f.write_str(&percent_encoded(path, b"%#;?\"<>\\^`{|}"))
            }
            Location::Http { url } => f.write_str(&without_password(url)),
        }
    }
}

fn server_path(default: &Server, full: &[u8]) -> Result<Location, LocationError> {
    let at = full.windows(2).position(|pair| pair == b"::").unwrap_or_default();
    let (host, path) = full.split_at_checked(at).unwrap_or((full, &[]));
    let path = path.get(2..).unwrap_or_default().to_vec();
    if path.is_empty() {
        return Err(LocationError::Empty);
    }
    let server = if host.is_empty() {
        default.clone()
    } else {
        Server::parse(host)
            .ok_or_else(|| LocationError::BadServer { name: full.to_vec(), host: host.to_vec() })?
    };
    Ok(Location::Tftp { server, port: TFTP_PORT, path })
}

fn url(full: &[u8]) -> Result<Location, LocationError> {
    let colon = full.iter().position(|&b| b == b':').unwrap_or_default();
    let (scheme, rest) = full.split_at_checked(colon).unwrap_or((full, &[]));
    let rest = rest.get(3..).unwrap_or_default();
    let slash = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(slash).unwrap_or((rest, &[]));
    let (server, port) = authority_parts(full, authority)?;
    // A fragment is the client's own business and never goes to a server.
    let path = path.split(|&b| b == b'#').next().unwrap_or_default();
    match scheme.to_ascii_lowercase().as_slice() {
        b"tftp" => {
            let path = tftp_path(full, path.get(1..).unwrap_or_default())?;
            Ok(Location::Tftp { server, port: port.unwrap_or(TFTP_PORT), path })
        }
        b"http" | b"https" => {
            let end = scheme.len() + 3 + authority.len() + path.len();
            let text = full.get(..end).unwrap_or(full);
            Ok(Location::Http { url: percent_encoded(text, b"") })
        }
        _ => Err(LocationError::UnsupportedScheme {
            name: full.to_vec(),
            scheme: Shown(scheme).to_string(),
        }),
    }
}

/// `user:password@host:port` as host and port. The credentials stay in the URL's text.
fn authority_parts(full: &[u8], authority: &[u8]) -> Result<(Server, Option<u16>), LocationError> {
    let host = authority.rsplit(|&b| b == b'@').next().unwrap_or_default();
    let mut parts = host.splitn(2, |&b| b == b':');
    let host = parts.next().unwrap_or_default();
    let server = Server::parse(host)
        .ok_or_else(|| LocationError::BadServer { name: full.to_vec(), host: host.to_vec() })?;
    let port = match parts.next() {
        None => None,
        Some(digits) => Some(
            str::from_utf8(digits)
                .ok()
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|digits| digits.parse::<u16>().ok())
                .filter(|port| *port != 0)
                .ok_or_else(|| LocationError::BadPort { name: full.to_vec() })?,
        ),
    };
    Ok((server, port))
}

/// The name in a TFTP URL (RFC 3617): `;mode=octet` is cut, `%XX` becomes its byte.
fn tftp_path(full: &[u8], path: &[u8]) -> Result<Vec<u8>, LocationError> {
    let mut parts = path.splitn(2, |&b| b == b';');
    let path = parts.next().unwrap_or_default();
    if let Some(parameter) = parts.next() {
        let lower = parameter.to_ascii_lowercase();
        if lower.strip_prefix(b"mode=").is_some_and(|mode| mode != b"octet") {
            return Err(LocationError::UnsupportedMode { name: full.to_vec() });
        }
    }
    let path = percent_decoded(path);
    match path.iter().find(|b| b.is_ascii_control()) {
        Some(&byte) => Err(LocationError::ControlByte { name: full.to_vec(), byte }),
        None if path.is_empty() => Err(LocationError::Empty),
        None => Ok(path),
    }
}

/// `%XX` with two hexadecimal digits becomes a byte; any other `%` stays.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let escaped = match tail {
            [high, low, after @ ..] if *first == b'%' => {
                digit(high).zip(digit(low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        out.push(byte);
        rest = after;
    }
    out
}

/// Blanks, controls and bytes from 0x80 on, and those in `also`, as `%XX`.
fn percent_encoded(text: &[u8], also: &[u8]) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_graphic() && !also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at_checked(slash).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}{path}")
        }
        None => url.to_owned(),
    }
}

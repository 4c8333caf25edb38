//! The driver around ureq: one GET, streamed, with every wait and length bounded.

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error, Timeout};

use super::names::Resolver;
use super::sink::Sink;
use super::{FetchError, Progress, out_of_time, storage};
use crate::budget::Budget;
use crate::limits::MAX_REDIRECTS;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that sends nothing for this long has gone away.
const SILENCE: Duration = Duration::from_secs(15);
const CHUNK: usize = 128 * 1024;

/// What to fetch.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The URL, perhaps with a password in it.
    pub url: &'a str,
    /// The URL for people.
    pub shown: &'a str,
}

/// Fetches one file; gives back its size.
///
/// # Errors
/// [`FetchError`].
pub fn fetch(
    file: &File<'_>,
    resolver: &Resolver,
    sink: &mut dyn Sink,
    limit: u64,
    budget: &Budget,
    progress: &Progress,
) -> Result<u64, FetchError> {
    let shown = file.shown;
    if file.url.starts_with("https:") {
        return Err(FetchError::Refused(format!(
            "{shown}: this rpxeboot has no TLS: serve the file by http:// or tftp://"
        )));
    }
    let lookup =
        Lookup { resolver: resolver.clone(), budget: budget.clone(), why: Mutex::default() };
    let agent = Agent::with_parts(config(budget), DefaultConnector::default(), lookup);
    let mut response = agent.get(file.url).call().map_err(|error| explain(shown, error, budget))?;
    let announced = response.body().content_length();
    if let Some(size) = announced.filter(|size| *size > limit) {
        return Err(too_large(shown, Some(size), limit));
    }
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; CHUNK];
    let mut received = 0_u64;
    loop {
        if progress.is_stopped() {
            return Err(FetchError::Abandoned(format!("{shown}: stopped")));
        }
        let length = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(shown, received, error, budget)),
        };
        let bytes = chunk.get(..length).unwrap_or_default();
        let end = received.saturating_add(length as u64);
        if end > limit {
            return Err(too_large(shown, None, limit));
        }
        sink.put(received, bytes).map_err(|error| storage(&shown, &error))?;
        received = end;
        progress.set(received, announced);
    }
    match announced {
        Some(size) if size != received => Err(FetchError::Malformed(format!(
            "{shown}: the server announced {size} bytes and sent {received}: was the file changed \
             meanwhile? try again"
        ))),
        _ => Ok(received),
    }
}

fn config(budget: &Budget) -> Config {
    Agent::config_builder()
        .max_redirects(MAX_REDIRECTS)
        .max_redirects_will_error(true)
        .proxy(None)
        .timeout_global(Some(budget.left().max(Duration::from_millis(1))))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .accept_encoding("identity")
        .user_agent(concat!("rpxeboot/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Names are looked up with the lease's own name servers: dom0's know nothing of the
/// guest's network.
#[derive(Debug)]
struct Lookup {
    resolver: Resolver,
    budget: Budget,
    why: Mutex<Option<String>>,
}

impl UreqResolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(80);
        let address = match host.parse() {
            Ok(address) => address,
            Err(_) => self.resolver.look_up(host, &self.budget).map_err(|why| {
                if let Ok(mut place) = self.why.lock() {
                    *place = Some(why.to_string());
                }
                Error::HostNotFound
            })?,
        };
        let mut found = self.empty();
        found.push(SocketAddr::from((address, port)));
        Ok(found)
    }
}

fn explain(shown: &str, error: Error, budget: &Budget) -> FetchError {
    match error {
        Error::StatusCode(404 | 410) => {
            FetchError::NotFound(format!("{shown}: not found on the server"))
        }
        Error::StatusCode(code) => {
            FetchError::Refused(format!("{shown}: the server answers with status {code}"))
        }
        Error::Timeout(which) => timed_out(shown, which, budget),
        Error::HostNotFound => FetchError::Refused(format!(
            "{shown}: the host's name is unknown to the lease's name servers: use its address"
        )),
        Error::TooManyRedirects | Error::RedirectFailed => FetchError::Malformed(format!(
            "{shown}: more than {MAX_REDIRECTS} redirects, or one that leads nowhere"
        )),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => FetchError::Refused(
            format!("{shown}: nobody listens there: is the web server running?"),
        ),
        Error::Io(error) => FetchError::Refused(format!("{shown}: {error}")),
        Error::ConnectionFailed => {
            FetchError::TimedOut(format!("{shown}: no connection: is the web server reachable?"))
        }
        other => {
            let why = crate::text::printable(other.to_string().as_bytes());
            FetchError::Malformed(format!("{shown}: {why}"))
        }
    }
}

fn timed_out(shown: &str, which: Timeout, budget: &Budget) -> FetchError {
    if budget.is_over() {
        out_of_time(shown, budget)
    } else {
        FetchError::TimedOut(format!("{shown}: the server fell silent ({which})"))
    }
}

fn broken(shown: &str, received: u64, error: std::io::Error, budget: &Budget) -> FetchError {
    match Error::from(error) {
        Error::Timeout(which) => timed_out(shown, which, budget),
        other => {
            let why = crate::text::printable(other.to_string().as_bytes());
            FetchError::Malformed(format!("{shown}: broke off after {received} bytes: {why}"))
        }
    }
}

fn too_large(shown: &str, announced: Option<u64>, limit: u64) -> FetchError {
    let size = announced.map_or_else(|| "more".to_owned(), |size| format!("{size}"));
    FetchError::TooLarge(format!("{shown}: {size} bytes are over the limit of {limit}"))
}

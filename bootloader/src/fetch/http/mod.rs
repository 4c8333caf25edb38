//! The driver around ureq: files by HTTP and HTTPS, streamed, with every wait and length
//! bounded.
//!
//! One [`Client`] serves a whole boot, so that files from one server share its connections. A
//! transfer that breaks off is gone on with where it stopped, if the server can tell that the
//! file is still the same (RFC 9110, 14). Redirects are followed here and not in ureq, so that
//! passwords stay with their host ([`url`]) and nothing leads from https back to http.

pub mod answer;
mod explain;
mod lookup;
#[cfg(feature = "tls")]
mod tls;
pub mod url;

use std::io::{ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, IF_RANGE, LOCATION, RANGE};
use ureq::unversioned::transport::{Connector, TcpConnector};
use ureq::{Agent, Body, Error};

use self::answer::SoFar;
use self::explain::Cut;
use self::lookup::Lookup;
use self::url::Url;
use super::authorities::Authorities;
use super::names::Resolver;
use super::sink::Sink;
use super::{FetchError, Pace, Progress, out_of_time, storage};
use crate::budget::Budget;
use crate::limits::{MAX_ERROR_BODY, MAX_REDIRECTS, MAX_RESUMES};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that sends nothing for this long has gone away.
const SILENCE: Duration = Duration::from_secs(15);
/// Before a request is made again, so that a server that starts anew is there by then.
const PAUSE: Duration = Duration::from_secs(1);
const CHUNK: usize = 128 * 1024;

/// What to fetch.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The URL, perhaps with a password in it.
    pub url: &'a str,
    /// The URL for people.
    pub shown: &'a str,
    /// Whether it has to be there.
    pub pace: Pace,
    /// Bytes that are taken at most.
    pub limit: u64,
}

/// The web client of one boot.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    budget: Budget,
}

impl Client {
    /// A client that looks names up with `resolver`, and checks https servers against
    /// `authorities`.
    #[must_use]
    pub fn new(resolver: Resolver, budget: Budget, authorities: Option<Authorities>) -> Self {
        let lookup = Lookup { resolver, budget: budget.clone() };
        let connector = ().chain(TcpConnector::default());
        #[cfg(feature = "tls")]
        let connector = connector.chain(tls::Tls::new(authorities));
        #[cfg(not(feature = "tls"))]
        drop(authorities);
        Self { agent: Agent::with_parts(config(), connector, lookup), budget }
    }

    /// Fetches one file into `sink`; gives back its size.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn fetch(
        &self,
        file: &File<'_>,
        sink: &mut dyn Sink,
        progress: &Progress,
    ) -> Result<u64, FetchError> {
        let shown = file.shown;
        let url =
            Url::parse(file.url).map_err(|why| FetchError::Malformed(format!("{shown}: {why}")))?;
        let trip = Trip { client: self, file, url, progress };
        let mut so_far = SoFar::default();
        let mut resumes = 0;
        loop {
            match trip.leg(&mut so_far, sink) {
                Ok(()) => return Ok(so_far.received),
                Err(Cut::Over(error)) => return Err(error),
                Err(Cut::BrokenOff(why)) if resumes == MAX_RESUMES => {
                    let SoFar { received, total, .. } = so_far;
                    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
                    return Err(FetchError::Malformed(format!(
                        "{shown}: broke off after {received}{of} bytes, {} times in all: {why}",
                        resumes + 1
                    )));
                }
                Err(Cut::BrokenOff(_)) => {
                    trip.pause(PAUSE * resumes)?;
                    resumes += 1;
                }
            }
        }
    }
}

/// One file's way here.
struct Trip<'a> {
    client: &'a Client,
    file: &'a File<'a>,
    url: Url,
    progress: &'a Progress,
}

impl Trip<'_> {
    /// One request and as much of the file as comes by it.
    fn leg(&self, so_far: &mut SoFar, sink: &mut dyn Sink) -> Result<(), Cut> {
        let file = self.file;
        let shown = file.shown;
        let has_begun = so_far.total.is_some() || so_far.received > 0;
        let mut response = match self.ask(so_far) {
            // The server may be starting anew: it has had the file a moment ago.
            Err(FetchError::TimedOut(why) | FetchError::Refused(why)) if has_begun => {
                return Err(Cut::BrokenOff(why));
            }
            asked => asked?,
        };
        let length = response.body().content_length();
        if response.status() == 206 {
            if !so_far.is_continued_by(response.headers()) {
                return Err(Cut::Over(FetchError::Malformed(format!(
                    "{shown}: the rest was asked for from byte {} on, and the server sends \
                     something else",
                    so_far.received
                ))));
            }
            so_far.total = so_far.total.or_else(|| SoFar::total_in(response.headers()));
        } else {
            if has_begun {
                sink.restart().map_err(|error| storage(&shown, &error))?;
            }
            *so_far = SoFar::beginning(response.headers(), length);
        }
        if let Some(size) = so_far.total.filter(|size| *size > file.limit) {
            return Err(Cut::Over(too_large(shown, Some(size), file.limit)));
        }
        if let Some(size) = so_far.total {
            sink.expect(size).map_err(|error| storage(&shown, &error))?;
        }
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            self.check()?;
            let length = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(explain::cut(shown, error, &self.client.budget)),
            };
            let bytes = chunk.get(..length).unwrap_or_default();
            let end = so_far.received.saturating_add(length as u64);
            if end > so_far.total.map_or(file.limit, |total| total.min(file.limit)) {
                return Err(Cut::Over(too_large(shown, None, file.limit)));
            }
            sink.put(so_far.received, bytes).map_err(|error| storage(&shown, &error))?;
            so_far.received = end;
            self.progress.set(end, so_far.total);
        }
        match so_far.total {
            Some(total) if total != so_far.received => {
                Err(Cut::BrokenOff(format!("the server announced {total} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Asks for the file, or for the rest of it, until there is an answer with bytes in it.
    fn ask(&self, so_far: &SoFar) -> Result<Response<Body>, FetchError> {
        let mut at = self.url.clone();
        let mut visited: Vec<Url> = Vec::new();
        let mut is_second_try = false;
        loop {
            self.check()?;
            let shown = match visited.is_empty() {
                true => self.file.shown.to_owned(),
                false => format!("{} (redirected to {at})", self.file.shown),
            };
            if cfg!(not(feature = "tls")) && at.secure {
                return Err(FetchError::Refused(format!(
                    "{shown}: this rpxeboot has no TLS: serve the file by http:// or tftp://"
                )));
            }
            let mut response = match self.request(&at, so_far) {
                Ok(response) => response,
                Err(error) if !is_second_try && explain::is_worth_a_second_try(&error) => {
                    is_second_try = true;
                    continue;
                }
                Err(error) => {
                    return Err(explain::no_answer(&shown, error, &self.client.budget));
                }
            };
            let status = response.status().as_u16();
            match status {
                200 => return Ok(response),
                206 if so_far.rest().is_some() => return Ok(response),
                301 | 302 | 303 | 307 | 308 => {
                    let next = next_url(&at, &response)
                        .map_err(|why| FetchError::Malformed(format!("{shown}: {why}")))?;
                    drain(&mut response);
                    visited.push(at);
                    if visited.contains(&next) {
                        return Err(FetchError::Malformed(format!(
                            "{shown}: its redirects lead in a circle, back to {next}"
                        )));
                    }
                    if visited.len() > MAX_REDIRECTS {
                        return Err(FetchError::Malformed(format!(
                            "{shown}: more than {MAX_REDIRECTS} redirects one after the other"
                        )));
                    }
                    at = next;
                }
                500..=599 if !is_second_try && self.client.budget.left() > PAUSE => {
                    is_second_try = true;
                    drain(&mut response);
                    self.pause(PAUSE)?;
                }
                _ => {
                    drain(&mut response);
                    return Err(explain::refusal(&shown, status, &at, &self.url, self.file.pace));
                }
            }
        }
    }

    fn request(&self, at: &Url, so_far: &SoFar) -> Result<Response<Body>, Error> {
        let mut request = self.client.agent.get(at.request());
        if let Some(value) = at.authorization() {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some((range, validator)) = so_far.rest() {
            request = request.header(RANGE, range).header(IF_RANGE, validator);
        }
        let left = self.client.budget.left().max(Duration::from_millis(1));
        request.config().timeout_global(Some(left)).build().call()
    }

    /// Whether it may go on.
    fn check(&self) -> Result<(), FetchError> {
        let shown = self.file.shown;
        if self.progress.is_stopped() {
            Err(FetchError::Abandoned(format!("{shown}: stopped")))
        } else if self.client.budget.is_over() {
            Err(out_of_time(shown, &self.client.budget))
        } else {
            Ok(())
        }
    }

    fn pause(&self, length: Duration) -> Result<(), FetchError> {
        let until = self.client.budget.until(length);
        loop {
            self.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(Duration::from_millis(100)));
        }
    }
}

impl From<FetchError> for Cut {
    fn from(error: FetchError) -> Self {
        Self::Over(error)
    }
}

fn next_url(at: &Url, response: &Response<Body>) -> Result<Url, String> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or("the server redirects it, and does not say where to")?;
    let next = at.join(location).map_err(|why| format!("the server redirects it, and {why}"))?;
    if at.secure && !next.secure {
        return Err(format!(
            "the server redirects it from https to {next}, which anybody on the way can change: \
             have it redirect to https, or name an http:// URL to begin with"
        ));
    }
    Ok(next)
}

/// Reads what comes with a status that is of no use, so that the connection can be used again:
/// a search for configs meets ten such answers.
fn drain(response: &mut Response<Body>) {
    let mut body = response.body_mut().with_config().limit(MAX_ERROR_BODY).reader();
    // It does not matter how that ends: then the next request makes a connection of its own.
    let _ = std::io::copy(&mut body, &mut std::io::sink());
}

fn config() -> Config {
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .accept_encoding("identity")
        .user_agent(concat!("rpxeboot/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn too_large(shown: &str, announced: Option<u64>, limit: u64) -> FetchError {
    let size = announced.map_or_else(|| "more".to_owned(), |size| format!("{size}"));
    FetchError::TooLarge(format!("{shown}: {size} bytes are over the limit of {limit}"))
}

#[cfg(test)]
mod tests;

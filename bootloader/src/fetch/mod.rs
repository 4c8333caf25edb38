//! From a place on the network to bytes: one front for TFTP and HTTP.
//!
//! [`Fetcher`] knows the lease's name servers and the boot's budget; [`tftp`] and [`http`]
//! are the two drivers; [`servers`] is what was learnt of whom; [`authorities`] is what https is checked against; [`sink`] is where
//! bytes go. What went wrong keeps its type: only
//! [`FetchError::NotFound`] lets a caller try another name.

pub mod authorities;
mod datagrams;
pub mod http;
pub mod names;
pub mod servers;
pub mod sink;
mod terms;
pub mod tftp;

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pxelinux::{Location, Server};

use crate::budget::Budget;
use crate::failure::{Failure, Reason};
use authorities::Authorities;
use names::Resolver;
use servers::Servers;
use sink::{Memory, Sink};

/// Why a file did not come. Every sentence names the file by its URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server says that there is no such file, or none for us.
    #[error("{0}")]
    NotFound(String),
    /// The server does not answer, or stopped to.
    #[error("{0}")]
    TimedOut(String),
    /// The server answers and does not want to.
    #[error("{0}")]
    Refused(String),
    /// The server does not keep to the protocol, or the name cannot be asked for.
    #[error("{0}")]
    Malformed(String),
    /// More than we take.
    #[error("{0}")]
    TooLarge(String),
    /// The bytes could not be kept.
    #[error("{0}")]
    Storage(String),
    /// The boot's time is over.
    #[error("{0}")]
    Deadline(String),
    /// Another file failed first.
    #[error("{0}")]
    Abandoned(String),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let reason = match error {
            FetchError::Deadline(_) => Reason::Deadline,
            FetchError::Storage(_) => Reason::NotPermitted,
            _ => Reason::Transfer,
        };
        Self::new(reason, error.to_string())
    }
}

/// How patient a fetch is with a silent server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One of many names that may not exist.
    Probing,
    /// A file that must be there.
    Needed,
}

/// How far a transfer is; read by another thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes so far.
    pub received: AtomicU64,
    /// Bytes in all, when the server says so; else 0.
    pub total: AtomicU64,
    /// Set to make the transfer stop.
    pub stop: AtomicBool,
}

impl Progress {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn set(&self, received: u64, total: Option<u64>) {
        self.received.store(received, Ordering::Relaxed);
        self.total.store(total.unwrap_or(0), Ordering::Relaxed);
    }
}

/// A file that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// Its size.
    pub bytes: u64,
    /// How long it took.
    pub time: Duration,
}

/// Fetches files for one boot.
#[derive(Debug)]
pub struct Fetcher {
    resolver: Resolver,
    budget: Budget,
    web: http::Client,
    servers: Servers,
}

impl Fetcher {
    /// A fetcher that looks names up with `resolver`, is done when `budget` is, and checks
    /// https servers against `authorities`.
    #[must_use]
    pub fn new(resolver: Resolver, budget: Budget, authorities: Option<Authorities>) -> Self {
        let web = http::Client::new(resolver.clone(), budget.clone(), authorities);
        Self { resolver, budget, web, servers: Servers::default() }
    }

    /// A small file, as a whole.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn small(
        &self,
        location: &Location,
        limit: u64,
        pace: Pace,
    ) -> Result<Vec<u8>, FetchError> {
        let mut memory = Memory::default();
        self.fetch(location, &mut memory, limit, pace, &Progress::default())?;
        Ok(memory.into_bytes())
    }

    /// A file of at most `limit` bytes into `sink`.
    ///
    /// # Errors
    /// [`FetchError`]; what is in `sink` then is worth nothing.
    pub fn fetch(
        &self,
        location: &Location,
        sink: &mut dyn Sink,
        limit: u64,
        pace: Pace,
        progress: &Progress,
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let bytes = match location {
            Location::Tftp { server, port, path } => {
                let address = match server {
                    Server::Ip(address) => *address,
                    Server::Name(name) => self
                        .resolver
                        .look_up(name, &self.budget)
                        .map_err(|why| FetchError::Refused(format!("{location}: {why}")))?,
                };
                let server = SocketAddrV4::new(address, *port);
                let file = tftp::File { server, path };
                tftp::fetch(&file, sink, limit, pace, &self.budget, progress, &self.servers)?
            }
            Location::Http { url } => {
                let shown = location.to_string();
                self.web.fetch(&http::File { url, shown: &shown, pace, limit }, sink, progress)?
            }
        };
        sink.finish().map_err(|error| storage(location, &error))?;
        Ok(Fetched { bytes, time: started.elapsed() })
    }
}

fn out_of_time(shown: &str, budget: &Budget) -> FetchError {
    let seconds = budget.total().as_secs_f64().ceil();
    FetchError::Deadline(format!(
        "{shown}: not all here after {seconds} s, when the boot's time was over: give it more with \
         --deadline"
    ))
}

fn storage(shown: &dyn std::fmt::Display, error: &std::io::Error) -> FetchError {
    FetchError::Storage(format!("{shown}: it cannot be kept in the output directory: {error}"))
}

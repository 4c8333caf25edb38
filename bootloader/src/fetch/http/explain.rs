//! What went wrong between us and a web server, as sentences for an administrator.

use std::io::ErrorKind;

use ureq::{Error, Timeout};

use super::url::Url;
use crate::budget::Budget;
use crate::fetch::names::NoAddress;
use crate::fetch::{FetchError, Pace, out_of_time};

/// What our own parts beneath ureq have to say.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A name could not be looked up.
    #[error("{0}")]
    Name(NoAddress),
    /// TLS does not come about.
    #[cfg(feature = "tls")]
    #[error("{0}")]
    Tls(String),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        Self::Other(Box::new(trouble))
    }
}

/// Why a request had no answer.
pub(super) fn no_answer(shown: &str, error: Error, budget: &Budget) -> FetchError {
    match error {
        Error::Timeout(which) => timed_out(shown, which, budget),
        Error::Other(trouble) => FetchError::Refused(format!("{shown}: {trouble}")), // ours
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => FetchError::Refused(
            format!("{shown}: nobody listens there: is the web server running?"),
        ),
        Error::Io(error) if is_cut(error.kind()) => FetchError::Refused(format!(
            "{shown}: the server hangs up without an answer: its log may say why"
        )),
        Error::Io(error) => FetchError::Refused(format!("{shown}: {error}")),
        Error::ConnectionFailed => {
            FetchError::TimedOut(format!("{shown}: no connection: is the web server reachable?"))
        }
        other => FetchError::Malformed(format!("{shown}: {}", printable(&other))),
    }
}

/// What a status says that is no success, for what is known of the request.
pub(super) fn refusal(
    shown: &str,
    status: u16,
    asked: &Url,
    first: &Url,
    pace: Pace,
) -> FetchError {
    match status {
        404 | 410 => FetchError::NotFound(format!("{shown}: not found on the server")),
        401 if asked.has_credentials() => FetchError::Refused(format!(
            "{shown}: the server refuses this user and password (status 401): correct them in the \
             URL"
        )),
        401 if first.has_credentials() => FetchError::Refused(format!(
            "{shown}: that server wants a user and a password of its own (status 401), and those \
             in the URL are for {} alone",
            first.host
        )),
        401 => FetchError::Refused(format!(
            "{shown}: the server wants a user and a password (status 401): write them into the \
             URL, as in http://USER:PASSWORD@HOST/"
        )),
        // Object stores say so of what is not there; PXELINUX goes on to the next name as well.
        403 if pace == Pace::Probing => FetchError::NotFound(format!(
            "{shown}: the server does not let us read it (status 403)"
        )),
        403 => FetchError::Refused(format!(
            "{shown}: the server does not let us read it (status 403): check the file's \
             permissions and the server's access rules"
        )),
        500..=599 => FetchError::Refused(format!(
            "{shown}: the server answers with status {status}, twice: its log says why"
        )),
        _ => FetchError::Refused(format!("{shown}: the server answers with status {status}")),
    }
}

/// Why a body did not come to its end.
pub(super) enum Cut {
    /// The rest may come if it is asked for.
    BrokenOff(String),
    /// It is of no use to go on.
    Over(FetchError),
}

pub(super) fn cut(shown: &str, error: std::io::Error, budget: &Budget) -> Cut {
    match Error::from(error) {
        Error::Timeout(Timeout::Global) => Cut::Over(timed_out(shown, Timeout::Global, budget)),
        Error::Timeout(_) => Cut::BrokenOff("the server fell silent".to_owned()),
        Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Cut::BrokenOff("the server hung up".to_owned())
        }
        Error::Io(error) => Cut::BrokenOff(error.to_string()),
        other => Cut::Over(FetchError::Malformed(format!("{shown}: {}", printable(&other)))),
    }
}

/// Whether a request may have met a connection that the server was just about to close.
pub(super) fn is_worth_a_second_try(error: &Error) -> bool {
    matches!(error, Error::Io(error) if is_cut(error.kind()))
}

fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

fn timed_out(shown: &str, which: Timeout, budget: &Budget) -> FetchError {
    if budget.is_over() {
        return out_of_time(shown, budget);
    }
    let why = match which {
        Timeout::Connect => "no connection in time: is the web server reachable?".to_owned(),
        which => format!("the server fell silent ({which})"),
    };
    FetchError::TimedOut(format!("{shown}: {why}"))
}

fn printable(error: &Error) -> String {
    crate::text::printable(error.to_string().as_bytes())
}

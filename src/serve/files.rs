//! Files by HTTP, for kernels, initrds, answer files and mirrors; with ranges, and without
//! copying big ones through memory (tower-http's ServeDir).
//!
//! It faces the guests' network, so it is a process of its own, which is not root. What it serves
//! comes over standard input ([`super::control`]); each request is a line on standard output,
//! `ADDRESS STATUS LENGTH METHOD PATH`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::control::{self, Served};
use super::neighbours;
use crate::console::{Console, printable};
use crate::failure::Failure;

/// No request line is told longer.
const MAX_PATH: usize = 300;
/// An answer must have begun by then: a disk that hangs holds nobody for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that has said nothing for so long is let go.
const SILENCE: Duration = Duration::from_secs(15);
/// So many are heard at a time.
const MAX_CLIENTS: usize = 256;

/// What is served, by whom it may be changed.
pub type Shared = Arc<RwLock<Served>>;

/// Serves what comes over standard input, until that ends: then the one that started us is gone.
///
/// # Errors
/// Standard input is no such socket, or the kernel has no more of something.
pub fn serve_standard_input(console: Console) -> Result<(), Failure> {
    let failure = |error: io::Error| Failure::failed(format!("serving files: {error}"));
    let control = std::io::stdin().as_fd().try_clone_to_owned().map_err(failure)?;
    let control = UnixStream::from(control);
    let listener = control::receive_listener(&control).map_err(failure)?;
    listener.set_nonblocking(true).map_err(failure)?;
    control.set_nonblocking(true).map_err(failure)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failure)?;
        let control = tokio::net::UnixStream::from_std(control).map_err(failure)?;
        let mut lines = BufReader::new(control).lines();
        let Some(first) = next(&mut lines).await.map_err(failure)? else { return Ok(()) };
        let shared: Shared = Arc::new(RwLock::new(first));
        // Nobody who listens is no reason to stop.
        let router = router(&shared, move |line| drop(console.result(&format!("{line}\n"))));
        let follow = async {
            while let Some(served) = next(&mut lines).await? {
                *shared.write().unwrap_or_else(PoisonError::into_inner) = served;
            }
            Ok(())
        };
        tokio::select! {
            served = accept(listener, &router) => served.map_err(failure),
            ended = follow => ended.map_err(failure),
        }
    })
}

/// Serves each client in a task of its own. Whoever says nothing is let go, and no more than
/// [`MAX_CLIENTS`] are heard at a time: a guest cannot keep the others away for long.
async fn accept(listener: tokio::net::TcpListener, router: &Router) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
        let (stream, from) = match listener.accept().await {
            Ok(client) => client,
            // It was gone before it was heard, or the kernel has no more of something just now.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let client = serve_client(stream, from, router.clone());
        tokio::spawn(async move {
            client.await;
            drop(place);
        });
    }
}

/// Answers what one client asks, until it goes or says nothing.
pub async fn serve_client<S>(stream: S, from: SocketAddr, router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is the client's affair.
    let _ = connection.await;
}

async fn next<R: AsyncRead + Unpin>(
    lines: &mut tokio::io::Lines<BufReader<R>>,
) -> io::Result<Option<Served>> {
    let Some(line) = lines.next_line().await? else { return Ok(None) };
    Ok(Some(serde_json::from_str(&line)?))
}

/// What answers requests, and tells each as a line ([`read`]). What never changes is routed once;
/// guests come and go.
pub fn router(shared: &Shared, tell: impl Fn(&str) + Clone + Send + Sync + 'static) -> Router {
    let served = shared.read().unwrap_or_else(PoisonError::into_inner).clone();
    let told =
        middleware::from_fn(move |from: ConnectInfo<SocketAddr>, request: Request, next: Next| {
            answered(tell.clone(), from.0.ip(), request, next)
        });
    let mut router = Router::new()
        .route("/guests/{name}/{file}", any(of_guest))
        .nest_service("/media", ServeDir::new(&served.media));
    for (name, directory) in &served.shares {
        router = router.nest_service(&format!("/{name}"), ServeDir::new(directory));
    }
    router.with_state(Arc::clone(shared)).fallback_service(ServeDir::new(&served.root)).layer(told)
}

/// A guest's own file, for that guest alone.
async fn of_guest(
    State(shared): State<Shared>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path((name, file)): Path<(String, String)>,
) -> Response {
    let IpAddr::V4(address) = from.ip() else { return StatusCode::FORBIDDEN.into_response() };
    let table = tokio::fs::read_to_string(neighbours::TABLE).await.unwrap_or_default();
    let mac = neighbours::who_has(address, &table);
    let served = shared.read().unwrap_or_else(PoisonError::into_inner);
    let Some(guest) = served.guests.get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !mac.is_some_and(|mac| guest.macs.contains(&mac)) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if file == "done" {
        return "vmprov knows\n".into_response();
    }
    match guest.files.get(&file) {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain")], text.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A request, told once its answer has begun.
async fn answered(tell: impl Fn(&str), from: IpAddr, request: Request, next: Next) -> Response {
    let path: String = request.uri().path().chars().take(MAX_PATH).collect();
    let method = request.method().clone();
    let response = match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let status = response.status().as_u16();
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()).unwrap_or("0");
    tell(&format!("{from} {status} {length} {method} {}", printable(&path)));
    response
}

/// A line of [`serve_standard_input`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// Who asked.
    pub from: IpAddr,
    /// How it ended.
    pub status: u16,
    /// How many bytes it was.
    pub length: u64,
    /// How it was asked for.
    pub method: &'a str,
    /// What was asked for.
    pub path: &'a str,
}

/// Reads such a line.
#[must_use]
pub fn read(line: &str) -> Option<Told<'_>> {
    let mut words = line.trim_end().splitn(5, ' ');
    let mut word = || words.next();
    Some(Told {
        from: word()?.parse().ok()?,
        status: word()?.parse().ok()?,
        length: word()?.parse().ok()?,
        method: word()?,
        path: word()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line() {
        let told = read("192.168.200.7 206 9 GET /a b\n").unwrap();
        let from = [192, 168, 200, 7].into();
        let expected = Told { from, status: 206, length: 9, method: "GET", path: "/a b" };
        assert_eq!(told, expected);
        assert_eq!(read("nonsense"), None);
    }
}

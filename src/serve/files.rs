//! Files by HTTP, for kernels, initrds, answer files and mirrors; with ranges, and without
//! copying big ones through memory (tower-http's ServeDir).
//!
//! It faces the guests' network, so it is a process of its own, which is not root: the parent
//! opens the socket and hands it over as standard input; each request is a line on standard
//! output, `ADDRESS STATUS METHOD PATH`.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use tower_http::services::ServeDir;

use crate::console::{Console, printable};
use crate::failure::Failure;

/// No request line is told longer.
const MAX_PATH: usize = 300;
/// An answer must have begun by then: a disk that hangs holds nobody for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves what is below `root` on the socket that is standard input, until it is ended.
///
/// # Errors
/// Standard input is no such socket, or the kernel has no more of something.
pub fn serve_standard_input(root: &Path, console: Console) -> Result<(), Failure> {
    let failure = |error: std::io::Error| Failure::failed(format!("serving files: {error}"));
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map_err(failure)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true).map_err(failure)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failure)?;
        let tell = middleware::from_fn(
            move |from: ConnectInfo<SocketAddr>, request: Request, next: Next| {
                answered(console, from.0.ip(), request, next)
            },
        );
        let files = Router::new().fallback_service(ServeDir::new(root)).layer(tell);
        let service = files.into_make_service_with_connect_info::<SocketAddr>();
        tokio::select! {
            served = axum::serve(listener, service) => served.map_err(failure),
            () = orphaned() => Ok(()),
        }
    })
}

/// When the one that started us is gone, however that came.
async fn orphaned() {
    let parent = nix::unistd::getppid();
    while nix::unistd::getppid() == parent {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A request, told once its answer has begun.
async fn answered(console: Console, from: IpAddr, request: Request, next: Next) -> Response {
    let path: String = request.uri().path().chars().take(MAX_PATH).collect();
    let method = request.method().clone();
    let response = match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            response
        }
    };
    let status = response.status().as_u16();
    // Nobody who listens is no reason to stop.
    let _ = console.result(&format!("{from} {status} {method} {}\n", printable(&path)));
    response
}

/// A line of [`serve_standard_input`]: who, how it ended, and what was asked for.
#[must_use]
pub fn read(line: &str) -> Option<(IpAddr, u16, &str)> {
    let mut words = line.trim_end().splitn(3, ' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line() {
        let address: IpAddr = [192, 168, 200, 7].into();
        assert_eq!(read("192.168.200.7 206 GET /vmlinuz\n"), Some((address, 206, "GET /vmlinuz")));
        assert_eq!(read("nonsense"), None);
    }
}

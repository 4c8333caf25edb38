//! A relay in front of a web server that breaks connections off in the middle.
//!
//! Usage: netns-cut LISTEN TARGET BYTES CUTS MANNER
//!
//! The first CUTS answers with more than BYTES bytes are cut after that many: `reset`, `close`,
//! or `silence`. `503` answers the first CUTS requests with that status instead. With the
//! variable GO set, what comes after the first cut waits until that file is there.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

struct Relay {
    target: String,
    bytes: usize,
    left: AtomicUsize,
    manner: String,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [listen, target, bytes, cuts, manner] = words.as_slice() else { panic!("five words") };
    let relay = Arc::new(Relay {
        target: target.clone(),
        bytes: bytes.parse().expect("a number of bytes"),
        left: AtomicUsize::new(cuts.parse().expect("a number of cuts")),
        manner: manner.clone(),
    });
    let listener = TcpListener::bind(listen).expect("a free port");
    println!("relaying");
    for client in listener.incoming().flatten() {
        let relay = Arc::clone(&relay);
        thread::spawn(move || {
            if let Err(error) = pass(&relay, client) {
                println!("{error}");
            }
        });
    }
}

fn pass(relay: &Relay, mut client: TcpStream) -> io::Result<()> {
    println!("a connection");
    if relay.manner == "503" {
        let mut request = [0; 4096];
        // It comes in one piece, and what is not cut passes untouched from here on.
        let length = client.peek(&mut request)?;
        if length > 0 && take_one(&relay.left) {
            let length = client.read(&mut request)?;
            println!("503 to {length} bytes");
            client.write_all(
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            )?;
            return Ok(());
        }
    }
    let go = std::env::var("GO").unwrap_or_default();
    if !go.is_empty() && relay.left.load(Ordering::SeqCst) == 0 {
        while !Path::new(&go).exists() {
            thread::sleep(Duration::from_millis(20));
        }
    }
    let mut server = TcpStream::connect(&relay.target)?;
    let (mut requests, mut upwards) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut requests, &mut upwards);
        let _ = upwards.shutdown(Shutdown::Write);
    });
    // One answer after the other may come over this connection: what is counted is this one's.
    let mut since_request = 0;
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = server.read(&mut buffer)?;
        if length == 0 {
            return client.shutdown(Shutdown::Write);
        }
        if buffer.starts_with(b"HTTP/1.1 ") {
            since_request = 0;
        }
        let free = relay.bytes.saturating_sub(since_request);
        if relay.manner != "503" && length > free && take_one(&relay.left) {
            client.write_all(&buffer[..free])?;
            println!("cut by {}", relay.manner);
            return cut(relay, &server, &client);
        }
        since_request += length;
        client.write_all(&buffer[..length])?;
    }
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn cut(relay: &Relay, server: &TcpStream, client: &TcpStream) -> io::Result<()> {
    server.shutdown(Shutdown::Both)?;
    match relay.manner.as_str() {
        "close" => client.shutdown(Shutdown::Both),
        "silence" => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        "reset" => {
            // What is sent arrives before the reset does.
            thread::sleep(Duration::from_millis(50));
            nix::sys::socket::setsockopt(
                client,
                nix::sys::socket::sockopt::Linger,
                &libc::linger { l_onoff: 1, l_linger: 0 },
            )?;
            // The thread that reads from the client has it open, too.
            client.shutdown(Shutdown::Read)
        }
        other => panic!("no manner {other}"),
    }
}

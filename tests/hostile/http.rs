//! An HTTP server that answers wrongly, as a process of its own on a real socket.
//!
//! Usage: hostile-http MODE

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const ADDRESS: [u8; 4] = [192, 168, 200, 1];

fn main() {
    let mode = std::env::args().nth(1).expect("a mode");
    let listener = TcpListener::bind((Ipv4Addr::from(ADDRESS), 80)).expect("port 80 is free");
    println!("answering: {mode}");
    for client in listener.incoming().flatten() {
        let mode = mode.clone();
        thread::spawn(move || {
            if let Err(error) = answer(&mode, client) {
                println!("{mode}: {error}");
            }
        });
    }
}

/// What a file would be that is never whole.
const PART: usize = 100_000;
const WHOLE: usize = 200_000;
/// Between two bytes of what comes slowly.
const SLOW: Duration = Duration::from_millis(500);

fn answer(mode: &str, mut client: TcpStream) -> io::Result<()> {
    let (mut line, mut rest_wanted) = (String::new(), false);
    let mut request = BufReader::new(client.try_clone()?);
    while request.read_line(&mut line)? > 2 {
        rest_wanted |= line.to_ascii_lowercase().starts_with("range:");
        line.clear();
    }
    println!("a request: {mode}");
    if mode.starts_with("rest-") {
        return rest(mode, rest_wanted, &mut client);
    }
    match mode {
        "endless-header" => {
            for_ever(&mut client, b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
        }
        "endless-line" => for_ever(&mut client, b"HTTP/1.1 200 OK and then some more of that"),
        "endless-continue" => for_ever(&mut client, b"HTTP/1.1 100 Continue\r\n\r\n"),
        "endless-early-hints" => {
            for_ever(&mut client, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        }
        "endless-body" => {
            client.write_all(CHUNKED)?;
            for_ever(&mut client, &[b"10000\r\n".as_slice(), &[0xee; 0x10000], b"\r\n"].concat())
        }
        "endless-trailers" => {
            client.write_all(&[CHUNKED, b"3\r\nabc\r\n0\r\n"].concat())?;
            for_ever(&mut client, b"X-Trailer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
        }
        "endless-chunk-extension" => {
            client.write_all(&[CHUNKED, b"3;"].concat())?;
            for_ever(&mut client, b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        }
        "slow-head" => slowly(&mut client, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Filler: "),
        "slow-body" => {
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            slowly(&mut client, &[0xee])
        }
        "slow-chunks" => {
            client.write_all(CHUNKED)?;
            slowly(&mut client, b"1\r\na\r\n")
        }
        "silent" => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        "many-headers" => {
            let headers = b"X-Filler: a\r\n".repeat(10_000);
            client.write_all(
                &[b"HTTP/1.1 200 OK\r\n", &headers[..], b"Content-Length: 3\r\n\r\nabc"].concat(),
            )
        }
        "long-header" => {
            let header = b"a".repeat(1 << 20);
            client.write_all(
                &[
                    b"HTTP/1.1 200 OK\r\nX-Filler: ",
                    &header[..],
                    b"\r\nContent-Length: 3\r\n\r\nabc",
                ]
                .concat(),
            )
        }
        "redirect-to-an-endless-name" => {
            let name = b"a".repeat(100_000);
            client.write_all(
                &[
                    b"HTTP/1.1 302 Found\r\nLocation: http://",
                    &name[..],
                    b"/\r\nContent-Length: 0\r\n\r\n",
                ]
                .concat(),
            )
        }
        _ => client.write_all(at_once(mode)),
    }
}

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What is wrong in one short answer.
fn at_once(mode: &str) -> &'static [u8] {
    match mode {
        "redirects-for-ever" => b"HTTP/1.1 302 Found\r\nLocation: http://192.168.200.1/vmlinuz\r\nContent-Length: 0\r\n\r\n",
        "redirect-to-a-file" => b"HTTP/1.1 302 Found\r\nLocation: file:///etc/shadow\r\nContent-Length: 0\r\n\r\n",
        "redirect-to-another-scheme" => b"HTTP/1.1 302 Found\r\nLocation: gopher://192.168.200.1/vmlinuz\r\nContent-Length: 0\r\n\r\n",
        "redirect-to-a-closed-port" => b"HTTP/1.1 302 Found\r\nLocation: http://192.168.200.1:1/vmlinuz\r\nContent-Length: 0\r\n\r\n",
        "redirect-to-dom0-itself" => b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/vmlinuz\r\nContent-Length: 0\r\n\r\n",
        "redirect-without-a-place" => b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        "redirect-with-escapes" => b"HTTP/1.1 302 Found\r\nLocation: http://192.168.200.1:1/\x1b[2J\x07\r\nContent-Length: 0\r\n\r\n",
        "huge-length" => b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nabc",
        "overflowing-length" => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
        "negative-length" => b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        "short-body" => b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc",
        "two-lengths" => b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 100\r\n\r\nabc",
        "length-and-chunks" => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "a-coding-nobody-asked-for" => b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        "a-second-answer" => b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL",
        "chunk-beyond-numbers" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "chunk-of-all-memory" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
        "chunk-negative" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        "chunk-garbage" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "chunk-longer-than-told" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdefghi\r\n0\r\n\r\n",
        "no-last-chunk" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "not-http" => b"\x00\x01\x02SSH-2.0-nothing\r\n\r\n",
        "error-500" => b"HTTP/1.1 500 \x1b[2JOwned\r\nContent-Length: 0\r\n\r\n",
        "nothing" => b"",
        _ => panic!("no mode {mode}"),
    }
}

/// A transfer that breaks off, and a lie when its rest is asked for.
fn rest(mode: &str, is_wanted: bool, client: &mut TcpStream) -> io::Result<()> {
    let body = vec![0xee; PART];
    let head = if !is_wanted || mode == "rest-never" {
        format!(
            "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nAccept-Ranges: bytes\r\nContent-Length: {WHOLE}\r\n\r\n"
        )
    } else {
        println!("the rest: {mode}");
        let (from, to, all, tag) = match mode {
            "rest-of-another-start" => (0, WHOLE - 1, WHOLE, "a"),
            "rest-of-another-length" => (PART, 2 * WHOLE - 1, 2 * WHOLE, "a"),
            "rest-of-another-file" => (PART, WHOLE - 1, WHOLE, "b"),
            "rest-backwards" => (WHOLE, PART, WHOLE, "a"),
            "rest-beyond-numbers" => (usize::MAX, usize::MAX, usize::MAX, "a"),
            _ => panic!("no mode {mode}"),
        };
        format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"{tag}\"\r\nContent-Range: bytes {from}-{to}/{all}\r\nContent-Length: {PART}\r\n\r\n"
        )
    };
    client.write_all(head.as_bytes())?;
    client.write_all(&body)
}

fn for_ever(client: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    let pieces = piece.repeat(1 + 10_000 / piece.len());
    loop {
        client.write_all(&pieces)?;
    }
}

/// These bytes one by one, and then the last one without end.
fn slowly(client: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        client.write_all(&[*byte])?;
        thread::sleep(SLOW / 10);
    }
    loop {
        client.write_all(&bytes[bytes.len() - 1..])?;
        thread::sleep(SLOW);
    }
}

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

fn answer(mode: &str, mut client: TcpStream) -> io::Result<()> {
    let mut request = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    println!("a request: {mode}");
    match mode {
        "redirects-for-ever" => client.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://192.168.200.1/vmlinuz\r\nContent-Length: 0\r\n\r\n"),
        "redirect-to-a-file" => client.write_all(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/shadow\r\nContent-Length: 0\r\n\r\n"),
        "endless-header" => loop {
            client.write_all(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")?;
        },
        "endless-body" => {
            client.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let chunk = [b"10000\r\n".as_slice(), &[0xee; 0x10000], b"\r\n"].concat();
            loop {
                client.write_all(&chunk)?;
            }
        }
        "huge-length" => client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nabc"),
        "short-body" => client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc"),
        "not-http" => client.write_all(b"\x00\x01\x02SSH-2.0-nothing\r\n\r\n"),
        "error-500" => client.write_all(b"HTTP/1.1 500 \x1b[2JOwned\r\nContent-Length: 0\r\n\r\n"),
        "silent" => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        _ => panic!("no mode {mode}"),
    }
}

//! A TLS server that answers wrongly, as a process of its own on a real socket.
//!
//! Usage: hostile-tls MODE CERTIFICATE KEY

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

const ADDRESS: [u8; 4] = [192, 168, 200, 1];
const SLOW: Duration = Duration::from_millis(500);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [mode, certificate, key] = &words[..] else { panic!("MODE CERTIFICATE KEY") };
    let chain = CertificateDer::pem_file_iter(certificate)
        .expect("a certificate")
        .collect::<Result<Vec<_>, _>>()
        .expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let config =
        ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::from(ADDRESS), 443)).expect("port 443 is free");
    println!("answering: {mode}");
    for client in listener.incoming().flatten() {
        let (mode, config) = (mode.clone(), Arc::clone(&config));
        thread::spawn(move || {
            if let Err(error) = answer(&mode, client, config) {
                println!("{mode}: {error}");
            }
        });
    }
}

fn answer(mode: &str, mut client: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    if !mode.starts_with("then-") {
        let mut hello = [0; 4096];
        let length = client.read(&mut hello)?;
        println!("a request: {mode}: {length} bytes");
        return instead_of_a_handshake(mode, &mut client);
    }
    let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut session, &mut client);
    let mut request = [0; 4096];
    let length = stream.read(&mut request)?;
    println!("a request: {mode}: {length} bytes");
    let half = [0xee; 100_000];
    match mode {
        "then-cut-without-a-length" => stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?,
        _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")?,
    }
    stream.write_all(&half)?;
    stream.flush()?;
    match mode {
        // No close_notify: whoever sits between could have done that.
        "then-cut" | "then-cut-without-a-length" => client.shutdown(Shutdown::Write),
        "then-garbage" => client.write_all(&[0x17, 3, 3, 0, 64].repeat(1000)),
        "then-silence" => {
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        _ => panic!("no mode {mode}"),
    }
}

fn instead_of_a_handshake(mode: &str, client: &mut TcpStream) -> io::Result<()> {
    match mode {
        "garbage" => client.write_all(&[0x5a; 4096]),
        "plain-http" => client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        "closed-at-once" => Ok(()),
        "an-alert" => client.write_all(&[21, 3, 3, 0, 2, 2, 40]),
        "an-alert-of-no-kind" => client.write_all(&[21, 3, 3, 0, 2, 77, 255]),
        "the-largest-record-then-silence" => {
            client.write_all(&[22, 3, 3, 0x40, 0])?;
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
        "a-record-too-large" => client.write_all(&[22, 3, 3, 0xff, 0xff]),
        "a-byte-now-and-then" => {
            for byte in [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(0)) {
                client.write_all(&[byte])?;
                thread::sleep(SLOW);
            }
            Ok(())
        }
        "changes-of-cipher-without-end" => for_ever(client, &[20, 3, 3, 0, 1, 1]),
        "empty-records-without-end" => for_ever(client, &[22, 3, 3, 0, 0]),
        "a-handshake-message-without-end" => {
            // A ServerHello of 16 MiB, in records of 16 KiB.
            client.write_all(&[22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff])?;
            let mut record = vec![22, 3, 3, 0x40, 0];
            record.resize(5 + 0x4000, 0);
            for_ever(client, &record)
        }
        _ => panic!("no mode {mode}"),
    }
}

fn for_ever(client: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    let pieces = piece.repeat(1 + 10_000 / piece.len());
    loop {
        client.write_all(&pieces)?;
    }
}

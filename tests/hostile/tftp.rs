//! A TFTP server that serves all files soundly (RFC 1350, lock-step, no options), and one
//! of them wrongly; a process of its own on a real socket.
//!
//! Usage: hostile-tftp MODE NAME ROOT
//!
//! MODE is what happens to files whose name contains NAME; see [`Transfer::run`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

const BLOCK: usize = 512;
const PATIENCE: Duration = Duration::from_millis(500);
const TRIES: usize = 10;
/// What an injected block is full of.
const EVIL: u8 = 0xee;
/// An address of this machine that is not the server's.
const OTHER_ADDRESS: [u8; 4] = [192, 168, 200, 66];
const ADDRESS: [u8; 4] = [192, 168, 200, 1];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [mode, name, root] = &words[..] else { panic!("MODE NAME ROOT") };
    let socket = UdpSocket::bind((Ipv4Addr::from(ADDRESS), 69)).expect("port 69 is free");
    println!("{mode} for {name}");
    let mut buffer = [0; 1024];
    loop {
        let (length, client) = socket.recv_from(&mut buffer).expect("a socket");
        let Some(file) = read_request(&buffer[..length]) else { continue };
        let mode = if file.contains(name.as_str()) { mode.clone() } else { "sound".to_owned() };
        println!("{file} for {client}: {mode}");
        let path = PathBuf::from(root).join(&file);
        thread::spawn(move || {
            let transfer = Transfer::new(client);
            if let Err(error) = transfer.run(&mode, &path) {
                println!("{}: {error}", path.display());
            }
        });
    }
}

fn read_request(bytes: &[u8]) -> Option<String> {
    let rest = bytes.strip_prefix(&[0, 1])?;
    let name = rest.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

struct Transfer {
    socket: UdpSocket,
    client: SocketAddr,
    /// The block that was sent last.
    sent: AtomicU16,
}

impl Transfer {
    fn new(client: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::from(ADDRESS), 0)).expect("a port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { socket, client, sent: AtomicU16::new(0) }
    }

    fn run(&self, mode: &str, path: &Path) -> io::Result<()> {
        let Ok(bytes) = std::fs::read(path) else { return self.error(1, b"File not found") };
        match mode {
            "sound" => self.blocks(&bytes, 1),
            // No end, and no size to know it by.
            "endless" => self.blocks_of(|_| Some(vec![EVIL; BLOCK])),
            "beyond-tsize" => {
                self.oack(&[("tsize", "1000")])?;
                self.blocks(&bytes, 1)
            }
            "short-of-tsize" => {
                self.oack(&[("tsize", &(bytes.len() + 1).to_string())])?;
                self.blocks(&bytes, 1)
            }
            "huge-tsize" => {
                self.oack(&[("tsize", "1099511627776")])?;
                self.blocks(&bytes, 1)
            }
            "negative-tsize" => {
                self.oack(&[("tsize", "-1")])?;
                self.blocks(&bytes, 1)
            }
            "bigger-blksize" => {
                self.oack(&[("blksize", "65464")])?;
                self.blocks_of(|_| Some(vec![EVIL; 1400]))
            }
            "zero-blksize" => {
                self.oack(&[("blksize", "0")])?;
                self.blocks_of(|_| Some(Vec::new()))
            }
            "zero-windowsize" => {
                self.oack(&[("windowsize", "0")])?;
                self.blocks(&bytes, 1)
            }
            "unasked-option" => {
                self.oack(&[("multicast", "224.0.0.1,1758,1")])?;
                self.blocks(&bytes, 1)
            }
            "oack-forever" => loop {
                self.send(&oack(&[("tsize", "1000")]))?;
                thread::sleep(Duration::from_millis(1));
            },
            "cut-packets" => loop {
                for length in 0..4 {
                    self.send(&data(1, &[])[..length])?;
                }
                thread::sleep(Duration::from_millis(1));
            },
            "unknown-opcodes" => loop {
                for opcode in [0, 1, 2, 7, 255] {
                    self.send(&[0, opcode, 0, 1, 65, 0])?;
                }
                thread::sleep(Duration::from_millis(1));
            },
            "long-block" => self.blocks_of(|_| Some(vec![EVIL; BLOCK + 1])),
            "silent" => Ok(()),
            "silent-after-the-first" => self.send(&data(1, &bytes[..BLOCK])),
            "drip" => self.blocks_of(|number| {
                thread::sleep(Duration::from_millis(400));
                Some(bytes[number * BLOCK..][..BLOCK].to_vec())
            }),
            "error-with-escapes" => self.error(0, b"\x1b[2J\x1b]0;owned\x07\xff\xfe go\r\naway"),
            "long-error" => self.error(0, &[b'A'; 20_000]),
            "error-in-the-middle" => {
                self.send(&data(1, &bytes[..BLOCK]))?;
                self.wait_for(1)?;
                self.error(3, b"Disk full")
            }
            // Sound transfers with something beside them: these must boot.
            "doubled" => self.blocks(&bytes, 2),
            "two-threads" => {
                // A server that took the request twice: the same file from two ports.
                let (client, copy) = (self.client, bytes.clone());
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(5));
                    let _ = Self::new(client).blocks(&copy, 1);
                });
                self.blocks(&bytes, 1)
            }
            "injected-from-a-port" => {
                self.with_injector(ADDRESS, |transfer| transfer.blocks(&bytes, 1))
            }
            "injected-from-an-address" => {
                self.with_injector(OTHER_ADDRESS, |transfer| transfer.blocks(&bytes, 1))
            }
            "errors-from-an-address" => {
                let liar = UdpSocket::bind((
                    Ipv4Addr::from(OTHER_ADDRESS),
                    self.socket.local_addr()?.port(),
                ))?;
                self.blocks_of(|number| {
                    let _ = liar.send_to(&error(1, b"go away"), self.client);
                    bytes.get(number * BLOCK..).map(|rest| rest[..rest.len().min(BLOCK)].to_vec())
                })
            }
            "errors-before-the-first-answer" => {
                let liar = UdpSocket::bind((Ipv4Addr::from(OTHER_ADDRESS), 69))?;
                for _ in 0..20 {
                    let _ = liar.send_to(&error(1, b"go away"), self.client);
                    let _ = liar.send_to(&data(1, &[EVIL; BLOCK]), self.client);
                }
                thread::sleep(Duration::from_millis(50));
                self.blocks(&bytes, 1)
            }
            "errors-after-the-end" => {
                self.blocks(&bytes, 1)?;
                for _ in 0..20 {
                    self.error(1, b"not so fast")?;
                }
                Ok(())
            }
            // Windows that do not end.
            "window-without-end" => {
                self.oack(&[("windowsize", "8"), ("blksize", "512")])?;
                for number in 1_usize.. {
                    self.send(&data(wire_number(number - 1), &[EVIL; BLOCK]))?;
                    if number.is_multiple_of(64) {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
                Ok(())
            }
            "window-without-its-last-block" => {
                self.oack(&[("windowsize", "8"), ("blksize", "512")])?;
                loop {
                    for number in 0..7 {
                        self.send(&data(wire_number(number), &[EVIL; BLOCK]))?;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            }
            "deaf-window" => {
                self.oack(&[("windowsize", "4"), ("blksize", "512")])?;
                loop {
                    for number in 0..4 {
                        self.send(&data(wire_number(number), &[EVIL; BLOCK]))?;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
            }
            "late-repeats" => {
                // Each block again after the next one: a reordered duplicate.
                let mut last = Vec::new();
                self.blocks_of(|number| {
                    let block = bytes
                        .get(number * BLOCK..)
                        .map(|rest| rest[..rest.len().min(BLOCK)].to_vec())?;
                    if !last.is_empty() {
                        let _ = self.send(&last);
                    }
                    last = data(wire_number(number), &block);
                    Some(block)
                })
            }
            _ => panic!("no mode {mode}"),
        }
    }

    /// Sends wrong blocks to the client from another socket while `work` serves soundly.
    fn with_injector(
        &self,
        from: [u8; 4],
        work: impl FnOnce(&Self) -> io::Result<()>,
    ) -> io::Result<()> {
        let liar = UdpSocket::bind((Ipv4Addr::from(from), 0))?;
        let done = AtomicBool::new(false);
        // From another port of this address the first answer would be as good as ours.
        let from_the_start = from != ADDRESS;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // The very block that the client waits for once it has acknowledged ours.
                    let number = self.sent.load(Ordering::Relaxed);
                    if number > 0 || from_the_start {
                        let _ = liar
                            .send_to(&data(number.wrapping_add(1), &[EVIL; BLOCK]), self.client);
                    }
                    thread::sleep(Duration::from_micros(50));
                }
            });
            if from_the_start {
                thread::sleep(Duration::from_millis(20));
            }
            let result = work(self);
            done.store(true, Ordering::Relaxed);
            result
        })
    }

    fn blocks(&self, bytes: &[u8], copies: usize) -> io::Result<()> {
        let count = bytes.len() / BLOCK + 1;
        for number in 0..count {
            let block = &bytes[number * BLOCK..bytes.len().min((number + 1) * BLOCK)];
            self.block(wire_number(number), block, copies)?;
        }
        Ok(())
    }

    /// Sends what `next` gives until it gives a short block or none.
    fn blocks_of(&self, mut next: impl FnMut(usize) -> Option<Vec<u8>>) -> io::Result<()> {
        for number in 0.. {
            let Some(block) = next(number) else { return Ok(()) };
            self.block(wire_number(number), &block, 1)?;
            if block.len() < BLOCK {
                return Ok(());
            }
        }
        Ok(())
    }

    fn block(&self, number: u16, block: &[u8], copies: usize) -> io::Result<()> {
        for _ in 0..TRIES {
            for _ in 0..copies {
                self.send(&data(number, block))?;
            }
            self.sent.store(number, Ordering::Relaxed);
            if self.wait_for(number).is_ok() {
                return Ok(());
            }
        }
        Err(io::Error::from(io::ErrorKind::TimedOut))
    }

    fn oack(&self, options: &[(&str, &str)]) -> io::Result<()> {
        self.send(&oack(options))?;
        self.wait_for(0)
    }

    fn wait_for(&self, number: u16) -> io::Result<()> {
        let mut buffer = [0; 600];
        loop {
            let (length, from) = self.socket.recv_from(&mut buffer)?;
            if from != self.client || length < 4 {
                continue;
            }
            if buffer[1] == 5 {
                let text = String::from_utf8_lossy(&buffer[4..length]).into_owned();
                return Err(io::Error::other(format!("the client gave up: {text}")));
            }
            if buffer[1] == 4 && buffer[2..4] == number.to_be_bytes() {
                return Ok(());
            }
        }
    }

    fn error(&self, code: u8, text: &[u8]) -> io::Result<()> {
        self.send(&error(code, text))
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send_to(bytes, self.client).map(|_| ())
    }
}

fn wire_number(number: usize) -> u16 {
    u16::try_from((number + 1) & 0xffff).expect("masked")
}

fn data(number: u16, block: &[u8]) -> Vec<u8> {
    [&[0, 3][..], &number.to_be_bytes(), block].concat()
}

fn error(code: u8, text: &[u8]) -> Vec<u8> {
    [&[0, 5, 0, code][..], text, &[0]].concat()
}

fn oack(options: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0, 6];
    for (name, value) in options {
        bytes.extend([name.as_bytes(), &[0], value.as_bytes(), &[0]].concat());
    }
    bytes
}

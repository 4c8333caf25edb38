//! A xenstore of the test's own on a real socket: the wire format of
//! xen/include/public/io/xs_wire.h, with a tree that the test gives. Real xenstored needs
//! Xen below it; this one is enough for what a bootloader reads. Its socket's path goes to
//! the bootloader in `XENSTORED_PATH`, the variable that libxenstore knows.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::lab::Lab;

/// The variable that names the socket.
pub const PATH_VARIABLE: &str = "XENSTORED_PATH";

const DIRECTORY: u32 = 1;
const READ: u32 = 2;
const TRANSACTION_START: u32 = 6;
const TRANSACTION_END: u32 = 7;
const GET_DOMAIN_PATH: u32 = 10;
const ERROR: u32 = 16;
/// XENSTORE_PAYLOAD_MAX.
const LONGEST_PAYLOAD: u32 = 4096;

/// How a store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// At once, each answer whole.
    Prompt,
    /// One byte at a time, as a stream socket may.
    InPieces,
    /// Takes every request and never answers.
    Silent,
    /// With a payload longer than the protocol allows.
    Overlong,
}

/// A running store.
#[derive(Debug)]
pub struct Xenstored {
    socket: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Xenstored {
    /// What libxl has written of a guest when it runs the bootloader: no vif is there yet.
    #[must_use]
    pub fn guest(domid: u32, name: &str, uuid: &str, kind: &str) -> Vec<(String, String)> {
        let domain = format!("/local/domain/{domid}");
        vec![
            (format!("{domain}/name"), name.to_owned()),
            (format!("{domain}/vm"), format!("/vm/{uuid}")),
            (format!("{domain}/control/shutdown"), String::new()),
            (format!("{domain}/console/tty"), "/dev/pts/3".to_owned()),
            (format!("/vm/{uuid}/name"), name.to_owned()),
            (format!("/vm/{uuid}/uuid"), uuid.to_owned()),
            (format!("/libxl/{domid}/type"), kind.to_owned()),
        ]
    }

    /// Starts a store with these values.
    ///
    /// # Panics
    /// When its socket cannot be made.
    #[must_use]
    pub fn start(lab: &Lab, values: Vec<(String, String)>, manner: Manner) -> Self {
        let socket = lab.directory("xenstore").join("socket");
        // A second store in one test takes the place of the first.
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("the store's socket");
        listener.set_nonblocking(true).expect("a socket");
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let store = Store {
            values: values.into_iter().collect(),
            manner,
            asked: Arc::clone(&asked),
            stop: Arc::clone(&stop),
        };
        let store = Arc::new(store);
        let thread = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut clients = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok((client, _)) => {
                            let store = Arc::clone(&store);
                            clients.push(thread::spawn(move || store.serve(client)));
                        }
                        Err(_) => thread::sleep(Duration::from_millis(2)),
                    }
                }
                for client in clients {
                    let _ = client.join();
                }
            }
        });
        Self { socket, asked, stop, thread: Some(thread) }
    }

    /// The socket's path.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The paths that were asked for.
    ///
    /// # Panics
    /// Never in a sound test: only when a client's thread has panicked.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread has panicked").clone()
    }
}

impl Drop for Xenstored {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Store {
    values: BTreeMap<String, String>,
    manner: Manner,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Store {
    fn serve(&self, mut client: UnixStream) {
        client.set_nonblocking(false).expect("a socket");
        client.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket");
        // Ends when the client has gone, or says what no client of xenstore says.
        while let Some((header, payload)) = self.request(&mut client) {
            let [kind, request, transaction, _] = header;
            let path = payload.split(|byte| *byte == 0).next().unwrap_or_default();
            let path = String::from_utf8_lossy(path).into_owned();
            self.asked.lock().expect("no thread has panicked").push(path.clone());
            let (kind, answer) = match self.answer(kind, &path) {
                Ok(answer) => (kind, answer),
                Err(error) => (ERROR, format!("{error}\0").into_bytes()),
            };
            if self.manner == Manner::Silent {
                continue;
            }
            let length = u32::try_from(answer.len()).expect("a short answer");
            let mut message: Vec<u8> = [kind, request, transaction, length]
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect();
            message.extend(answer);
            if self.send(&mut client, &message).is_err() {
                return;
            }
        }
    }

    fn answer(&self, kind: u32, path: &str) -> Result<Vec<u8>, &'static str> {
        if self.manner == Manner::Overlong {
            return Ok(vec![b'a'; 100_000]);
        }
        match kind {
            READ => match self.values.get(path) {
                Some(value) => Ok(value.clone().into_bytes()),
                // A directory exists and is empty.
                None if self.children(path).next().is_some() => Ok(Vec::new()),
                None => Err("ENOENT"),
            },
            DIRECTORY => {
                let mut names: Vec<&str> = self.children(path).collect();
                names.dedup();
                if names.is_empty() && !self.values.contains_key(path) {
                    return Err("ENOENT");
                }
                Ok(names.iter().flat_map(|name| [name.as_bytes(), &[0]].concat()).collect())
            }
            TRANSACTION_START => Ok(b"1\0".to_vec()),
            TRANSACTION_END => Ok(b"OK\0".to_vec()),
            GET_DOMAIN_PATH => Ok(format!("/local/domain/{path}\0").into_bytes()),
            _ => Err("ENOSYS"),
        }
    }

    fn children<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        self.values.keys().filter_map(move |key| key.strip_prefix(&prefix)?.split('/').next())
    }

    fn request(&self, client: &mut UnixStream) -> Option<([u32; 4], Vec<u8>)> {
        let mut header = [0; 16];
        self.fill(client, &mut header)?;
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        }
        if words[3] > LONGEST_PAYLOAD {
            return None;
        }
        let mut payload = vec![0; words[3] as usize];
        self.fill(client, &mut payload)?;
        Some((words, payload))
    }

    fn fill(&self, client: &mut UnixStream, buffer: &mut [u8]) -> Option<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match client.read(&mut buffer[filled..]) {
                Ok(0) => return None,
                Ok(length) => filled += length,
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && !self.stop.load(Ordering::Relaxed) => {}
                Err(_) => return None,
            }
        }
        Some(())
    }

    fn send(&self, client: &mut UnixStream, message: &[u8]) -> io::Result<()> {
        if self.manner != Manner::InPieces {
            return client.write_all(message);
        }
        for byte in message.chunks(1) {
            client.write_all(byte)?;
            thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }
}

//! A small xenstore reader: just what finding a guest needs.
//!
//! The wire format is xen/include/public/io/xs_wire.h: a header of four 32-bit words
//! (type, request id, transaction id, length) in the machine's byte order, then at most
//! 4096 bytes. The store is reached as libxenstore does it: the daemon's socket (or
//! `$XENSTORED_PATH`), else the kernel's device.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::budget::poll_milliseconds;
use crate::limits::{MAX_XENSTORE_PAYLOAD, XENSTORE_PATIENCE};

/// `XS_READ` and `XS_ERROR` of xs_wire.h.
const XS_READ: u32 = 2;
const XS_ERROR: u32 = 16;
const HEADER: usize = 16;

/// Between two tries to connect to a store that has a client waiting.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);

const SOCKETS: [&str; 2] = ["/run/xenstored/socket", "/var/run/xenstored/socket"];
const DEVICES: [&str; 2] = ["/dev/xen/xenbus", "/proc/xen/xenbus"];

/// Whether a wait for the store has ended in vain, in this process.
static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// A connection to the store.
pub struct Xenstore<'a> {
    stream: Box<dyn Stream>,
    next_request: u32,
    wait: Wait<'a>,
}

/// How long the store may take, and what ends the wait besides.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    patience: Duration,
    stop: Option<BorrowedFd<'a>>,
}

impl<'a> Wait<'a> {
    /// For a boot that may take `whole_boot`; once `stop` can be read, nothing is waited for.
    #[must_use]
    pub fn new(whole_boot: Duration, stop: Option<BorrowedFd<'a>>) -> Self {
        // Where the command line says which guest it is, the boot can do without the store.
        Self { patience: XENSTORE_PATIENCE.min(whole_boot / 2), stop }
    }

    /// Waits for `stream`, or, without one, for `at_most`.
    fn once(
        &self,
        stream: Option<BorrowedFd<'_>>,
        deadline: Instant,
        at_most: Duration,
    ) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            IS_SILENT.store(true, Ordering::Relaxed);
            return Err(silent());
        }
        let readable = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut wanted: Vec<_> = self.stop.into_iter().chain(stream).map(readable).collect();
        match poll(&mut wanted, PollTimeout::from(poll_milliseconds(left.min(at_most)))) {
            Err(Errno::EINTR) => {}
            polled => {
                polled?;
            }
        }
        match wanted.first().and_then(PollFd::any) {
            Some(true) if self.stop.is_some() => Err(io::Error::other("the boot is stopped")),
            _ => Ok(()),
        }
    }
}

trait Stream: Read + Write + AsFd {}
impl Stream for UnixStream {}
impl Stream for File {}

impl<'a> Xenstore<'a> {
    /// Connects to this domain's store. A store that was silent once is not waited for again.
    ///
    /// # Errors
    /// The last error of all ways that were tried; `NotFound` when there is no Xen here.
    pub fn connect(wait: Wait<'a>) -> io::Result<Self> {
        if IS_SILENT.load(Ordering::Relaxed) {
            return Err(silent());
        }
        if let Some(path) = std::env::var_os("XENSTORED_PATH") {
            return Self::over_socket(Path::new(&path), wait);
        }
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for path in SOCKETS {
            match Self::over_socket(Path::new(path), wait) {
                Ok(store) => return Ok(store),
                Err(error) => last = error,
            }
        }
        for path in DEVICES {
            match File::options().read(true).write(true).open(path) {
                Ok(device) => return Ok(Self::new(Box::new(device), wait)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// xenstored listens for one client at a time: behind a stuck one, connect(2) would wait for
    /// ever.
    fn over_socket(path: &Path, wait: Wait<'a>) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        let address = SockAddr::unix(path)?;
        let deadline = Instant::now() + wait.patience;
        while let Err(error) = socket.connect(&address) {
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(error);
            }
            wait.once(None, deadline, CONNECT_PAUSE)?;
        }
        socket.set_nonblocking(false)?;
        socket.set_write_timeout(Some(wait.patience))?;
        Ok(Self::new(Box::new(UnixStream::from(OwnedFd::from(socket))), wait))
    }

    fn new(stream: Box<dyn Stream>, wait: Wait<'a>) -> Self {
        Self { stream, next_request: 1, wait }
    }

    /// The value at `path`; `None` when there is no such node.
    ///
    /// # Errors
    /// The store does not answer in time, answers nonsense, or refuses.
    pub fn read(&mut self, path: &str) -> io::Result<Option<String>> {
        let request = self.next_request;
        self.next_request = self.next_request.wrapping_add(1);
        let packet = encode(XS_READ, request, path)?;
        self.stream.write_all(&packet)?;

        let deadline = Instant::now() + self.wait.patience;
        let mut header = [0; HEADER];
        self.read_exact(&mut header, deadline)?;
        let head = Header::decode(header);
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        if head.request != request || length > MAX_XENSTORE_PAYLOAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "xenstore answered nonsense"));
        }
        let mut payload = vec![0; length];
        self.read_exact(&mut payload, deadline)?;
        match head.kind {
            XS_READ => String::from_utf8(payload)
                .map(Some)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a node that is not text")),
            XS_ERROR if payload.starts_with(b"ENOENT") => Ok(None),
            XS_ERROR => {
                let name = crate::text::printable(payload.trim_ascii_end());
                Err(io::Error::other(format!("xenstore says {name} for {path}")))
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "xenstore answered nonsense")),
        }
    }

    /// The device has no read timeout, so each read waits in poll first.
    fn read_exact(&mut self, mut buffer: &mut [u8], deadline: Instant) -> io::Result<()> {
        while !buffer.is_empty() {
            let is_there = |fd| {
                let mut wanted = [PollFd::new(fd, PollFlags::POLLIN)];
                poll(&mut wanted, PollTimeout::ZERO).is_ok_and(|count| count > 0)
            };
            while !is_there(self.stream.as_fd()) {
                self.wait.once(Some(self.stream.as_fd()), deadline, self.wait.patience)?;
            }
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "xenstore does not answer")
}

struct Header {
    kind: u32,
    request: u32,
    length: u32,
}

impl Header {
    fn decode(bytes: [u8; HEADER]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |place: usize| words.get(place).map_or(0, |word| u32::from_ne_bytes(*word));
        Self { kind: word(0), request: word(1), length: word(3) }
    }
}

fn encode(kind: u32, request: u32, path: &str) -> io::Result<Vec<u8>> {
    // The path is made of a domain number and fixed words; a NUL would end it early.
    let too_long = path.len() >= MAX_XENSTORE_PAYLOAD || path.contains('\0');
    let length = u32::try_from(path.len() + 1).ok().filter(|_| !too_long);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut packet = Vec::with_capacity(HEADER + path.len() + 1);
    for word in [kind, request, 0, length] {
        packet.extend(word.to_ne_bytes());
    }
    packet.extend(path.as_bytes());
    packet.push(0);
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const WAIT: Wait<'_> = Wait { patience: XENSTORE_PATIENCE, stop: None };

    /// A store that answers one request with the given packet, whatever it is asked.
    fn answering(kind: u32, request: u32, payload: &[u8]) -> io::Result<Option<String>> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut packet = Vec::new();
        for word in [kind, request, 0, u32::try_from(payload.len()).unwrap()] {
            packet.extend(word.to_ne_bytes());
        }
        packet.extend(payload);
        let store = thread::spawn(move || {
            let mut request = [0; 64];
            let count = theirs.read(&mut request).unwrap();
            theirs.write_all(&packet).unwrap();
            request[..count].to_vec()
        });
        let mut client = Xenstore::new(Box::new(ours), WAIT);
        let answer = client.read("/local/domain/7/name");
        let asked = store.join().unwrap();
        assert_eq!(&asked[HEADER..], b"/local/domain/7/name\0");
        answer
    }

    #[test]
    fn a_node_is_read() {
        assert_eq!(answering(XS_READ, 1, b"RK").unwrap().as_deref(), Some("RK"));
    }

    #[test]
    fn a_missing_node_is_no_error() {
        assert_eq!(answering(XS_ERROR, 1, b"ENOENT\0").unwrap(), None);
        let refused = answering(XS_ERROR, 1, b"EACCES\0").unwrap_err();
        assert!(refused.to_string().contains("EACCES"));
    }

    #[test]
    fn the_longest_payload_and_one_byte_more() {
        assert_eq!(
            answering(XS_READ, 1, &[b'x'; MAX_XENSTORE_PAYLOAD]).unwrap().unwrap().len(),
            4096
        );
        assert!(answering(XS_READ, 1, &[b'x'; MAX_XENSTORE_PAYLOAD + 1]).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(answering(XS_READ, 9, b"RK").is_err());
        assert!(answering(77, 1, b"RK").is_err());
        assert!(answering(XS_READ, 1, b"\xff").is_err());
    }

    #[test]
    fn a_boot_that_is_stopped_does_not_wait() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let (stop, mut signal) = UnixStream::pair().unwrap();
        let wait = Wait { patience: Duration::from_secs(60), stop: Some(stop.as_fd()) };
        let mut client = Xenstore::new(Box::new(ours), wait);
        signal.write_all(b"!").unwrap();
        assert!(client.read("/x").unwrap_err().to_string().contains("stopped"));
    }

    #[test]
    fn a_silent_store_is_given_up() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let wait = Wait { patience: Duration::from_millis(20), stop: None };
        let mut client = Xenstore::new(Box::new(ours), wait);
        assert_eq!(client.read("/x").unwrap_err().kind(), io::ErrorKind::TimedOut);
        let again = Xenstore::connect(WAIT).err().map(|error| error.kind());
        assert_eq!(again, Some(io::ErrorKind::TimedOut), "it is not waited for twice");
    }
}

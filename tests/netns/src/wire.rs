//! What passes a machine's interface: a packet socket's record, for what only the wire
//! shows, like the MAC that a request came from.
#![allow(unsafe_code)] // a packet socket cannot be bound to an interface by safe means

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use nix::sys::socket::{SetSockOpt, sockopt};

use crate::host::Netns;

/// Enough for every header and a whole DHCP message.
const KEPT_OF_A_FRAME: usize = 700;
const MOST_FRAMES: usize = 100_000;

/// A running record of one interface.
#[derive(Debug)]
pub struct Wire {
    frames: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Starts to record what passes `interface` in `netns`, both ways.
    ///
    /// # Panics
    /// When the kernel refuses the socket.
    #[must_use]
    pub fn tap(netns: &Netns, interface: &str) -> Self {
        let socket = netns.enter(|| packet_socket(interface).expect("a packet socket"));
        let frames = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (frames, stop) = (Arc::clone(&frames), Arc::clone(&stop));
            move || record(socket, &frames, &stop)
        });
        Self { frames, stop, thread: Some(thread) }
    }

    /// The frames so far, each from its Ethernet header on, and cut.
    ///
    /// # Panics
    /// Never in a sound test: only when the recording thread has panicked.
    #[must_use]
    pub fn frames(&self) -> Vec<Vec<u8>> {
        self.frames.lock().expect("the recorder has not panicked").clone()
    }

    /// The UDP datagrams to `port`: source MAC, source address, payload.
    #[must_use]
    pub fn datagrams_to(&self, port: u16) -> Vec<Datagram> {
        self.frames()
            .iter()
            .filter_map(|frame| Datagram::read(frame))
            .filter(|datagram| datagram.to_port == port)
            .collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A UDP datagram that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The Ethernet source.
    pub from_mac: [u8; 6],
    /// The IPv4 source.
    pub from: [u8; 4],
    /// The UDP source port.
    pub from_port: u16,
    /// The UDP destination port.
    pub to_port: u16,
    /// What it carries, perhaps cut.
    pub payload: Vec<u8>,
}

impl Datagram {
    fn read(frame: &[u8]) -> Option<Self> {
        let (ethernet, packet) = frame.split_at_checked(14)?;
        let header = usize::from(*packet.first()? & 0x0f) * 4;
        if ethernet[12..] != [0x08, 0x00] || *packet.get(9)? != 17 {
            return None;
        }
        let udp = packet.get(header..)?;
        Some(Self {
            from_mac: ethernet[6..12].try_into().ok()?,
            from: packet.get(12..16)?.try_into().ok()?,
            from_port: u16::from_be_bytes(udp.get(0..2)?.try_into().ok()?),
            to_port: u16::from_be_bytes(udp.get(2..4)?.try_into().ok()?),
            payload: udp.get(8..)?.to_vec(),
        })
    }

    /// The DHCP message type (option 53), where this is a DHCP message.
    #[must_use]
    pub fn dhcp_type(&self) -> Option<u8> {
        self.dhcp_option(53)?.first().copied()
    }

    /// One option of a DHCP message.
    #[must_use]
    pub fn dhcp_option(&self, wanted: u8) -> Option<&[u8]> {
        let mut options = self.payload.get(240..)?;
        loop {
            let (&code, rest) = options.split_first()?;
            if code == 0 {
                options = rest;
                continue;
            }
            let (&length, rest) = rest.split_first()?;
            let (value, rest) = rest.split_at_checked(usize::from(length))?;
            if code == wanted {
                return Some(value);
            }
            options = rest;
        }
    }
}

fn record(socket: File, frames: &Mutex<Vec<Vec<u8>>>, stop: &AtomicBool) {
    let mut socket = socket;
    let mut buffer = [0; KEPT_OF_A_FRAME];
    while !stop.load(Ordering::Relaxed) {
        // The socket's own timeout lets the loop look at `stop`.
        if let Ok(length @ 1..) = socket.read(&mut buffer) {
            let mut frames = frames.lock().expect("nobody panics with the frames");
            if frames.len() < MOST_FRAMES {
                frames.push(buffer[..length].to_vec());
            }
        }
    }
}

fn packet_socket(interface: &str) -> io::Result<File> {
    let protocol = u16::try_from(libc::ETH_P_ALL).expect("a protocol has 16 bits").to_be();
    // SAFETY: plain system calls; the address is a whole sockaddr_ll.
    let socket = unsafe {
        let descriptor =
            libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, i32::from(protocol));
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        let socket = File::from_raw_fd(descriptor);
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = u16::try_from(libc::AF_PACKET).expect("a family has 16 bits");
        address.sll_protocol = protocol;
        address.sll_ifindex = nix::net::if_::if_nametoindex(interface)?.cast_signed();
        let length = u32::try_from(size_of::<libc::sockaddr_ll>()).expect("an address is small");
        if libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) != 0 {
            return Err(io::Error::last_os_error());
        }
        socket
    };
    sockopt::ReceiveTimeout.set(
        &socket,
        &nix::sys::time::TimeVal::from(libc::timeval { tv_sec: 0, tv_usec: 50_000 }),
    )?;
    sockopt::RcvBufForce.set(&socket, &(16 << 20))?;
    Ok(socket)
}

//! A network that loses, doubles, delays and reorders: a process in the middle of two TAP
//! devices, one a port of dom0's bridge, the other a server's `eth0`. What it does to a
//! frame follows from its seed and the frame's number alone. (tc's netem would do the same,
//! where the kernel has it.)
#![allow(unsafe_code)] // TUNSETIFF has no safe wrapper

use std::collections::BinaryHeap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::host::Netns;

/// What happens to the IPv4 frames that pass, each way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Frames lost, in a thousand.
    pub lost: u64,
    /// Frames that arrive twice, in a thousand.
    pub doubled: u64,
    /// Frames that arrive 3 ms late, behind their followers, in a thousand.
    pub late: u64,
    /// Whether IP fragments are lost, as by a firewall that keeps no state of them.
    pub no_fragments: bool,
    /// How long every frame takes.
    pub delay: Duration,
    /// What all of it depends on.
    pub seed: u64,
}

const LATE: Duration = Duration::from_millis(3);
/// The longest Ethernet frame with a jumbo payload.
const LONGEST_FRAME: usize = 9100;

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    stop: Arc<AtomicBool>,
    passed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Makes the interface `near` in one namespace and `far` in the other, and joins them.
    #[must_use]
    pub fn start(
        near_netns: &Netns,
        near: &str,
        far_netns: &Netns,
        far: &str,
        faults: Faults,
    ) -> Self {
        let near = near_netns.enter(|| tap(near));
        let far = far_netns.enter(|| tap(far));
        let stop = Arc::new(AtomicBool::new(false));
        let passed = Arc::new(AtomicU64::new(0));
        let thread = thread::spawn({
            let (stop, passed) = (Arc::clone(&stop), Arc::clone(&passed));
            move || {
                Path {
                    ends: [near, far],
                    faults,
                    state: faults.seed | 1,
                    waiting: BinaryHeap::new(),
                    number: 0,
                }
                .run(&stop, &passed);
            }
        });
        Self { stop, passed, thread: Some(thread) }
    }

    /// How many frames have come to it.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A relay that panicked has made its test fail by itself: nothing passed any more.
            let _ = thread.join();
        }
    }
}

/// The next number of a sequence that looks random (xorshift64*).
pub fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

struct Path {
    ends: [File; 2],
    faults: Faults,
    state: u64,
    waiting: BinaryHeap<Waiting>,
    number: u64,
}

/// A frame under way, ordered so that the heap gives the earliest first.
#[derive(PartialEq, Eq)]
struct Waiting {
    due: Instant,
    number: u64,
    to: usize,
    frame: Vec<u8>,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Path {
    fn run(mut self, stop: &AtomicBool, passed: &AtomicU64) {
        let mut buffer = vec![0; LONGEST_FRAME];
        while !stop.load(Ordering::Relaxed) {
            self.wait();
            for from in 0..2 {
                while let Ok(length @ 1..) = self.ends[from].read(&mut buffer) {
                    passed.fetch_add(1, Ordering::Relaxed);
                    self.take(1 - from, &buffer[..length]);
                }
            }
            let now = Instant::now();
            while self.waiting.peek().is_some_and(|first| first.due <= now) {
                if let Some(first) = self.waiting.pop() {
                    // A full or absent queue loses a frame, as a wire does.
                    let _ = self.ends[first.to].write(&first.frame);
                }
            }
        }
    }

    /// Waits for a frame, or until one that is under way is due.
    fn wait(&self) {
        let longest = Duration::from_millis(100);
        let wait = self.waiting.peek().map_or(longest, |first| {
            first.due.saturating_duration_since(Instant::now()).min(longest)
        });
        let mut ends = self.ends.each_ref().map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN));
        // To the microsecond: delays are shorter than poll's milliseconds.
        let _ = ppoll(&mut ends, Some(TimeSpec::from_duration(wait)), None);
    }

    fn take(&mut self, to: usize, frame: &[u8]) {
        let faults = self.faults;
        // ARP is let through: a lost one costs a second, which says nothing about the boot.
        if frame.get(12..14) != Some(&[0x08, 0x00]) {
            return self.send(to, frame, Duration::ZERO);
        }
        if self.happens(faults.lost) || (faults.no_fragments && is_a_fragment(frame)) {
            return;
        }
        if self.happens(faults.doubled) {
            self.send(to, frame, faults.delay);
        }
        let late = self.happens(faults.late);
        self.send(to, frame, if late { faults.delay + LATE } else { faults.delay });
    }

    fn happens(&mut self, in_a_thousand: u64) -> bool {
        next(&mut self.state) % 1000 < in_a_thousand
    }

    fn send(&mut self, to: usize, frame: &[u8], delay: Duration) {
        self.number += 1;
        self.waiting.push(Waiting {
            due: Instant::now() + delay,
            number: self.number,
            to,
            frame: frame.to_vec(),
        });
    }
}

/// An IPv4 packet with more to come, or at another offset than 0.
fn is_a_fragment(frame: &[u8]) -> bool {
    frame.get(20..22).is_some_and(|field| (field[0] & 0x3f, field[1]) != (0, 0))
}

/// A TAP device in the calling thread's namespace.
fn tap(name: &str) -> File {
    let device = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")
        .unwrap_or_else(|error| panic!("/dev/net/tun: {error} (the kernel needs TUN/TAP)"));
    // SAFETY: all zero is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags =
        i16::try_from(libc::IFF_TAP | libc::IFF_NO_PI).expect("two small flags");
    // SAFETY: the request is an ifreq, which TUNSETIFF takes.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &request) };
    assert_eq!(result, 0, "a TAP device {name}: {}", std::io::Error::last_os_error());
    device
}

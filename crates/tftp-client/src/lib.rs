//! The TFTP read transfer as a state machine without I/O (RFC 1350, 2347, 2348, 2349, 7440).
//!
//! The crate opens no socket, reads no clock and writes no file. A driver does that:
//!
//! ```no_run
//! use std::net::{SocketAddr, UdpSocket};
//! use std::time::{Duration, Instant};
//! use tftp_client::{FileName, ReadRequest, State, Transfer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = UdpSocket::bind("0.0.0.0:0")?; // not connected: see `Transfer::on_datagram`
//! let file = FileName::new("pxelinux.cfg/default")?;
//! let request = ReadRequest::new("192.0.2.1:69".parse()?, file, 1 << 20);
//! let mut transfer = Transfer::new(request, Instant::now());
//! let mut datagram = vec![0; transfer.buffer_len()];
//! let size = loop {
//!     while let Some(packet) = transfer.transmit() {
//!         socket.send_to(packet.bytes, packet.to)?;
//!     }
//!     match transfer.state() {
//!         State::Done { size } => break size,
//!         State::Failed(failure) => return Err(failure.clone().into()),
//!         State::Asking | State::Receiving => {}
//!     }
//!     let wait = transfer.wakes_at().saturating_duration_since(Instant::now());
//!     socket.set_read_timeout(Some(wait.max(Duration::from_micros(1))))?;
//!     match socket.recv_from(&mut datagram) {
//!         Ok((len, SocketAddr::V4(from))) => {
//!             if let Some(block) = transfer.on_datagram(Instant::now(), from, &datagram[..len]) {
//!                 println!("{} bytes at {}", block.bytes.len(), block.offset); // pwrite(2)
//!             }
//!         }
//!         _ => transfer.on_timer(Instant::now()),
//!     }
//! };
//! # let _ = size; Ok(()) }
//! ```
//!
//! Blocks of the current window that overtake others are handed out at once, each with its final
//! offset. The file is whole when the state is [`State::Done`], and never before.

mod asking;
mod blocks;
mod failure;
mod gap;
pub mod limits;
mod options;
mod outbox;
mod packet;
mod receive;
mod request;
mod rto;
mod state;
mod text;
mod transfer;

pub use failure::{
    Abandoned, Awaited, Failure, Fault, Malformed, NotFound, Refused, SizeMismatch, Target,
    TimedOut, TooLarge,
};
pub use options::{Granted, OptionFault};
pub use outbox::Transmit;
pub use packet::ErrorCode;
pub use request::{Ask, BadFileName, FileName, Patience, ReadRequest};
pub use state::{Block, Counters, Progress, State};
pub use transfer::Transfer;

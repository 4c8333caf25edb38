//! The other side of the wire, run: dnsmasq for addresses and TFTP, and an HTTP server, on one
//! bridge and no other interface. dnsmasq is the engine; this says what it has to do, and reads
//! what it says.
//!
//! - [`engine`]: dnsmasq's configuration; [`events`]: its log, read; both pure.
//! - [`probe`]: whether somebody else serves that bridge already.
//! - [`files`]: HTTP, in a process that is not root; [`control`]: what it is told to serve;
//!   [`neighbours`]: who asks.
//! - [`progress`]: what guests have fetched, for people.

pub mod control;
pub mod engine;
pub mod events;
pub mod files;
pub mod neighbours;
pub mod probe;
pub mod progress;

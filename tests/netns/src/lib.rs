//! A dom0 with no network but a bridge, real servers behind it, and libxl's part played
//! to the letter: what the whole-program tests of rpxeboot are made of.
//!
//! Every test runs in [`Lab::run`]: a thread with a network namespace and a mount
//! namespace of its own, so that tests can run side by side, nothing of them shows on the
//! machine, and the kernel removes all of it when the thread ends. A [`Lab`] checks at its
//! end, in every test, that rpxeboot left nothing behind ([`leftovers`]).

pub mod answer;
pub mod boot;
pub mod certificates;
pub mod disks;
pub mod fixtures;
pub mod host;
pub mod inventory;
pub mod lab;
pub mod leftovers;
pub mod libxl;
pub mod memory;
pub mod mounts;
pub mod process;
pub mod programs;
pub mod pygrub;
pub mod relay;
pub mod servers;
pub mod terminal;
pub mod wire;
pub mod xenstored;

pub use answer::Answer;
pub use boot::{Boot, End};
pub use host::Host;
pub use lab::Lab;
pub use libxl::Request;

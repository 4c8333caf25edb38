//! Words of the command line and of the settings, checked once, here.

pub mod mac;
pub mod memory;
pub mod name;
pub mod size;

pub use mac::Mac;
pub use memory::Memory;
pub use name::{GuestName, Target};
pub use size::DiskSize;

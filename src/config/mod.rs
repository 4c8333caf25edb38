//! Guests' configs: where they are, what they boot by, and how that is changed.

pub mod boot_mode;
pub mod diff;
pub mod find;
pub mod new;
pub mod switch;

pub use boot_mode::BootMode;
pub use find::GuestConfig;

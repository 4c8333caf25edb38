//! Files that must not be lost: configs replaced at once, locks, disk images.

pub mod image;
pub mod lock;
pub mod read;
pub mod whole;

//! What this host has: Xen and its toolstack, what guests can boot by, other programs.

pub mod bootloader_log;
pub mod bootloader_terminal;
pub mod daemon;
pub mod device;
pub mod domains;
pub mod guest_disk;
pub mod installer_calls;
pub mod loaders;
pub mod net;
pub mod next_boot;
pub mod program;
pub mod xen;
pub mod xl_log;

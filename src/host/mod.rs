//! What this host has: Xen and its toolstack, what guests can boot by, other programs.

pub mod daemon;
pub mod device;
pub mod domains;
pub mod loaders;
pub mod program;
pub mod xen;

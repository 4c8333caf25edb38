//! What a kernel file is and whether Xen can boot it, seen before Xen sees it.
//!
//! Xen's domain builder ends with `panic: xg_dom_bzimageloader.c...` when a kernel has no note for
//! Xen, is cut off or is a web page, and some guests just die without a word. This crate finds
//! that out first, and says it in a sentence with the cure:
//!
//! ```no_run
//! use std::fs::File;
//! use kernel_image::{Arch, GuestType, Limits, look};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kernel = look(File::open("vmlinuz")?, &Limits::default())?;
//! kernel.for_guest(GuestType::Pvh, Arch::X86)?;
//! for remark in kernel.remarks(GuestType::Pvh) {
//!     println!("{remark}");
//! }
//! # Ok(()) }
//! ```
//!
//! It refuses only what Xen certainly cannot boot. What it cannot look into passes.
//!
//! The crate opens no file; it reads what it is given, which may come from an enemy. What it holds
//! and how long it works is bounded: see [`limits`]. A kernel is unpacked as a stream, up to its
//! notes.

mod compression;
mod elf;
mod error;
mod fit;
mod kernel;
pub mod limits;
mod look;
mod notes;
mod number;
mod source;
mod stranger;
mod unpack;

pub use compression::Compression;
pub use elf::{Elf, Machine};
pub use error::{LookError, Stranger};
pub use fit::{Arch, GuestType, Remark, Unfit};
pub use kernel::{BzImage, Form, Kernel};
pub use limits::Limits;
pub use look::look;
pub use notes::XenNotes;

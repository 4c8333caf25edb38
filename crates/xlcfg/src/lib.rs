//! An xl guest configuration as a lossless document, and typed views of its vif and disk specs.
//!
//! [`Document`] reads the language of `xl.cfg(5)` and `xl.conf(5)` as Xen's own library reads it, and
//! keeps every byte: comments, blank lines, order, quotes. It does no I/O.
//!
//! ```
//! let text = "name = \"web\"  # the shop\nvif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', ]\n";
//! let document = xlcfg::Document::parse(text)?;
//! assert_eq!(document.string("name")?.as_deref(), Some("web"));
//! for vif in document.strings("vif")?.unwrap_or_default() {
//!     assert_eq!(xlcfg::VifSpec::parse(&vif)?.bridge(), Some("xenbr0"));
//! }
//! assert_eq!(document.to_bytes(), text.as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Changes
//!
//! A change touches the bytes of the value it is about, and no others: a string keeps its kind of quotes,
//! a list its layout, its last comma and its comments.
//!
//! ```
//! let mut document = xlcfg::Document::parse("memory = 512   # MiB\nextra = 'ro'\n")?;
//! document.set_integer("memory", 1024)?;
//! document.set_string("bootloader", "pygrub")?;
//! assert_eq!(
//!     document.to_bytes(),
//!     b"memory = 1024   # MiB\nextra = 'ro'\nbootloader = 'pygrub'\n",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Where a new key goes
//!
//! On a line of its own after the line of the last setting that people keep it together with (`name` with
//! `uuid` and `type`; `kernel`, `ramdisk`, `bootloader` and its arguments; `memory` with `vcpus`; `vif`
//! with `disk`; the `on_` keys), else after the last setting of the file. It is indented and spaced like
//! that setting, and quoted like most strings of the file.
//!
//! # Limitations
//!
//! - A NUL byte is refused everywhere. libxlutil aborts on one in a string and passes over others.
//! - A file longer than [`MAX_CONFIG_BYTES`] and lists deeper than [`MAX_NESTING`] are refused.
//! - Removing a setting or an item leaves the comments beside it; those inside a removed list go with it.
//! - A value cannot be set to a list of lists. Lists in a list are read, and left alone by edits beside them.

pub use disk::{BackendType, DiskFormat, DiskSpec};
pub use disk_error::DiskError;
pub use document::Document;
pub use edit::EditError;
pub use error::{GetError, ParseError, ParseErrorKind, Position};
pub use guest::{GuestType, GuestTypeError};
pub use limits::{MAX_CONFIG_BYTES, MAX_NESTING, MAX_SPEC_BYTES};
pub use mac::{MacError, format_mac, parse_mac};
pub use value::{List, Value};
pub use vif::{OvsBridge, VifError, VifSpec, VifType};

mod disk;
mod disk_error;
mod disk_read;
mod disk_scan;
mod document;
mod edit;
mod error;
mod escape;
mod guest;
mod lexer;
mod limits;
mod list_edit;
mod literal;
mod mac;
mod number;
mod parser;
mod placement;
mod splice;
mod value;
mod vif;

//! What PXELINUX does with names and configurations, without I/O: which config to ask for, what it
//! says, what to boot.
//!
//! The way of a boot: [`config_names`] and [`Prefix::from_dhcp`] say what to ask for, [`resolve`]
//! where it is, [`Reader`] reads it and asks for what it includes, and [`choose`] says what boots.
//! PXELINUX 6.04 is the measure for all of it; a difference is noted where it is made.
//!
//! ```
//! use pxelinux::{Action, ChooseOptions, Included, Limits, Reader, Step, choose};
//!
//! let config = b"default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img quiet\n";
//! let mut step = Reader::new(Limits::default()).begin(b"pxelinux.cfg/default", config.to_vec())?;
//! let menu = loop {
//!     step = match step {
//!         Step::Done(menu) => break menu,
//!         // Here the driver fetches `waiting.name()`.
//!         Step::Include(waiting) => waiting.resume(Included::Missing)?,
//!     }
//! };
//! let choice = choose(&menu, &ChooseOptions::default())?;
//! let Action::Kernel(kernel) = choice.action else { panic!("no kernel") };
//! assert_eq!(kernel.command_line, b"BOOT_IMAGE=vmlinuz initrd=initrd.img quiet");
//! assert_eq!(kernel.initrds, [b"initrd.img"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
mod choice;
mod choose;
mod chooser;
mod cmdline;
mod config;
mod error;
mod execute;
mod lexer;
pub mod limits;
mod location;
mod menu_lines;
mod modules;
mod names;
mod parser;
mod prefix;
mod reader;
mod screen;
mod sysappend;
mod text;

pub use choice::{Action, Candidate, Choice, Kernel, MenuFile, Why};
pub use choose::{
    Asks, ChooseOptions, Listed, asks, choose, choose_entry, choose_in_menu, choose_on_error,
    choose_typed, entries,
};
pub use config::{
    Boot, Directive, Entry, EntryKind, HIDDEN, KernelDirective, Menu, Navigation, Note, SubMenu,
    TOP,
};
pub use error::{ChooseError, Command, Labels, Reason};
pub use limits::Limits;
pub use location::{Location, LocationError, Server, TFTP_PORT, resolve};
pub use names::{Client, HardwareAddress, Uuid, config_names};
pub use prefix::Prefix;
pub use reader::{Exceeded, Included, ReadError, Reader, Step, Waiting};
pub use screen::{Page, Row, RowKind, Screen, screen};
pub use sysappend::{Addresses, SysValues, bit_name};
pub use text::{At, Shown};

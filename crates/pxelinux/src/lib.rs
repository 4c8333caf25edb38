//! What PXELINUX does with names and configurations, without I/O: which config to ask for, what it
//! says, what to boot.
//!
//! The way of a boot: [`config_names`] and [`Prefix::from_dhcp`] say what to ask for, [`resolve`]
//! where it is, [`Reader`] reads it and asks for what it includes, and [`choose`] says what boots.
//! PXELINUX 6.04 is the measure for all of it; a difference is noted where it is made.
//!
//! Not emulated yet, and an error that says so: the modules `mboot.c32`, `ifcpu64.c32` and
//! `linux.c32`.

mod choice;
mod choose;
mod cmdline;
mod config;
mod error;
mod execute;
mod lexer;
pub mod limits;
mod location;
mod names;
mod parser;
mod prefix;
mod reader;
mod sysappend;
mod text;

pub use choice::{Action, Candidate, Choice, Kernel, MenuFile, Why};
pub use choose::{ChooseOptions, Listed, choose, choose_in_menu, choose_on_error, entries};
pub use config::{
    Boot, Directive, Entry, EntryKind, HIDDEN, KernelDirective, Menu, Note, SubMenu, TOP,
};
pub use error::{ChooseError, Command, Labels, Reason};
pub use limits::Limits;
pub use location::{Location, LocationError, Server, TFTP_PORT, resolve};
pub use names::{Client, HardwareAddress, Uuid, config_names};
pub use prefix::Prefix;
pub use reader::{Exceeded, Included, ReadError, Reader, Step, Waiting};
pub use sysappend::{Addresses, SysValues, bit_name};
pub use text::{At, Shown};

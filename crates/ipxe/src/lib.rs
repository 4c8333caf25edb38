//! What iPXE does with a script, without I/O: which files it asks for, which menus it shows, what to boot.
//!
//! [`begin`] runs a script until it needs something. The driver fetches a file, says whether one is there,
//! or chooses from a menu, and resumes the run with that. Nothing is read but what the driver hands in,
//! and nobody waits: a script that would ask a person goes on as if nobody was there. iPXE 1.21 is the
//! measure for all of it; a difference is noted where it is made.
//!
//! ```
//! use ipxe::{Dhcp, Found, Limits, Outcome, Settings, Step, begin};
//!
//! let script = b"#!ipxe\nkernel vmlinuz BOOTIF=01-${mac:hexhyp} quiet || goto local\n\
//!     initrd initrd.img\nboot\n:local\nexit\n";
//! let settings = Settings::new([0x52, 0x54, 0, 0x12, 0x34, 0x56], Dhcp::default());
//! let mut step = begin("http://boot/a/menu.ipxe", script, settings, Limits::default())?;
//! let done = loop {
//!     step = match step {
//!         Step::Done(done) => break done,
//!         // Here the driver asks the server for `probe.url()`.
//!         Step::Probe(probe) => probe.resume(Found::Present)?,
//!         Step::Fetch(_) | Step::Choose(_) => panic!("not in this script"),
//!     }
//! };
//! let Outcome::Boot(boot) = done.outcome else { panic!("no kernel") };
//! assert_eq!(boot.kernel, "http://boot/a/vmlinuz");
//! assert_eq!(boot.command_line, b"BOOTIF=01-52-54-00-12-34-56 quiet");
//! assert_eq!(boot.initrds[0].url, "http://boot/a/initrd.img");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
mod boot;
mod command;
mod error;
mod expand;
mod form;
mod image;
pub mod limits;
mod line;
mod menu;
mod options;
mod outcome;
mod run;
mod script;
mod settings;
mod step;
mod store;
mod text;
mod uri;
mod value;

pub use error::{Cause, Exceeded, Failed, Failure, ScriptError};
pub use form::Parameter;
pub use limits::Limits;
pub use menu::Item;
pub use outcome::{Boot, Finished, Initrd, Leave, Outcome, Place, Pxelinux};
pub use settings::{Dhcp, Settings};
pub use step::{Answer, Choose, Fetch, Fetched, Found, Probe, Step, begin};
pub use text::{At, Shown};

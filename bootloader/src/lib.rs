//! rpxeboot: a network bootloader for Xen PV and PVH guests.
//!
//! # Layout
//! One room for each step of the way; each arrow is one function from one plain type to the
//! next (ARCHITECTURE.md draws it):
//!
//! - [`request`]: the command line, validated once.
//! - [`guest`]: which guest it is: name, UUID, MAC, bridge.
//! - [`link`]: the guest's-eye network: a namespace, a veth, the sockets that need privilege.
//! - [`lease`]: DHCP, and where the lease says to boot from.
//! - [`fetch`]: from a place on the network to bytes, by TFTP, HTTP or HTTPS.
//! - [`plan`]: config and menu, and what they say to boot.
//! - [`worker`]: the unprivileged process that does all of the network's talking.
//! - [`sandbox`]: the prison of that process.
//! - [`supervisor`]: the privileged process that does everything else; it also hands a local
//!   boot over to pygrub.
//! - [`images`]: kernel and ramdisk as files for libxl.
//! - [`answer`]: what libxl reads; [`report`]: the same as JSON.
//!
//! Beside them: [`limits`] (every number that bounds outside input), [`budget`] (the one
//! clock), [`failure`] (reasons and exit codes), [`console`] (the one printer), [`text`].

pub mod answer;
pub mod budget;
pub mod console;
pub mod failure;
pub mod fetch;
pub mod guest;
pub mod images;
pub mod lease;
pub mod limits;
pub mod link;
pub mod plan;
pub mod report;
pub mod request;
pub mod sandbox;
pub mod supervisor;
pub mod text;
pub mod worker;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use console::{Console, Level};
use failure::{Failure, Reason};
use request::{Parsed, Request};

/// The whole program; gives back its exit code.
#[must_use]
pub fn run(argv: Vec<OsString>) -> u8 {
    if let Err(error) = sandbox::close_inherited_descriptors() {
        let failure = Failure::not_permitted("reading /proc/self/fd", &error);
        return end(&Console::new(Level::Step), Err(failure));
    }
    if argv.first().is_some_and(|word| word == worker::WORD) {
        // There is nobody to tell but the supervisor, and that is the channel's part.
        return if worker::live().is_ok() { 0 } else { Reason::Bug.code() };
    }
    match Request::parse(argv) {
        Ok(Parsed::Text(text)) => {
            let console = Console::new(Level::Step);
            let shown = console.result(text.as_bytes());
            end(
                &console,
                shown.map_err(|error| Failure::not_permitted("writing to stdout", &error)),
            )
        }
        Ok(Parsed::Request(request)) => {
            let console = Console::new(request.level);
            end(&console, guarded(|| supervisor::boot(&request, &console)))
        }
        Err(failure) => end(&Console::new(Level::Step), Err(failure)),
    }
}

/// The one place that shows why a boot failed and decides the exit code.
fn end(console: &Console, result: Result<(), Failure>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(failure) => {
            console.failure(&failure);
            failure.reason.code()
        }
    }
}

/// Runs `work`; a panic in it is a bug of ours, and is reported as one like anything else.
fn guarded(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    let place = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&place);
    panic::set_hook(Box::new(move |info| {
        if let Ok(mut noted) = noted.lock() {
            *noted = Some(info.to_string());
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = place.lock().ok().and_then(|mut noted| noted.take());
        Err(Failure::bug(what.unwrap_or_else(|| "it panicked".to_owned())))
    })
}

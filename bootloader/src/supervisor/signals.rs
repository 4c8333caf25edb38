//! Signals as something to wait for: libxl ends a bootloader with SIGTERM when its domain is
//! destroyed, and with SIGHUP when xl itself goes.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::failure::{Failure, Reason};

/// The signals that end a boot, held back so that what was made can be cleared away.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Holds the signals back from now on. SIGCHLD is among them, as the sign that a child has
    /// ended.
    ///
    /// # Errors
    /// [`Reason::NotPermitted`].
    pub fn hold() -> Result<Self, Failure> {
        let refused = |error| Failure::not_permitted("holding signals", &error);
        let mut set = SigSet::empty();
        for signal in
            [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGCHLD]
        {
            set.add(signal);
        }
        // A limit on the size of files, which xl was given, is an error like others.
        let mut held = set;
        held.add(Signal::SIGXFSZ);
        held.thread_block().map_err(refused)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(SignalFd::with_flags(&set, flags).map_err(refused)?))
    }

    /// Fails if a signal that ends the boot has come.
    ///
    /// # Errors
    /// [`Reason::Deadline`], naming the signal.
    pub fn check(&self) -> Result<(), Failure> {
        while let Ok(Some(info)) = self.0.read_signal() {
            let signal =
                i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
            if let Some(signal) = signal.filter(|signal| *signal != Signal::SIGCHLD) {
                return Err(Failure::new(Reason::Deadline, format!("stopped by {signal}")));
            }
        }
        Ok(())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

//! A look at the kernel before libxl sees it: what Xen cannot boot is said in one sentence with
//! the cure, instead of libxl's "panic". The look itself is the `kernel-image` crate's.

use std::fs::File;
use std::io::{BufReader, Seek};

use kernel_image::{Arch, Limits, LookError, look};

use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::guest::GuestType;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// Whether a guest of this type may be able to boot what is in `file`; `name` is the file's.
///
/// # Errors
/// [`Reason::Verification`], if it is certain that it cannot.
pub(super) fn check(
    mut file: &File,
    name: &str,
    guest_type: GuestType,
    say: &dyn Say,
) -> Result<(), Failure> {
    let refused =
        |why: &dyn std::fmt::Display| Failure::new(Reason::Verification, format!("{name}: {why}"));
    file.rewind().map_err(|error| Failure::not_permitted("reading the kernel", &error))?;
    let kernel = match look(BufReader::with_capacity(CHUNK, file), &Limits::default()) {
        Ok(kernel) => kernel,
        Err(LookError::Read(error)) => {
            return Err(Failure::not_permitted("reading the kernel", &error));
        }
        Err(why) => return Err(refused(&why)),
    };
    let host =
        if cfg!(any(target_arch = "aarch64", target_arch = "arm")) { Arch::Arm } else { Arch::X86 };
    let guest = match guest_type {
        GuestType::Pv => kernel_image::GuestType::Pv,
        GuestType::Pvh => kernel_image::GuestType::Pvh,
        GuestType::Unknown => kernel_image::GuestType::Unknown,
    };
    if let Err(why) = kernel.for_guest(guest, host) {
        // With pvshim=1 a PVH guest boots a PV kernel; nothing but the guest's config tells.
        let is_for_shim = guest_type == GuestType::Pvh
            && kernel.for_guest(kernel_image::GuestType::Pv, host).is_ok();
        if !is_for_shim {
            return Err(refused(&why));
        }
        say.say(Level::Step, &format!("{name}: {why} (it can boot with pvshim=1)"));
    }
    for remark in kernel.remarks(guest) {
        say.say(Level::Detail, &format!("{name}: {remark}"));
    }
    Ok(())
}

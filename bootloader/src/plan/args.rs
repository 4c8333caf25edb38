//! The guest's command line as it goes to libxl: the plan's, then the guest's own `--args`.
//!
//! libxl gives the guest nothing but the answer's `args` (libxl_bootloader.c), and Xen cuts
//! a PV guest's line at 1023 bytes without a word, so a longer one is an error here.

use crate::failure::{Failure, Reason};
use crate::guest::GuestType;
use crate::limits::{MAX_ANSWER_ITEM, MAX_PV_ARGS, MAX_PVH_ARGS};

/// `plan` and `own` together, checked.
///
/// # Errors
/// [`Reason::BadConfig`]: a control byte, or more than this kind of guest can be given.
pub fn command_line(plan: &[u8], own: &[u8], guest_type: GuestType) -> Result<Vec<u8>, Failure> {
    let own = own.trim_ascii();
    let mut line = plan.to_vec();
    if !line.is_empty() && !own.is_empty() {
        line.push(b' ');
    }
    line.extend(own);
    if let Some(byte) = line.iter().find(|byte| byte.is_ascii_control()) {
        return Err(Failure::new(
            Reason::BadConfig,
            format!("the guest's command line holds the control byte 0x{byte:02x}: remove it"),
        ));
    }
    let (limit, what) = match guest_type {
        GuestType::Pv => (MAX_PV_ARGS, "a PV guest"),
        GuestType::Unknown => (MAX_PV_ARGS, "a guest that may be PV"),
        GuestType::Pvh => (MAX_PVH_ARGS.min(MAX_ANSWER_ITEM), "a PVH guest"),
    };
    if line.len() > limit {
        return Err(Failure::new(
            Reason::BadConfig,
            format!(
                "the command line has {} bytes, {what} takes {limit}: shorten the label's APPEND{}",
                line.len(),
                if own.is_empty() { "" } else { " or the guest's own arguments" }
            ),
        ));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guests_own_arguments_come_last() {
        let line = |plan: &[u8], own: &[u8]| command_line(plan, own, GuestType::Pv).unwrap();
        assert_eq!(line(b"BOOT_IMAGE=k a", b"root=/dev/xvda1 "), b"BOOT_IMAGE=k a root=/dev/xvda1");
        assert_eq!(line(b"", b"x"), b"x");
        assert_eq!(line(b"a  b ", b""), b"a  b ");
    }

    #[test]
    fn what_xen_would_cut_is_refused() {
        let line = |length, guest_type| command_line(&vec![b'x'; length], b"", guest_type);
        assert!(line(1023, GuestType::Pv).is_ok());
        let failure = line(1024, GuestType::Pv).unwrap_err();
        assert_eq!(failure.reason, Reason::BadConfig);
        assert!(failure.message.contains("1024 bytes, a PV guest takes 1023"));
        assert!(line(1024, GuestType::Unknown).is_err());
        assert!(line(2047, GuestType::Pvh).is_ok());
        assert!(line(2048, GuestType::Pvh).is_err());
    }

    #[test]
    fn a_control_byte_never_reaches_libxl() {
        for bad in [&b"a\0b"[..], b"a\nb", b"a\x1b[2J", b"a\x7f"] {
            assert!(command_line(bad, b"", GuestType::Pv).is_err());
            assert!(command_line(b"", bad, GuestType::Pv).is_err());
        }
        assert!(command_line("caf\u{e9}".as_bytes(), b"", GuestType::Pv).is_ok());
    }
}

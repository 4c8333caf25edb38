//! Files on dom0's side that others write: libvirt's XML, guests' configs, pygrub's answer and text.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rpxeboot::guest::{config_file, libvirt};
use rpxeboot::limits::MAX_MENU_KERNELS;
use rpxeboot::supervisor::localboot::answer;
use rpxeboot::supervisor::localboot::outcome::{Outcome, Words};

/// All of them with the same bytes.
pub(crate) fn files(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = libvirt::describe(text);
    }
    if let Err(error) = config_file::describe(bytes, "xenbr0") {
        let _ = error.to_string();
    }
    if let Some(answer) = answer::parse(bytes) {
        let items = [Some(&answer.kernel), answer.ramdisk.as_ref()];
        for path in items.into_iter().flatten() {
            assert!(!path.as_os_str().as_bytes().contains(&0));
        }
        assert!(!answer.args.contains(&0));
        assert!(!answer.kernel.as_os_str().is_empty());
    }
    let mut words = Words::default();
    let mut shown = 0;
    let mut show = |line: &str| {
        crate::assert_shown(line);
        shown += 1;
    };
    for part in bytes.chunks(100) {
        words.hear(part, &mut show);
    }
    words.end(&mut show);
    if let Some(listing) = words.listing() {
        let kernels = &listing.kernels;
        assert!(kernels.len() <= MAX_MENU_KERNELS + 1, "no more than is ever looked at");
        assert!(kernels.is_sorted_by_key(|(entry, _)| entry), "as the menu has them");
        for (at, (_, kernel)) in kernels.iter().enumerate() {
            assert!(kernels[..at].iter().all(|(_, known)| known != kernel), "each once");
        }
    }
    for line in words.last_words() {
        crate::assert_shown(line);
    }
    for status in [0, 1 << 8, 9] {
        match words.outcome(ExitStatus::from_raw(status)) {
            // A guest may install itself over what it has only when nothing speaks against it.
            Outcome::NoMenu(_) => assert!(status != 9 && words.last_words().count() > 0),
            Outcome::Missing(text) | Outcome::Unknown(text) => crate::assert_shown(&text),
        }
    }
    assert!(shown <= bytes.len() + 1);
}

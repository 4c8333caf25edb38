//! Files on dom0's side that others write: libvirt's XML, guests' configs, pygrub's answer and text.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rpxeboot::guest::{config_file, libvirt};
use rpxeboot::supervisor::localboot::answer;
use rpxeboot::supervisor::localboot::outcome::Words;

/// All of them with the same bytes.
pub(crate) fn files(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = libvirt::describe(text);
    }
    if let Err(error) = config_file::describe(bytes, "xenbr0") {
        let _ = error.to_string();
    }
    if let Some(answer) = answer::parse(bytes) {
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
    let _ = words.listing();
    for line in words.last_words() {
        crate::assert_shown(line);
    }
    for status in [0, 1 << 8, 9] {
        let _ = words.outcome(ExitStatus::from_raw(status));
    }
    assert!(shown <= bytes.len() + 1);
}

//! The Xen that this host runs, if it does.

use std::fs;

/// Xen's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 4 in 4.18.
    pub major: u32,
    /// 18 in 4.18.
    pub minor: u32,
}

/// The first Xen whose xl knows `bootloader_restrict` (CHANGELOG.md of 4.18, XSA-443).
pub const KNOWS_RESTRICT: Version = Version { major: 4, minor: 18 };

/// Whether this is a dom0: xl works here, and guests can run.
#[must_use]
pub fn is_dom0() -> bool {
    let privileged = |path: &str| {
        fs::read_to_string(path).is_ok_and(|text| text.split_whitespace().any(|w| w == "control_d"))
    };
    privileged("/proc/xen/capabilities")
        || fs::read_to_string("/sys/hypervisor/properties/features").is_ok()
            && fs::exists("/dev/xen/privcmd").unwrap_or(false)
            && fs::read_to_string("/sys/hypervisor/uuid")
                .is_ok_and(|uuid| uuid.trim() == "00000000-0000-0000-0000-000000000000")
}

/// The running Xen's version.
#[must_use]
pub fn version() -> Option<Version> {
    let part = |name: &str| {
        fs::read_to_string(format!("/sys/hypervisor/version/{name}")).ok()?.trim().parse().ok()
    };
    Some(Version { major: part("major")?, minor: part("minor")? })
}

/// Whether `bootloader_restrict=1` works here: xl knows it, and has a user to run bootloaders
/// as (xl.cfg(5): one for all guests, or a range).
#[must_use]
pub fn can_restrict() -> bool {
    version().is_some_and(|version| version >= KNOWS_RESTRICT) && has_restricted_user()
}

/// Whether there is a user for restricted bootloaders.
#[must_use]
pub fn has_restricted_user() -> bool {
    ["xen-qemuuser-range-base", "xen-qemuuser-shared"]
        .iter()
        .any(|user| nix::unistd::User::from_name(user).is_ok_and(|user| user.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |major, minor| Version { major, minor };
        assert!(version(4, 9) < KNOWS_RESTRICT);
        assert!(version(4, 17) < KNOWS_RESTRICT);
        assert!(version(4, 18) >= KNOWS_RESTRICT);
        assert!(version(5, 0) >= KNOWS_RESTRICT);
    }
}

//! As whom the worker reads the network and pygrub the guest's disk: whoever libxl itself would
//! take.
//!
//! `bootloader_uid` in libxl_bootloader.c: the user `xen-qemuuser-range-base` plus the domain's
//! number, else the user `xen-qemuuser-shared`; uid 0 is refused. Where an administrator has
//! made neither, libxl gives up; a boot must not depend on that, so then it is nobody.

use std::path::Path;

use crate::guest::config_file::read_small_file;

/// Users of its own for each domain, counted from this one's uid.
const RANGE_BASE: &str = "xen-qemuuser-range-base";
/// One user for all domains.
const SHARED: &str = "xen-qemuuser-shared";
/// nobody: who it is when nobody says.
pub const NOBODY: u32 = 65534;

/// The uid for the domain `domid`; `wanted` is what libxl has asked for itself. Never 0.
#[must_use]
pub fn choose(wanted: Option<u32>, domid: Option<u32>) -> u32 {
    // Read without the C library's help, which a static program cannot count on. Users that
    // come from elsewhere (LDAP) are not seen: the toolstack's own are local ones.
    wanted.unwrap_or_else(|| {
        let users = read_small_file(Path::new("/etc/passwd")).unwrap_or_default();
        of_users(&String::from_utf8_lossy(&users), domid)
    })
}

/// The uid by the lines of passwd(5).
fn of_users(users: &str, domid: Option<u32>) -> u32 {
    let uid = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(wanted)).then(|| fields.nth(1)?.parse::<u32>().ok())?
        })
    };
    // Root is refused, and the number that setresuid(2) takes for "as it is".
    let usable = |uid: &u32| !matches!(*uid, 0 | u32::MAX);
    let of_its_own = || uid(RANGE_BASE).filter(usable)?.checked_add(domid?).filter(usable);
    of_its_own().or_else(|| uid(SHARED).filter(usable)).unwrap_or(NOBODY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "xen-qemuuser-range-base:x:131072:131072::/nonexistent:/bin/false\n";
    const BOTH: &str = "root:x:0:0::/:/bin/sh\nxen-qemuuser-shared:x:998:998::/:/bin/false\n\
                        xen-qemuuser-range-base:x:131072:131072::/:/bin/false\n";

    #[test]
    fn what_libxl_says_is_taken() {
        assert_eq!(choose(Some(999), Some(7)), 999);
    }

    #[test]
    fn each_domain_has_a_user_of_its_own() {
        assert_eq!(of_users(BOTH, Some(7)), 131_079);
        assert_eq!(of_users(BASE, Some(0)), 131_072);
    }

    #[test]
    fn without_a_domain_or_a_range_it_is_the_shared_user() {
        assert_eq!(of_users(BOTH, None), 998);
        assert_eq!(of_users("xen-qemuuser-shared:x:998:998::/:/x\n", Some(7)), 998);
    }

    #[test]
    fn else_it_is_nobody() {
        assert_eq!(of_users("root:x:0:0::/:/bin/sh\n", Some(7)), NOBODY);
        assert_eq!(of_users(BASE, None), NOBODY);
        assert_eq!(of_users("", Some(7)), NOBODY);
    }

    #[test]
    fn it_is_never_root() {
        for users in [
            "xen-qemuuser-shared:x:0:0::/:/x\n",
            "xen-qemuuser-range-base:x:0:0::/:/x\n",
            "xen-qemuuser-range-base:x:4294967295:0::/:/x\n",
            "xen-qemuuser-range-base:x:4294967290:0::/:/x\n",
            "xen-qemuuser-shared:x:-1:0::/:/x\nxen-qemuuser-shared2:x:5:5::/:/x\n",
            "xen-qemuuser-shared\n",
        ] {
            assert_eq!(of_users(users, Some(9)), NOBODY, "{users}");
        }
    }
}

//! vmprov where it needs root: ended at each system call, on full and read-only file systems, on
//! block devices. Packages: tests/vmprov_root/install.sh.
//!
//!     cargo test -p vmprov --test vmprov_root
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod crash;
mod devices;
mod full_disk;
#[path = "../vmprov/place.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod place;
mod strace;

/// Says what is missing; a test that cannot run has failed.
fn needs(programs: &[&str]) {
    assert!(nix::unistd::geteuid().is_root(), "these tests need root");
    for program in programs {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .chain(["/usr/sbin", "/sbin"].map(Into::into))
            .any(|directory| directory.join(program).is_file());
        assert!(found, "there is no {program}: run tests/vmprov_root/install.sh");
    }
}

//! Where the programs are that the tests drive. A missing one is a failure that names the
//! package: a test that skips itself proves nothing.

use std::path::{Path, PathBuf};

use crate::mounts::LAB;

/// Programs, and the Debian package that each is in.
const PACKAGES: [(&str, &str); 17] = [
    ("atftp", "atftp"),
    ("atftpd", "atftpd"),
    ("bridge", "iproute2"),
    ("busybox", "busybox-static"),
    ("curl", "curl"),
    ("dhcpd", "isc-dhcp-server"),
    ("dnsmasq", "dnsmasq-base"),
    ("in.tftpd", "tftpd-hpa"),
    ("ip", "iproute2"),
    ("kea-dhcp4", "kea-dhcp4-server"),
    ("losetup", "mount"),
    ("mke2fs", "e2fsprogs"),
    ("nginx", "nginx"),
    ("openssl", "openssl"),
    ("prlimit", "util-linux"),
    ("sfdisk", "fdisk"),
    ("xenstore-read", "xenstore-utils"),
];

/// The path of an installed program.
///
/// # Panics
/// When it is not installed, with the package to install.
#[must_use]
pub fn installed(name: &str) -> PathBuf {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{}", missing(name)))
}

/// The path, inside a lab, of a program that install.sh unpacks instead of installing: atftpd
/// and atftp, whose packages cannot be installed beside tftpd-hpa's.
///
/// # Panics
/// When it is not there, with what to run.
#[must_use]
pub fn unpacked(name: &str) -> PathBuf {
    let tree = Path::new(LAB).join("packages/atftpd/usr");
    ["sbin", "bin"]
        .iter()
        .map(|directory| tree.join(directory).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{}", missing(name)))
}

/// The tree of Debian's `debian-installer-*-netboot-amd64` as packaged, inside a lab: the
/// directory that is to be the TFTP server's root. `flavour` is `text` or `gtk`.
///
/// # Panics
/// When it is not there, with what to run.
#[must_use]
pub fn installer_tree(flavour: &str) -> PathBuf {
    let images = Path::new(LAB).join("packages/installer/usr/lib/debian-installer/images");
    let release = std::fs::read_dir(&images)
        .ok()
        .and_then(|mut entries| entries.next())
        .and_then(Result::ok)
        .unwrap_or_else(|| {
            panic!(
                "{}: run tests/netns/install.sh, which fetches Debian's netboot installer there",
                images.display()
            )
        });
    release.path().join("amd64").join(flavour)
}

/// The program under test: `$RPXEBOOT`, or what cargo built beside this test.
///
/// # Errors
/// When there is none, the command that builds it.
pub fn rpxeboot() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("RPXEBOOT") {
        return PathBuf::from(&path)
            .canonicalize()
            .map_err(|error| format!("RPXEBOOT={}: {error}", path.display()));
    }
    let profile = profile_directory();
    let candidates = [profile.join("rpxeboot"), profile.with_file_name("release").join("rpxeboot")];
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        format!(
            "{}: no such file; run `cargo build -p rpxeboot` first, or name the program in RPXEBOOT",
            candidates[0].display()
        )
    })
}

/// A program of this package (src/bin): cargo builds it before any test of this package.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn own(name: &str) -> PathBuf {
    let path = profile_directory().join(name);
    assert!(
        path.is_file(),
        "{}: no such file; run `cargo build -p netns-tests --bins`",
        path.display()
    );
    path
}

/// Where install.sh unpacks: below the target directory that this test was built in.
#[must_use]
pub fn packages() -> PathBuf {
    profile_directory().with_file_name("netns-packages")
}

/// The `debug` or `release` directory of this test: cargo puts tests into its `deps`.
fn profile_directory() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let directory = test.parent().expect("a test is in a directory");
    if directory.ends_with("deps") {
        directory.parent().expect("deps is in a directory").to_path_buf()
    } else {
        directory.to_path_buf()
    }
}

fn missing(name: &str) -> String {
    let package =
        PACKAGES.iter().find(|(program, _)| *program == name).map_or(name, |(_, package)| package);
    format!("{name} is not there: run tests/netns/install.sh (Debian package {package})")
}

//! The certificate authorities that https servers are checked against. They are opened here,
//! before the worker is confined, and read there, if there is an https URL at all.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::{Failure, Reason};
use crate::fetch::authorities::Authorities;

/// Where distributions keep all of a host's authorities in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL, XCP-ng
    "/etc/pki/tls/certs/ca-bundle.crt",   // the same, long ago
    "/etc/ssl/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",                  // Alpine without the package
];

/// The file that was asked for, or else the host's own; none on a host that has none, and in a
/// program without TLS.
///
/// # Errors
/// [`Reason::Usage`]: the file that was asked for cannot be opened, or is no plain file.
pub fn open(wanted: Option<&Path>) -> Result<Option<Authorities>, Failure> {
    if cfg!(not(feature = "tls")) {
        return Ok(None);
    }
    match wanted {
        Some(path) => open_file(path).map(Some).map_err(|error| {
            Failure::new(Reason::Usage, format!("--ca {}: {error}", path.display()))
        }),
        None => Ok(BUNDLES.iter().find_map(|path| open_file(Path::new(path)).ok())),
    }
}

fn open_file(path: &Path) -> io::Result<Authorities> {
    // Neither a pipe nor a device is to be waited for.
    let file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    Ok(Authorities { file, name: crate::text::printable(path.as_os_str().as_encoded_bytes()) })
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_must_be_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let refusal = |path: &Path| open(Some(path)).unwrap_err();
        let missing = directory.path().join("none.pem");
        assert_eq!(refusal(&missing).reason, Reason::Usage);
        assert!(refusal(&missing).message.contains("none.pem"));
        assert!(refusal(directory.path()).message.ends_with("it is no file"));
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(refusal(&pipe).message.ends_with("it is no file"));

        std::fs::write(&missing, "x").unwrap();
        let found = open(Some(&missing)).unwrap().unwrap();
        assert_eq!(found.read().unwrap(), b"x");
        assert!(found.name.ends_with("none.pem"));
    }
}

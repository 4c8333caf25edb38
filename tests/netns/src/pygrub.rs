//! pygrub, which a local boot hands over to: the real one, on real disks; and programs in its
//! place, which record how they were called, or misbehave.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use crate::lab::Lab;
use crate::mounts::LAB;

/// A pygrub, first in the bootloader's PATH.
#[derive(Debug)]
pub struct Pygrub {
    record: PathBuf,
}

/// Answers in the format that it is asked for, with a kernel that it writes into the
/// directory that it is given, as pygrub does.
const BOOTS: &str = r#"
output=- format=sxp directory= uid=
for word; do
    case $word in
        --output=*) output=${word#*=} ;;
        --output-format=*) format=${word#*=} ;;
        --output-directory=*) directory=${word#*=} ;;
        --runas=*) uid=${word#*=} ;;
    esac
done
kernel=$directory/boot_kernel.pygrub
echo "a kernel from the disk" > "$kernel"
answer() {
    case $format in
        simple0) printf 'kernel %s\0args root=/dev/xvda1\0\0' "$kernel" ;;
        simple) printf 'kernel %s\nargs root=/dev/xvda1\n\n' "$kernel" ;;
        *) printf 'linux (kernel %s)(args "root=/dev/xvda1")' "$kernel" ;;
    esac
}
if [ "$output" = - ]; then answer; else answer > "$output"; fi
"#;

/// What the real one says of an empty disk, and with which exit code.
const FINDS_NOTHING: &str = r#"
# --runas
cat >&2 <<'END'
Traceback (most recent call last):
  File "/usr/lib/xen-4.17/bin/pygrub", line 1008, in <module>
    fs = xenfsimage.open(file, offset, bootfsoptions)
OSError: [Errno 95] Operation not supported
Traceback (most recent call last):
  File "/usr/lib/xen-4.17/bin/pygrub", line 1032, in <module>
    raise RuntimeError("Unable to find partition containing kernel")
RuntimeError: Unable to find partition containing kernel
END
"#;

impl Pygrub {
    /// Puts a stand-in that boots into the bootloader's PATH.
    #[must_use]
    pub fn that_boots(lab: &Lab) -> Self {
        Self::that_does(lab, BOOTS)
    }

    /// Puts one that finds no system on the disk there.
    #[must_use]
    pub fn that_finds_nothing(lab: &Lab) -> Self {
        Self::that_does(lab, FINDS_NOTHING)
    }

    /// Puts a shell script there. It is told where to write: `$directory`, `$output`.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn that_does(lab: &Lab, script: &str) -> Self {
        let record = lab.directory("pygrub").join("words");
        // It may run as an unprivileged user.
        fs::set_permissions(lab.directory("pygrub"), fs::Permissions::from_mode(0o777))
            .expect("pygrub's record");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" > {}\n\
             for word; do case $word in --output-dir*=*) directory=${{word#*=}} ;; \
             --output=*) output=${{word#*=}} ;; esac; done\n{script}",
            record.display()
        );
        Self::install(lab, &script, 0o755);
        Self { record }
    }

    /// Puts a file with these permissions there, whatever it is.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn install(lab: &Lab, text: &str, mode: u32) {
        let path = place(lab);
        let _ = fs::remove_file(&path);
        fs::write(&path, text).expect("the stand-in for pygrub");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a program");
    }

    /// Puts the real one there, as Debian packages it. Gives its own path.
    ///
    /// # Panics
    /// When install.sh has not been run.
    pub fn real(lab: &Lab) -> PathBuf {
        let packaged = Path::new(LAB).join("packages/xen/usr/lib");
        assert!(
            packaged.is_dir(),
            "{}: no such directory; run tests/netns/install.sh, which fetches pygrub (Debian \
             package xen-utils-4.17)",
            packaged.display()
        );
        // It looks for its libraries where it was built to be, and nowhere else.
        let options = format!("lowerdir={}:/usr/lib", packaged.display());
        let overlay = Some("overlay");
        mount(overlay, "/usr/lib", overlay, MsFlags::empty(), Some(options.as_str()))
            .unwrap_or_else(|error| panic!("an overlay on /usr/lib: {error}"));
        let real = fs::read_dir("/usr/lib")
            .expect("/usr/lib")
            .flatten()
            .map(|entry| entry.path().join("bin/pygrub"))
            .find(|path| path.is_file())
            .expect("a pygrub in the package");
        let path = place(lab);
        let _ = fs::remove_file(&path);
        symlink(&real, path).expect("a link to pygrub");
        real
    }

    /// The words it was called with, its own path first; none if it was not called.
    #[must_use]
    pub fn called_with(&self) -> Option<Vec<String>> {
        let record = fs::read_to_string(&self.record).ok()?;
        Some(record.lines().map(str::to_owned).collect())
    }
}

fn place(lab: &Lab) -> PathBuf {
    lab.directory("path").join("pygrub")
}

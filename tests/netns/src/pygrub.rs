//! A program in pygrub's place, which records how it was called and answers: what a local
//! boot hands over to. Real pygrub reads a disk; here only the handing over is looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::lab::Lab;

/// A stand-in for pygrub, first in the bootloader's PATH.
#[derive(Debug)]
pub struct Pygrub {
    record: PathBuf,
}

/// Answers in the format that it is asked for, with a kernel that it writes into the
/// directory that it is given, as pygrub does.
const SCRIPT: &str = r#"#!/bin/sh
printf '%s\n' "$0" "$@" > RECORD
exit_code=EXIT
[ "$exit_code" = 0 ] || { echo "RuntimeError: Unable to find partition containing kernel" >&2; exit "$exit_code"; }
output=- format=sxp directory=
for word; do
    case $word in
        --output=*) output=${word#*=} ;;
        --output-format=*) format=${word#*=} ;;
        --output-directory=*) directory=${word#*=} ;;
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

impl Pygrub {
    /// Puts a stand-in that boots into the bootloader's PATH.
    #[must_use]
    pub fn that_boots(lab: &Lab) -> Self {
        Self::new(lab, 0)
    }

    /// Puts one that finds no system on the disk there.
    #[must_use]
    pub fn that_finds_nothing(lab: &Lab) -> Self {
        Self::new(lab, 1)
    }

    /// The words it was called with, its own path first; none if it was not called.
    #[must_use]
    pub fn called_with(&self) -> Option<Vec<String>> {
        let record = fs::read_to_string(&self.record).ok()?;
        Some(record.lines().map(str::to_owned).collect())
    }

    fn new(lab: &Lab, exit: i32) -> Self {
        let record = lab.directory("pygrub").join("words");
        // It may run as an unprivileged user.
        fs::write(&record, "").and_then(|()| fs::remove_file(&record)).expect("pygrub's record");
        fs::set_permissions(lab.directory("pygrub"), fs::Permissions::from_mode(0o777))
            .expect("pygrub's record");
        let path = lab.directory("path").join("pygrub");
        let script = SCRIPT
            .replace("RECORD", record.to_str().expect("a plain path"))
            .replace("EXIT", &exit.to_string());
        fs::write(&path, script).expect("the stand-in for pygrub");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        Self { record }
    }
}

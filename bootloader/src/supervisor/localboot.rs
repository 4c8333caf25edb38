//! Handing over to pygrub: what LOCALBOOT means for a guest, and the disk half of
//! `--order=disk,net`.
//!
//! pygrub is called as libxl calls it, but its answer goes to a file of ours, is checked, and
//! is passed on as our own: so every output format works, and nothing half-written is seen.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::Process;
use super::signals::Signals;
use crate::answer::Answer;
use crate::budget::Budget;
use crate::console::{Console, Level, Say};
use crate::failure::{Failure, Reason};
use crate::guest::{Guest, GuestType};
use crate::limits::MAX_PYGRUB_ANSWER;
use crate::plan::args::command_line;
use crate::request::Request;

/// Why the disk is not booted.
#[derive(Debug)]
pub enum NoBoot {
    /// pygrub has looked, and there is no system on the disk.
    NothingThere(String),
    /// Something else is wrong; what is on the disk is not known.
    Failed(Failure),
}

impl From<Failure> for NoBoot {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Boots the guest's disk, because the config says so.
///
/// # Errors
/// [`Reason::BadConfig`] when there is no disk, no pygrub, or nothing that it can boot.
pub fn boot(
    request: &Request,
    guest: &Guest,
    signals: &Signals,
    budget: &Budget,
    console: &Console,
) -> Result<Answer, Failure> {
    run(request, guest.guest_type, signals, budget, console).map_err(|why| match why {
        NoBoot::NothingThere(why) => Failure::new(Reason::BadConfig, why),
        NoBoot::Failed(failure) => failure,
    })
}

/// Looks whether the guest's disk can be booted.
///
/// # Errors
/// [`NoBoot`].
pub fn look(
    request: &Request,
    signals: &Signals,
    budget: &Budget,
    console: &Console,
) -> Result<Answer, NoBoot> {
    run(request, GuestType::Unknown, signals, budget, console)
}

fn run(
    request: &Request,
    guest_type: GuestType,
    signals: &Signals,
    budget: &Budget,
    console: &Console,
) -> Result<Answer, NoBoot> {
    let disk = request.disk.as_deref().ok_or_else(|| {
        Failure::new(Reason::BadConfig, "boot from disk: no disk was named on the command line")
    })?;
    let pygrub = find_pygrub().ok_or_else(|| {
        Failure::new(
            Reason::BadConfig,
            "boot from disk: no pygrub is installed (Debian's package is xen-utils)",
        )
    })?;
    console.say(Level::Detail, &format!("{} {}", pygrub.display(), disk.display()));
    let output = Output::create(&request.directory)?;
    let status = Process::start(&mut command(&pygrub, request, &output.path, disk))
        .map_err(|error| Failure::not_permitted(&format!("starting {}", pygrub.display()), &error))?
        .wait(signals, budget)?;
    let nothing = |why: &str| format!("nothing to boot on {} ({why})", disk.display());
    if status.code().is_none() {
        let why = format!("boot from disk: pygrub died: {status}");
        return Err(Failure::new(Reason::BadConfig, why).into());
    }
    if !status.success() {
        return Err(NoBoot::NothingThere(nothing(&format!("pygrub: {status}"))));
    }
    let answer = parse(&output.read()?)
        .ok_or_else(|| NoBoot::NothingThere(nothing("pygrub gave no kernel")))?;
    command_line(&answer.args, b"", guest_type)?;
    Ok(answer)
}

fn command(pygrub: &Path, request: &Request, output: &Path, disk: &Path) -> Command {
    let option = |name: &str, value: &[u8]| {
        let mut option = std::ffi::OsString::from(name);
        option.push(std::ffi::OsStr::from_bytes(value));
        option
    };
    let mut command = Command::new(pygrub);
    // Quiet: nobody presses a key, and --runas wants it.
    command.arg("--quiet").arg("--output-format=simple0");
    command.arg(option("--output=", output.as_os_str().as_bytes()));
    command.arg(option("--output-directory=", request.directory.as_os_str().as_bytes()));
    if !request.args.is_empty() {
        command.arg(option("--args=", &request.args));
    }
    if let Some(uid) = request.runas {
        command.arg(format!("--runas={uid}"));
    }
    command.arg(disk);
    command
}

/// pygrub lives in a private directory of the toolstack (`LIBEXEC_BIN`), which Debian names
/// after Xen's version; the running Xen's goes first.
fn find_pygrub() -> Option<PathBuf> {
    let version = |part: &str| fs::read_to_string(format!("/sys/hypervisor/version/{part}")).ok();
    let running = version("major").zip(version("minor"));
    let running =
        running.map(|(major, minor)| format!("/usr/lib/xen-{}.{}/bin", major.trim(), minor.trim()));
    let fixed = [
        "/usr/libexec/xen/bin",
        "/usr/lib/xen/bin",
        "/usr/local/libexec/xen/bin",
        "/usr/local/lib/xen/bin",
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    running
        .into_iter()
        .map(PathBuf::from)
        .chain(fixed.into_iter().map(PathBuf::from))
        .chain(std::env::split_paths(&path).filter(|directory| directory.is_absolute()))
        .map(|directory| directory.join("pygrub"))
        .find(|pygrub| pygrub.is_file())
}

/// pygrub's answer, which nobody but us reads.
struct Output {
    path: PathBuf,
}

impl Output {
    fn create(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(format!("pygrub.{}", std::process::id()));
        File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(|error| {
            Failure::not_permitted(&format!("making {}", path.display()), &error)
        })?;
        Ok(Self { path })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        File::open(&self.path)
            .and_then(|file| file.take(MAX_PYGRUB_ANSWER).read_to_end(&mut bytes))
            .map_err(|error| Failure::not_permitted("reading pygrub's answer", &error))?;
        Ok(bytes)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads simple0 as libxl does: items ended by NUL; a keyword, blanks, a value.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let item = |keyword: &str| {
        bytes.split(|byte| *byte == 0).find_map(|item| {
            let value = item.strip_prefix(keyword.as_bytes())?;
            value.first().filter(|byte| byte.is_ascii_whitespace())?;
            Some(value.trim_ascii_start())
        })
    };
    let path = |value: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(value));
    Some(Answer {
        kernel: item("kernel").filter(|value| !value.is_empty()).map(path)?,
        ramdisk: item("ramdisk").filter(|value| !value.is_empty()).map(path),
        args: item("args").unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pygrubs_answer_is_read_as_libxl_reads_it() {
        let answer = parse(b"kernel /d/k\0ramdisk  /d/r\0args root=/dev/xvda1 ro\0\0").unwrap();
        assert_eq!(answer.kernel, Path::new("/d/k"));
        assert_eq!(answer.ramdisk.as_deref(), Some(Path::new("/d/r")));
        assert_eq!(answer.args, b"root=/dev/xvda1 ro");
        assert_eq!(parse(b"kernel /d/k").unwrap().ramdisk, None);
    }

    #[test]
    fn an_answer_without_a_kernel_is_none() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"kernel \0args x\0"), None);
        assert_eq!(parse(b"kernels /d/k\0"), None);
    }
}

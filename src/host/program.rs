//! Running other programs: with a deadline, without a shell, and with what they say kept.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::failure::Failure;

/// What is kept of a program's words.
const MAX_OUTPUT: u64 = 4 << 20;
/// No program that is asked something short takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, at most 4 MiB.
    pub out: String,
    /// Its standard error, likewise.
    pub err: String,
}

impl Said {
    /// Its last words, on one line, for a sentence of ours.
    #[must_use]
    pub fn last_words(&self) -> String {
        let last = |text: &str| {
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.next_back().map(str::to_owned)
        };
        last(&self.err).or_else(|| last(&self.out)).unwrap_or_else(|| self.status.to_string())
    }
}

/// Runs `command` to its end.
///
/// # Errors
/// It cannot be started, or does not end in `patience` (then it is killed).
pub fn run(mut command: Command, patience: Duration, console: &Console) -> Result<Said, Failure> {
    let words = words(&command);
    console.detail(&format!("running {words}"));
    let failure = |error: io::Error| Failure::failed(format!("running {words}: {error}"));
    // Files, not pipes: nothing has to be read while it runs, and children that it leaves
    // behind (xl's do) cannot keep us waiting.
    let (mut out, mut err) = (scratch().map_err(failure)?, scratch().map_err(failure)?);
    let handed = |file: &File| -> io::Result<Stdio> { Ok(OwnedFd::from(file.try_clone()?).into()) };
    command.stdin(Stdio::null());
    command.stdout(handed(&out).map_err(failure)?).stderr(handed(&err).map_err(failure)?);
    let mut child = command.spawn().map_err(failure)?;
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failure)? {
            break status;
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            let seconds = patience.as_secs();
            return Err(Failure::failed(format!("{words} did not end in {seconds} s")));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    Ok(Said {
        status,
        out: rest(&mut out).map_err(failure)?,
        err: rest(&mut err).map_err(failure)?,
    })
}

/// Runs `command`, which must succeed.
///
/// # Errors
/// As [`run`]; or it fails: then with its last words.
pub fn run_well(command: Command, console: &Console) -> Result<Said, Failure> {
    let words = words(&command);
    let said = run(command, PATIENCE, console)?;
    if said.status.success() {
        return Ok(said);
    }
    Err(Failure::failed(format!("{words} failed: {}", said.last_words())))
}

/// Where a program is, in PATH or the directories that root's PATH should have.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from))
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|program| is_program(program))
}

/// Whether it is a file that can be run.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// A file in memory for a program's words, which ends with those who have it open.
///
/// # Errors
/// The kernel has no memory for it.
pub fn scratch() -> io::Result<File> {
    let name = c"vmprov";
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    Ok(nix::sys::memfd::memfd_create(name, flags)?.into())
}

/// All that was written to a [`scratch`] file, at most 4 MiB.
///
/// # Errors
/// It cannot be read.
pub fn rest(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Level;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const CONSOLE: fn() -> Console = || Console::new(Level::Quiet, false);

    #[test]
    fn what_a_program_says_is_kept() {
        let said = run(sh("echo a; echo b >&2; exit 3"), PATIENCE, &CONSOLE()).unwrap();
        assert_eq!((said.out.as_str(), said.err.as_str()), ("a\n", "b\n"));
        assert_eq!(said.status.code(), Some(3));
    }

    #[test]
    fn a_failure_has_the_programs_last_words() {
        let error = run_well(sh("echo first >&2; echo 'no space' >&2; exit 1"), &CONSOLE());
        let message = error.unwrap_err().message;
        assert!(
            message.starts_with("sh -c ") && message.ends_with("failed: no space"),
            "{message}"
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = run(sh("sleep 60"), Duration::from_millis(30), &CONSOLE()).unwrap_err();
        assert!(error.message.contains("did not end"), "{error}");
    }

    #[test]
    fn a_child_left_behind_keeps_nobody_waiting() {
        let said = run(sh("echo a; sleep 60 & exit 0"), PATIENCE, &CONSOLE()).unwrap();
        assert_eq!(said.out, "a\n");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("/no/such/xl"), PATIENCE, &CONSOLE()).unwrap_err();
        assert!(error.message.starts_with("running xl: "), "{error}");
    }
}

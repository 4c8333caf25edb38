//! Running pygrub: never as root, in its own session, process and mount namespaces.
//!
//! With `--runas` pygrub reads the disk in a child that has given up root, in a directory that
//! it changes its root to (XSA-443; XSA-508: supported only so). Its parent stays root and mounts
//! that directory. As the first process of a process namespace, all of it is gone when it is
//! killed, or when we are; and what it mounts, in a mount namespace of its own, goes with it and
//! shows up nowhere else.

use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, SFlag, mknod};
use nix::unistd::{Gid, Uid, chown, setsid};

use super::Setting;
use super::loop_device::LoopDevice;
use super::outcome::Words;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::limits::{MAX_PYGRUB_LINES, MAX_PYGRUB_MEMORY, MAX_PYGRUB_TEXT};
use crate::supervisor::process::Process;

/// The guest's disk, open for a look.
#[derive(Debug)]
pub struct Disk {
    /// Its path, as libxl names it.
    pub path: PathBuf,
    /// Its content.
    pub file: File,
    number: Option<u64>,
    loop_device: Option<LoopDevice>,
}

impl Disk {
    /// Opens the disk, and makes it readable for `uid`.
    ///
    /// # Errors
    /// [`Reason::BadConfig`] when it is no disk; [`Reason::NotPermitted`].
    pub fn open(path: &Path, uid: u32) -> Result<Self, Failure> {
        let shown = path.display();
        let wrong = |what: &str| {
            Failure::new(Reason::BadConfig, format!("boot from disk: the disk {shown} {what}"))
        };
        // O_NONBLOCK: neither a FIFO nor an empty drive must hang a boot.
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .map_err(|error| wrong(&format!("cannot be opened: {error}")))?;
        let meta = file.metadata().map_err(|error| wrong(&error.to_string()))?;
        let kind = meta.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(wrong("is neither a file nor a block device"));
        }
        let length = io::Seek::seek(&mut &file, io::SeekFrom::End(0))
            .map_err(|error| wrong(&format!("cannot be read: {error}")))?;
        // Nobody wants to install a system on that: something is wrong with it.
        if length == 0 {
            return Err(wrong("is empty: it has no bytes at all"));
        }
        let mut disk = Self { path: path.to_owned(), file, number: None, loop_device: None };
        if !is_readable(&meta, uid) {
            if kind.is_block_device() {
                disk.number = Some(meta.rdev());
            } else {
                let loop_device = LoopDevice::attach(&disk.file)?;
                disk.number = Some(loop_device.number()?);
                disk.loop_device = Some(loop_device);
            }
        }
        Ok(disk)
    }
}

/// Whether the permission bits let `uid` read it. pygrub's group has the same number.
fn is_readable(meta: &fs::Metadata, uid: u32) -> bool {
    let bit = if meta.uid() == uid {
        0o400
    } else if meta.gid() == uid {
        0o040
    } else {
        0o004
    };
    meta.mode() & bit != 0
}

/// A pygrub that can give up root.
#[derive(Debug)]
pub struct Pygrub(PathBuf);

impl Pygrub {
    /// The one that is installed.
    ///
    /// # Errors
    /// [`Reason::BadConfig`] when there is none, or one that can only be run as root.
    pub fn find(setting: &Setting<'_>) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::new(Reason::BadConfig, what);
        let path = installed().ok_or_else(|| {
            wrong("boot from disk: no pygrub is installed (Debian's package is xen-utils)".into())
        })?;
        // A compiled or wrapped one may not hold the word; its list of options does. That is
        // asked without a disk, so nothing of the guest's is read.
        let knows = text(&path).windows(5).any(|word| word == b"runas")
            || help(&path, setting)?.windows(5).any(|word| word == b"runas");
        if knows {
            return Ok(Self(path));
        }
        Err(wrong(format!(
            "boot from disk: {} knows no --runas, so it would read the guest's disk as root: \
             update Xen's tools (4.17.3 and later have it, and fixes of October 2023 to older \
             ones), or take bootloader_args = [ \"--order=net\" ]",
            path.display()
        )))
    }

    /// Runs it on `disk` as `uid`, with further `words`.
    ///
    /// # Errors
    /// It cannot be started; a signal ends the boot; its time is over.
    pub fn run(
        &self,
        words: &[OsString],
        disk: &Disk,
        uid: u32,
        view: &Path,
        setting: &Setting<'_>,
    ) -> Result<(ExitStatus, Words), Failure> {
        let mut command = Command::new(&self.0);
        // Quiet: nobody presses a key, and --runas wants it. Debug: see outcome.rs.
        command.arg("--quiet").arg("--debug").arg(format!("--runas={uid}")).args(words);
        let mut seen = None;
        match disk.number {
            None => command.arg("--").arg(&disk.path),
            Some(number) => {
                let node = view.join("disk");
                seen = Some(Node::new(view, &node, number, uid)?);
                command.arg(node)
            }
        };
        let mut heard = Words::default();
        let mut lines = 0;
        let mut show = |line: &str| {
            lines += 1;
            if lines <= MAX_PYGRUB_LINES {
                setting.console.say(Level::Detail, &format!("pygrub: {line}"));
            }
        };
        let status = start(command, &self.0, seen, setting, &mut |bytes| {
            heard.hear(bytes, &mut show);
        })?;
        heard.end(&mut show);
        Ok((status, heard))
    }
}

/// Starts `command` on its own, and hears it to its end. What it says never reaches our own
/// standard output, which may be where the answer is wanted.
#[allow(unsafe_code)]
fn start(
    mut command: Command,
    program: &Path,
    node: Option<Node>,
    setting: &Setting<'_>,
    hear: &mut dyn FnMut(&[u8]),
) -> Result<ExitStatus, Failure> {
    let refused = |error: &io::Error| {
        let hint = match error.raw_os_error() {
            Some(libc::ENOENT) => " (is its interpreter, python3, installed?)",
            Some(libc::EACCES) => " (is it executable?)",
            _ => "",
        };
        Failure::not_permitted(
            &format!("starting {}", program.display()),
            &format!("{error}{hint}"),
        )
    };
    let (pipe, theirs) = io::pipe().map_err(|error| refused(&error))?;
    let also_theirs = theirs.try_clone().map_err(|error| refused(&error))?;
    command.stdin(Stdio::null()).stdout(theirs).stderr(also_theirs);
    // SAFETY: between fork and exec only system calls are made, all async-signal-safe, on
    // values that were made before the fork; nothing allocates.
    unsafe { command.pre_exec(move || set_apart(node.as_ref()).map_err(io::Error::from)) };
    let mut process = Process::start_as_init(&mut command).map_err(|error| refused(&error))?;
    // Our own copies of the writing end: the pipe ends with the last writer.
    drop(command);
    let pipe = File::from(std::os::fd::OwnedFd::from(pipe));
    process.wait(setting.signals, setting.budget, &pipe, hear)
}

/// A block device's node that pygrub's uid may read, and nobody else sees.
#[derive(Debug)]
struct Node {
    directory: CString,
    path: CString,
    number: u64,
    owner: Uid,
    group: Gid,
}

impl Node {
    fn new(directory: &Path, path: &Path, number: u64, uid: u32) -> Result<Self, Failure> {
        let text = |path: &Path| {
            CString::new(path.as_os_str().as_bytes())
                .map_err(|error| Failure::not_permitted("naming a file", &error))
        };
        Ok(Self {
            directory: text(directory)?,
            path: text(path)?,
            number,
            owner: Uid::from_raw(uid),
            group: Gid::from_raw(uid),
        })
    }
}

/// What the child does before it becomes pygrub.
fn set_apart(node: Option<&Node>) -> nix::Result<()> {
    // Away from the terminal: it could be typed into otherwise (TIOCSTI).
    setsid()?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none = None::<&std::ffi::CStr>;
    mount(none, c"/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
    if let Some(node) = node {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
        let (tmpfs, mode) = (Some(c"tmpfs"), Some(c"mode=0755"));
        mount(tmpfs, node.directory.as_c_str(), tmpfs, flags, mode)?;
        let path = node.path.as_c_str();
        mknod(path, SFlag::S_IFBLK, Mode::S_IRUSR, node.number)?;
        chown(path, Some(node.owner), Some(node.group))?;
    }
    setrlimit(Resource::RLIMIT_AS, MAX_PYGRUB_MEMORY, MAX_PYGRUB_MEMORY)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// The beginning of a program.
fn text(program: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    let read =
        File::open(program).and_then(|file| file.take(MAX_PYGRUB_TEXT).read_to_end(&mut text));
    // One that cannot be read may still be run.
    if read.is_err() { Vec::new() } else { text }
}

/// What it says of its options.
fn help(program: &Path, setting: &Setting<'_>) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new(program);
    command.arg("--help");
    let mut said: Vec<u8> = Vec::new();
    start(command, program, None, setting, &mut |bytes| {
        if (said.len() as u64) < MAX_PYGRUB_TEXT {
            said.extend_from_slice(bytes);
        }
    })?;
    Ok(said)
}

/// pygrub lives in a private directory of the toolstack (`LIBEXEC_BIN`), which Debian names
/// after Xen's version; the running Xen's goes first.
fn installed() -> Option<PathBuf> {
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

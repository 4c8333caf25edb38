//! libxl's part, as tools/libs/light/libxl_bootloader.c plays it: the argv and its order,
//! the output file and directory with their modes, one raw pty as stdin, stdout and stderr
//! in a new session, descriptors of xl's that leak in, the answer's reading, the clean-up.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::boot::{Boot, End};
use crate::fixtures;
use crate::inventory::Console;
use crate::lab::Lab;
use crate::memory::Watch;
use crate::terminal::{copy_console, keep_open, login_tty, raw_pty};

/// How many of xl's descriptors leak into the bootloader.
const LEAKED: usize = 3;

/// The variable that carries the command line through a stand-in `xl` (src/bin/netns-xl.rs),
/// its words separated by [`SEPARATOR`].
pub const COMMAND: &str = "NETNS_BOOTLOADER";
/// Separates words in [`COMMAND`].
pub const SEPARATOR: char = '\u{1f}';

/// A boot that is to be started.
#[derive(Debug, Clone)]
pub struct Request<'lab> {
    lab: &'lab Lab,
    program: Option<PathBuf>,
    domid: u32,
    own: Vec<OsString>,
    words: Vec<OsString>,
    disk: OsString,
    environment: Vec<(OsString, OsString)>,
    xl: Option<Vec<OsString>>,
    directory: PathBuf,
}

impl<'lab> Request<'lab> {
    pub(crate) fn new(lab: &'lab Lab) -> Self {
        let word = format!("mac={},bridge={}", fixtures::MAC, crate::lab::BRIDGE);
        Self {
            lab,
            program: None,
            domid: 7,
            own: Vec::new(),
            words: vec![word.into()],
            disk: "/run/lab/disk/system.img".into(),
            environment: Vec::new(),
            xl: None,
            directory: lab.directory("work"),
        }
    }

    /// Another bootloader than the one under test.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// The guest's domain number, which names libxl's output file and directory.
    #[must_use]
    pub fn domid(mut self, domid: u32) -> Self {
        self.domid = domid;
        self
    }

    /// A word that libxl makes of the guest's config, before its `--output`: `--kernel=K`,
    /// `--ramdisk=R`, `--args=A`, `--runas=UID`, `--quiet`, to be given in this order.
    #[must_use]
    pub fn own(mut self, word: impl Into<OsString>) -> Self {
        self.own.push(word.into());
        self
    }

    /// `bootloader_args`, instead of the guest's vif.
    #[must_use]
    pub fn words<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words = words.into_iter().map(Into::into).collect();
        self
    }

    /// More `bootloader_args`.
    #[must_use]
    pub fn and<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// The guest's first disk.
    #[must_use]
    pub fn disk(mut self, path: impl Into<OsString>) -> Self {
        self.disk = path.into();
        self
    }

    /// A variable of xl's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// xl's working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// The bootloader's parent is a process whose command line is `xl` and these words.
    #[must_use]
    pub fn under_xl(mut self, words: &[&str]) -> Self {
        self.xl = Some(words.iter().map(Into::into).collect());
        self
    }

    /// Starts the bootloader.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(self) -> Boot<'lab> {
        self.lab.before_a_boot();
        let output = PathBuf::from(format!("/var/lib/xen/bootloader.{}.out", self.domid));
        let directory = PathBuf::from(format!("/var/lib/xen/bootloader.{}.d", self.domid));
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&output)
            .expect("libxl's output file");
        fs::DirBuilder::new().mode(0o600).create(&directory).expect("libxl's output directory");
        let disk = self.lab.directory("disk").join("system.img");
        File::create(&disk).and_then(|disk| disk.set_len(1 << 20)).expect("a disk for the guest");

        let program = self.program.unwrap_or_else(|| self.lab.program());
        let mut words = vec![program.into_os_string()];
        words.extend(self.own);
        words.push(format!("--output={}", output.display()).into());
        words.push("--output-format=simple0".into());
        words.push(format!("--output-directory={}", directory.display()).into());
        words.extend(self.words);
        words.push(self.disk);

        let (master, slave) = raw_pty();
        let mut command = match &self.xl {
            None => {
                let mut command = self.lab.command(&words[0]);
                command.args(&words[1..]);
                login_tty(&mut command, slave.as_raw_fd());
                command.stdin(Stdio::null());
                command
            }
            Some(xl) => {
                let mut command = self.lab.command(Lab::stand_in_xl());
                command
                    .arg0("xl")
                    .args(xl)
                    .env(COMMAND, words.join(OsStr::new(&SEPARATOR.to_string())));
                command.stdin(slave.try_clone().expect("a second handle of the terminal"));
                command
            }
        };
        let path = format!(
            "{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            self.lab.directory("path").display()
        );
        command
            .env("TERM", "vt100")
            .env("PATH", path)
            .envs(self.environment)
            .current_dir(&self.directory);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let log = self.lab.directory("logs").join("xl.log");
        let leaked = File::create(log).expect("xl's log");
        keep_open(&mut command, leaked.as_raw_fd(), LEAKED);

        let started = Instant::now();
        let mut child = command.spawn().expect("the bootloader can be started");
        let standard = child.stdout.take().expect("a piped stdout");
        let mut report = BufReader::new(standard);
        let bootloader = if self.xl.is_some() { read_pid(&mut report) } else { child.id() };
        drop(slave);
        let console = Console::default();
        self.lab.watch(&format!("domain {}", self.domid), Arc::clone(&console));
        let child = Arc::new(Mutex::new(child));
        let keyboard = File::from(master.try_clone().expect("a second handle of the terminal"));
        let reader = copy_console(master, Arc::clone(&console), Arc::clone(&child), bootloader);
        Boot {
            lab: self.lab,
            bootloader,
            child,
            report,
            reader: Some(reader),
            console,
            keyboard,
            started,
            memory: Watch::start(bootloader),
            output,
            directory,
        }
    }

    /// Starts the bootloader and waits for its end.
    #[must_use]
    pub fn run(self) -> End {
        self.start().finish()
    }
}

fn read_pid(report: &mut impl BufRead) -> u32 {
    let mut line = String::new();
    report.read_line(&mut line).expect("the stand-in xl reports");
    line.trim()
        .parse()
        .unwrap_or_else(|_| panic!("the stand-in xl reports a process id, not {line:?}"))
}

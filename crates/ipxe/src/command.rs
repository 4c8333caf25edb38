//! The commands. Follows `src/core/exec.c`, `src/image/script.c` and `src/hci/commands/`.
//!
//! Nobody is there to press a key: `prompt` and `read` fail as when their time is up, also without a
//! timeout, where iPXE would wait for ever. `sleep` does not wait. What sets up a network that is there
//! already succeeds, as long as it names `net0` or no device. What this crate cannot know or do fails,
//! so that `||` can go on.

use crate::error::{Cause, Exceeded, ScriptError};
use crate::image::{Download, Executes, Use};
use crate::menu::Asked;
use crate::options::{ANY, Options, Spec, flag, value};
use crate::outcome::{Leave, Outcome};
use crate::run::Run;
use crate::store::StoreError;
use crate::text::{integer, join};

/// What follows a command that did not fail.
#[derive(Debug)]
pub(crate) enum Flow {
    /// The next command.
    Next,
    /// The first line of a script that was begun.
    Entered,
    Goto(Vec<u8>),
    Exit(u32),
    Ask(Ask),
    Done(Outcome),
}

/// What a command waits for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Fetch(Executes),
    Probe(Download),
    Choose(Asked),
}

/// Why a command does not end well.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It fails, and the script may go on.
    Fails(Cause),
    Limit(Exceeded),
    Error(ScriptError),
    /// `reboot` and its like.
    GivesUp,
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Stop {
        Stop::Fails(cause)
    }
}

impl From<Exceeded> for Stop {
    fn from(limit: Exceeded) -> Stop {
        Stop::Limit(limit)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        match error {
            StoreError::Fails(cause) => Stop::Fails(cause),
            StoreError::Limit(limit) => Stop::Limit(limit),
        }
    }
}

const PROMPT: &[Spec] = &[value("key", b'k'), value("timeout", b't'), value("set", b's')];
const CPUID: &[Spec] = &[flag("ext", b'e'), flag("amd", b'a'), flag("ecx", b'c')];
const DEVICE: &[Spec] =
    &[value("configurator", b'c'), value("timeout", b't'), value("link-timeout", b'l')];
const SANBOOT: &[Spec] = &[
    value("drive", b'd'),
    flag("no-describe", b'n'),
    flag("keep", b'k'),
    value("filename", b'f'),
    flag("extra", b'e'),
    value("label", b'l'),
    value("uuid", b'u'),
];

/// Bits every 64-bit processor has set in `cpuid` leaf 1 (EDX) and leaf 0x80000001 (EDX).
const BASE_FEATURES: u32 = 0x0783_f179;
const EXTENDED_FEATURES: u32 = 0x2010_0800;
/// In leaf 1 (ECX) only the bit a Xen guest always has: a hypervisor is there.
const HYPERVISOR: u32 = 1 << 31;

impl Run {
    /// Runs a command; the first word is its name.
    pub(crate) fn command(&mut self, argv: &[Vec<u8>]) -> Result<Flow, Stop> {
        let (name, words) = match argv {
            [name, words @ ..] => (name.as_slice(), words),
            [] => return Ok(Flow::Next),
        };
        match name {
            b"echo" => {
                let options = Options::parse(words, &[flag("n", b'n')], 0, ANY)?;
                self.print(&join(&options.arguments), !options.has(b'n'));
                Ok(Flow::Next)
            }
            b"exit" => {
                let options = Options::parse(words, &[], 0, 1)?;
                Ok(Flow::Exit(number(options.argument(0))?))
            }
            b"isset" => test(!Options::parse(words, &[], 1, 1)?.argument(0).is_empty()),
            b"iseq" => {
                let options = Options::parse(words, &[], 2, 2)?;
                test(options.argument(0) == options.argument(1))
            }
            b"goto" => Ok(Flow::Goto(Options::parse(words, &[], 1, 1)?.argument(0).to_vec())),
            b"sleep" => number(Options::parse(words, &[], 1, 1)?.argument(0)).map(|_| Flow::Next),
            b"time" => match words {
                [] => Err(Cause::Arguments { count: 0, least: 1, most: ANY }.into()),
                words => self.timed(words),
            },
            b"set" => {
                let options = Options::parse(words, &[], 1, ANY)?;
                self.set(options.argument(0), &join(options.from(1)))
            }
            b"clear" => self.set(Options::parse(words, &[], 1, 1)?.argument(0), b""),
            b"inc" => {
                let options = Options::parse(words, &[], 1, 2)?;
                let increment = options.arguments.get(1).map_or(Ok(1), |text| number(text))?;
                self.store.add(options.argument(0), increment, &self.limits)?;
                Ok(Flow::Next)
            }
            b"show" => self.show(words),
            b"kernel" | b"imgselect" | b"imgload" => self.single(words, Use::Select),
            b"initrd" | b"module" | b"imgfetch" => self.single(words, Use::Register),
            b"imgextract" => self.single(words, Use::Extract),
            b"imgargs" => self.single(words, Use::Arguments),
            b"chain" | b"boot" | b"imgexec" => self.execute(words),
            b"imgfree" => self.each(words, true),
            b"imgstat" => self.each(words, false),
            b"menu" | b"form" => self.menus.menu(words, &self.limits),
            b"item" => self.menus.item(words, &self.limits),
            b"choose" => self.choose(words),
            b"params" => self.forms.params(words, &self.limits),
            b"param" => self.forms.param(words, &self.limits),
            b"sanboot" => sanboot(words),
            b"prompt" => {
                let options = Options::parse(words, PROMPT, 0, ANY)?;
                self.print(&join(&options.arguments), true);
                Err(Cause::Unattended.into())
            }
            b"read" | b"login" | b"config" | b"present" => Err(Cause::Unattended.into()),
            b"reboot" | b"poweroff" | b"shell" => Err(Stop::GivesUp),
            b"cpuid" => cpuid(words),
            _ => environment(name, words),
        }
    }

    /// Sets a setting, or clears it with an empty value.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) -> Result<Flow, Stop> {
        self.store.set(name, value, &self.limits)?;
        Ok(Flow::Next)
    }

    /// A command behind `time`, which may not be `time` itself: so this ends.
    fn timed(&mut self, words: &[Vec<u8>]) -> Result<Flow, Stop> {
        let start = words.iter().position(|word| word.as_slice() != b"time");
        self.command(start.and_then(|start| words.get(start..)).unwrap_or_default())
    }

    fn show(&mut self, words: &[Vec<u8>]) -> Result<Flow, Stop> {
        let options = Options::parse(words, &[], 1, 1)?;
        let name = options.argument(0);
        let text = self.store.text(name).ok_or_else(|| Cause::NoSetting(name.to_vec()))?;
        self.print(&[name, b" = ", &text].concat(), true);
        Ok(Flow::Next)
    }
}

/// A number, as an argument.
pub(crate) fn number(text: &[u8]) -> Result<u32, Stop> {
    integer(text).ok_or_else(|| Cause::Number(text.to_vec()).into())
}

fn test(holds: bool) -> Result<Flow, Stop> {
    if holds { Ok(Flow::Next) } else { Err(Cause::False.into()) }
}

fn cpuid(words: &[Vec<u8>]) -> Result<Flow, Stop> {
    let options = Options::parse(words, CPUID, 1, 1)?;
    let features = match (options.has(b'e') || options.has(b'a'), options.has(b'c')) {
        (true, false) => EXTENDED_FEATURES,
        (false, false) => BASE_FEATURES,
        (false, true) => HYPERVISOR,
        (true, true) => 0,
    };
    let bit = number(options.argument(0))?;
    test(features.checked_shr(bit).unwrap_or(0) & 1 == 1)
}

/// Only the first disk is the guest's own; all else needs a BIOS or EFI to read it.
fn sanboot(words: &[Vec<u8>]) -> Result<Flow, Stop> {
    let options = Options::parse(words, SANBOOT, 0, 1)?;
    let root = options.argument(0);
    let drive = options.value(b'd').map(number).transpose()?.unwrap_or(0x80);
    let image = match (root, drive) {
        (b"", 0x80) => return Ok(Flow::Done(Outcome::LocalDisk(Leave::Sanboot))),
        (b"", drive) => format!("drive {drive:#x}").into_bytes(),
        (root, _) => root.to_vec(),
    };
    let why = "only the guest's own first disk can be started: write sanboot --drive 0x80";
    Err(Cause::Unbootable { image, why }.into())
}

/// Commands about the machine and its network.
fn environment(name: &[u8], words: &[Vec<u8>]) -> Result<Flow, Stop> {
    match name {
        b"dhcp" | b"ifconf" | b"ifopen" | b"ifclose" | b"ifstat" | b"iflinkwait" => {
            let options = Options::parse(words, DEVICE, 0, ANY)?;
            match options.arguments.iter().find(|name| !matches!(name.as_slice(), b"net0" | b"netX")) {
                Some(device) => Err(Cause::NoDevice(device.clone()).into()),
                None => Ok(Flow::Next),
            }
        }
        b"vcreate" | b"vdestroy" | b"route" | b"ipstat" | b"nstat" | b"neighbour" | b"console"
        | b"colour" | b"color" | b"cpair" | b"sync" | b"ntp" | b"ping" | b"profstat" | b"certstat"
        | b"md5sum" | b"sha1sum" | b"sha256sum" | b"sanunhook" | b"startpxe" | b"stoppxe"
        | b"keymap" | b"ifinc" => Ok(Flow::Next),
        b"imgtrust" | b"imgverify" => Err(Cause::NotDone(
            "signatures are not checked here: fetch over https from a server you trust, and remove it",
        )
        .into()),
        b"imgdecrypt" | b"imgmem" | b"shim" | b"fdt" => Err(Cause::NotDone(
            "images are not changed here: remove it, and let the server hold what is to boot",
        )
        .into()),
        b"nslookup" => Err(Cause::NotDone("names are not looked up here: write the address").into()),
        b"sanhook" => Err(Cause::NotDone("a guest has no disk over the network").into()),
        b"autoboot" | b"pxebs" => {
            Err(Cause::NotDone("booting from DHCP led here: name a file with \"chain\"").into())
        }
        b"pciscan" | b"usbscan" => Err(Cause::NotDone("a guest has no such devices").into()),
        _ => Err(Cause::UnknownCommand.into()),
    }
}

//! Why a script boots nothing.

use std::sync::Arc;

use crate::text::{At, Shown};

/// A run that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failed {
    /// Why.
    pub error: ScriptError,
    /// What the script printed since the last step, line by line, without control characters.
    pub console: Vec<String>,
}

/// Why a script boots nothing. Each message says where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A command failed, and no `||` follows it. iPXE tells the same and goes on to the next boot device.
    #[error("{0}; iPXE ends the script here: mend it, or let \"|| goto\" follow the command")]
    Aborted(Box<Failure>),
    /// The script gives up: it restarts or stops the machine, or asks for a person.
    #[error(
        "{at}: the script gives up with \"{}\"{}",
        Shown(command),
        last.as_ref().map(|last| format!("; what failed before: {last}")).unwrap_or_default()
    )]
    GivesUp {
        /// Where.
        at: At,
        /// `reboot`, `poweroff` or `shell`.
        command: Vec<u8>,
        /// The command that failed last.
        last: Option<Box<Failure>>,
    },
    /// A limit was passed; see [`crate::Limits`].
    #[error("{at}: {limit}")]
    Limit {
        /// Where.
        at: At,
        /// Which.
        limit: Exceeded,
    },
    /// The first file does not begin with `#!ipxe`.
    #[error("{script} is no iPXE script: its first line must be \"#!ipxe\"")]
    NoScript {
        /// Its URL.
        script: Arc<str>,
    },
    /// The URL of the first script has no scheme or no host.
    #[error("the script's own URL \"{}\" is not absolute: give scheme://host/path", Shown(url.as_bytes()))]
    BadBase {
        /// The URL.
        url: String,
    },
    /// A NUL byte.
    #[error("{at}: the line holds a NUL byte, so the file is not plain text (UTF-16, perhaps)")]
    Nul {
        /// Where.
        at: At,
    },
    /// The last line ends in a backslash.
    #[error("{at}: the last line ends in a backslash, so iPXE does not run it: remove it")]
    Unfinished {
        /// Where.
        at: At,
    },
}

/// A command that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: \"{}\" failed: {cause}", Shown(command))]
pub struct Failure {
    /// Where.
    pub at: At,
    /// The command's name.
    pub command: Vec<u8>,
    /// Why.
    pub cause: Cause,
}

/// Why a command failed. A script can go on with `||`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There is no such command.
    #[error("it is no command that is known here: correct its name")]
    UnknownCommand,
    /// An option the command does not have.
    #[error("it has no option \"{}\": remove it", Shown(.0))]
    UnknownOption(Vec<u8>),
    /// An option without its value, or a flag with one.
    #[error("the option \"{}\" {}", Shown(option), if *wanted { "needs a value" } else { "takes no value" })]
    OptionValue {
        /// The option.
        option: Vec<u8>,
        /// Whether a value is missing.
        wanted: bool,
    },
    /// Too few or too many arguments.
    #[error("it has {count} arguments instead of {least}{}: correct them", if most == least { String::new() } else if *most == usize::MAX { " or more".to_owned() } else { format!(" to {most}") })]
    Arguments {
        /// How many there are.
        count: usize,
        /// The fewest it takes.
        least: usize,
        /// The most it takes.
        most: usize,
    },
    /// No number where one must stand.
    #[error("\"{}\" is no number", Shown(.0))]
    Number(Vec<u8>),
    /// The file is not there, or cannot be had.
    #[error("cannot fetch {url}: {why}")]
    Fetch {
        /// Its URL, without a password.
        url: String,
        /// What the driver says.
        why: String,
    },
    /// No URL.
    #[error("\"{}\" is no URL that can be fetched: write scheme://host/path, or a name relative to the script; a colon in a relative name makes a scheme of what stands before it", Shown(.0))]
    Url(Vec<u8>),
    /// A URL longer than the limit.
    #[error("the URL \"{}\" has more than {limit} bytes: shorten it", Shown(url))]
    UrlTooLong {
        /// The URL.
        url: Vec<u8>,
        /// The limit.
        limit: usize,
    },
    /// `goto` to nowhere.
    #[error("the script has no label \":{}\": add it", Shown(.0))]
    NoLabel(Vec<u8>),
    /// A test that is not true.
    #[error("the condition is not true")]
    False,
    /// A setting whose name or type does not exist.
    #[error("\"{}\" is no setting", Shown(.0))]
    NoSetting(Vec<u8>),
    /// A value that does not fit its setting's type.
    #[error("\"{}\" does not fit the type of the setting \"{}\"", Shown(value), Shown(name))]
    Value {
        /// The setting.
        name: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// No image of that name.
    #[error("there is no image \"{}\"", Shown(.0))]
    NoImage(Vec<u8>),
    /// `boot` without a kernel.
    #[error("no kernel is chosen: let \"kernel\" stand before it")]
    NoKernel,
    /// No menu, or none with an item to choose.
    #[error("there is no menu with an item to choose: let \"menu\" and \"item\" stand before it")]
    NoMenu,
    /// No list of form parameters.
    #[error("there is no list of parameters: let \"params\" stand before it")]
    NoParams,
    /// A person would have to answer.
    #[error("it waits for a person, and nobody is there")]
    Unattended,
    /// The menu was left, or the choice is no item of it.
    #[error("nothing was chosen from the menu")]
    Cancelled,
    /// A network device that does not exist.
    #[error("there is no network device \"{}\": the guest has net0 only", Shown(.0))]
    NoDevice(Vec<u8>),
    /// `exit` with a status that is not 0.
    #[error("the script ended with status {0}")]
    Exit(u32),
    /// Something a Xen guest cannot boot.
    #[error("a Xen guest cannot boot \"{}\": {why}", Shown(image))]
    Unbootable {
        /// The image's name, or the root path.
        image: Vec<u8>,
        /// Why.
        why: &'static str,
    },
    /// Something this crate does not do.
    #[error("{0}")]
    NotDone(&'static str),
    /// A control byte, which must not reach the toolstack.
    #[error("the command line holds the control byte 0x{0:02x}: remove it")]
    ControlByte(u8),
    /// A command line longer than the limit.
    #[error("the command line has {length} bytes, more than {limit}: shorten it")]
    CommandLine {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
}

/// The limits of [`crate::Limits`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// One script is too large.
    #[error("the script has more than {limit} bytes")]
    ScriptBytes {
        /// The limit.
        limit: usize,
    },
    /// All scripts together are too large.
    #[error("the scripts have more than {limit} bytes together")]
    TotalBytes {
        /// The limit.
        limit: usize,
    },
    /// A line is too long.
    #[error("the line is longer than {limit} bytes")]
    LineBytes {
        /// The limit.
        limit: usize,
    },
    /// A command is too long after settings are put in.
    #[error("the command is longer than {limit} bytes once its settings are put in")]
    CommandBytes {
        /// The limit.
        limit: usize,
    },
    /// A loop that never ends.
    #[error("the script has run {limit} steps without booting anything: it loops{}", also(last.as_deref()))]
    Steps {
        /// The limit.
        limit: usize,
        /// The command that failed last.
        last: Option<Box<Failure>>,
    },
    /// Scripts that chain to each other.
    #[error("more than {limit} scripts chain to each other: a script chains to itself, perhaps")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// Too many files.
    #[error("the script asks for more than {limit} files: it tries again without end, perhaps{}", also(last.as_deref()))]
    Files {
        /// The limit.
        limit: usize,
        /// The command that failed last.
        last: Option<Box<Failure>>,
    },
    /// Too many menus.
    #[error("the script shows more than {limit} menus: choose an item that boots something")]
    Menus {
        /// The limit.
        limit: usize,
    },
    /// Too many items.
    #[error("the menus have more than {limit} items")]
    Items {
        /// The limit.
        limit: usize,
    },
    /// Too many variables.
    #[error("the script sets more than {limit} variables")]
    Variables {
        /// The limit.
        limit: usize,
    },
    /// A variable is too long.
    #[error("the variable has more than {limit} bytes")]
    VariableBytes {
        /// The limit.
        limit: usize,
    },
    /// Too many images.
    #[error("more than {limit} images are held: free some with \"imgfree\"")]
    Images {
        /// The limit.
        limit: usize,
    },
    /// Too many form parameters.
    #[error("more than {limit} form parameters are held")]
    Parameters {
        /// The limit.
        limit: usize,
    },
}

fn also(last: Option<&Failure>) -> String {
    last.map(|last| format!("; what failed last: {last}")).unwrap_or_default()
}

//! What supervisor and worker say to each other: small, bounded, plain data.
//!
//! The supervisor takes nothing in a [`Report`] on trust: what it uses of it, it checks
//! again (`supervisor::conversation`).

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::console::Level;
use crate::failure::Failure;
use crate::guest::{GuestType, MacAddr};
use crate::plan::person::Picked;
use crate::plan::search::ListedEntry;
use crate::request::ClientPolicy;
use crate::sandbox::SandboxPolicy;

/// What the worker is to do, and all it gets to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The supervisor's process: when it is gone, so is the worker.
    pub supervisor: u32,
    /// The uid and gid to become.
    pub uid: u32,
    /// The guest's MAC.
    pub mac: MacAddr,
    /// What kind of guest it is.
    pub guest_type: GuestType,
    /// The guest's UUID, as text.
    pub uuid: Option<String>,
    /// What the guest's network is called, for messages.
    pub network: String,
    /// The interface that the packet socket is bound to.
    pub interface: u32,
    /// The label to take instead of the default.
    pub label: Option<String>,
    /// Instead of `pxelinux.cfg`.
    pub config_dir: Option<String>,
    /// A kernel to fetch without any config.
    pub kernel: Option<String>,
    /// The ramdisk that goes with it.
    pub ramdisk: Option<String>,
    /// Whether somebody may be shown a menu.
    pub menu: bool,
    /// Whether only the entries are wanted.
    pub list_entries: bool,
    /// What is left of the budget, in milliseconds.
    pub budget_ms: u64,
    /// Up to which level lines are wanted.
    pub level: Level,
    /// What the certificate authorities are called, when their file comes along.
    pub authorities: Option<String>,
    /// As which kind of client a lease is asked for.
    pub client: ClientPolicy,
    /// Whether the worker goes on where the kernel lacks a part of its sandbox.
    pub sandbox: SandboxPolicy,
}

/// Supervisor to worker. Descriptors come along where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instruction {
    /// Begin. Descriptors: the packet socket; the certificate authorities, if the job names
    /// them; port 68, if there.
    Begin(Box<Job>),
    /// The leased address is on the interface.
    Configured,
    /// Fetch the images. Descriptors: the kernel's file; the ramdisk's, if there is one; a
    /// scratch file for each further ramdisk.
    Fetch,
    /// What came of a menu, and how long a person had it, in milliseconds.
    Chosen {
        /// What was picked.
        picked: Picked,
        /// The budget stood still for as long.
        waited_ms: u64,
    },
    /// Whether a password opens a row of a page, or its entries for editing.
    Try {
        /// The page.
        page: usize,
        /// The row.
        row: Option<usize>,
        /// What was typed.
        password: String,
    },
}

/// Worker to supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// A line for the console.
    Line(Level, String),
    /// There is a lease: put its address on the interface.
    Leased(Addresses),
    /// There is a plan.
    Planned(Box<Planned>),
    /// Some of the entries that were asked for; an empty list is the end of them.
    Entries(Vec<ListedEntry>),
    /// Somebody would be asked here: a menu without its rows.
    Menu(Box<ShownMenu>),
    /// Some of its rows; an empty list is the end of them.
    Rows(Vec<ShownRow>),
    /// Whether the password fits.
    Opens(bool),
    /// All images are there.
    Fetched(Vec<FetchedFile>),
    /// It did not work out.
    Failed(Failure),
}

/// The part of a lease that the interface needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The leased address.
    pub address: Ipv4Addr,
    /// Its prefix length.
    pub prefix: u8,
    /// The default gateway.
    pub router: Option<Ipv4Addr>,
}

/// A menu, in text. [`pxelinux::Screen`] says what each part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownMenu {
    /// Its pages.
    pub pages: Vec<ShownPage>,
    /// The first one shown.
    pub first: usize,
    /// Shown only after a key.
    pub hidden: bool,
    /// Lines may be edited and typed.
    pub may_edit: bool,
    /// Tenths of a second until the end, whatever happens; 0 for none.
    pub total_timeout: u64,
}

/// One page of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPage {
    /// Its title.
    pub title: String,
    /// The row the cursor is on at first.
    pub default: usize,
    /// Tenths of a second until the default is taken; 0 for never.
    pub timeout: u64,
    /// The page around it.
    pub parent: Option<usize>,
    /// Editing asks for a password.
    pub locked: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRow {
    /// Its page.
    pub page: usize,
    /// Its text.
    pub text: String,
    /// The key that leads here.
    pub hot_key: Option<char>,
    /// Columns in front.
    pub indent: u8,
    /// Its help, by line.
    pub help: Vec<String>,
    /// Choosing it asks for a password.
    pub locked: bool,
    /// What it does.
    pub kind: ShownKind,
}

/// What a row does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShownKind {
    /// Boots an entry of the config.
    Boot {
        /// The entry.
        entry: usize,
        /// The line to edit; none if it holds bytes that cannot be shown.
        line: Option<String>,
    },
    /// Shows another page.
    Open(usize),
    /// Leaves for the prompt.
    Quit,
    /// Nothing.
    Dead,
}

/// A plan, in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The boot server's name or address, if the lease names one.
    pub server: Option<String>,
    /// The boot file, if the lease names one.
    pub boot_file: Option<String>,
    /// The config's URL.
    pub config: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// What to do.
    pub action: PlannedAction,
}

/// What a plan does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlannedAction {
    /// Boot a kernel.
    Kernel {
        /// Its URL.
        kernel: String,
        /// Its ramdisks' URLs.
        initrds: Vec<String>,
        /// The config's command line.
        args: Vec<u8>,
    },
    /// Boot from disk.
    LocalBoot {
        /// LOCALBOOT's number.
        kind: i32,
    },
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FetchedFile {
    /// Its URL.
    pub url: String,
    /// Its size.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
}

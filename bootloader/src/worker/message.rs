//! What supervisor and worker say to each other: small, bounded, plain data.
//!
//! The supervisor takes nothing in a [`Report`] on trust: what it uses of it, it checks
//! again (`supervisor::conversation`).

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::console::Level;
use crate::failure::Failure;
use crate::guest::MacAddr;
use crate::plan::search::ListedEntry;
use crate::request::ClientPolicy;

/// What the worker is to do, and all it gets to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The supervisor's process: when it is gone, so is the worker.
    pub supervisor: u32,
    /// The uid and gid to become.
    pub uid: u32,
    /// The guest's MAC.
    pub mac: MacAddr,
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

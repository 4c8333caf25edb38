//! The options, as clap reads them. Raw values only; [`super`] gives them their meaning.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::sandbox::SandboxPolicy;

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// `kernel K`, `ramdisk R`, `args A`, ended by NULs: libxl.
    Simple0,
    /// The same, a line each: xenopsd.
    Simple,
    /// `linux (kernel K)(ramdisk R)(args "A")`: xend; the default.
    Sxp,
    /// The plan and the files as one JSON object.
    Json,
}

/// Whose network is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NetMode {
    /// The guest's: its MAC, its bridge, its lease.
    Guest,
    /// dom0's own.
    Host,
}

/// What is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// The network, always.
    Net,
    /// The disk when there is a system on it, else the network.
    #[value(name = "disk,net")]
    DiskNet,
}

/// Whether a menu may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MenuPolicy {
    /// When somebody is at the console; and never longer than ten seconds untouched.
    Auto,
    /// Always, for as long as the config says.
    Always,
    /// Never: the default entry at once.
    Never,
}

/// As which kind of network client the guest asks for its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum ClientPolicy {
    /// As a PXE ROM; if that brings no boot file, as UEFI's HTTP boot; if it brings iPXE, as iPXE.
    Auto,
    /// As a PXE ROM, `PXEClient`.
    Pxe,
    /// As UEFI's HTTP boot, `HTTPClient`.
    Http,
    /// As iPXE, at once.
    Ipxe,
}

/// Boot a Xen PV or PVH guest over the network, as PXELINUX would.
///
/// Written for bootloader = "/usr/bin/rpxeboot" in a guest's config: libxl adds
/// what is needed, and the guest's MAC and bridge are found by its domain number.
/// Every option can also stand in bootloader_args = [ … ].
#[derive(Debug, Parser)]
#[command(name = "rpxeboot", version, disable_help_subcommand = true, term_width = 80)]
#[command(after_help = "\
Words: mac=M; a vif spec (mac=M,bridge=B,…); last, the guest's disk.
Exit codes: 0 done; 2 usage; 10 no lease; 11 no boot server or file;
12 no config found; 13 config or label unusable; 14 transfer failed;
15 verification failed; 16 deadline; 17 not permitted; 18 guest's MAC or
bridge unknown; 70 a bug.")]
pub(super) struct Flags {
    /// URL of a kernel to boot instead of a config's
    #[arg(long, value_name = "K")]
    pub(super) kernel: Option<String>,
    /// URL of a ramdisk to go with --kernel
    #[arg(long, value_name = "R")]
    pub(super) ramdisk: Option<String>,
    /// Added at the end of the guest's command line
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub(super) args: Option<OsString>,
    /// Uid for the part that reads the network, and for pygrub
    #[arg(long, value_name = "UID")]
    pub(super) runas: Option<u32>,
    /// Ask nobody anything
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Where the answer goes; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// simple0 (libxl), simple (xenopsd), sxp (xend) or json
    #[arg(
        long,
        value_name = "FMT",
        value_enum,
        default_value = "sxp",
        hide_possible_values = true
    )]
    pub(super) output_format: OutputFormat,
    /// Where kernel and ramdisk are put
    // The default is pygrub's, the one directory that xenopsd takes files from.
    #[arg(long, value_name = "DIR", default_value = "/var/run/xen/pygrub")]
    pub(super) output_directory: PathBuf,
    /// The guest's MAC
    #[arg(long, value_name = "M")]
    pub(super) mac: Option<String>,
    /// The guest's bridge
    #[arg(long, value_name = "B")]
    pub(super) bridge: Option<String>,
    /// The guest's VLAN on that bridge (1 to 4094)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4094))]
    pub(super) vlan: Option<u16>,
    /// The guest's UUID
    #[arg(long, value_name = "U")]
    pub(super) uuid: Option<String>,
    /// The guest's config, to find MAC and bridge in
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Boot this label, not the default one
    #[arg(long, visible_alias = "entry", value_name = "L")]
    pub(super) label: Option<String>,
    /// Whose network is used
    #[arg(
        long,
        value_name = "guest|host",
        value_enum,
        default_value = "guest",
        hide_possible_values = true
    )]
    pub(super) net: NetMode,
    /// net, or disk,net: the disk when there is a system on it
    #[arg(
        long,
        value_name = "ORDER",
        value_enum,
        default_value = "net",
        hide_possible_values = true
    )]
    pub(super) order: Order,
    /// What the DHCP server takes the guest for
    #[arg(
        long,
        value_name = "auto|pxe|http|ipxe",
        value_enum,
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(super) client: ClientPolicy,
    /// Check https servers against these certificates (PEM) only
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Whether to boot where the kernel lacks a part of the worker's sandbox
    #[arg(
        long,
        value_name = "require|best-effort",
        value_enum,
        default_value = "best-effort",
        hide_possible_values = true
    )]
    pub(super) sandbox: SandboxPolicy,
    /// Time for everything, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = crate::limits::DEFAULT_DEADLINE.as_secs())]
    pub(super) deadline: u64,
    /// Whether a menu may be shown
    #[arg(
        long,
        value_name = "auto|always|never",
        value_enum,
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(super) menu: MenuPolicy,
    /// Print the plan as JSON, fetch no image
    #[arg(short = 'n', long, visible_alias = "not-really")]
    pub(super) dry_run: bool,
    /// Print the labels of the config
    #[arg(short, long)]
    pub(super) list_entries: bool,
    /// Tell what each step tries
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Tell everything
    #[arg(long)]
    pub(super) debug: bool,
    /// pypxeboot's name for --bridge
    #[arg(long, value_name = "IF")]
    pub(super) interface: Option<String>,
    /// pypxeboot's; ignored
    #[arg(long, value_name = "PATH", hide = true)]
    pub(super) udhcpc: Option<String>,
    /// pypxeboot's: a directory on the boot server instead of pxelinux.cfg
    #[arg(long, value_name = "DIR")]
    pub(super) config_dir: Option<String>,
    /// pypxeboot's: the disk for pygrub
    #[arg(long, value_name = "DISK")]
    pub(super) pygrub_image: Option<PathBuf>,
    /// mac=M, a vif spec, the disk
    #[arg(value_name = "WORD")]
    pub(super) words: Vec<OsString>,
}

/// Why there are no flags.
pub(super) enum NotFlags {
    /// `--help` or `--version`.
    Text(String),
    /// A mistake, as one line.
    Wrong(String),
}

pub(super) fn parse(argv: Vec<OsString>) -> Result<Flags, NotFlags> {
    let name = OsString::from("rpxeboot");
    Flags::try_parse_from(std::iter::once(name).chain(argv)).map_err(|error| {
        if error.use_stderr() {
            // clap's first paragraph says what is wrong; usage and tips would fill libxl's log.
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            let line = first.trim_start_matches("error: ");
            NotFlags::Wrong(line.split_whitespace().collect::<Vec<_>>().join(" "))
        } else {
            NotFlags::Text(error.render().to_string())
        }
    })
}

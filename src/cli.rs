//! The command line. It only says what there is; the verbs give it a meaning.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::console::Level;
use crate::serve::engine::Interface;
use crate::site::ServerKind;
use crate::values::{DiskSize, GuestName, Mac, Memory, Target};

/// Creates Xen guests, installs them over the network, and makes them boot from disk
#[derive(Debug, Parser)]
#[command(
    name = "vmprov",
    version,
    max_term_width = 80,
    help_expected = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not found. See vmprov(8)."
)]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// xl's configs [default: /etc/xen]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Places")]
    pub config_dir: Option<PathBuf>,
    /// Disk images [default: /var/lib/xen/images]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Places")]
    pub image_dir: Option<PathBuf>,
    /// Records of what create made [default: /var/lib/vmprov]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Places")]
    pub state_dir: Option<PathBuf>,
    /// This host's defaults [default: /etc/vmprov.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Places")]
    pub settings: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Say each step
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
}

impl Common {
    /// How much is told.
    #[must_use]
    pub fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (false, false) => Level::Normal,
            (false, true) => Level::Detail,
        }
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a guest: its disk and its config
    Create(Box<Create>),
    /// Start a guest, follow its installation, make it boot from disk
    Install(Install),
    /// Make a guest boot from disk
    Finalize(Finalize),
    /// Make a guest boot over the network: the way back from finalize
    Netboot(Netboot),
    /// List the guests of this host
    List,
    /// Say what a guest is and does
    Status(Status),
    /// Show a guest's config as xl reads it
    Show(Show),
    /// Say what would go wrong when a guest is started
    Check(Check),
    /// Remove what create made
    Delete(Delete),
    /// Print what a guest needs on the DHCP and TFTP side
    Server(Server),
    /// Serve DHCP, TFTP and HTTP on a bridge, for the guests of this host
    Serve(Serve),
    /// Installers' kernels and initrds: add, list, remove
    #[command(subcommand)]
    Media(Media),
    /// How systems are installed: list, show, new
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// A bridge for guests, with an address, alone or behind this host
    #[command(subcommand)]
    Net(Net),
    /// The process that serves files; for `serve` alone.
    #[command(hide = true)]
    ServeFiles(ServeFiles),
}

/// Only show what would be done.
#[derive(Debug, Clone, Copy, Args)]
pub struct DryRun {
    /// Only show what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// `vmprov create`.
#[derive(Debug, Args)]
pub struct Create {
    /// The guest's name
    pub name: GuestName,
    /// MAC of the first interface [default: a free one in 00:16:3e]
    #[arg(long)]
    pub mac: Option<Mac>,
    /// Size of the disk: 8G and 8GiB are 2^33 bytes, 8GB is 8*10^9 [default: 8G]
    #[arg(long, value_name = "SIZE", conflicts_with = "disk")]
    pub disk_size: Option<DiskSize>,
    /// Format of the disk's image [default: raw]
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["disk", "lvm"])]
    pub disk_format: Option<DiskFormat>,
    /// Make the disk a logical volume of this volume group
    #[arg(long, value_name = "VG", conflicts_with = "disk")]
    pub lvm: Option<String>,
    /// Take this block device for the disk
    #[arg(long, value_name = "DEVICE")]
    pub disk: Option<PathBuf>,
    /// Take it even though something is on it: the installer will overwrite that
    #[arg(long, requires = "disk")]
    pub overwrite_disk: bool,
    /// Kind of guest [default: pv]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<GuestKind>,
    /// Memory, in MiB or with a unit [default: 1024]
    #[arg(long)]
    pub memory: Option<Memory>,
    /// Number of processors [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=512))]
    pub vcpus: Option<u32>,
    /// Bridge of the first interface [default: xenbr0]
    #[arg(long)]
    pub bridge: Option<String>,
    /// A further interface, as in xl's config: "bridge=xenbr1"; a MAC is made if it has none
    #[arg(long, value_name = "VIF")]
    pub nic: Vec<String>,
    /// A screen, by VNC on dom0's 127.0.0.1
    #[arg(long)]
    pub vnc: bool,
    /// The PXELINUX label to boot [default: the server's]
    #[arg(long)]
    pub label: Option<String>,
    /// Start the guest with the host
    #[arg(long)]
    pub autostart: bool,
    /// UUID [default: random]
    #[arg(long)]
    pub uuid: Option<String>,
    /// How it is installed.
    #[command(flatten)]
    pub provision: Provision,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// How a guest is installed, by `vmprov serve`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Installation, by `vmprov serve`")]
pub struct Provision {
    /// What is installed: a name of `vmprov profile list`
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Its kernel and initrd: a name of `vmprov media list` [default: the profile's]
    #[arg(long, value_name = "NAME", requires = "profile")]
    pub medium: Option<GuestName>,
    /// A file with SSH keys that may log in as root
    #[arg(long, value_name = "FILE", requires = "profile")]
    pub ssh_key: Vec<PathBuf>,
    /// A file with root's password; "-" reads it here [default: one is made, if no key is given]
    #[arg(long, value_name = "FILE", requires = "profile")]
    pub password_file: Option<PathBuf>,
    /// Its timezone [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "profile")]
    pub timezone: Option<String>,
    /// Its language [default: en_US.UTF-8]
    #[arg(long, requires = "profile")]
    pub locale: Option<String>,
    /// Its keyboard [default: us]
    #[arg(long, requires = "profile")]
    pub keyboard: Option<String>,
    /// Where its packages come from [default: as the profile says]
    #[arg(long, value_name = "URL", requires = "profile")]
    pub mirror: Option<String>,
    /// Packages beside the profile's
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "profile")]
    pub packages: Vec<String>,
    /// A choice that the profile leaves open (`vmprov profile show NAME`)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_set, requires = "profile")]
    pub set: Vec<(String, String)>,
}

/// `vmprov media`.
#[derive(Debug, Subcommand)]
pub enum Media {
    /// Take kernel and initrd out of an ISO, a directory, a netboot package or a URL
    Add(MediaAdd),
    /// List what is there
    List,
    /// Remove one
    Remove(MediaRemove),
}

/// `vmprov media add`.
#[derive(Debug, Args)]
pub struct MediaAdd {
    /// Its name; a profile of the same name takes it by itself
    pub name: GuestName,
    /// An ISO, directory, tarball, .deb or URL [default: where that profile's is]
    pub source: Option<String>,
    /// What the file's SHA-256 sum must be
    #[arg(long, value_name = "SUM", requires = "source")]
    pub sha256: Option<String>,
    /// Keys that must have signed the SHA256SUMS beside the file
    #[arg(long, value_name = "FILE", requires = "source")]
    pub keyring: Option<PathBuf>,
    /// Where the profile's is: a mirror of its own
    #[arg(long, value_name = "URL", conflicts_with = "source")]
    pub mirror: Option<String>,
    /// Unpack all of it: some installers read the rest of themselves from there
    #[arg(long)]
    pub tree: bool,
    /// Keep the image itself: some installers read it
    #[arg(long)]
    pub image: bool,
    /// Take the place of one of the same name
    #[arg(long)]
    pub replace: bool,
}

/// `vmprov media remove`.
#[derive(Debug, Args)]
pub struct MediaRemove {
    /// Its name
    pub name: GuestName,
    /// Even though guests are to be installed from it
    #[arg(long)]
    pub force: bool,
}

/// `vmprov profile`.
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// List what can be installed
    List,
    /// Show a profile: its choices and its templates
    Show(ProfileShow),
    /// Make one of your own, as a copy of another
    New(ProfileNew),
}

/// `vmprov profile show`.
#[derive(Debug, Args)]
pub struct ProfileShow {
    /// Its name
    pub name: String,
    /// Write what an installer would get, with example values, as files below DIR
    #[arg(long, value_name = "DIR")]
    pub example: Option<PathBuf>,
}

/// `vmprov profile new`.
#[derive(Debug, Args)]
pub struct ProfileNew {
    /// Its name
    pub name: GuestName,
    /// The one to copy
    #[arg(long, value_name = "NAME")]
    pub from: String,
}

/// `vmprov net`.
#[derive(Debug, Subcommand)]
pub enum Net {
    /// Make a bridge with an address
    Create(NetCreate),
    /// Take it away, with its NAT
    Delete(NetDelete),
}

/// `vmprov net create`.
#[derive(Debug, Args)]
pub struct NetCreate {
    /// The bridge
    pub bridge: String,
    /// This host's address on it, with the length of the prefix
    #[arg(long, value_name = "ADDRESS/PREFIX", value_parser = parse_interface, default_value = "192.168.200.1/24")]
    pub address: Interface,
    /// Let its guests reach what this host reaches, behind this host's address
    #[arg(long)]
    pub nat: bool,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov net delete`.
#[derive(Debug, Args)]
pub struct NetDelete {
    /// The bridge
    pub bridge: String,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov install`.
#[derive(Debug, Args)]
pub struct Install {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
    /// Start it and return; the guest finds its way to the disk alone
    #[arg(long)]
    pub detach: bool,
    /// Give up following after this time: 90, 90s, 30m or 2h
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = parse_time)]
    pub timeout: Duration,
    /// What it boots by when it is installed [default: pygrub, if the host has it]
    #[arg(long)]
    pub boot: Option<Boot>,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov finalize`.
#[derive(Debug, Args)]
pub struct Finalize {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
    /// What it boots by [default: pygrub, if the host has it]
    #[arg(long)]
    pub boot: Option<Boot>,
    /// With --boot=kernel: the kernel, a file in dom0
    #[arg(long, value_name = "FILE")]
    pub kernel: Option<PathBuf>,
    /// With --boot=kernel: the initrd, a file in dom0
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub ramdisk: Option<PathBuf>,
    /// With --boot=kernel: the kernel's command line
    #[arg(long, value_name = "ARGS", requires = "kernel")]
    pub cmdline: Option<String>,
    /// What xl does when the guest reboots [default: as the config says]
    #[arg(long, value_name = "ACTION")]
    pub on_reboot: Option<OnReboot>,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov netboot`.
#[derive(Debug, Args)]
pub struct Netboot {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
    /// The PXELINUX label to boot [default: the one it was created with, else the server's]
    #[arg(long)]
    pub label: Option<String>,
    /// net: the network at every start; disk,net: the disk when there is a system on it
    #[arg(long, default_value = "net")]
    pub order: Order,
    /// What xl does when the guest reboots [default: as the config says]
    #[arg(long, value_name = "ACTION")]
    pub on_reboot: Option<OnReboot>,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov status`.
#[derive(Debug, Args)]
pub struct Status {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
}

/// `vmprov show`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Show {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Option<Target>,
    /// A config anywhere
    #[arg(long)]
    pub file: Option<PathBuf>,
}

/// `vmprov check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
    /// Ask the disk and the network what would boot now
    #[arg(long)]
    pub boot: bool,
}

/// `vmprov delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// The guest's name
    pub guest: GuestName,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov server`.
#[derive(Debug, Args)]
pub struct Server {
    /// The guest: its name, or its config as a path with a slash
    pub guest: Target,
    /// The DHCP server that the site has
    #[arg(long = "for", value_name = "SERVER", default_value = "dnsmasq")]
    pub kind: ServerKind,
    /// The address that it is to have [default: one that the server picks]
    #[arg(long)]
    pub address: Option<Ipv4Addr>,
    /// Where the files are [default: a dnsmasq that serves them itself]
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<Ipv4Addr>,
    /// Its kernel: a path below the TFTP server's root, or a URL
    #[arg(long, value_name = "FILE")]
    pub kernel: Option<String>,
    /// An initrd, likewise; several are joined
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub initrd: Vec<String>,
    /// The kernel's command line
    #[arg(long, value_name = "ARGS", requires = "kernel")]
    pub append: Option<String>,
    /// The label's name [default: the one that it was created with, else install]
    #[arg(long, requires = "kernel")]
    pub label: Option<String>,
    /// Write the texts as files below this directory, and overwrite none
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// Only show what would be done.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `vmprov serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What TFTP and HTTP serve beside: a directory with kernels, initrds, pxelinux.cfg/
    #[arg(value_name = "ROOT")]
    pub root: Option<PathBuf>,
    /// The bridge; nothing is served on any other interface [default: xenbr0]
    #[arg(long)]
    pub bridge: Option<String>,
    /// The first and the last address to give away [default: the network's upper half]
    #[arg(long, value_name = "FIRST,LAST", value_parser = parse_range, conflicts_with = "proxy")]
    pub range: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Serve anybody, not only guests that have a config here
    #[arg(long)]
    pub any: bool,
    /// Stand beside another DHCP server, which gives the addresses
    #[arg(long)]
    pub proxy: bool,
    /// The port for HTTP; 0 for none
    #[arg(long, value_name = "PORT", default_value_t = 80)]
    pub http_port: u16,
    /// A directory to serve by HTTP as /NAME: a mirror
    #[arg(long, value_name = "NAME=DIR", value_parser = parse_share)]
    pub share: Vec<(String, PathBuf)>,
    /// Make the bridge, with this address, for as long as it serves
    #[arg(long, value_name = "ADDRESS/PREFIX", value_parser = parse_interface)]
    pub net: Option<Interface>,
    /// Let the guests reach what this host reaches, for as long as it serves
    #[arg(long)]
    pub nat: bool,
    /// Print a systemd unit that does the same
    #[arg(long)]
    pub systemd: bool,
}

/// `vmprov serve-files`: what to serve comes over standard input, a socket.
#[derive(Debug, Args)]
pub struct ServeFiles {}

/// Kinds of guests that a bootloader boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestKind {
    /// Paravirtualized: runs on any x86 machine.
    Pv,
    /// Paravirtualized in a hardware container: what Xen advises where the kernel can.
    Pvh,
}

impl GuestKind {
    /// As `type=` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pv => "pv",
            Self::Pvh => "pvh",
        }
    }
}

/// Formats of disk images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiskFormat {
    /// The disk's bytes as they are, in a sparse file.
    Raw,
    /// QEMU's; dom0 needs QEMU for it.
    Qcow2,
}

/// What an installed guest boots by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boot {
    /// pygrub, which reads the guest's grub.cfg in dom0.
    Pygrub,
    /// GRUB as the guest's kernel, which reads the disk inside the guest.
    Pvgrub,
    /// rpxeboot with --order=disk,net: pygrub, and the network when there is nothing to boot.
    RpxebootDisk,
    /// A kernel file in dom0.
    Kernel,
}

/// rpxeboot's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// The network at every start.
    Net,
    /// The disk when there is a system on it, else the network.
    #[value(name = "disk,net")]
    DiskNet,
}

/// What xl does when a guest reboots (xl.cfg(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are xl's words, explained in xl.cfg(5)")]
pub enum OnReboot {
    Destroy,
    Restart,
    RenameRestart,
    Preserve,
    CoredumpDestroy,
    CoredumpRestart,
    SoftReset,
}

impl OnReboot {
    /// As `on_reboot=` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Restart => "restart",
            Self::RenameRestart => "rename-restart",
            Self::Preserve => "preserve",
            Self::CoredumpDestroy => "coredump-destroy",
            Self::CoredumpRestart => "coredump-restart",
            Self::SoftReset => "soft-reset",
        }
    }
}

/// `192.168.200.100,192.168.200.200`.
fn parse_range(text: &str) -> Result<(Ipv4Addr, Ipv4Addr), String> {
    let wrong = || format!("{text:?} is no range: write two addresses, FIRST,LAST");
    let (first, last) = text.split_once(',').ok_or_else(wrong)?;
    Ok((first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?))
}

/// `KEY=VALUE`.
fn parse_set(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("{text:?} sets nothing: write KEY=VALUE");
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(wrong)?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `debian=/srv/mirror/debian`.
fn parse_share(text: &str) -> Result<(String, PathBuf), String> {
    let wrong = || format!("{text:?} shares nothing: write NAME=DIR");
    let (name, path) = text.split_once('=').ok_or_else(wrong)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(fits) || name.starts_with('.') {
        return Err(format!("{name:?} cannot be a name in a URL: letters, digits and . _ -"));
    }
    if ["media", "guests"].contains(&name) {
        return Err(format!("{name:?} is taken: media and answer files are there"));
    }
    Ok((name.to_owned(), PathBuf::from(path)))
}

/// `192.168.200.1/24`.
fn parse_interface(text: &str) -> Result<Interface, String> {
    let wrong = || format!("{text:?} is no address: write it like 192.168.200.1/24");
    let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
    let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
    let interface = Interface { address: address.parse().map_err(|_| wrong())?, prefix };
    if !(8..=30).contains(&prefix) || !interface.contains(interface.address) {
        return Err(format!("{text} is no host's address in a network that has room for guests"));
    }
    Ok(interface)
}

/// `90`, `90s`, `30m`, `2h`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time: write 90, 90s, 30m or 2h");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times() {
        assert_eq!(parse_time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(parse_time("2h"), Ok(Duration::from_secs(7200)));
        for text in ["", "m", "0", "-1", "1d", "99999999999999999999", "18446744073709551615h"] {
            assert!(parse_time(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_help_of_every_verb_fits_a_terminal_of_80_columns() {
        let mut root = Cli::command();
        root.build();
        for verb in root.get_subcommands_mut() {
            let help = verb.render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", verb.get_name());
            }
        }
    }

    /// The verbs, and the long options of each and of all.
    fn words() -> Vec<(String, Vec<String>)> {
        let mut root = Cli::command();
        root.build();
        let verbs =
            root.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set());
        let options = |verb: &clap::Command| -> Vec<String> {
            let below = verb.get_subcommands().flat_map(clap::Command::get_arguments);
            let all = verb.get_arguments().chain(below);
            all.filter_map(|a| Some(format!("--{}", a.get_long()?))).collect()
        };
        verbs.map(|verb| (verb.get_name().to_owned(), options(verb))).collect()
    }

    #[test]
    fn the_manual_has_every_verb_and_option() {
        let manual = include_str!("../man/vmprov.8").replace('\\', "");
        for (verb, options) in words() {
            let is_its = |s: &&str| s.split_whitespace().next() == Some(&verb);
            let section: String = manual.split(".SS ").filter(is_its).collect();
            assert!(!section.is_empty(), "{verb}");
            let common = manual.split(".SH ").find(|s| s.starts_with("OPTIONS OF EVERY VERB"));
            for option in options {
                let has = |text: &str| text.contains(&option);
                assert!(has(&section) || common.is_some_and(has), "{verb} {option}");
            }
        }
    }

    #[test]
    fn the_completions_have_every_verb_and_option() {
        let completions =
            [include_str!("../completions/vmprov.bash"), include_str!("../completions/_vmprov")];
        for text in completions {
            let common: Vec<&str> = text.lines().filter(|line| line.contains("--json")).collect();
            assert!(!common.is_empty());
            for (verb, options) in words() {
                let start = format!("    {verb})");
                let section =
                    text.split(";;").find(|part| part.contains(&start)).unwrap_or_default();
                assert!(text.contains(&verb), "{verb}");
                for option in options {
                    let has = section.contains(&option)
                        || [
                            "--config-dir",
                            "--image-dir",
                            "--state-dir",
                            "--settings",
                            "--json",
                            "--verbose",
                            "--quiet",
                            "--help",
                            "--version",
                        ]
                        .contains(&option.as_str())
                            && text.contains(&option)
                        || option == "--dry-run" && section.contains("$dry");
                    let action = section.contains("$action") && option == "--on-reboot"
                        || section.contains("$boot") && option == "--boot";
                    assert!(has || action, "{verb} {option}");
                }
            }
        }
    }
}

//! What is checked and made before anything is served, and gone after it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::ifaddrs::getifaddrs;
use nix::sys::signal;
use nix::unistd::Pid;
use xlcfg::VifSpec;

use crate::cli;
use crate::config::find;
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::host::program;
use crate::serve::engine::{Interface, Service, host_line, is_writable};
use crate::serve::events::Guests;
use crate::serve::probe;
use crate::site::hostname;
use crate::values::Mac;
use crate::verbs::Here;

/// Where it is while it runs: dnsmasq, which is not root, reads there.
const RUN: &str = "/run/vmprov";
/// dnsmasq's process, in there.
const PID: &str = "dnsmasq.pid";
/// Nobody, in every Linux: who serves files by HTTP.
const NOBODY: u32 = 65534;

/// All that there is while it is served; dropped, it is gone.
pub(super) struct Setup {
    service: Service,
    directory: PathBuf,
    http: Option<(TcpListener, u16)>,
    dnsmasq: PathBuf,
    _lock: Lock,
}

impl Setup {
    /// Checks, and makes what is needed.
    ///
    /// # Errors
    /// Nothing to serve on, or another server is there; nothing is left then.
    pub(super) fn new(args: &cli::Serve, here: Here<'_>) -> Result<Self, Failure> {
        let bridge = args.bridge.clone().unwrap_or_else(|| here.settings.bridge.clone());
        let root = root(&args.root)?;
        let dnsmasq = program::find("dnsmasq").ok_or_else(|| {
            Failure::failed("dnsmasq is not installed (Debian: dnsmasq-base): it is what serves")
        })?;
        let interface = interface(&bridge)?;
        let range = range(args, interface)?;
        let lock = Lock::take(&here.settings.state_dir, &format!("serve-{bridge}"))?;
        let directory = Path::new(RUN).join(format!("serve-{bridge}"));
        end_left_over(&directory);
        refuse_others(&bridge, args.proxy, here)?;
        let http = match args.http_port {
            0 => None,
            port => Some((listen(interface.address, port)?, port)),
        };
        make(&directory)?;
        let service = Service {
            bridge,
            interface,
            range,
            any: args.any,
            root,
            hosts: directory.join("hosts"),
            leases: directory.join("leases"),
        };
        let setup = Self { service, directory, http, dnsmasq, _lock: lock };
        make(&setup.service.hosts)?;
        let config = setup.directory.join("dnsmasq.conf");
        fs::write(&config, setup.service.config())
            .map_err(|error| Failure::io("writing", &config, &error))?;
        Ok(setup)
    }

    /// What TFTP and HTTP serve.
    pub(super) fn root(&self) -> &Path {
        &self.service.root
    }

    /// dnsmasq, in the foreground, with its log on standard error.
    pub(super) fn dnsmasq(&self) -> Command {
        let mut command = Command::new(&self.dnsmasq);
        command.args(["--keep-in-foreground", "--log-facility=-"]);
        command.arg(format!("--pid-file={}", self.directory.join(PID).display()));
        command.arg(format!("--conf-file={}", self.directory.join("dnsmasq.conf").display()));
        command
    }

    /// This very program, as somebody who is not root, with the socket as standard input.
    ///
    /// # Errors
    /// The kernel has no more of something.
    pub(super) fn http(&self) -> Result<Option<Command>, Failure> {
        let Some((listener, _)) = &self.http else { return Ok(None) };
        let failure = |error: std::io::Error| Failure::failed(format!("serving files: {error}"));
        let listener = listener.try_clone().map_err(failure)?;
        let mut command = Command::new(std::env::current_exe().map_err(failure)?);
        command.arg("serve-files").arg(&self.service.root);
        command.stdin(Stdio::from(OwnedFd::from(listener)));
        if nix::unistd::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(Some(command))
    }

    /// Tells dnsmasq of each guest that has a config here.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn know_guests(&self, guests: &mut Guests, here: Here<'_>) -> Result<(), Failure> {
        for config in find::all(&here.settings.config_dir).into_iter().flatten() {
            let vifs = config.document.strings("vif").ok().flatten().unwrap_or_default();
            let macs = vifs.iter().filter_map(|vif| VifSpec::parse(vif).ok()?.mac());
            for mac in macs.filter_map(|bytes| Mac::new(bytes).ok()) {
                if guests.know(mac, &config.name) {
                    let path = self.service.hosts.join(mac.to_string().replace(':', ""));
                    fs::write(&path, host_line(mac, hostname(&config.name)))
                        .map_err(|error| Failure::io("writing", &path, &error))?;
                    here.console.note(&format!("{}: known by {mac}", config.name));
                }
            }
        }
        Ok(())
    }

    /// What is served, for people.
    pub(super) fn introduction(&self) -> String {
        let service = &self.service;
        let addresses = match service.range {
            Some((first, last)) => format!("addresses {first} to {last}"),
            None => "boot information beside the other DHCP server".to_owned(),
        };
        let whom = if service.any { "anybody" } else { "guests with a config here" };
        let http = match &self.http {
            Some((_, 80)) => format!(" and http://{}/", service.interface.address),
            Some((_, port)) => format!(" and http://{}:{port}/", service.interface.address),
            None => String::new(),
        };
        format!(
            "serving {whom} on {}: {addresses}; {} by TFTP{http}; Ctrl-C ends it",
            service.bridge,
            service.root.display()
        )
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
        // It may have others'.
        let _ = fs::remove_dir(RUN);
    }
}

/// Prints a unit for systemd that serves the same.
///
/// # Errors
/// Stdout cannot be written.
pub(super) fn unit(args: &cli::Serve, here: Here<'_>) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("finding this program: {error}")))?;
    let bridge = args.bridge.clone().unwrap_or_else(|| here.settings.bridge.clone());
    let mut words = vec![
        program.display().to_string(),
        "serve".to_owned(),
        format!("--bridge={bridge}"),
        format!("--http-port={}", args.http_port),
    ];
    words.extend(args.any.then(|| "--any".to_owned()));
    words.extend(args.proxy.then(|| "--proxy".to_owned()));
    words.extend(args.range.map(|(first, last)| format!("--range={first},{last}")));
    words.push(root(&args.root)?.display().to_string());
    // systemd takes % and $ for its own (systemd.service(5), systemd.unit(5)).
    let quoted: Vec<String> = words
        .iter()
        .map(|word| {
            let word = word.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", word.replace('%', "%%").replace('$', "$$"))
        })
        .collect();
    let text = format!(
        "# /etc/systemd/system/vmprov-serve.service\n\
         [Unit]\nDescription=Provisioning network for Xen guests on {bridge}\n\
         After=network-online.target\nWants=network-online.target\n\n\
         [Service]\nExecStart={}\nRestart=on-failure\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        quoted.join(" ")
    );
    here.console.result(&text)
}

fn root(path: &Path) -> Result<PathBuf, Failure> {
    let root = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no {}", path.display()))
        }
        _ => Failure::io("finding", path, &error),
    })?;
    if !root.is_dir() {
        return Err(Failure::usage(format!("{} is no directory", root.display())));
    }
    if !is_writable(&root) {
        return Err(Failure::usage(format!(
            "{}: dnsmasq's config cannot name it; take a path without , # \" and line ends",
            root.display()
        )));
    }
    Ok(root)
}

/// The IPv4 address that this host has on the bridge.
fn interface(bridge: &str) -> Result<Interface, Failure> {
    let all =
        getifaddrs().map_err(|error| Failure::failed(format!("listing interfaces: {error}")))?;
    let mut is_there = false;
    for address in all.filter(|address| address.interface_name == bridge) {
        is_there = true;
        let ip = address.address.as_ref().and_then(|a| Some(a.as_sockaddr_in()?.ip()));
        let mask = address.netmask.as_ref().and_then(|a| Some(a.as_sockaddr_in()?.ip()));
        if let (Some(ip), Some(mask)) = (ip, mask) {
            let prefix = u8::try_from(u32::from(mask).count_ones()).unwrap_or(32);
            if prefix > 30 {
                return Err(Failure::refused(format!(
                    "{bridge} has {ip}/{prefix}: there is no room for guests in that network"
                )));
            }
            return Ok(Interface { address: ip, prefix });
        }
    }
    if is_there {
        return Err(Failure::refused(format!(
            "{bridge} has no IPv4 address: give it one, for example `ip addr add \
             192.168.200.1/24 dev {bridge}`"
        )));
    }
    Err(Failure::not_found(format!("there is no bridge {bridge} on this host")))
}

fn range(args: &cli::Serve, interface: Interface) -> Result<Option<(Ipv4Addr, Ipv4Addr)>, Failure> {
    if args.proxy {
        return Ok(None);
    }
    let (first, last) = args.range.unwrap_or_else(|| interface.usual_range());
    if !interface.contains(first) || !interface.contains(last) || first > last {
        return Err(Failure::usage(format!(
            "--range={first},{last} is no range of hosts in {}/{}",
            interface.network(),
            interface.prefix
        )));
    }
    Ok(Some((first, last)))
}

/// Two servers on one network give the same address to two machines.
fn refuse_others(bridge: &str, proxy: bool, here: Here<'_>) -> Result<(), Failure> {
    if let Some(who) = probe::on_this_host(bridge, here.console)? {
        return Err(Failure::refused(format!(
            "{who} of this host serves DHCP on {bridge} already: end it, or have it serve other \
             interfaces only"
        )));
    }
    here.console.detail(&format!("asking for other DHCP servers on {bridge}"));
    match (probe::on_the_bridge(bridge)?, proxy) {
        (Some(server), false) => Err(Failure::refused(format!(
            "{server} serves DHCP on {bridge} already: --proxy adds only what a guest needs to \
             boot, `vmprov server NAME` shows what to tell that server"
        ))),
        (None, true) => Err(Failure::refused(format!(
            "no DHCP server answers on {bridge}, and --proxy needs one: leave it out"
        ))),
        _ => Ok(()),
    }
}

fn listen(address: Ipv4Addr, port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((address, port)).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::refused(format!(
            "port {port} of {address} is taken: take another --http-port, or 0 for none"
        )),
        _ => Failure::failed(format!("listening on {address}:{port}: {error}")),
    })
}

/// The dnsmasq of a vmprov that was killed goes on without it; ours is known by its config.
fn end_left_over(directory: &Path) {
    let pid = fs::read_to_string(directory.join(PID)).ok();
    let Some(pid) = pid.and_then(|text| text.trim().parse::<i32>().ok()) else { return };
    let is_ours = |pid: i32| {
        let config = format!("--conf-file={}", directory.join("dnsmasq.conf").display());
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        cmdline.split(|byte| *byte == 0).any(|word| word == config.as_bytes())
    };
    for _ in 0..100 {
        if !is_ours(pid) {
            return;
        }
        let _ = signal::kill(Pid::from_raw(pid), signal::SIGTERM);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// A directory that everybody can read; one that a killed vmprov has left is taken over, since
/// we have the lock.
fn make(path: &Path) -> Result<(), Failure> {
    let _ = fs::remove_dir_all(path);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|error| Failure::io("making", path, &error))
}

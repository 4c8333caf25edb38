//! What is checked and made before anything is served, and gone after it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::before::{
    directory_at, end_left_over, interface, is_free_for_names, listen, range, refuse_others,
};
use crate::cli;
use crate::console::Console;
use crate::failure::Failure;
use crate::files::lock::Lock;
use crate::host::net::{Network, RUN};
use crate::host::program;
use crate::serve::control::{self, Served};
use crate::serve::engine::Service;
use crate::site::tree;
use crate::values::Mac;
use crate::verbs::Here;

/// dnsmasq's process, in there.
pub(super) const PID: &str = "dnsmasq.pid";
/// Nobody, in every Linux: who serves files by HTTP.
const NOBODY: u32 = 65534;
/// The HTTP server reads at once what it is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// All that there is while it is served; dropped, it is gone.
pub(super) struct Setup {
    service: Service,
    directory: PathBuf,
    root: Option<PathBuf>,
    shares: BTreeMap<String, PathBuf>,
    http: Option<(TcpListener, u16)>,
    dnsmasq: PathBuf,
    _net: Option<Net>,
    _lock: Lock,
}

/// A bridge or NAT that is there as long as it serves.
struct Net(Network, Console);

impl Drop for Net {
    fn drop(&mut self) {
        self.0.take_away(&self.1);
    }
}

impl Setup {
    /// Checks, and makes what is needed.
    ///
    /// # Errors
    /// Nothing to serve on, or another server is there; nothing is left then.
    pub(super) fn new(args: &cli::Serve, here: Here<'_>) -> Result<Self, Failure> {
        let bridge = args.bridge.clone().unwrap_or_else(|| here.settings.bridge.clone());
        let root = args.root.as_deref().map(directory_at).transpose()?;
        let mut shares = BTreeMap::new();
        for (name, path) in &args.share {
            shares.insert(name.clone(), directory_at(path)?);
        }
        let dnsmasq = program::find("dnsmasq").ok_or_else(|| {
            Failure::failed("dnsmasq is not installed (Debian: dnsmasq-base): it is what serves")
        })?;
        let lock = Lock::take(&here.settings.state_dir, &format!("serve-{bridge}"))?;
        let directory = Path::new(RUN).join(format!("serve-{bridge}"));
        end_left_over(&directory);
        let net = net(args, &bridge, here)?;
        let interface = interface(&bridge)?;
        let range = range(args, interface)?;
        refuse_others(&bridge, args.proxy, here)?;
        let http = match args.http_port {
            0 => None,
            port => Some((listen(interface.address, port)?, port)),
        };
        make(&directory)?;
        let names = range.is_some() && is_free_for_names(interface.address, here.console);
        let service = Service {
            bridge,
            interface,
            range,
            any: args.any,
            names,
            root: directory.join("tree"),
            hosts: directory.join("hosts"),
            leases: directory.join("leases"),
        };
        let setup =
            Self { service, directory, root, shares, http, dnsmasq, _net: net, _lock: lock };
        make(&setup.service.hosts)?;
        make(&setup.service.root.join("pxelinux.cfg"))?;
        make(&setup.directory.join("done"))?;
        setup.link_root()?;
        let config = setup.directory.join("dnsmasq.conf");
        fs::write(&config, setup.service.config())
            .map_err(|error| Failure::io("writing", &config, &error))?;
        Ok(setup)
    }

    /// What TFTP and HTTP serve.
    pub(super) fn tree(&self) -> &Path {
        &self.service.root
    }

    /// What the HTTP server has to serve, but for guests.
    pub(super) fn served(&self, media: &Path) -> Served {
        Served {
            root: self.service.root.clone(),
            media: media.to_owned(),
            shares: self.shares.clone(),
            guests: BTreeMap::new(),
        }
    }

    /// The names in URLs of shared directories.
    pub(super) fn share_names(&self) -> Vec<String> {
        self.shares.keys().cloned().collect()
    }

    /// Where guests' lines for dnsmasq go.
    pub(super) fn hosts(&self) -> &Path {
        &self.service.hosts
    }

    /// This host's address.
    pub(super) fn address(&self) -> Ipv4Addr {
        self.service.interface.address
    }

    /// The HTTP server's URL, without a slash at the end, if there is one.
    pub(super) fn url(&self) -> Option<String> {
        let address = self.address();
        self.http.as_ref().map(|(_, port)| match port {
            80 => format!("http://{address}"),
            port => format!("http://{address}:{port}"),
        })
    }

    /// dnsmasq, in the foreground, with its log on standard error.
    pub(super) fn dnsmasq(&self) -> Command {
        let mut command = Command::new(&self.dnsmasq);
        command.args(["--keep-in-foreground", "--log-facility=-"]);
        command.arg(format!("--pid-file={}", self.directory.join(PID).display()));
        command.arg(format!("--conf-file={}", self.directory.join("dnsmasq.conf").display()));
        command
    }

    /// This very program, as somebody who is not root, with the socket over which it is told
    /// what to serve; and our end of that.
    ///
    /// # Errors
    /// The kernel has no more of something.
    pub(super) fn http(&self) -> Result<Option<(Command, UnixStream)>, Failure> {
        let Some((listener, _)) = &self.http else { return Ok(None) };
        let failure = |error: std::io::Error| Failure::failed(format!("serving files: {error}"));
        let (ours, theirs) = UnixStream::pair().map_err(failure)?;
        ours.set_write_timeout(Some(PATIENCE)).map_err(failure)?;
        control::send_listener(&ours, listener).map_err(failure)?;
        let mut command = Command::new(std::env::current_exe().map_err(failure)?);
        command.arg("serve-files").stdin(Stdio::from(OwnedFd::from(theirs)));
        if nix::unistd::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(Some((command, ours)))
    }

    /// Has what is in the root in our tree as well; called again for what comes later.
    ///
    /// # Errors
    /// The tree cannot be written to.
    pub(super) fn link_root(&self) -> Result<(), Failure> {
        let Some(root) = &self.root else { return Ok(()) };
        let tree = &self.service.root;
        link_all(root, tree)?;
        link_all(&root.join("pxelinux.cfg"), &tree.join("pxelinux.cfg"))
    }

    /// Writes a guest's PXELINUX config, unless it is there.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write_config(&self, mac: Mac, text: &str) -> Result<(), Failure> {
        let path = self.service.root.join(tree::path(mac));
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        // Under its name it is there whole, and in place of the root's.
        let new = self.directory.join("config.new");
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| Failure::io("writing", &path, &error))
    }

    /// Notes down that a guest's installer is done, for `install`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn note_done(&self, guest: &str) -> Result<(), Failure> {
        let path = self.directory.join("done").join(guest.replace('/', "_"));
        fs::write(&path, "").map_err(|error| Failure::io("writing", &path, &error))
    }

    /// What is served, for people.
    pub(super) fn introduction(&self) -> String {
        let service = &self.service;
        let addresses = match service.range {
            Some((first, last)) => format!("addresses {first} to {last}"),
            None => "boot information beside the other DHCP server".to_owned(),
        };
        let whom = if service.any { "anybody" } else { "guests with a config here" };
        let http = self.url().map(|url| format!(" and {url}/")).unwrap_or_default();
        let what = match &self.root {
            Some(root) => root.display().to_string(),
            None => "what profiles need".to_owned(),
        };
        format!(
            "serving {whom} on {}: {addresses}; {what} by TFTP{http}; Ctrl-C ends it",
            service.bridge
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

/// The bridge and NAT that are made for as long as it serves.
fn net(args: &cli::Serve, bridge: &str, here: Here<'_>) -> Result<Option<Net>, Failure> {
    if args.net.is_none() && !args.nat {
        return Ok(None);
    }
    // We have the lock: that of a serve that was killed.
    if let Some(left) = Network::noted(bridge)?.filter(|left| left.is_of_serve) {
        left.take_away(here.console);
    }
    let behind = match (args.nat, args.net) {
        (true, Some(net)) => Some(net),
        (true, None) => Some(interface(bridge)?),
        (false, _) => None,
    };
    let mut network = Network::new(bridge, args.net, behind)?;
    network.is_of_serve = true;
    network.make(here.console)?;
    Ok(Some(Net(network, *here.console)))
}

/// Links what is in `from` and not yet in `to`; directories as they are, but for pxelinux.cfg,
/// which has guests' own configs in it as well.
fn link_all(from: &Path, to: &Path) -> Result<(), Failure> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    for entry in entries.flatten() {
        let link = to.join(entry.file_name());
        if entry.file_name() == "pxelinux.cfg" || link.symlink_metadata().is_ok() {
            continue;
        }
        std::os::unix::fs::symlink(entry.path(), &link)
            .map_err(|error| Failure::io("linking", &link, &error))?;
    }
    Ok(())
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

//! The lab: a thread that is a dom0 of its own. Its bridge `xenbr0` has no address, as in
//! the usual set-up; servers stand behind it in other namespaces.

use std::cell::RefCell;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use crate::host::{Host, Netns, Server};
use crate::inventory::{Console, Inventory};
use crate::leftovers::Snapshot;
use crate::libxl::Request;
use crate::mounts::{self, LAB};
use crate::relay::{Faults, Relay};
use crate::{process, programs};

/// The dom0's bridge.
pub const BRIDGE: &str = "xenbr0";
/// How long what a boot used may take to disappear: the kernel removes a namespace a moment
/// after its last process.
pub const SETTLE: Duration = Duration::from_secs(1);
/// A dom0 of one test. See the [module](self).
#[derive(Debug)]
pub struct Lab {
    inner: Rc<Inventory>,
}

impl Lab {
    /// Runs `test` in a lab of its own, then checks that nothing is left of the boots in it.
    ///
    /// # Panics
    /// When `test` does, or something is left; then the logs of all servers and the consoles
    /// of all boots are shown, and kept below the target directory.
    pub fn run(test: impl FnOnce(&Self) + Send) {
        assert!(
            nix::unistd::geteuid().is_root(),
            "these tests make network namespaces: run them as root"
        );
        let name = thread::current().name().unwrap_or("test").replace("::", "-");
        let outcome = thread::scope(|scope| {
            thread::Builder::new()
                .name(name.clone())
                .spawn_scoped(scope, || {
                    let lab = Self::set_up(&name);
                    let kept = lab.1;
                    let lab = lab.0;
                    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                        test(&lab);
                        lab.assert_nothing_left();
                    }));
                    if outcome.is_err() {
                        lab.inner.report(&kept);
                    }
                    outcome
                })
                .expect("a thread for the lab")
                .join()
        });
        if let Err(panic) = outcome.and_then(|outcome| outcome) {
            panic::resume_unwind(panic);
        }
    }

    /// A machine on the guest's network.
    #[must_use]
    pub fn host(&self, name: &str, address: [u8; 4]) -> Host {
        let netns = Netns::new();
        let port = self.port();
        self.ip(&format!(
            "link add {port} master {BRIDGE} type veth peer name eth0 netns {}",
            netns.path()
        ));
        self.ip(&format!("link set {port} up"));
        self.ready(name, address, netns)
    }

    /// The guest's own interface: a machine with the guest's MAC and no address, for clients
    /// that are to be taken for the guest.
    #[must_use]
    pub fn guest(&self) -> Host {
        let netns = Netns::new();
        let port = self.port();
        self.ip(&format!(
            "link add {port} master {BRIDGE} type veth peer name eth0 netns {}",
            netns.path()
        ));
        self.ip(&format!("link set {port} up"));
        self.inner.machines.borrow_mut().push(netns.clone());
        let guest = Host::new(Rc::clone(&self.inner), "guest", Ipv4Addr::UNSPECIFIED, netns);
        guest.ip(&format!("link set eth0 address {} up", crate::fixtures::MAC));
        guest
    }

    /// A machine whose traffic passes a process that loses, doubles, delays and reorders it.
    #[must_use]
    pub fn host_behind(&self, name: &str, address: [u8; 4], faults: Faults) -> Host {
        let netns = Netns::new();
        let port = self.port();
        let relay = Relay::start(&self.inner.dom0, &port, &netns, "eth0", faults);
        self.ip(&format!("link set {port} master {BRIDGE} up"));
        self.inner.relays.borrow_mut().push(relay);
        self.ready(name, address, netns)
    }

    /// A boot as libxl starts it, with the guest's vif as its only word.
    #[must_use]
    pub fn boot(&self) -> Request<'_> {
        Request::new(self)
    }

    /// The program under test, run from a shell in dom0: stdout and stderr are pipes.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn shell(&self, words: &[&str]) -> std::process::Output {
        self.before_a_boot();
        let mut command = self.command(self.program());
        command.args(words).current_dir(self.directory("shell"));
        command.output().expect("rpxeboot can be started")
    }

    /// A command that will run in dom0.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        process::confine(&mut command, self.inner.dom0.as_fd(), &self.inner.tag);
        command
    }

    /// A command that will run in dom0 as another user.
    #[must_use]
    pub fn command_as(&self, user: u32, program: impl AsRef<Path>) -> Command {
        let mut command = self.command(program);
        process::become_user(&mut command, user);
        command
    }

    /// Runs one `ip` command in dom0.
    pub fn ip(&self, words: &str) {
        let mut command = self.command(programs::installed("ip"));
        command.args(words.split(' '));
        process::run(command);
    }

    /// Runs one `bridge` command in dom0.
    pub fn bridge(&self, words: &str) {
        let mut command = self.command(programs::installed("bridge"));
        command.args(words.split(' '));
        process::run(command);
    }

    /// What `ip` says in dom0, as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn ip_json(&self, words: &str) -> serde_json::Value {
        let mut command = self.command(programs::installed("ip"));
        command.args(["-json", "-details"]).args(words.split(' '));
        let output = process::run(command);
        if output.stdout.is_empty() {
            return serde_json::Value::Array(Vec::new());
        }
        serde_json::from_slice(&output.stdout).expect("ip prints JSON")
    }

    /// The program under test, as the lab sees it.
    ///
    /// # Panics
    /// When it was not built.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.inner.program.clone().unwrap_or_else(|missing| panic!("{missing}"))
    }

    /// The stand-in for `xl`, as the lab sees it.
    #[must_use]
    pub fn stand_in_xl() -> PathBuf {
        Path::new(LAB).join("bin/xl")
    }

    /// An own program of this package, as the lab sees it.
    #[must_use]
    pub fn own_program(name: &str) -> PathBuf {
        Path::new(LAB).join("own").join(name)
    }

    /// A directory of the lab, which any user may enter; made when it is not there.
    #[must_use]
    pub fn directory(&self, name: &str) -> PathBuf {
        self.inner.directory(name)
    }

    /// dom0's network namespace.
    #[must_use]
    pub fn dom0(&self) -> &Netns {
        &self.inner.dom0
    }

    pub(crate) fn inner(&self) -> &Rc<Inventory> {
        &self.inner
    }

    /// Remembers what dom0 looks like before the first boot.
    pub(crate) fn before_a_boot(&self) {
        let mut baseline = self.inner.baseline.borrow_mut();
        if baseline.is_none() {
            *baseline = Some(Snapshot::take(self));
        }
    }

    /// Takes dom0 as it is now as what the next boots must leave unchanged: to be called after
    /// a test changed something itself between two boots.
    pub fn rebaseline(&self) {
        *self.inner.baseline.borrow_mut() = Some(Snapshot::take(self));
    }

    pub(crate) fn watch(&self, name: &str, console: Console) {
        self.inner.consoles.borrow_mut().push((name.to_owned(), console));
    }

    /// Checks that dom0 looks as it did before the first boot: no process, interface, address,
    /// route or file is there that was not there before.
    ///
    /// # Panics
    /// With what is left, when it is still there after [`SETTLE`].
    pub fn assert_nothing_left(&self) {
        let baseline = self.inner.baseline.borrow();
        let Some(baseline) = baseline.as_ref() else { return };
        let start = Instant::now();
        let mut left = baseline.compare(&Snapshot::take(self));
        while !left.is_empty() && start.elapsed() < SETTLE {
            thread::sleep(SETTLE / 20);
            left = baseline.compare(&Snapshot::take(self));
        }
        assert!(
            left.is_empty(),
            "left behind after the boots, {SETTLE:?} later:\n  {}",
            left.join("\n  ")
        );
    }

    pub(crate) fn server_ids(&self) -> Vec<u32> {
        self.inner.servers.borrow().iter().map(Server::id).collect()
    }

    fn set_up(name: &str) -> (Self, OwnedFd) {
        let program = programs::rpxeboot();
        let seen = Path::new(LAB).join("bin/rpxeboot");
        let own = programs::own("netns-tftpd")
            .parent()
            .expect("a program is in a directory")
            .to_path_buf();
        let packages = programs::packages();
        fs::create_dir_all(&packages).expect("a directory for unpacked packages");
        let kept = own.join("netns-logs").join(name);
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir_all(&kept).expect("a directory for the logs of failures");
        // Held open: its path may be hidden from now on.
        let kept = File::open(&kept).expect("the directory of the logs").into();

        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
            .expect("namespaces (needs root)");
        let xl = own.join("netns-xl");
        let mut visible = vec![(xl, "bin/xl"), (own, "own"), (packages, "packages")];
        // The library's own tests do without it; the first boot says that it is missing.
        let program = program.map(|path| {
            visible.push((path, "bin/rpxeboot"));
            seen
        });
        mounts::replace(&visible);
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        for directory in ["/etc/xen", "/var/lib/xen"] {
            fs::create_dir_all(directory).expect("a directory of dom0's");
        }
        let inner = Inventory {
            tag,
            dom0: Netns::current(),
            machines: RefCell::default(),
            servers: RefCell::default(),
            relays: RefCell::default(),
            consoles: RefCell::default(),
            baseline: RefCell::default(),
            ports: RefCell::default(),
            program,
        };
        let lab = Self { inner: Rc::new(inner) };
        lab.ip("link set lo up");
        lab.ip(&format!("link add {BRIDGE} type bridge"));
        lab.ip(&format!("link set {BRIDGE} up"));
        (lab, kept)
    }

    fn port(&self) -> String {
        let mut ports = self.inner.ports.borrow_mut();
        *ports += 1;
        format!("port{ports}")
    }

    fn ready(&self, name: &str, address: [u8; 4], netns: Netns) -> Host {
        self.inner.machines.borrow_mut().push(netns.clone());
        let host = Host::new(Rc::clone(&self.inner), name, Ipv4Addr::from(address), netns);
        host.ip("link set lo up");
        host.ip("link set eth0 up");
        host.ip(&format!("addr add {}/24 dev eth0", host.address()));
        host
    }
}

//! A machine on the guest's network: a network namespace joined to the bridge by a veth pair.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use crate::inventory::Inventory;
use crate::process;

/// A network namespace that lives as long as somebody holds it.
#[derive(Debug, Clone)]
pub struct Netns(Arc<OwnedFd>);

impl Netns {
    /// Makes an empty one.
    ///
    /// # Panics
    /// When the kernel refuses it.
    #[must_use]
    pub fn new() -> Self {
        // A namespace is made by entering it: a thread that ends at once does so.
        thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace (needs root)");
            Self::current()
        })
        .join()
        .expect("the thread that makes a namespace")
    }

    /// The calling thread's.
    ///
    /// # Panics
    /// When /proc is not mounted.
    #[must_use]
    pub fn current() -> Self {
        Self(Arc::new(File::open("/proc/thread-self/ns/net").expect("/proc is mounted").into()))
    }

    /// Runs `work` in a thread that is in this namespace.
    ///
    /// # Panics
    /// When `work` does, or the kernel does not let the thread in.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            scope
                .spawn(|| {
                    setns(self.0.as_fd(), CloneFlags::CLONE_NEWNET)
                        .expect("the namespace can be entered");
                    work()
                })
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A path that iproute2 takes as a namespace's name.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }
}

impl Default for Netns {
    fn default() -> Self {
        Self::new()
    }
}

impl AsFd for Netns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A machine on the guest's network. Its only interface is `eth0`.
#[derive(Debug, Clone)]
pub struct Host {
    lab: Rc<Inventory>,
    name: String,
    address: Ipv4Addr,
    netns: Netns,
}

impl Host {
    pub(crate) fn new(lab: Rc<Inventory>, name: &str, address: Ipv4Addr, netns: Netns) -> Self {
        Self { lab, name: name.to_owned(), address, netns }
    }

    /// Its address, in a /24.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Its network namespace.
    #[must_use]
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    /// A new empty directory for a server's files, which any user may enter.
    #[must_use]
    pub fn directory(&self, name: &str) -> PathBuf {
        self.lab.directory(&format!("{}-{name}", self.name))
    }

    /// A command that will run on this machine.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        process::confine(&mut command, self.netns.as_fd(), self.lab.tag());
        command
    }

    /// Starts a server on this machine; the lab ends it and shows its log when the test fails.
    pub fn serve(
        &self,
        name: &str,
        command: Command,
        ready: impl FnMut(&process::Background) -> bool,
    ) -> Server {
        self.lab.serve(&format!("{name} on {}", self.name), command, ready)
    }

    /// The MAC of its interface.
    ///
    /// # Panics
    /// When `ip` does not say it.
    #[must_use]
    pub fn mac(&self) -> [u8; 6] {
        let mut command = self.command(crate::programs::installed("ip"));
        command.args(["-brief", "link", "show", "eth0"]);
        let text = String::from_utf8(process::run(command).stdout).expect("ip prints text");
        let octets = text.split_whitespace().nth(2).expect("the third word is the MAC").split(':');
        let octets: Vec<u8> =
            octets.map(|octet| u8::from_str_radix(octet, 16).expect("an octet")).collect();
        octets.try_into().expect("six octets")
    }

    /// Runs one `ip` command on this machine.
    pub fn ip(&self, words: &str) {
        let mut command = self.command(crate::programs::installed("ip"));
        command.args(words.split(' '));
        process::run(command);
    }
}

/// A running server.
#[derive(Debug, Clone)]
pub struct Server(pub(crate) Rc<std::cell::RefCell<process::Background>>);

impl Server {
    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.borrow().log()
    }

    /// Kills it: its machine stays, and answers with ICMP.
    pub fn stop(&self) {
        self.0.borrow_mut().stop();
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.borrow().id()
    }
}

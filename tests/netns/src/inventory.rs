//! What a lab has: its namespaces, servers, relays and consoles. All of it ends with it.

use std::cell::RefCell;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crate::host::{Netns, Server};
use crate::leftovers::Snapshot;
use crate::mounts::LAB;
use crate::process;
use crate::relay::Relay;

/// The last lines of a log that a failure shows.
const LOG_TAIL: usize = 80;

/// What a boot writes to its terminal.
pub type Console = Arc<Mutex<Vec<u8>>>;

#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) tag: String,
    pub(crate) dom0: Netns,
    /// Every machine's namespace: its port on the bridge lives as long as the lab.
    pub(crate) machines: RefCell<Vec<Netns>>,
    pub(crate) servers: RefCell<Vec<Server>>,
    pub(crate) relays: RefCell<Vec<Relay>>,
    pub(crate) consoles: RefCell<Vec<(String, Console)>>,
    pub(crate) baseline: RefCell<Option<Snapshot>>,
    pub(crate) ports: RefCell<u32>,
    pub(crate) program: Result<PathBuf, String>,
}

impl Inventory {
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let path = Path::new(LAB).join(name);
        fs::create_dir_all(&path).expect("a directory of the lab");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .expect("a directory that all may enter");
        path
    }

    pub(crate) fn serve(
        &self,
        name: &str,
        command: Command,
        ready: impl FnMut(&process::Background) -> bool,
    ) -> Server {
        let log = self.directory("logs").join(format!(
            "{}-{}.log",
            self.servers.borrow().len(),
            name.replace(' ', "-")
        ));
        let background = process::Background::start(name, command, &log);
        // Registered before the wait, so that a server that does not start is ended and shown too.
        let server = Server(Rc::new(RefCell::new(background)));
        self.servers.borrow_mut().push(server.clone());
        server.0.borrow_mut().wait_until(ready);
        server
    }

    /// Shows and keeps what servers and boots said.
    pub(crate) fn report(&self, kept: &OwnedFd) {
        let keep = |name: &str, text: &[u8]| {
            let path =
                format!("/proc/self/fd/{}/{}.log", kept.as_raw_fd(), name.replace([' ', '/'], "-"));
            // Only a courtesy to the reader of a failed test: its failure is not replaced by ours.
            let _ = fs::write(path, text);
        };
        for (name, console) in self.consoles.borrow().iter() {
            let text = console.lock().expect("no reader has panicked").clone();
            eprintln!("==== console of {name}\n{}", String::from_utf8_lossy(&text));
            keep(name, &text);
        }
        for server in self.servers.borrow().iter() {
            let (name, log) = (server.0.borrow().name().to_owned(), server.log());
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("==== {name}\n{}", lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n"));
            keep(&name, log.as_bytes());
        }
    }
}

impl Drop for Inventory {
    fn drop(&mut self) {
        for server in self.servers.borrow().iter() {
            server.stop();
        }
    }
}

//! The prison of the process that reads the network.
//!
//! Each layer takes something away for good, and would hold if all others failed; [`LAYERS`] says
//! in which order they go up. After the last one the process can compute, talk over the sockets
//! and write into the files that it was handed, and nothing else. docs/sandbox.md says what each
//! layer takes away, what a test shows of it, and lists the system calls that are left.

mod filesystem;
mod policy;
mod privileges;
mod resources;
mod root;
mod session;
pub mod syscalls;

use crate::failure::Failure;

pub use policy::SandboxPolicy;
pub use session::close_inherited_descriptors;

/// Whom the sandbox is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inmate {
    /// The uid and gid to become; never 0.
    pub uid: u32,
    /// The process to die with.
    pub supervisor: u32,
}

/// One layer of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// A root directory with nothing in it, which nothing can be put into.
    EmptyRoot,
    /// Away from the terminal: it could be typed into otherwise (TIOCSTI).
    Session,
    /// Somebody who is not root, in no group, without any capability, now and later.
    Unprivileged,
    /// No program that is executed can give a privilege (set-user-ID, file capabilities), and no
    /// process of the same user can look into this one.
    NoNewPrivileges,
    /// Memory, size of files, processes, descriptors, core files.
    Resources,
    /// The kernel ends the process when the supervisor is gone.
    DiesWithSupervisor,
    /// Landlock: no file can be opened, no TCP port listened on; no signal and no abstract socket
    /// out of the sandbox.
    Landlock,
    /// A system call that is not on the list ends the process.
    SystemCalls,
}

/// All layers, in the order in which they can go up: what needs a privilege first.
pub const LAYERS: [Layer; 8] = [
    Layer::EmptyRoot,
    Layer::Session,
    Layer::Unprivileged,
    Layer::NoNewPrivileges,
    Layer::Resources,
    Layer::DiesWithSupervisor,
    Layer::Landlock,
    Layer::SystemCalls,
];

/// What a layer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raised {
    /// It stands.
    Whole,
    /// This kernel lacks it, or a part of it: a sentence that says what, and since when Linux has
    /// it.
    Lacking(String),
}

impl Layer {
    /// Puts this layer up around the calling process, which must have one thread only.
    ///
    /// # Errors
    /// [`crate::failure::Reason::NotPermitted`]: then nothing must be read from the network. That
    /// the kernel does not know a mechanism is no error, but [`Raised::Lacking`].
    pub fn raise(self, inmate: Inmate) -> Result<Raised, Failure> {
        match self {
            Self::EmptyRoot => root::empty(),
            Self::Session => session::leave_terminal(),
            Self::Unprivileged => privileges::become_nobody(inmate.uid),
            Self::NoNewPrivileges => privileges::never_again(),
            Self::Resources => resources::bound(),
            Self::DiesWithSupervisor => session::die_with(inmate.supervisor),
            Self::Landlock => filesystem::close(),
            Self::SystemCalls => syscalls::restrict(),
        }
    }
}

/// Puts up all layers; gives back what this kernel lacks of them.
///
/// # Errors
/// [`crate::failure::Reason::NotPermitted`] when a layer cannot be put up, or when something is
/// lacking and `policy` does not go on without it.
pub fn enter(inmate: Inmate, policy: SandboxPolicy) -> Result<Vec<String>, Failure> {
    syscalls::prepare();
    let mut lacking = Vec::new();
    for layer in LAYERS {
        if let Raised::Lacking(what) = layer.raise(inmate)? {
            lacking.push(what);
        }
    }
    policy.judge(&lacking)?;
    Ok(lacking)
}

/// A refusal of the kernel, of something that the sandbox needs.
fn refused(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::not_permitted(&format!("confining the worker: {what}"), error)
}

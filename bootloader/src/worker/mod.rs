//! The unprivileged process: it alone reads from the network.
//!
//! It is the same binary, started by the supervisor inside the guest's-eye network with one
//! end of a [`channel`] as its standard input. It gives up everything ([`sandbox`]), gets a
//! lease, finds and follows the config, fetches the images into descriptors it is handed,
//! and reports. It opens no file and starts no process.

pub mod channel;
pub mod images;
mod kernel;
pub mod menu;
pub mod message;
mod site;

use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use pxelinux::{Location, Prefix, Server, Uuid};
use socket2::Socket;

use crate::budget::Budget;
use crate::console::{Level, Say};
use crate::failure::{Failure, Reason};
use crate::fetch::Fetcher;
use crate::fetch::authorities::Authorities;
use crate::fetch::names::Resolver;
use crate::lease::boot_source::{self, BootSource, Program};
use crate::lease::negotiation::Wants;
use crate::lease::request::{Class, Identity};
use crate::lease::{Lease, acquire};
use crate::plan::search::{Asker, ListedEntry};
use crate::plan::{Action, BootPlan};
use crate::request::ClientPolicy;
use crate::sandbox::{self, Inmate};
use crate::text;
use channel::{Channel, ChannelError};
use images::Files;
use message::{Addresses, Instruction, Job, Planned, PlannedAction, Report};

/// The word that makes the binary the worker. Only the supervisor says it.
pub const WORD: &str = "--worker";

/// What the process is called; the kernel keeps 15 bytes.
const NAME: &std::ffi::CStr = c"rpxeboot-worker";

/// Entries in one report: three names each, of at most `MAX_LINE` characters.
const ENTRIES_AT_ONCE: usize = 10;

type Line = Channel<Report, Instruction>;

/// The worker's whole life.
///
/// # Errors
/// There is nobody to report to.
pub fn live() -> Result<(), ChannelError> {
    // For ps(1); it was started as /proc/self/exe.
    let _ = nix::sys::prctl::set_name(NAME);
    let line = Line::over(
        std::io::stdin().as_fd().try_clone_to_owned().map_err(|_| ChannelError::Closed)?,
    );
    let (instruction, descriptors) = line.hear()?;
    let Instruction::Begin(job) = instruction else { return Err(ChannelError::Malformed) };
    let budget = Budget::starting_now(Duration::from_millis(job.budget_ms));
    let worker = Worker { line: &line, job: &job, budget };
    let work = || worker.work(descriptors);
    match crate::guarded(work) {
        Ok(()) => Ok(()),
        Err(failure) => line.say(&Report::Failed(failure), &[]),
    }
}

struct Worker<'a> {
    line: &'a Line,
    job: &'a Job,
    budget: Budget,
}

impl Say for Worker<'_> {
    fn hears(&self, level: Level) -> bool {
        level <= self.job.level
    }

    fn say(&self, level: Level, line: &str) {
        if self.hears(level) {
            // If the supervisor is gone, the next thing of importance says so.
            let _ = self.line.say(&Report::Line(level, text::printable(line.as_bytes())), &[]);
        }
    }
}

impl Worker<'_> {
    fn work(&self, descriptors: Vec<OwnedFd>) -> Result<(), Failure> {
        let inmate = Inmate { uid: self.job.uid, supervisor: self.job.supervisor };
        for what in sandbox::enter(inmate, self.job.sandbox)? {
            self.say(Level::Step, &format!("{what}: the worker is confined without it"));
        }
        let mut descriptors = descriptors.into_iter();
        let packets = descriptors.next().map(Socket::from);
        let packets = packets.ok_or_else(|| Failure::bug("the worker got no packet socket"))?;
        let authorities = match &self.job.authorities {
            Some(name) => descriptors
                .next()
                .map(|file| Authorities { file: File::from(file), name: name.clone() }),
            None => None,
        };
        let client_port = descriptors.next().map(UdpSocket::from);

        let identity =
            Identity { mac: self.job.mac, uuid: self.uuid(), class: first_class(self.job.client) };
        let (lease, identity) = self.lease(&packets, identity)?;
        // The kernel lets nobody go who closes a packet socket before all processors have
        // looked away from it (synchronize_net), some 8 ms: not on the way of the boot.
        let closing = thread::Builder::new().spawn(move || drop(packets));
        drop(closing.map_err(|error| Failure::not_permitted("starting a thread", &error))?);
        let source = self.boot_source(client_port, identity, &lease)?;
        let resolver = Resolver::new(lease.dns.clone(), lease.domain.clone());
        let fetcher = Fetcher::new(resolver, self.budget.clone(), authorities);
        let asker = Asker {
            mac: self.job.mac,
            uuid: self.uuid(),
            label: self.job.label.clone().map(String::into_bytes),
            config_dir: self.job.config_dir.clone(),
        };
        let plan = match &self.job.kernel {
            Some(kernel) => self.direct_plan(kernel, &lease, source.as_ref())?,
            None if boot_source::says_local_disk(&lease) => {
                let action = Action::LocalBoot { kind: 0 };
                BootPlan { config: None, label: None, action }
            }
            None => {
                let source = source.as_ref().ok_or_else(|| site::no_boot_source(&lease))?;
                let site = site::Site { fetcher: &fetcher, asker: &asker, lease: &lease, source };
                match self.site_plan(&site, identity.class)? {
                    Some(plan) => plan,
                    None => return Ok(()),
                }
            }
        };
        self.report(&Report::Planned(Box::new(planned(&plan, source.as_ref()))))?;
        let Action::Kernel { kernel, initrds, .. } = &plan.action else { return Ok(()) };
        let Some(files) = self.files(initrds.len())? else { return Ok(()) };
        let fetched = images::fetch(&fetcher, kernel, initrds, &files, self.job.guest_type, self)?;
        self.report(&Report::Fetched(fetched))
    }

    /// A few at a time: a message is bounded, and a menu may be long.
    fn report_entries(&self, entries: &[ListedEntry]) -> Result<(), Failure> {
        for some in entries.chunks(ENTRIES_AT_ONCE) {
            self.report(&Report::Entries(some.to_vec()))?;
        }
        self.report(&Report::Entries(Vec::new()))
    }

    fn uuid(&self) -> Option<Uuid> {
        self.job.uuid.as_deref().and_then(Uuid::parse)
    }

    fn report(&self, report: &Report) -> Result<(), Failure> {
        self.line.say(report, &[]).map_err(|error| Failure::bug(format!("reporting: {error}")))
    }

    /// Gets the lease, and has its address put on the interface. A server that sends iPXE is asked
    /// again by iPXE, as that would: only then does it name its script.
    fn lease(
        &self,
        packets: &Socket,
        mut identity: Identity,
    ) -> Result<(Lease, Identity), Failure> {
        let wants = match (&self.job.kernel, self.job.client) {
            (Some(_), _) => Wants::Address,
            (None, ClientPolicy::Auto) => Wants::BootFileOrUrl,
            (None, ClientPolicy::Pxe | ClientPolicy::Http | ClientPolicy::Ipxe) => Wants::BootFile,
        };
        let mut lease = self.acquire(packets, identity, wants)?;
        let source = boot_source::of(&lease, None);
        if let Some(source) = source.filter(|source| source.program() == Program::Ipxe)
            && self.job.client == ClientPolicy::Auto
            && self.job.kernel.is_none()
        {
            let file = text::printable(&source.boot_file);
            self.say(Level::Step, &format!("the boot file {file} is iPXE: asking as iPXE"));
            identity.class = Class::Ipxe;
            lease = self.acquire(packets, identity, Wants::BootFile)?;
        }
        let Lease { address, prefix, router, server, .. } = lease;
        let time = text::duration(self.budget.spent());
        self.say(Level::Step, &format!("lease {address}/{prefix} from {server} after {time}"));
        self.report(&Report::Leased(Addresses { address, prefix, router }))?;
        match self.line.hear() {
            Ok((Instruction::Configured, _)) => Ok((lease, identity)),
            other => Err(Failure::bug(format!("instead of a network came {other:?}"))),
        }
    }

    fn acquire(
        &self,
        packets: &Socket,
        identity: Identity,
        wants: Wants,
    ) -> Result<Lease, Failure> {
        let Job { interface, network, .. } = self.job;
        acquire::acquire(packets, *interface, network, identity, wants, &self.budget, self)
    }

    /// The plan of a guest whose own config names the kernel: no config is looked for.
    fn direct_plan(
        &self,
        kernel: &str,
        lease: &Lease,
        source: Option<&BootSource>,
    ) -> Result<BootPlan, Failure> {
        let server = source.map_or(Server::Ip(lease.server), |source| source.server.clone());
        let locate = |name: &str| -> Result<Location, Failure> {
            pxelinux::resolve(&Prefix::default(), &server, name.as_bytes()).map_err(|error| {
                Failure::new(Reason::BadConfig, format!("the guest's kernel or ramdisk: {error}"))
            })
        };
        Ok(BootPlan {
            config: None,
            label: None,
            action: Action::Kernel {
                kernel: locate(kernel)?,
                initrds: self.job.ramdisk.as_deref().map(locate).transpose()?.into_iter().collect(),
                args: Vec::new(),
            },
        })
    }

    /// The files to fetch into; none when only the plan was wanted.
    fn files(&self, initrds: usize) -> Result<Option<Files>, Failure> {
        match self.line.hear() {
            Ok((Instruction::Fetch, descriptors)) if descriptors.len() == initrds + 1 => {
                let mut files = descriptors.into_iter().map(File::from);
                let kernel = files.next().ok_or_else(|| Failure::bug("no file for the kernel"))?;
                Ok(Some(Files { kernel, ramdisks: files.collect() }))
            }
            Err(ChannelError::Closed) => Ok(None),
            other => Err(Failure::bug(format!("instead of files came {other:?}"))),
        }
    }
}

fn first_class(policy: ClientPolicy) -> Class {
    match policy {
        ClientPolicy::Auto | ClientPolicy::Pxe => Class::Pxe,
        ClientPolicy::Http => Class::Http,
        ClientPolicy::Ipxe => Class::Ipxe,
    }
}

fn planned(plan: &BootPlan, source: Option<&BootSource>) -> Planned {
    Planned {
        server: source.map(|source| match &source.server {
            Server::Ip(address) => address.to_string(),
            Server::Name(name) => name.clone(),
        }),
        boot_file: source
            .map(|source| text::printable(&source.boot_file))
            .filter(|name| !name.is_empty()),
        config: plan.config.as_ref().map(Location::to_string),
        label: plan.label.clone(),
        action: match &plan.action {
            Action::Kernel { kernel, initrds, args } => PlannedAction::Kernel {
                kernel: kernel.to_string(),
                initrds: initrds.iter().map(Location::to_string).collect(),
                args: args.clone(),
            },
            Action::LocalBoot { kind } => PlannedAction::LocalBoot { kind: *kind },
        },
    }
}

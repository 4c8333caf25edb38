//! The privileged process: it sets the network up, starts the worker, waits, and answers.
//!
//! It reads nothing from the network. [`boot`] is the way of a boot from request to answer,
//! to be read from top to bottom.

pub mod conversation;
pub mod localboot;
pub mod process;
pub mod signals;

use serde_json::Value;

use std::os::fd::AsFd;

use crate::answer::{self, Answer};
use crate::budget::Budget;
use crate::console::{Console, Level, Say};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::guest::find::{self, Places};
use crate::images::Images;
use crate::link::Link;
use crate::plan::args::command_line;
use crate::plan::search::ListedEntry;
use crate::report;
use crate::request::{Order, Output, OutputFormat, Purpose, Request};
use crate::text;
use crate::worker::message::{
    Addresses, FetchedFile, Instruction, Job, Planned, PlannedAction, Report,
};
use conversation::{Conversation, checked_addresses, checked_plan};
use signals::Signals;

/// Who the worker is when nobody says: nobody.
const UNPRIVILEGED: u32 = 65534;

/// Carries out `request`; what it comes to is written where it was wanted.
///
/// # Errors
/// The [`Failure`] that ends the boot; nothing is left of it then.
pub fn boot(request: &Request, console: &Console) -> Result<(), Failure> {
    let budget = Budget::starting_now(request.deadline);
    for note in &request.notes {
        console.say(Level::Step, note);
    }
    let result = if request.order == Order::DiskNet && request.purpose == Purpose::Boot {
        match from_disk(request, &budget, console) {
            Ok(()) => return Ok(()),
            Err(NotFromDisk::Stopped(failure)) => Err(failure),
            Err(NotFromDisk::Nothing(why)) => {
                console.say(Level::Step, &format!("{why}: booting over the network"));
                from_network(request, &budget, console)
            }
        }
    } else {
        from_network(request, &budget, console)
    };
    if let Err(failure) = &result
        && (request.format == OutputFormat::Json || request.purpose == Purpose::DryRun)
    {
        // Whoever reads the JSON learns of the failure there; stderr has it in any case.
        let _ = console.result(format!("{}\n", report::failure(failure)).as_bytes());
    }
    result
}

fn from_network(request: &Request, budget: &Budget, console: &Console) -> Result<(), Failure> {
    let guest = find::find(request, &Places::default(), console)?;
    console.say(Level::Step, &introduction(&guest));
    let mut link = Link::open(&guest, request.net, budget, console)?;
    // From here on there is something to clear away.
    let signals = Signals::hold()?;
    let job = job(request, &guest, &link, budget, console);
    let mut worker = Conversation::begin(&mut link, job, &signals, budget, console)?;

    let plan = match heard_plan(&mut worker, &mut link)? {
        Heard::Entries(entries) => return show_entries(&entries, console),
        Heard::Plan(plan) => *plan,
    };
    let Plan { addresses, planned } = &plan;
    let config_args = match &planned.action {
        PlannedAction::Kernel { args, .. } => args.as_slice(),
        PlannedAction::LocalBoot { .. } => &[],
    };
    let args = command_line(config_args, &request.args, guest.guest_type)?;
    let report = report::Report {
        guest: Some(&guest),
        addresses: Some(*addresses),
        planned: Some(planned),
        args: &args,
    };
    if request.purpose == Purpose::DryRun {
        return show(&report.plan(), console);
    }
    tell_plan(planned, console);
    match &planned.action {
        PlannedAction::Kernel { initrds, .. } => {
            let made_directory = MadeDirectory::ensure(request)?;
            let images = Images::create(&request.directory, initrds.len())?;
            let fetched = fetch(&mut worker, &images)?;
            images.check(&fetched)?;
            signals.check()?;
            drop(worker);
            drop(link);
            let answer = Answer {
                kernel: images.kernel().to_owned(),
                ramdisk: images.ramdisk().map(Into::into),
                args: args.clone(),
            };
            let bytes = answer.encode(request.format, &report.result(&images, &fetched))?;
            answer::write(&bytes, &request.output, console)?;
            images.hand_over();
            made_directory.keep();
        }
        PlannedAction::LocalBoot { .. } => {
            drop(worker);
            drop(link);
            let found = localboot::boot(request, &guest, &signals, budget, console)?;
            let bytes = found.encode(request.format, &report.plan())?;
            answer::write(&bytes, &request.output, console)?;
        }
    }
    console.say(Level::Step, &format!("done in {}", text::duration(budget.spent())));
    Ok(())
}

/// Why the disk was not booted.
enum NotFromDisk {
    /// pygrub finds no system on it.
    Nothing(String),
    /// The boot is over.
    Stopped(Failure),
}

/// The first half of a BIOS's order: the disk, when there is a system on it.
fn from_disk(request: &Request, budget: &Budget, console: &Console) -> Result<(), NotFromDisk> {
    let signals = Signals::hold().map_err(NotFromDisk::Stopped)?;
    let found =
        localboot::look(request, &signals, budget, console).map_err(|failure| {
            match signals.check() {
                Ok(()) if !budget.is_over() => NotFromDisk::Nothing(failure.message),
                _ => NotFromDisk::Stopped(failure),
            }
        })?;
    let report = report::Report { args: &found.args, ..report::Report::default() };
    found
        .encode(request.format, &report.plan())
        .and_then(|bytes| answer::write(&bytes, &request.output, console))
        .map_err(NotFromDisk::Stopped)?;
    console
        .say(Level::Step, &format!("booting from disk after {}", text::duration(budget.spent())));
    Ok(())
}

fn introduction(guest: &Guest) -> String {
    let name = guest.name.as_deref().unwrap_or("a guest");
    let vlan = guest.vif.vlan.map(|vlan| format!(", VLAN {vlan}")).unwrap_or_default();
    format!("{name}: {} on {}{vlan} (from {})", guest.vif.mac, guest.vif.bridge, guest.source)
}

fn job(request: &Request, guest: &Guest, link: &Link, budget: &Budget, console: &Console) -> Job {
    let (kernel, ramdisk) = direct_kernel(request, console);
    Job {
        supervisor: std::process::id(),
        uid: request.runas.unwrap_or(UNPRIVILEGED),
        mac: guest.vif.mac,
        uuid: guest.uuid.map(|uuid| uuid.to_string()),
        network: guest.vif.bridge.clone(),
        interface: link.index(),
        label: request.label.clone(),
        config_dir: request.config_dir.clone(),
        kernel,
        ramdisk,
        list_entries: request.purpose == Purpose::ListEntries,
        budget_ms: u64::try_from(budget.left().as_millis()).unwrap_or(u64::MAX),
        level: console.level(),
    }
}

/// `kernel=` and `ramdisk=` of the guest's config count when they are URLs. A path there is
/// one in dom0 or on the guest's disk, left over from another way to boot.
fn direct_kernel(request: &Request, console: &Console) -> (Option<String>, Option<String>) {
    let url = |option: &str, value: &Option<String>| {
        let value = value.clone()?;
        if value.contains("://") {
            return Some(value);
        }
        console.say(Level::Step, &format!("{option}={value} is no URL and is ignored"));
        None
    };
    let kernel = url("kernel", &request.kernel);
    let ramdisk = url("ramdisk", &request.ramdisk);
    if kernel.is_none() && ramdisk.is_some() {
        console.say(Level::Step, "ramdisk= without a URL in kernel= is ignored");
    }
    (kernel, ramdisk)
}

struct Plan {
    addresses: Addresses,
    planned: Planned,
}

enum Heard {
    Plan(Box<Plan>),
    Entries(Vec<ListedEntry>),
}

/// Lease, then plan: anything else from the worker is a mistake, or worse.
fn heard_plan(worker: &mut Conversation<'_>, link: &mut Link) -> Result<Heard, Failure> {
    let Report::Leased(addresses) = worker.hear()? else { return Err(out_of_turn()) };
    link.configure(&checked_addresses(addresses)?)?;
    worker.tell(&Instruction::Configured, &[])?;
    match worker.hear()? {
        Report::Entries(entries) => Ok(Heard::Entries(all_entries(entries, worker)?)),
        Report::Planned(planned) => {
            Ok(Heard::Plan(Box::new(Plan { addresses, planned: checked_plan(*planned)? })))
        }
        _ => Err(out_of_turn()),
    }
}

fn all_entries(
    mut some: Vec<ListedEntry>,
    worker: &mut Conversation<'_>,
) -> Result<Vec<ListedEntry>, Failure> {
    let mut all = Vec::new();
    while !some.is_empty() {
        all.append(&mut some);
        let Report::Entries(more) = worker.hear()? else { return Err(out_of_turn()) };
        some = more;
    }
    Ok(all)
}

fn fetch(worker: &mut Conversation<'_>, images: &Images) -> Result<Vec<FetchedFile>, Failure> {
    let files: Vec<_> = images.files().map(AsFd::as_fd).collect();
    worker.tell(&Instruction::Fetch, &files)?;
    match worker.hear()? {
        Report::Fetched(fetched) => Ok(fetched),
        _ => Err(out_of_turn()),
    }
}

fn out_of_turn() -> Failure {
    Failure::bug("the worker spoke out of turn")
}

fn tell_plan(planned: &Planned, console: &Console) {
    let label =
        planned.label.as_deref().map(|label| format!("label {label}: ")).unwrap_or_default();
    let line = match &planned.action {
        PlannedAction::Kernel { kernel, initrds, .. } => match initrds.len() {
            0 => format!("{label}{kernel}"),
            1 => format!("{label}{kernel} and an initrd"),
            count => format!("{label}{kernel} and {count} initrds"),
        },
        PlannedAction::LocalBoot { .. } => format!("{label}boot from disk"),
    };
    console.say(Level::Step, &line);
}

fn show_entries(entries: &[ListedEntry], console: &Console) -> Result<(), Failure> {
    let mut lines = String::new();
    for entry in entries {
        let mark = if entry.default { '*' } else { ' ' };
        lines.push_str(&format!("{mark} {}\t{}\t{}\n", entry.label, entry.kernel, entry.title));
    }
    print(&lines, console)
}

fn show(value: &Value, console: &Console) -> Result<(), Failure> {
    print(&format!("{value}\n"), console)
}

fn print(text: &str, console: &Console) -> Result<(), Failure> {
    answer::write(text.as_bytes(), &Output::Stdout, console)
}

/// An output directory that had to be made, for callers who name none; it is taken away
/// again if the boot fails.
struct MadeDirectory<'a>(Option<&'a std::path::Path>);

impl<'a> MadeDirectory<'a> {
    fn ensure(request: &'a Request) -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        let directory = request.directory.as_path();
        if directory.is_dir() {
            return Ok(Self(None));
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(
            |error| Failure::not_permitted(&format!("making {}", directory.display()), &error),
        )?;
        Ok(Self(Some(directory)))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for MadeDirectory<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.0 {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

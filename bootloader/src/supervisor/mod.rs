//! The privileged process: it sets the network up, starts the worker, waits, and answers.
//!
//! It reads nothing from the network. [`boot`] is the way of a boot from request to answer,
//! to be read from top to bottom.

pub mod authorities;
pub mod conversation;
pub mod localboot;
pub mod made_directory;
pub mod menu;
pub mod process;
pub mod signals;
pub mod uid;

use serde_json::Value;

use std::os::fd::AsFd;

use crate::answer::{self, Answer};
use crate::budget::Budget;
use crate::console::{Console, Level, Say};
use crate::failure::{Failure, Reason};
use crate::guest::find::{self, Places};
use crate::guest::{Guest, GuestType};
use crate::images::Images;
use crate::limits::{MAX_ENTRIES, MAX_MENUS};
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
use localboot::{NoBoot, Setting};
use made_directory::MadeDirectory;
use signals::Signals;

/// Carries out `request`; what it comes to is written where it was wanted.
///
/// # Errors
/// The [`Failure`] that ends the boot; nothing is left of it then.
pub fn boot(request: &Request, console: &Console) -> Result<(), Failure> {
    let budget = Budget::starting_now(request.deadline);
    // From here on a signal is an event among others, so that what was made is cleared away.
    let signals = Signals::hold()?;
    for note in &request.notes {
        console.say(Level::Step, note);
    }
    let disk_first = request.order == Order::DiskNet && request.purpose != Purpose::ListEntries;
    let result = if disk_first {
        let setting = Setting { request, signals: &signals, budget: &budget, console };
        match from_disk(&setting) {
            Ok(()) => return Ok(()),
            Err(NoBoot::Failed(failure)) => Err(failure),
            Err(NoBoot::NothingThere(why)) => {
                console.say(Level::Step, &format!("{why}: booting over the network"));
                from_network(request, &signals, &budget, console)
            }
        }
    } else {
        from_network(request, &signals, &budget, console)
    };
    if let Err(failure) = &result
        && (request.format == OutputFormat::Json || request.purpose == Purpose::DryRun)
    {
        // Whoever reads the JSON learns of the failure there; stderr has it in any case.
        let _ = console.result(format!("{}\n", report::failure(failure)).as_bytes());
    }
    result
}

fn from_network(
    request: &Request,
    signals: &Signals,
    budget: &Budget,
    console: &Console,
) -> Result<(), Failure> {
    // Takes away what an ended child has left there, which must not end the search.
    signals.check()?;
    let guest = find::find(request, &Places::default(), signals.as_fd(), console);
    // Before the search's own failure: a signal is what ended it, then.
    signals.check()?;
    let guest = guest?;
    let authorities = authorities::open(request.ca.as_deref())?;
    console.say(Level::Step, &introduction(&guest));
    let mut link = Link::open(&guest, request.net, budget, &|| signals.check(), console)?;
    let mut job = job(request, &guest, &link, budget, console);
    job.authorities = authorities.as_ref().map(|authorities| authorities.name.clone());
    let mut worker =
        Conversation::begin(&mut link, job, authorities.as_ref(), signals, budget, console)?;

    let setting = Setting { request, signals, budget, console };
    let heard = heard_plan(&mut worker, &mut link, &setting);
    let plan = match heard.map_err(|failure| link.explain(failure))? {
        Heard::Entries(entries) => return show_entries(&entries, console),
        Heard::Plan(plan) => *plan,
    };
    let Plan { addresses, planned } = &plan;
    let config_args = match &planned.action {
        PlannedAction::Kernel { args, .. } => args.as_slice(),
        PlannedAction::LocalBoot { .. } => &[],
    };
    let args = command_line(config_args, &request.args, guest.guest_type)?;
    let mut report = report::Report {
        guest: Some(&guest),
        addresses: Some(*addresses),
        planned: Some(planned),
        args: Some(&args),
    };
    if request.purpose == Purpose::DryRun {
        worker.end(link);
        return show(&report.plan(), console);
    }
    tell_plan(planned, console);
    match &planned.action {
        PlannedAction::Kernel { initrds, .. } => {
            let made_directory = MadeDirectory::ensure(request)?;
            let images = Images::create(&request.directory, initrds.len())?;
            let fetched = fetch(&mut worker, &images).map_err(|failure| link.explain(failure))?;
            // Only what nobody can write to any more is worth a look.
            worker.end(link);
            images.check(&fetched)?;
            signals.check()?;
            let answer = Answer {
                kernel: images.kernel().to_owned(),
                ramdisk: images.ramdisk().map(Into::into),
                args: args.clone(),
            };
            let result = report.result(&answer, &fetched);
            let bytes = answer.encode(request.format, &result)?;
            answer::write(&bytes, &request.output, console)?;
            images.hand_over();
            made_directory.keep();
        }
        PlannedAction::LocalBoot { .. } => {
            worker.end(link);
            report.args = None;
            boot_disk(&setting, &report, guest.guest_type)?;
        }
    }
    console.say(Level::Step, &format!("done in {}", text::duration(budget.spent())));
    Ok(())
}

/// The first half of a BIOS's order: the disk, when there is a system on it. Anything but a
/// plain "nothing there" ends the boot: an installed guest must not be installed again because
/// something else is wrong.
fn from_disk(setting: &Setting<'_>) -> Result<(), NoBoot> {
    boot_disk(setting, &report::Report::default(), GuestType::Unknown)?;
    if setting.request.purpose == Purpose::Boot {
        let time = text::duration(setting.budget.spent());
        setting.console.say(Level::Step, &format!("booting from disk after {time}"));
    }
    Ok(())
}

/// Answers with what is on the disk; `report` is what is known of the boot besides.
fn boot_disk(
    setting: &Setting<'_>,
    report: &report::Report<'_>,
    guest_type: GuestType,
) -> Result<(), NoBoot> {
    let request = setting.request;
    let made_directory = MadeDirectory::ensure(request)?;
    let booted = localboot::boot(setting, guest_type)?;
    let report = report::Report { args: Some(&booted.answer.args), ..report.clone() };
    if request.purpose == Purpose::DryRun {
        return Ok(show(&report.plan(), setting.console)?);
    }
    let bytes = booted.answer.encode(request.format, &report.result(&booted.answer, &[]))?;
    answer::write(&bytes, &request.output, setting.console)?;
    booted.hand_over();
    made_directory.keep();
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
        uid: uid::choose(request.runas, guest.domid),
        mac: guest.vif.mac,
        guest_type: guest.guest_type,
        uuid: guest.uuid.map(|uuid| uuid.to_string()),
        network: guest.vif.bridge.clone(),
        interface: link.index(),
        label: request.label.clone(),
        config_dir: request.config_dir.clone(),
        kernel,
        ramdisk,
        menu: menu::is_possible(request),
        list_entries: request.purpose == Purpose::ListEntries,
        budget_ms: u64::try_from(budget.left().as_millis()).unwrap_or(u64::MAX),
        level: console.level(),
        authorities: None,
        client: request.client,
        sandbox: request.sandbox,
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
fn heard_plan(
    worker: &mut Conversation<'_>,
    link: &mut Link,
    setting: &Setting<'_>,
) -> Result<Heard, Failure> {
    let Setting { request, signals, budget, console } = *setting;
    let purpose = request.purpose;
    let Report::Leased(addresses) = worker.hear()? else { return Err(out_of_turn()) };
    link.configure(&checked_addresses(addresses)?)?;
    worker.tell(&Instruction::Configured, &[])?;
    let mut report = worker.hear()?;
    let mut menus = 0;
    while let Report::Menu(shown) = report {
        menus += 1;
        if !menu::is_possible(request) {
            return Err(out_of_turn());
        }
        // The clock stands still meanwhile, so there must be an end to them.
        if menus > MAX_MENUS {
            let why = format!("more than {MAX_MENUS} menus follow each other: use --menu=never");
            return Err(Failure::new(Reason::BadConfig, why));
        }
        menu::show(*shown, request, worker, signals, budget, console)?;
        report = worker.hear()?;
    }
    match report {
        // A worker that was taken over must not get text to where an answer is expected.
        Report::Entries(_) if purpose != Purpose::ListEntries => Err(out_of_turn()),
        Report::Planned(_) if purpose == Purpose::ListEntries => Err(Failure::new(
            Reason::NoConfig,
            "there are no entries to list: this guest boots without a PXELINUX config",
        )),
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
        if all.len() > MAX_ENTRIES {
            return Err(Failure::bug("the worker does not stop listing"));
        }
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
        let [label, kernel, title] = [&entry.label, &entry.kernel, &entry.title]
            .map(|text| text::printable(text.as_bytes()));
        lines.push_str(&format!("{mark} {label}\t{kernel}\t{title}\n"));
    }
    print(&lines, console)
}

fn show(value: &Value, console: &Console) -> Result<(), Failure> {
    print(&format!("{value}\n"), console)
}

fn print(text: &str, console: &Console) -> Result<(), Failure> {
    answer::write(text.as_bytes(), &Output::Stdout, console)
}

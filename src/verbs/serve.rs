//! `vmprov serve`: a provisioning network on one bridge, at once: DHCP for vmprov's guests, TFTP
//! and HTTP, until it is ended. dnsmasq and the HTTP server are processes of their own.
//!
//! - [`before`]: what must be so; [`setup`]: what is made, and gone after; [`systemd`]: a unit.
//! - [`known`]: the guests, and what those with a profile boot.
//! - [`run`](self::run): the loop that reads what they say.

mod before;
mod known;
mod setup;
mod systemd;

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::Here;
use crate::cli;
use crate::console::{Console, printable};
use crate::failure::Failure;
use crate::serve::events::{self, Guests};
use crate::serve::files;
use crate::serve::progress::{Meaning, Progress};
use known::Known;
use setup::Setup;

/// How often new guests are looked for.
const LOOK: Duration = Duration::from_secs(3);
/// How often it is told what guests have fetched of a mirror.
const SUMMARY: Duration = Duration::from_secs(30);

/// Runs the verb.
///
/// # Errors
/// Another server is there, something is taken or missing, or dnsmasq or the HTTP server ends.
pub fn run(args: &cli::Serve, here: Here<'_>) -> Result<(), Failure> {
    if args.systemd {
        return systemd::unit(args, here);
    }
    let setup = Setup::new(args, here)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("starting: {error}")))?;
    runtime.block_on(serve(&setup, args, here))
}

/// The process that serves files, which `serve` starts as somebody who is not root.
///
/// # Errors
/// As [`files::serve_standard_input`].
pub fn run_files(here: Here<'_>) -> Result<(), Failure> {
    files::serve_standard_input(*here.console)
}

async fn serve(setup: &Setup, args: &cli::Serve, here: Here<'_>) -> Result<(), Failure> {
    let hear = |kind| {
        signal(kind).map_err(|error| Failure::failed(format!("listening to signals: {error}")))
    };
    let mut interrupt = hear(SignalKind::interrupt())?;
    let mut terminate = hear(SignalKind::terminate())?;
    let mut hangup = hear(SignalKind::hangup())?;
    let mut known = Known::new(setup.served(&here.settings.media_dir));
    known.look(setup, None, here)?;
    if args.root.is_none() && !known.has_provisions() {
        here.console.note(
            "no guest here has a profile yet, and no ROOT was named: guests that are created with \
             --profile are served as they come",
        );
    }
    let (mut dnsmasq, mut log) = started(Command::from(setup.dnsmasq()), "dnsmasq")?;
    let (mut http, mut requests, control) = match setup.http()? {
        Some((command, control)) => {
            known.send(&control)?;
            let (child, lines) = started(Command::from(command), "the HTTP server")?;
            (Some(child), Some(lines), Some(control))
        }
        None => (None, None, None),
    };
    here.console.note(&setup.introduction());
    let mut look = tokio::time::interval(LOOK);
    let mut summary = tokio::time::interval(SUMMARY);
    let (mut trouble, mut progress, shares) =
        (String::new(), Progress::default(), setup.share_names());
    let ended = loop {
        tokio::select! {
            line = log.next_line() => match line {
                Ok(Some(line)) => {
                    if let Some(words) = tell_dnsmasq(&line, setup, &mut known.guests, here.console) {
                        trouble = words;
                    }
                }
                _ => break over("dnsmasq", &mut dnsmasq, &trouble).await,
            },
            line = next_line(&mut requests) => match line {
                Some(line) => tell_request(&line, setup, &known.guests, &mut progress, &shares, here)?,
                None => match &mut http {
                    Some(http) => break over("the HTTP server", http, "").await,
                    None => requests = None,
                },
            },
            _ = look.tick() => {
                setup.link_root()?;
                known.look(setup, control.as_ref(), here)?;
            }
            _ = summary.tick() => for line in progress.summary() {
                here.console.note(&printable(&line));
            },
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            _ = hangup.recv() => break Ok(()),
        }
    };
    for child in std::iter::once(&mut dnsmasq).chain(&mut http) {
        let _ = child.kill().await;
    }
    ended
}

type Said = Lines<BufReader<Box<dyn AsyncRead + Unpin>>>;

/// Starts a program; what it says comes line by line: dnsmasq's log is its standard error.
fn started(mut command: Command, name: &str) -> Result<(Child, Said), Failure> {
    let failure = |error: std::io::Error| Failure::failed(format!("starting {name}: {error}"));
    let is_dnsmasq = name == "dnsmasq";
    if is_dnsmasq {
        command.stderr(Stdio::piped()).stdout(Stdio::null()).stdin(Stdio::null());
    } else {
        command.stdout(Stdio::piped());
    }
    // A terminal's Ctrl-C is for us, who end it after that.
    let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(failure)?;
    let said: Option<Box<dyn AsyncRead + Unpin>> = if is_dnsmasq {
        child.stderr.take().map(|pipe| Box::new(pipe) as _)
    } else {
        child.stdout.take().map(|pipe| Box::new(pipe) as _)
    };
    let said = said.ok_or_else(|| Failure::failed(format!("a bug: {name} has no pipe")))?;
    Ok((child, BufReader::new(said).lines()))
}

/// Tells a line of dnsmasq's; gives back the words that may be the reason of its end.
fn tell_dnsmasq(
    line: &str,
    setup: &Setup,
    guests: &mut Guests,
    console: &Console,
) -> Option<String> {
    let event = events::read(line, setup.tree())?;
    if let Some(told) = guests.line(&event) {
        console.note(&told);
    }
    if let Some(told) = guests.detail(&event) {
        console.detail(&told);
    }
    match event {
        events::Event::Trouble(words) => Some(words),
        _ => None,
    }
}

fn tell_request(
    line: &str,
    setup: &Setup,
    guests: &Guests,
    progress: &mut Progress,
    shares: &[String],
    here: Here<'_>,
) -> Result<(), Failure> {
    let Some(told) = files::read(line) else { return Ok(()) };
    let who = match told.from {
        IpAddr::V4(address) => guests.at(address),
        IpAddr::V6(address) => address.to_string(),
    };
    match progress.request(&who, &told, shares) {
        Meaning::Line(line) => here.console.note(&printable(&line)),
        Meaning::Done { guest } => {
            setup.note_done(&guest)?;
            here.console.note(&format!("{guest}: its installer says that it is done"));
        }
        Meaning::Counted => {}
    }
    Ok(())
}

async fn next_line(requests: &mut Option<Said>) -> Option<String> {
    match requests {
        Some(lines) => lines.next_line().await.ok().flatten(),
        None => std::future::pending().await,
    }
}

/// It ended, though nobody wanted it to.
async fn over(name: &str, child: &mut Child, trouble: &str) -> Result<(), Failure> {
    let status = child.wait().await.map(|status| status.to_string()).unwrap_or_default();
    let why = if trouble.is_empty() { status } else { trouble.to_owned() };
    Err(Failure::failed(format!("{name} ended: {why}")))
}

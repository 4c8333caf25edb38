//! What somebody tells the supervisor who has taken the worker over: each time something that no
//! honest worker says, at the place where it would matter.
#![allow(unsafe_code)] // bytes on the channel that its own type would not send

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

use rpxeboot::console::Level;
use rpxeboot::failure::{Failure, Reason};
use rpxeboot::limits::{MAX_MESSAGE, MAX_RAMDISK_BYTES};
use rpxeboot::plan::search::ListedEntry;
use rpxeboot::worker::channel::ChannelError;
use rpxeboot::worker::message::{
    Addresses, FetchedFile, Instruction, Planned, PlannedAction, Report, ShownMenu,
};

use super::Line;

/// An escape sequence that would clear the administrator's terminal, and a line of its own.
const PAINT: &str = "\u{1b}[2J\u{1b}]0;pwned\u{7}\r\nrpxeboot: all is well\u{202e}";

/// Tells the lie of this name, and then waits for the end.
pub(crate) fn tell(name: &str, line: &Line, descriptors: Vec<OwnedFd>) {
    match name {
        "not-json" => raw(line, b"\x00\xff nothing of the kind"),
        "too-long" => raw(line, &vec![b'['; MAX_MESSAGE + 1]),
        "deep-json" => raw(line, &vec![b'['; MAX_MESSAGE]),
        "empty" => raw(line, b""),
        "silence" => {}
        "endless-lines" => while say(line, &Report::Line(Level::Step, "x".repeat(1000))) {},
        "painted-line" => {
            say(line, &Report::Line(Level::Step, PAINT.repeat(20)));
            raw(line, b"");
            return;
        }
        "painted-failure" => {
            let failure = Failure::new(Reason::Transfer, PAINT.repeat(1000));
            say(line, &Report::Failed(failure));
        }
        "descriptors" => {
            let own = [line.as_fd(); 17];
            // The kernel lets only so many be under way.
            while !matches!(
                line.say(&Report::Line(Level::Step, String::new()), &own),
                Err(ChannelError::Closed)
            ) {}
        }
        "loopback-lease" => lease(line, [127, 0, 0, 1], 8),
        "multicast-lease" => lease(line, [224, 0, 0, 1], 4),
        "prefix-99" => lease(line, [192, 168, 200, 9], 99),
        "plan-before-lease" => drop(say(line, &Report::Planned(Box::new(plan(1, "", b""))))),
        "fetched-before-plan" => drop(say(line, &Report::Fetched(Vec::new()))),
        "entries-unasked" => after_the_lease(line, &Report::Entries(Vec::new())),
        "endless-entries" => {
            let entry = ListedEntry {
                label: "a".to_owned(),
                kernel: String::new(),
                title: String::new(),
                default: false,
            };
            after_the_lease(line, &Report::Entries(vec![entry.clone()]));
            while say(line, &Report::Entries(vec![entry.clone(); 100])) {}
        }
        "opens-unasked" => after_the_lease(line, &Report::Opens(true)),
        "menu-unasked" => {
            let menu = ShownMenu {
                pages: Vec::new(),
                first: 0,
                hidden: false,
                may_edit: true,
                total_timeout: 0,
            };
            after_the_lease(line, &Report::Menu(Box::new(menu)));
        }
        "painted-label" => planned(line, plan(1, PAINT, b"")),
        "too-many-initrds" => planned(line, plan(17, "", b"")),
        "nul-in-args" => planned(line, plan(0, "", b"a\0kernel /etc/shadow")),
        "newline-in-args" => planned(line, plan(0, "", b"a\nb")),
        "long-args" => planned(line, plan(0, "", &[b'a'; 4000])),
        "nothing-fetched" => fetched(line, &[0], |_| {}),
        "bytes-that-are-not-there" => fetched(line, &[u64::MAX], |_| {}),
        "one-file-too-few" => fetched(line, &[], |files| write(&files[0], b"kernel")),
        "endless-kernel" => {
            drop(descriptors);
            fetched(line, &[6], |files| {
                // SAFETY: a signal disposition.
                unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
                let end = MAX_RAMDISK_BYTES + (2 << 20);
                assert!(files[0].write_all_at(b"kernel", end).is_err(), "beyond the limit");
                assert!(files[0].set_len(end).is_err(), "beyond the limit");
                write(&files[0], b"kernel");
            });
        }
        other => panic!("no such lie: {other}"),
    }
    thread::sleep(Duration::from_secs(60));
}

fn say(line: &Line, report: &Report) -> bool {
    line.say(report, &[]).is_ok()
}

fn raw(line: &Line, bytes: &[u8]) {
    let socket: BorrowedFd<'_> = line.as_fd();
    // SAFETY: the bytes are there for as long as the call takes.
    let sent = unsafe {
        libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
    };
    assert_eq!(sent, isize::try_from(bytes.len()).expect("small"), "on the channel");
}

fn lease(line: &Line, address: [u8; 4], prefix: u8) {
    let address = Ipv4Addr::from(address);
    say(line, &Report::Leased(Addresses { address, prefix, router: None }));
}

fn after_the_lease(line: &Line, report: &Report) {
    lease(line, [192, 168, 200, 177], 24);
    let configured = line.hear().expect("an instruction");
    assert_eq!(configured.0, Instruction::Configured);
    say(line, report);
}

fn plan(initrds: usize, label: &str, args: &[u8]) -> Planned {
    Planned {
        server: None,
        boot_file: None,
        config: None,
        label: Some(label.to_owned()),
        action: PlannedAction::Kernel {
            kernel: "tftp://192.168.200.1/vmlinuz".to_owned(),
            initrds: vec!["tftp://192.168.200.1/initrd.img".to_owned(); initrds],
            args: args.to_vec(),
        },
    }
}

fn planned(line: &Line, plan: Planned) {
    after_the_lease(line, &Report::Planned(Box::new(plan)));
}

/// A plan with a kernel alone, and what it is said to have come to.
fn fetched(line: &Line, sizes: &[u64], with: impl FnOnce(&[File])) {
    planned(line, plan(0, "", b""));
    let (instruction, descriptors) = line.hear().expect("an instruction");
    assert_eq!(instruction, Instruction::Fetch);
    let files: Vec<File> = descriptors.into_iter().map(File::from).collect();
    with(&files);
    let file =
        |bytes: &u64| FetchedFile { url: PAINT.to_owned(), bytes: *bytes, seconds: f64::MAX };
    say(line, &Report::Fetched(sizes.iter().map(file).collect()));
}

fn write(file: &File, bytes: &[u8]) {
    file.write_all_at(bytes, 0).expect("the file can be written");
}

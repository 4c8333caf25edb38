//! xenstored, without which a guest is not known: absent, silent, and gone in the middle of its
//! answer. Where the command line says which guest it is, the boot does without.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use netns_tests::xenstored::{Manner, PATH_VARIABLE, Xenstored};
use netns_tests::{End, Lab};

use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};

use super::{AT_ONCE, assert_right, server};

const UUID: &str = "8b3c1f0e-52d4-4d3a-9a51-0c6f7e2d9b11";
/// How long a silent store is waited for at most, once in a boot: half of its time, and never
/// more than 5 s, as docs/faults.md promises.
const DEADLINE: u64 = 6;
const PATIENCE: Duration = Duration::from_millis(DEADLINE * 1000 / 2);

/// A store's process that takes one request, sends `answer`, and is killed.
fn dies_after(lab: &Lab, answer: &'static [u8]) -> PathBuf {
    let socket = lab.directory("dying").join("socket");
    let listener = UnixListener::bind(&socket).expect("the store's socket");
    thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let mut request = [0; 64];
            let _ = client.read(&mut request);
            let _ = std::io::Write::write_all(&mut client, answer);
            // Its end closes the connection, as a process's death does.
        }
    });
    socket
}

/// Half a header; a header and half of what it announces.
const HALF_A_HEADER: &[u8] = &[2, 0, 0, 0, 1, 0];
const HALF_A_NAME: &[u8] = b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x08\0\0\0RK";

/// Boots against a store, with a MAC on the command line and without one.
fn store(
    row: &str,
    make: impl FnOnce(&Lab) -> (PathBuf, Option<Xenstored>) + Send,
    told: &str,
    longest: Duration,
) {
    Lab::run(|lab| {
        let (_server, images) = server(lab);
        let (socket, _store) = make(lab);
        let boot = |words: &[&str]| -> End {
            let words = words.iter().map(ToString::to_string);
            let boot = lab.boot().words(words).and([format!("--deadline={DEADLINE}")]);
            let end = boot.env(PATH_VARIABLE, &socket).run();
            assert!(end.console.contains(told), "{end}");
            assert!(end.took < longest, "{end}");
            end
        };
        assert_right(&boot(&["mac=00:16:3e:62:39:d3,bridge=xenbr0"]), &images);
        let end = boot(&[]);
        end.failed(18, &["xenstore has no name for the domain", "--mac="]);
        end.record("faults", &format!("xenstored {row}, MAC not given"));
    });
}

#[test]
fn no_xenstored() {
    let make = |lab: &Lab| (lab.directory("nobody").join("socket"), None);
    store("is not there", make, "domain 7 cannot be looked up in xenstore: No such file", PATIENCE);
}

#[test]
fn a_xenstored_that_was_killed_and_left_its_socket() {
    let make = |lab: &Lab| {
        let socket = lab.directory("dead").join("socket");
        drop(UnixListener::bind(&socket).expect("a socket"));
        (socket, None)
    };
    store(
        "was killed and left its socket",
        make,
        "cannot be looked up in xenstore: Connection refused",
        PATIENCE,
    );
}

#[test]
fn a_silent_xenstored() {
    let make = |lab: &Lab| {
        let values = Xenstored::guest(7, "RK", UUID, "pv");
        let store = Xenstored::start(lab, values, Manner::Silent);
        (store.socket().to_path_buf(), Some(store))
    };
    store("is silent", make, "xenstore does not answer", PATIENCE * 2);
}

#[test]
fn a_xenstored_that_dies_in_the_middle_of_a_header() {
    let make = |lab: &Lab| (dies_after(lab, HALF_A_HEADER), None);
    store("dies in the middle of a header", make, "cannot be looked up in xenstore: ", PATIENCE);
}

#[test]
fn a_xenstored_that_dies_in_the_middle_of_a_value() {
    let make = |lab: &Lab| (dies_after(lab, HALF_A_NAME), None);
    store("dies in the middle of a value", make, "cannot be looked up in xenstore: ", PATIENCE);
}

/// A store's process that hangs, with as many clients before it as it lets wait: connect(2) itself
/// does not come back any more.
#[test]
fn a_xenstored_that_hangs_with_clients_waiting() {
    let make = |lab: &Lab| {
        let path = lab.directory("hanging").join("socket");
        let new = || {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            socket(AddressFamily::Unix, SockType::Stream, flags, None).expect("a socket")
        };
        let address = UnixAddr::new(&path).expect("a path");
        let store = new();
        bind(store.as_raw_fd(), &address).expect("the store's socket");
        listen(&store, Backlog::new(1).expect("a small number")).expect("the store's socket");
        let mut clients = vec![store];
        loop {
            let client = new();
            if connect(client.as_raw_fd(), &address).is_err() {
                break;
            }
            clients.push(client);
        }
        assert!(clients.len() > 1, "nobody waits");
        // Open as long as this test's process lives.
        std::mem::forget(clients);
        (path, None)
    };
    store("hangs with clients waiting", make, "xenstore does not answer", PATIENCE * 2);
}

#[test]
fn a_signal_while_a_silent_xenstored_is_waited_for() {
    Lab::run(|lab| {
        let (_server, _) = server(lab);
        let values = Xenstored::guest(7, "RK", UUID, "pv");
        let store = Xenstored::start(lab, values, Manner::Silent);
        let boot = lab.boot().env(PATH_VARIABLE, store.socket()).start();
        boot.wait_until("its question", || !store.asked().is_empty());
        boot.signal(Signal::SIGTERM);
        let start = Instant::now();
        let end = boot.finish();
        assert!(start.elapsed() < AT_ONCE, "{end}");
        end.failed(16, &["stopped by SIGTERM"]);
        end.record("faults", "SIGTERM while a silent xenstored is waited for");
    });
}

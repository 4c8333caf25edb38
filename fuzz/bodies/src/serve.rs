//! A client of the process that serves files: its bytes as they come over the wire, and what it must
//! not get for them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, RwLock};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use vmprov::serve::control::{Guest, Served};
use vmprov::serve::files;

/// What is in the files of a guest that is another.
const SECRET: &str = "of another guest";
/// What stands in a file beside the directories that are served.
const OUTSIDE: &str = "[workspace.dependencies]";
/// Nobody has it: no guest's own files are for a client there.
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);

/// What is served, made once a process.
struct Server {
    runtime: Runtime,
    shared: files::Shared,
}

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Directories of this repository are what is served; what lies above them is not.
fn server() -> Server {
    let top = crate::seeds::repository("");
    let outside = fs::read(top.join("Cargo.toml")).expect("the repository is there");
    assert!(has(&outside, OUTSIDE));
    let secret = SECRET.to_owned();
    let guest = Guest {
        macs: vec!["00:16:3e:62:39:d3".parse().expect("a MAC")],
        files: BTreeMap::from([("ks.cfg".to_owned(), secret)]),
    };
    let served = Served {
        root: top.join("xen-configs"),
        media: top.join("profiles"),
        shares: BTreeMap::from([("debian".to_owned(), top.join("docs"))]),
        guests: BTreeMap::from([("RK".to_owned(), guest)]),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    Server { runtime, shared: Arc::new(RwLock::new(served)) }
}

/// Requests, as they come over the wire.
pub(crate) fn requests(bytes: &[u8]) {
    SERVER.with_borrow_mut(|kept| {
        let Server { runtime, shared } = kept.get_or_insert_with(server);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&lines);
        let router = files::router(shared, move |line: &str| {
            told.lock().expect("nobody panics").push(line.to_owned());
        });
        let from = SocketAddr::from((STRANGER, 4000));
        let answers = runtime.block_on(async {
            let (mut client, stream) = tokio::io::duplex(64 << 10);
            let serving = files::serve_client(stream, from, router);
            let asking = async {
                let mut answers = Vec::new();
                client.write_all(bytes).await.ok();
                client.shutdown().await.ok();
                client.read_to_end(&mut answers).await.ok();
                answers
            };
            tokio::join!(serving, asking).1
        });
        for secret in [SECRET, OUTSIDE, "root:x:0:0:"] {
            assert!(!has(&answers, secret), "{}", String::from_utf8_lossy(&answers));
        }
        let lines = lines.lock().expect("nobody panics");
        for line in lines.iter() {
            crate::assert_shown(line);
            let told = files::read(line).unwrap_or_else(|| panic!("{line:?} cannot be read"));
            assert_eq!(told.from, STRANGER);
            let is_a_guests = told.path.starts_with("/guests/");
            assert!(!(is_a_guests && told.status < 300), "{line}");
            assert!((200..600).contains(&told.status), "{line}");
        }
        // Each request that was answered was told.
        let heads = answers.windows(9).filter(|window| window == b"HTTP/1.1 ").count();
        assert!(heads <= lines.len() + 1, "{heads} answers, {} lines", lines.len());
    });
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

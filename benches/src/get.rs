//! rpxeboot's own fetching, as a program: what the worker does with one file, and nothing else.

use std::fs::File;
use std::net::Ipv4Addr;
use std::time::Duration;

use pxelinux::{Location, Server};
use rpxeboot::budget::Budget;
use rpxeboot::fetch::names::Resolver;
use rpxeboot::fetch::sink::Disk;
use rpxeboot::fetch::{Fetcher, Pace, Progress};

/// The largest file here.
const LIMIT: u64 = 1 << 30;

/// Fetches `PROTOCOL SERVER NAME` into a file.
pub fn get(protocol: &str, server: &str, name: &str, to: &str) -> Result<(), String> {
    let location = match protocol {
        "http" => Location::Http { url: format!("http://{server}/{name}") },
        _ => {
            let address: Ipv4Addr = server.parse().map_err(|error| format!("{server}: {error}"))?;
            Location::Tftp { server: Server::Ip(address), port: 69, path: name.as_bytes().to_vec() }
        }
    };
    let file = File::create(to).map_err(|error| format!("{to}: {error}"))?;
    let budget = Budget::starting_now(Duration::from_secs(60));
    let fetcher = Fetcher::new(Resolver::new(Vec::new(), None), budget, None);
    fetcher
        .fetch(&location, &mut Disk::new(&file, 0), LIMIT, Pace::Needed, &Progress::default())
        .map(drop)
        .map_err(|error| error.to_string())
}

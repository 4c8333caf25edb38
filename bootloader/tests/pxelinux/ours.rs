//! What rpxeboot does with a tree: its own search and plan, over files in memory.

use std::collections::BTreeMap;

use pxelinux::{Location, Server, Uuid};
use rpxeboot::console::{Level, Say};
use rpxeboot::fetch::FetchError;
use rpxeboot::guest::MacAddr;
use rpxeboot::lease::reply::Reply;
use rpxeboot::lease::{Lease, boot_source};
use rpxeboot::plan::person::Nobody;
use rpxeboot::plan::search::{Asker, Search};
use rpxeboot::plan::{Action, Library};

use crate::trees::Tree;

/// What the network of the trees is like: QEMU's.
const GUEST: [u8; 4] = [10, 0, 2, 15];
const SERVER: [u8; 4] = [10, 0, 2, 2];
const MAC: &str = "52:54:00:12:34:56";

/// What rpxeboot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ours {
    /// It boots this kernel and these initrds (names on the wire) with this line.
    Kernel { names: Vec<Vec<u8>>, line: Vec<u8> },
    /// It boots from disk.
    Disk,
    /// It refuses.
    Refuses(String),
}

pub(crate) fn ours(tree: &Tree) -> Ours {
    let uuid = tree.settings.get("uuid").map(|text| Uuid::parse(text).expect("a UUID"));
    let mac: MacAddr = tree.settings.get("mac").map_or(MAC, String::as_str).parse().expect("a MAC");
    let asker = Asker { mac, uuid, label: None, config_dir: None };
    let lease = lease(tree, mac);
    let source = boot_source::of(&lease, None).expect("a boot file");
    let files = Files(&tree.files);
    let search = Search::new(&files, &Silence, &Nobody, &asker, &lease, &source);
    match search.and_then(|search| search.plan()) {
        Ok(plan) => match plan.action {
            Action::LocalBoot { .. } => Ours::Disk,
            Action::Kernel { kernel, initrds, args } => Ours::Kernel {
                names: std::iter::once(&kernel).chain(&initrds).map(on_the_wire).collect(),
                line: args,
            },
        },
        Err(failure) => Ours::Refuses(failure.message),
    }
}

/// A lease as QEMU's DHCP server gives it.
fn lease(tree: &Tree, mac: MacAddr) -> Lease {
    let mut packet = vec![0; 236];
    packet[..4].copy_from_slice(&[2, 1, 6, 0]);
    packet[16..20].copy_from_slice(&GUEST);
    packet[20..24].copy_from_slice(&SERVER);
    packet[28..34].copy_from_slice(&mac.octets());
    packet.extend([99, 130, 83, 99]);
    let setting = |name: &str| tree.settings.get(name).map(|value| value.as_bytes().to_vec());
    let boot_file = setting("boot-file").unwrap_or_else(|| b"pxelinux.0".to_vec());
    let options = [
        (53, Some(vec![5])),
        (54, Some(SERVER.to_vec())),
        (1, Some(vec![255, 255, 255, 0])),
        (3, Some(SERVER.to_vec())),
        (67, Some(boot_file)),
        (209, setting("option-209")),
        (210, setting("option-210")),
    ];
    for (code, value) in options {
        if let Some(value) = value {
            packet.push(code);
            packet.push(u8::try_from(value.len()).expect("a short option"));
            packet.extend(value);
        }
    }
    packet.push(255);
    Lease::new(Reply::decode(&packet).expect("a reply"), SERVER.into(), None)
}

struct Files<'a>(&'a BTreeMap<String, Vec<u8>>);

impl Library for Files<'_> {
    fn read(&self, location: &Location) -> Result<Vec<u8>, FetchError> {
        let name = String::from_utf8_lossy(&on_the_wire(location)).into_owned();
        // As every server finds it.
        let name = name.replace("//", "/");
        let bytes = self.0.get(&name).filter(|bytes| !bytes.is_empty());
        bytes.cloned().ok_or(FetchError::NotFound(name))
    }

    fn has(&self, location: &Location) -> Result<bool, FetchError> {
        Ok(self.read(location).is_ok())
    }
}

struct Silence;

impl Say for Silence {
    fn hears(&self, _: Level) -> bool {
        false
    }

    fn say(&self, _: Level, _: &str) {}
}

fn on_the_wire(location: &Location) -> Vec<u8> {
    match location {
        Location::Tftp { server: Server::Ip(server), path, .. } if server.octets() == SERVER => {
            path.clone()
        }
        elsewhere => elsewhere.to_string().into_bytes(),
    }
}

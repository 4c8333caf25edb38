//! A bridge with an address, and NAT for its guests: by `ip` and nftables' `nft`, as commands that
//! can be shown, with the commands that take them back.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::failure::Failure;
use crate::files::{read, whole};
use crate::host::program;
use crate::serve::engine::Interface;

/// Where it is noted what was made: it does not outlive the host's next start either.
pub const RUN: &str = "/run/vmprov";
/// Whether this host passes packets on.
const FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// A command: its program and its words.
pub type Words = Vec<String>;

/// What is made, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The bridge.
    pub bridge: String,
    /// This host's address, if the bridge is made.
    pub address: Option<Interface>,
    /// The network whose packets are sent on behind this host's address.
    pub nat: Option<Interface>,
    /// Whether passing packets on is turned on for it, and off again after it.
    pub forwards: bool,
    /// Whether it ends with a `vmprov serve`.
    #[serde(default)]
    pub is_of_serve: bool,
}

impl Network {
    /// A network that is to be made on this host.
    ///
    /// # Errors
    /// The bridge cannot have that name, or is there already.
    pub fn new(
        bridge: &str,
        address: Option<Interface>,
        nat: Option<Interface>,
    ) -> Result<Self, Failure> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if bridge.is_empty() || bridge.len() > 15 || !bridge.chars().all(fits) {
            return Err(Failure::usage(format!(
                "{bridge:?} cannot be a bridge's name: up to 15 letters, digits and . _ -"
            )));
        }
        if address.is_some() && nix::net::if_::if_nametoindex(bridge).is_ok() {
            return Err(Failure::refused(format!(
                "there is an interface {bridge} already: take another name, or what is there"
            )));
        }
        let is_off = || std::fs::read_to_string(FORWARD).is_ok_and(|text| text.trim() == "0");
        let forwards = nat.is_some() && is_off();
        Ok(Self { bridge: bridge.to_owned(), address, nat, forwards, is_of_serve: false })
    }

    /// What makes it.
    #[must_use]
    pub fn commands(&self) -> Vec<Words> {
        let mut all = Vec::new();
        let bridge = &self.bridge;
        if let Some(Interface { address, prefix }) = self.address {
            all.push(words(&format!("ip link add {bridge} type bridge")));
            all.push(words(&format!("ip address add {address}/{prefix} dev {bridge}")));
            all.push(words(&format!("ip link set {bridge} up")));
        }
        if let Some(nat) = self.nat {
            let (table, network) = (self.table(), format!("{}/{}", nat.network(), nat.prefix));
            let rules = [
                format!("add table ip {table}"),
                format!(
                    "add chain ip {table} out {{ type nat hook postrouting priority srcnat ; }}"
                ),
                format!(
                    "add rule ip {table} out ip saddr {network} oifname != {bridge} masquerade"
                ),
                format!(
                    "add chain ip {table} pass {{ type filter hook forward priority filter ; }}"
                ),
                format!("add rule ip {table} pass iifname {bridge} accept"),
                // Nobody outside reaches a guest that did not begin it.
                format!(
                    "add rule ip {table} pass oifname {bridge} ct state established,related accept"
                ),
                format!("add rule ip {table} pass oifname {bridge} drop"),
            ];
            all.extend(rules.iter().map(|rule| words(&format!("nft {rule}"))));
        }
        if self.forwards {
            all.push(words("sysctl -q -w net.ipv4.ip_forward=1"));
        }
        all
    }

    /// What takes it back.
    #[must_use]
    pub fn undo(&self) -> Vec<Words> {
        let mut all = Vec::new();
        if self.forwards {
            all.push(words("sysctl -q -w net.ipv4.ip_forward=0"));
        }
        if self.nat.is_some() {
            all.push(words(&format!("nft delete table ip {}", self.table())));
        }
        if self.address.is_some() {
            all.push(words(&format!("ip link delete {}", self.bridge)));
        }
        all
    }

    /// Makes it, and notes that down first.
    ///
    /// # Errors
    /// A command fails; then those before it are taken back.
    pub fn make(&self, console: &Console) -> Result<(), Failure> {
        let note = note(&self.bridge);
        let text = serde_json::to_string(self)
            .map_err(|error| Failure::failed(format!("a bug in vmprov: no JSON: {error}")))?;
        std::fs::create_dir_all(RUN)
            .map_err(|error| Failure::io("making", Path::new(RUN), &error))?;
        if note.exists() {
            return Err(Failure::refused(format!(
                "{} was made by vmprov before: `vmprov net delete {}` takes it away",
                self.bridge, self.bridge
            )));
        }
        whole::create(&note, text.as_bytes(), 0o644)?;
        for command in self.commands() {
            if let Err(failure) = run(&command, console) {
                self.take_away(console);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Takes all of it away that is there. Where another network of vmprov's still needs packets to
    /// be passed on, it is that one's to end it.
    pub fn take_away(&self, console: &Console) {
        let mut last = Self::noted(&self.bridge).ok().flatten().unwrap_or_else(|| self.clone());
        if last.forwards && hand_on(&last.bridge) {
            last.forwards = false;
        }
        for command in last.undo() {
            if let Err(failure) = run(&command, console) {
                console.detail(&failure.message);
            }
        }
        let _ = std::fs::remove_file(note(&self.bridge));
        // It may have others'.
        let _ = std::fs::remove_dir(RUN);
    }

    /// What vmprov made on this bridge, if it did.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn noted(bridge: &str) -> Result<Option<Self>, Failure> {
        let path = note(bridge);
        match read::small(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Failure::failed(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io("reading", &path, &error)),
        }
    }

    /// nftables knows no dots and dashes in names.
    fn table(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        format!("vmprov_{}", self.bridge.chars().map(plain).collect::<String>())
    }
}

/// Lets another network end the passing on of packets; says whether there is one.
fn hand_on(bridge: &str) -> bool {
    let entries = std::fs::read_dir(RUN).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let others = names.filter_map(|name| {
        let other = name.strip_prefix("net-")?.strip_suffix(".json")?.to_owned();
        Network::noted(&other).ok()?.filter(|other| other.bridge != bridge && other.nat.is_some())
    });
    others.into_iter().any(|mut other| {
        other.forwards = true;
        let text = serde_json::to_string(&other).unwrap_or_default();
        std::fs::write(note(&other.bridge), text).is_ok()
    })
}

fn note(bridge: &str) -> PathBuf {
    Path::new(RUN).join(format!("net-{}.json", bridge.replace('/', "_")))
}

fn words(line: &str) -> Words {
    line.split(' ').map(str::to_owned).collect()
}

fn run(words: &Words, console: &Console) -> Result<(), Failure> {
    let (name, rest) = words.split_first().ok_or_else(|| Failure::failed("a bug: no command"))?;
    let package = match name.as_str() {
        "nft" => "nftables",
        "sysctl" => "procps",
        _ => "iproute2",
    };
    let program = program::find(name)
        .ok_or_else(|| Failure::failed(format!("{name} is not installed (Debian: {package})")))?;
    let mut command = Command::new(program);
    command.args(rest);
    program::run_well(command, console).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_made_is_taken_back() {
        let interface = Interface { address: [192, 168, 200, 1].into(), prefix: 24 };
        let network = Network {
            bridge: "lab-0".into(),
            address: Some(interface),
            nat: Some(interface),
            forwards: true,
            is_of_serve: false,
        };
        let lines = |all: Vec<Words>| all.iter().map(|words| words.join(" ")).collect::<Vec<_>>();
        let made = lines(network.commands());
        assert_eq!(made[0], "ip link add lab-0 type bridge");
        assert!(made[5].contains("vmprov_lab_0 out ip saddr 192.168.200.0/24 oifname != lab-0"));
        assert_eq!(
            lines(network.undo()),
            [
                "sysctl -q -w net.ipv4.ip_forward=0",
                "nft delete table ip vmprov_lab_0",
                "ip link delete lab-0"
            ]
        );
        let alone = Network { nat: None, forwards: false, ..network };
        assert_eq!((alone.commands().len(), alone.undo().len()), (3, 1));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for name in ["", "a b", "a/b", "../x", "sixteen-letters-"] {
            assert!(Network::new(name, None, None).is_err(), "{name:?}");
        }
        let lo = Some(Interface { address: [10, 0, 0, 1].into(), prefix: 24 });
        assert!(Network::new("lo", lo, None).unwrap_err().message.contains("already"));
    }
}

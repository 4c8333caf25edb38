//! What dnsmasq's log says of a guest: `dnsmasq-dhcp: DHCPACK(xenbr0) ADDRESS MAC [NAME]`,
//! `dnsmasq-tftp: sent FILE to ADDRESS` and the like (rfc2131.c, tftp.c of dnsmasq 2.90).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::values::Mac;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody got an address.
    Leased {
        /// Who.
        mac: Mac,
        /// The address.
        address: Ipv4Addr,
    },
    /// Somebody was passed over: no guest of ours.
    Ignored {
        /// Who.
        mac: Mac,
    },
    /// A file was sent.
    Sent {
        /// Its name below the root.
        file: String,
        /// To whom.
        address: Ipv4Addr,
    },
    /// A file was asked for that is not there: a usual thing while a config is looked for.
    Missing {
        /// Its name below the root.
        file: String,
        /// By whom.
        address: Ipv4Addr,
    },
    /// What an administrator should see as it is.
    Trouble(String),
}

/// How lines begin that are of no interest.
const ORDINARY: [&str; 6] =
    ["started", "compile time", "reading ", "using ", "cleared cache", "no servers found in"];

/// What a line of the log says; none if it is of no interest. `root` is the TFTP server's.
#[must_use]
pub fn read(line: &str, root: &Path) -> Option<Event> {
    // Before it stand the time and the process, when it is written as to a file.
    let (_, line) = line.trim_end().split_once("dnsmasq")?;
    let (who, said) = line.split_once(": ")?;
    match who.split('[').next()? {
        "-dhcp" => dhcp(said),
        "-tftp" => tftp(said, root),
        // Its words on its start, and on where it takes names from.
        "" if !ORDINARY.iter().any(|start| said.starts_with(start)) => {
            Some(Event::Trouble(said.to_owned()))
        }
        _ => None,
    }
}

fn dhcp(said: &str) -> Option<Event> {
    let mut words = said.split(' ');
    let verb = words.next()?.split('(').next()?;
    match verb {
        "DHCPACK" => {
            let (address, mac) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some(Event::Leased { mac, address })
        }
        "DHCPDISCOVER" if said.ends_with(" ignored") => {
            // With an address before it, when one was asked for.
            let mac = words.find_map(|word| word.parse().ok())?;
            Some(Event::Ignored { mac })
        }
        "DHCPDISCOVER" | "DHCPREQUEST" if said.contains(" no address") => {
            Some(Event::Trouble(said.to_owned()))
        }
        "DHCPNAK" => Some(Event::Trouble(said.to_owned())),
        _ => None,
    }
}

fn tftp(said: &str, root: &Path) -> Option<Event> {
    let below = |file: &str| {
        let file = Path::new(file);
        file.strip_prefix(root).unwrap_or(file).display().to_string()
    };
    if let Some(rest) = said.strip_prefix("sent ") {
        let (file, address) = rest.rsplit_once(" to ")?;
        return Some(Event::Sent { file: below(file), address: address.parse().ok()? });
    }
    if let Some(rest) = said.strip_prefix("file ") {
        let (file, address) = rest.rsplit_once(" not found for ")?;
        return Some(Event::Missing { file: below(file), address: address.parse().ok()? });
    }
    // rpxeboot, as PXELINUX, breaks a transfer off that only was to tell a size.
    if said.starts_with("TFTP root") || said.contains("received from") {
        return None;
    }
    Some(Event::Trouble(format!("TFTP: {said}")))
}

/// Who has which name and address.
#[derive(Debug, Clone, Default)]
pub struct Guests {
    names: BTreeMap<Mac, String>,
    addresses: BTreeMap<Ipv4Addr, Mac>,
}

impl Guests {
    /// Makes a guest known; says whether it is new.
    pub fn know(&mut self, mac: Mac, name: &str) -> bool {
        self.names.insert(mac, name.to_owned()).as_deref() != Some(name)
    }

    /// The event as a line, with the guest's name; none if only details are in it.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Leased { mac, address } => {
                self.addresses.insert(*address, *mac);
                Some(format!("{}: lease {address}", self.name(*mac)))
            }
            Event::Sent { file, address } => Some(format!("{}: sent {file}", self.at(*address))),
            Event::Trouble(words) => Some(words.clone()),
            Event::Ignored { .. } | Event::Missing { .. } => None,
        }
    }

    /// The same, with the details.
    pub fn detail(&self, event: &Event) -> Option<String> {
        match event {
            Event::Ignored { mac } => Some(format!("{mac}: no guest of ours, passed over")),
            Event::Missing { file, address } => Some(format!("{}: no {file}", self.at(*address))),
            _ => None,
        }
    }

    /// Who has this address, for people.
    #[must_use]
    pub fn at(&self, address: Ipv4Addr) -> String {
        self.addresses.get(&address).map_or_else(|| address.to_string(), |mac| self.name(*mac))
    }

    fn name(&self, mac: Mac) -> String {
        self.names.get(&mac).cloned().unwrap_or_else(|| mac.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: &str = "00:16:3e:62:39:d3";

    fn event(line: &str) -> Option<Event> {
        read(line, Path::new("/srv/tftp"))
    }

    #[test]
    fn dnsmasqs_lines() {
        let mac: Mac = MAC.parse().unwrap();
        let address = Ipv4Addr::new(192, 168, 200, 177);
        let table = [
            (
                "dnsmasq-dhcp: DHCPACK(xenbr0) 192.168.200.177 00:16:3e:62:39:d3 RK",
                Some(Event::Leased { mac, address }),
            ),
            (
                "dnsmasq-dhcp: DHCPDISCOVER(xenbr0) 00:16:3e:62:39:d3 ignored",
                Some(Event::Ignored { mac }),
            ),
            ("dnsmasq-dhcp: DHCPDISCOVER(xenbr0) 00:16:3e:62:39:d3", None),
            (
                "Nov 23 15:20:01 dnsmasq-tftp[812]: sent /srv/tftp/a b to 192.168.200.177",
                Some(Event::Sent { file: "a b".into(), address }),
            ),
            (
                "dnsmasq-tftp: sent /srv/tftp/vmlinuz to 192.168.200.177",
                Some(Event::Sent { file: "vmlinuz".into(), address }),
            ),
            (
                "dnsmasq-tftp: file /srv/tftp/pxelinux.cfg/C0 not found for 192.168.200.177",
                Some(Event::Missing { file: "pxelinux.cfg/C0".into(), address }),
            ),
            ("dnsmasq-tftp: error 8 User aborted the transfer received from 192.168.200.177", None),
            ("dnsmasq: started, version 2.90 DNS disabled", None),
            ("dnsmasq: reading /etc/resolv.conf", None),
            ("dnsmasq: using nameserver 10.0.0.1#53", None),
            (
                "dnsmasq: failed to bind DHCP server socket: Address already in use",
                Some(Event::Trouble(
                    "failed to bind DHCP server socket: Address already in use".into(),
                )),
            ),
            ("", None),
            ("dnsmasq-dhcp: DHCPACK(xenbr0)", None),
        ];
        for (line, expected) in table {
            assert_eq!(event(line), expected, "{line:?}");
        }
    }

    #[test]
    fn lines_name_the_guest() {
        let mac: Mac = MAC.parse().unwrap();
        let mut guests = Guests::default();
        assert!(guests.know(mac, "RK") && !guests.know(mac, "RK"));
        let lease = event("dnsmasq-dhcp: DHCPACK(xenbr0) 192.168.200.177 00:16:3e:62:39:d3");
        assert_eq!(guests.line(&lease.unwrap()).unwrap(), "RK: lease 192.168.200.177");
        let sent = event("dnsmasq-tftp: sent /srv/tftp/vmlinuz to 192.168.200.177").unwrap();
        assert_eq!(guests.line(&sent).unwrap(), "RK: sent vmlinuz");
        let missing = event("dnsmasq-tftp: file /srv/tftp/x not found for 192.168.200.9").unwrap();
        assert_eq!(guests.line(&missing), None);
        assert_eq!(guests.detail(&missing).unwrap(), "192.168.200.9: no x");
    }
}

//! The other side of the wire: what a DHCP server and a TFTP server need to know so that a guest
//! boots. Texts to paste, for the servers that a site has; pure.

pub mod dhcp;
pub mod tree;

use std::net::Ipv4Addr;

use clap::ValueEnum;
use pxelinux::Uuid;
use serde::Serialize;

use crate::values::Mac;

/// A DHCP server that an administrator may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// dnsmasq, which can serve the files as well.
    Dnsmasq,
    /// ISC's dhcpd.
    IscDhcpd,
    /// ISC's Kea.
    Kea,
    /// OpenWrt's configuration of its dnsmasq.
    OpenwrtUci,
}

/// A guest, as the servers have to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub guest: String,
    /// Its first interface.
    pub mac: Mac,
    /// Its UUID, if its config says one.
    pub uuid: Option<Uuid>,
    /// The address that it is to have; none leaves that to the server.
    pub address: Option<Ipv4Addr>,
    /// Where the files are; none for a DHCP server that serves them itself.
    pub tftp_server: Option<Ipv4Addr>,
    /// What to boot; none if the site's tree has it already.
    pub boot: Option<Boot>,
}

/// What to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// The label's name.
    pub label: String,
    /// A path below the TFTP server's root, or a URL.
    pub kernel: String,
    /// Likewise.
    pub initrds: Vec<String>,
    /// The kernel's command line.
    pub append: Option<String>,
}

/// A text, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// Its name in a directory of such texts.
    pub path: String,
    /// Where it goes, for people.
    pub place: String,
    /// The text.
    pub text: String,
}

/// A config that the guest asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Below the TFTP server's root.
    pub name: String,
    /// How it is made.
    pub how: String,
}

/// Why a word cannot be given to a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// A line of a server's config, or of a PXELINUX config, ends at these.
    #[error("{option} cannot have a line end or another control character in it")]
    Control {
        /// The option.
        option: &'static str,
    },
    /// PXELINUX cuts words at blanks, and knows no quotes.
    #[error("{option} {value:?} cannot have a blank in it: PXELINUX cuts it there")]
    Blank {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
    },
    /// Only a dnsmasq that serves the files names itself.
    #[error("--server=ADDRESS is needed: {kind} must be told where the TFTP server is")]
    NoServer {
        /// The DHCP server.
        kind: &'static str,
    },
}

/// The boot file's name. It is never fetched by rpxeboot, which only looks where it is; a real
/// machine's PXE firmware would.
pub const BOOT_FILE: &str = "pxelinux.0";

impl Site {
    /// All texts for a site with this DHCP server.
    ///
    /// # Errors
    /// Something is missing, or cannot be written in a server's language.
    pub fn snippets(&self, kind: ServerKind) -> Result<Vec<Snippet>, SiteError> {
        let mut snippets = vec![dhcp::snippet(self, kind)?];
        if let Some(boot) = &self.boot {
            snippets.push(tree::config(self, boot)?);
        }
        Ok(snippets)
    }

    /// The guest's name, if a DHCP server may give it to the guest (RFC 1123, section 2.1).
    #[must_use]
    pub fn hostname(&self) -> Option<&str> {
        hostname(&self.guest)
    }
}

/// A name, if DHCP may give it to a machine (RFC 1123, section 2.1).
#[must_use]
pub fn hostname(name: &str) -> Option<&str> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_name = name.len() <= 253 && name.split('.').all(is_label);
    is_name.then_some(name)
}

#[cfg(test)]
pub(crate) fn example() -> Site {
    Site {
        guest: "RK".to_owned(),
        mac: "00:16:3e:62:39:d3".parse().unwrap(),
        uuid: Uuid::parse("01234567-89ab-4def-8123-456789abcdef"),
        address: Some(Ipv4Addr::new(192, 168, 200, 177)),
        tftp_server: Some(Ipv4Addr::new(192, 168, 200, 1)),
        boot: Some(Boot {
            label: "install".to_owned(),
            kernel: "vmlinuz".to_owned(),
            initrds: vec!["initrd.img".to_owned()],
            append: Some("ks=nfs:192.168.200.1:/ks/rk.cfg console=hvc0".to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_name_is_given_as_one() {
        let named = |guest: &str| {
            let site = Site { guest: guest.to_owned(), ..example() };
            site.hostname().map(str::to_owned)
        };
        assert_eq!(named("RK").as_deref(), Some("RK"));
        assert_eq!(named("web-1.example.org").as_deref(), Some("web-1.example.org"));
        for guest in ["a_b", "-a", "a-", "a..b", "a b", "ä", ""] {
            assert_eq!(named(guest), None, "{guest:?}");
        }
    }
}

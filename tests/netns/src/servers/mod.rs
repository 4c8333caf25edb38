//! The servers that an administrator has, each with the smallest configuration that does
//! the job, written into the lab and started on one of its machines.

pub mod dhcpd;
pub mod dnsmasq;
pub mod http;
pub mod kea;
pub mod nginx;
pub mod tftp;

/// What a DHCP server says to the guest: its lease, and what is in it for booting.
/// `None` everywhere else leaves that out of the answer.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The BOOTP field siaddr.
    pub next_server: Option<String>,
    /// The BOOTP field file.
    pub file: Option<String>,
    /// The BOOTP field sname.
    pub server_name: Option<String>,
    /// Option 66.
    pub option_66: Option<String>,
    /// Option 67.
    pub option_67: Option<String>,
    /// Option 209 (RFC 5071), the config file.
    pub option_209: Option<String>,
    /// Option 210 (RFC 5071), the path prefix.
    pub option_210: Option<String>,
}

impl Offer {
    /// What a usual server says: a boot file, to be had from `server`.
    #[must_use]
    pub fn usual(server: &str) -> Self {
        Self {
            next_server: Some(server.to_owned()),
            file: Some("pxelinux.0".to_owned()),
            ..Self::default()
        }
    }
}

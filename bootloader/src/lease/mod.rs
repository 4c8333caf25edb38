//! The guest's lease, and where it says to boot from.
//!
//! [`request`] and [`reply`] are the two directions of the wire, [`negotiation`] is the
//! exchange as a state machine without I/O, [`acquire`] drives it over a packet socket, and
//! [`boot_source`] reads server and file out of what was agreed.

pub mod acquire;
pub mod boot_menu;
pub mod boot_source;
pub mod datagram;
pub mod negotiation;
pub mod proxy;
pub mod reply;
pub mod request;

use std::net::Ipv4Addr;

use reply::{Reply, code};

/// An address that is ours, with what came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The guest's address.
    pub address: Ipv4Addr,
    /// The length of its network's prefix, 1 to 32.
    pub prefix: u8,
    /// The default gateway.
    pub router: Option<Ipv4Addr>,
    /// The DHCP server that gave it.
    pub server: Ipv4Addr,
    /// The name servers.
    pub dns: Vec<Ipv4Addr>,
    /// The domain for names without a dot.
    pub domain: Option<String>,
    /// The acknowledgement, for its boot information.
    pub ack: Reply,
    /// A proxyDHCP server's offer, when there was one.
    pub proxy: Option<Reply>,
}

impl Lease {
    /// The lease that an acknowledgement of `server` makes.
    #[must_use]
    pub fn new(ack: Reply, server: Ipv4Addr, proxy: Option<Reply>) -> Self {
        let address = ack.yiaddr;
        let text = |code| ack.text(code).and_then(|text| std::str::from_utf8(text).ok());
        Self {
            address,
            prefix: prefix(&ack),
            router: router(&ack).filter(|router| *router != address),
            server,
            dns: ack.addresses(code::DNS_SERVER),
            domain: text(code::DOMAIN_NAME).map(str::to_owned),
            ack,
            proxy,
        }
    }
}

/// Whether a server may give this address to a guest at all.
#[must_use]
pub fn is_usable(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || first == 0
        || first >= 240)
}

/// The mask of option 1; without a usable one, the address's class decides (RFC 791), as
/// every client of old does.
fn prefix(ack: &Reply) -> u8 {
    if let Some(mask) = ack.address(code::SUBNET_MASK) {
        let bits = u32::from(mask);
        // A mask of nothing would put every address onto this wire.
        if bits != 0 && bits.leading_ones() + bits.trailing_zeros() == 32 {
            return u8::try_from(bits.leading_ones()).unwrap_or(32);
        }
    }
    match ack.yiaddr.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        _ => 24,
    }
}

/// The default route: of option 121 where that is given (RFC 3442), else option 3.
fn router(ack: &Reply) -> Option<Ipv4Addr> {
    let usable = |router: &Ipv4Addr| is_usable(*router);
    match ack.option(code::CLASSLESS_ROUTES) {
        Some(routes) => default_of(routes).filter(usable),
        None => ack.addresses(code::ROUTER).into_iter().find(usable),
    }
}

fn default_of(mut routes: &[u8]) -> Option<Ipv4Addr> {
    while let Some((&width, rest)) = routes.split_first() {
        let destination = usize::from(width).div_ceil(8);
        let (router, rest) = rest.get(destination..)?.split_at_checked(4)?;
        if width == 0 {
            return <[u8; 4]>::try_from(router).ok().map(Ipv4Addr::from);
        }
        routes = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::reply::tests::{MAC, reply};

    fn lease(options: &[(u8, &[u8])]) -> Lease {
        let mut all = vec![(53, &[5][..])];
        all.extend(options);
        let ack = Reply::decode(&reply(1, MAC).yiaddr([192, 168, 200, 177]).options(&all)).unwrap();
        Lease::new(ack, Ipv4Addr::new(192, 168, 200, 1), None)
    }

    #[test]
    fn mask_and_router() {
        let found = lease(&[(1, &[255, 255, 254, 0]), (3, &[192, 168, 200, 1, 1, 2, 3, 4])]);
        assert_eq!(found.prefix, 23);
        assert_eq!(found.router, Some(Ipv4Addr::new(192, 168, 200, 1)));
    }

    #[test]
    fn without_a_usable_mask_the_class_decides() {
        assert_eq!(lease(&[]).prefix, 24);
        assert_eq!(lease(&[(1, &[255, 0, 255, 0])]).prefix, 24);
        assert_eq!(lease(&[(1, &[255, 255])]).prefix, 24);
        assert_eq!(lease(&[(1, &[0, 0, 0, 0])]).prefix, 24);
    }

    #[test]
    fn classless_routes_replace_the_router() {
        let routes = [16, 10, 1, 9, 9, 9, 9, 0, 192, 168, 200, 254];
        let found = lease(&[(3, &[192, 168, 200, 1]), (121, &routes)]);
        assert_eq!(found.router, Some(Ipv4Addr::new(192, 168, 200, 254)));
        assert_eq!(lease(&[(121, &[33, 1])]).router, None);
    }

    #[test]
    fn a_router_that_is_no_host_is_none() {
        assert_eq!(lease(&[(3, &[0, 0, 0, 0])]).router, None);
        assert_eq!(lease(&[(3, &[224, 0, 0, 1])]).router, None);
        assert!(!is_usable(Ipv4Addr::BROADCAST));
    }
}

//! The DHCP exchange as a state machine: packets and the time go in, packets come out
//! (RFC 2131, 3.1 and 4.4; the waits are those of 4.1, the choice is PXE's, 2.2 of the PXE
//! specification).
//!
//! One transaction id serves all retries: a server that checks an address before it offers
//! it (dnsmasq 3 s, ISC dhcpd 1 s) answers the first DISCOVER after the second one is out.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::reply::{Kind, Reply, code};
use super::request::{Ask, Class, Identity, encode};
use super::{Lease, is_usable};
use crate::limits::MAX_OFFERS;

/// Waits between DISCOVERs; the last one is repeated. The first is longer than any server's
/// own check of an address.
const DISCOVER_WAITS: [Duration; 3] =
    [Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(16)];
/// Waits between REQUESTs; after the last one it starts from the beginning.
const REQUEST_WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// How long better offers are waited for, when none so far says where to boot from.
const SETTLE: Duration = Duration::from_secs(2);
/// A refused client asks again after this time, so that a server that refuses everything
/// is not flooded.
const AFTER_NAK: Duration = Duration::from_millis(500);

/// What is wanted of a lease besides an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Nothing: the first offer will do.
    Address,
    /// To be told where to boot from.
    BootFile,
    /// The same; and when a PXE client is told nothing, it is asked as UEFI's HTTP boot.
    BootFileOrUrl,
}

/// The exchange.
#[derive(Debug)]
pub struct Negotiation {
    identity: Identity,
    xid: u32,
    started: Instant,
    wants: Wants,
    /// Whether it has been asked as another kind of client already.
    has_asked_otherwise: bool,
    offers: Vec<Reply>,
    proxy: Option<Reply>,
    state: State,
    outbox: Option<Vec<u8>>,
    naks: u32,
}

#[derive(Debug)]
enum State {
    /// Offers are waited for; from `settle` on, the best one so far is taken.
    Selecting { sent: usize, resend: Instant, settle: Option<Instant> },
    /// One server's offer has been asked for.
    Requesting { address: Ipv4Addr, server: Ipv4Addr, sent: usize, resend: Instant },
    /// A server has refused; it starts again.
    Refused { until: Instant },
    /// The address is ours.
    Bound(Box<Lease>),
}

impl Negotiation {
    /// Begins: the first DISCOVER is ready to be sent.
    #[must_use]
    pub fn new(identity: Identity, xid: u32, wants: Wants, now: Instant) -> Self {
        let mut negotiation = Self {
            identity,
            xid,
            started: now,
            wants,
            has_asked_otherwise: false,
            offers: Vec::new(),
            proxy: None,
            state: State::Refused { until: now },
            outbox: None,
            naks: 0,
        };
        negotiation.discover(0, now);
        negotiation
    }

    /// The next message to broadcast, once.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.take()
    }

    /// When [`Self::on_timer`] is due; `None` once the lease is there.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Instant> {
        match &self.state {
            State::Selecting { resend, settle, .. } => {
                Some(settle.map_or(*resend, |settle| settle.min(*resend)))
            }
            State::Requesting { resend, .. } => Some(*resend),
            State::Refused { until } => Some(*until),
            State::Bound(_) => None,
        }
    }

    /// The lease, once it is there.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        match &self.state {
            State::Bound(lease) => Some(lease),
            _ => None,
        }
    }

    /// What to tell somebody who asks why there is no lease.
    #[must_use]
    pub fn what_is_missing(&self) -> Missing {
        match &self.state {
            State::Requesting { server, address, .. } => {
                Missing::Acknowledgement { server: *server, address: *address }
            }
            _ if self.naks > 0 => Missing::Willingness { refusals: self.naks },
            _ if self.proxy.is_some() => Missing::Address,
            _ => Missing::Answer,
        }
    }

    /// Takes a reply; what is not for this exchange is ignored.
    pub fn on_reply(&mut self, reply: Reply, now: Instant) {
        if !reply.answers(self.xid, self.identity.mac) {
            return;
        }
        match (&mut self.state, reply.kind) {
            (State::Selecting { .. }, Kind::Offer) => self.on_offer(reply, now),
            (State::Requesting { address, server, .. }, Kind::Ack) => {
                let from = reply.address(code::SERVER_ID);
                // RFC 2131, table 3: an ACK must carry the server's identity.
                if from == Some(*server) && reply.yiaddr == *address {
                    let lease = Lease::new(reply, *server, self.proxy.take());
                    self.state = State::Bound(Box::new(lease));
                }
            }
            (State::Requesting { server, .. }, Kind::Nak)
                if reply.address(code::SERVER_ID).is_none_or(|from| from == *server) =>
            {
                self.naks = self.naks.saturating_add(1);
                self.offers.clear();
                self.state = State::Refused { until: now + AFTER_NAK };
            }
            // A proxyDHCP server may answer late, while the address is being asked for.
            (State::Requesting { .. }, Kind::Offer) if reply.yiaddr.is_unspecified() => {
                self.keep_proxy(reply);
            }
            _ => {}
        }
    }

    /// The time that [`Self::wakes_at`] named has come.
    pub fn on_timer(&mut self, now: Instant) {
        match self.state {
            State::Selecting { settle: Some(settle), .. } if settle <= now => {
                if self.may_ask_otherwise() {
                    self.ask_otherwise(now);
                } else {
                    self.take_best(now);
                }
            }
            State::Selecting { sent, resend, .. } if resend <= now => self.discover(sent, now),
            State::Requesting { address, server, sent, resend } if resend <= now => {
                if sent < REQUEST_WAITS.len() {
                    self.request(address, server, sent, now);
                } else {
                    // The server has gone away; others may still be there.
                    self.offers.clear();
                    self.discover(0, now);
                }
            }
            State::Refused { until } if until <= now => self.discover(0, now),
            _ => {}
        }
    }

    fn on_offer(&mut self, offer: Reply, now: Instant) {
        if offer.yiaddr.is_unspecified() {
            self.keep_proxy(offer);
            // It may be what an address that is there already was waiting for.
            if !self.offers.is_empty() && self.proxy.is_some() {
                self.take_best(now);
            }
            return;
        }
        let Some(server) = server_of(&offer).filter(|_| is_usable(offer.yiaddr)) else { return };
        let complete =
            self.wants == Wants::Address || offer.has_boot_information() || self.proxy.is_some();
        if complete {
            // Never too late: the limit is for those that say nothing of use.
            self.offers.insert(0, offer);
            self.take_best(now);
            return;
        }
        let is_known = self.offers.iter().any(|known| server_of(known) == Some(server));
        if !is_known && self.offers.len() < MAX_OFFERS {
            self.offers.push(offer);
        }
        if let State::Selecting { settle, .. } = &mut self.state {
            settle.get_or_insert(now + SETTLE);
        }
    }

    /// A proxyDHCP server's offer has no address and names the PXE class (PXE 2.1, 2.2.3).
    fn keep_proxy(&mut self, offer: Reply) {
        if offer.is_from_a_pxe_server()
            || self.identity.class == Class::Http && offer.is_for_http_boot()
        {
            let better = offer.has_boot_information()
                && self.proxy.as_ref().is_some_and(|proxy| !proxy.has_boot_information());
            if self.proxy.is_none() || better {
                self.proxy = Some(offer);
            }
        }
    }

    /// The first offer that says where to boot from, else the first one.
    fn take_best(&mut self, now: Instant) {
        let best = self
            .offers
            .iter()
            .find(|offer| offer.has_boot_information())
            .or_else(|| self.offers.iter().find(|offer| offer.is_from_a_pxe_server()))
            .or(self.offers.first());
        if let Some(offer) = best
            && let Some(server) = server_of(offer)
        {
            let address = offer.yiaddr;
            if self.has_asked_otherwise {
                // A server decides by what asks, each time: so as the offer was got.
                let http = offer.is_for_http_boot()
                    || self.proxy.as_ref().is_some_and(Reply::is_for_http_boot);
                self.identity.class = if http { Class::Http } else { Class::Pxe };
            }
            self.request(address, server, 0, now);
        }
    }

    /// Whether nobody has a word about booting for a PXE client, and one is wanted.
    fn may_ask_otherwise(&self) -> bool {
        self.wants == Wants::BootFileOrUrl
            && !self.has_asked_otherwise
            && self.proxy.is_none()
            && !self
                .offers
                .iter()
                .any(|offer| offer.has_boot_information() || offer.is_from_a_pxe_server())
    }

    /// Asks as UEFI's HTTP boot. The offers so far stay: the best of them is taken when
    /// that brings nothing either.
    fn ask_otherwise(&mut self, now: Instant) {
        self.has_asked_otherwise = true;
        self.identity.class = Class::Http;
        self.discover(0, now);
        if let State::Selecting { settle, .. } = &mut self.state {
            *settle = Some(now + SETTLE);
        }
    }

    fn discover(&mut self, sent: usize, now: Instant) {
        let wait = DISCOVER_WAITS.get(sent).or(DISCOVER_WAITS.last()).copied().unwrap_or(SETTLE);
        let settle = match self.state {
            State::Selecting { settle, .. } => settle,
            _ => None,
        };
        self.state = State::Selecting { sent: sent.saturating_add(1), resend: now + wait, settle };
        self.send(now, &Ask::Discover);
    }

    fn request(&mut self, address: Ipv4Addr, server: Ipv4Addr, sent: usize, now: Instant) {
        let wait = REQUEST_WAITS.get(sent).copied().unwrap_or(SETTLE);
        self.state = State::Requesting { address, server, sent: sent + 1, resend: now + wait };
        self.send(now, &Ask::Request { address, server });
    }

    fn send(&mut self, now: Instant, ask: &Ask) {
        let secs = now.saturating_duration_since(self.started).as_secs();
        let secs = u16::try_from(secs).unwrap_or(u16::MAX);
        self.outbox = Some(encode(&self.identity, self.xid, secs, ask));
    }
}

/// What a negotiation that has not come to an end is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nobody answers.
    Answer,
    /// Only a proxyDHCP server answers.
    Address,
    /// A server refuses.
    Willingness {
        /// How often.
        refusals: u32,
    },
    /// A server has offered an address, and does not answer any more.
    Acknowledgement {
        /// Which server.
        server: Ipv4Addr,
        /// Which address.
        address: Ipv4Addr,
    },
}

fn server_of(offer: &Reply) -> Option<Ipv4Addr> {
    offer.address(code::SERVER_ID)
}

#[cfg(test)]
mod tests;

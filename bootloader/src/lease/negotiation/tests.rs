use super::*;
use crate::guest::MacAddr;
use crate::lease::reply::tests::{MAC, reply};
use dhcproto::v4::borrowed;

const XID: u32 = 0x1234_5678;
const SERVER: [u8; 4] = [192, 168, 200, 1];
const OTHER: [u8; 4] = [192, 168, 200, 2];
const ADDRESS: [u8; 4] = [192, 168, 200, 177];

struct Exchange {
    negotiation: Negotiation,
    now: Instant,
    start: Instant,
}

/// One message that was sent: its type, secs and xid.
type Sent = (u8, u16, u32);

impl Exchange {
    fn begun() -> Self {
        let now = Instant::now();
        let identity = Identity { mac: MacAddr::new(MAC).unwrap(), uuid: None, class: Class::Pxe };
        Self { negotiation: Negotiation::new(identity, XID, Wants::BootFile, now), now, start: now }
    }

    fn sent(&mut self) -> Option<Sent> {
        let bytes = self.negotiation.transmit()?;
        let message = borrowed::Message::new(&bytes).unwrap();
        let kind = message.opts().find(|option| u8::from(option.code()) == 53).unwrap();
        Some((kind.data()[0], message.secs(), message.xid()))
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.negotiation.on_reply(Reply::decode(bytes).unwrap(), self.now);
    }

    /// Lets time pass to the next timer; gives back the seconds since the beginning.
    fn wait(&mut self) -> u64 {
        self.now = self.negotiation.wakes_at().unwrap();
        self.negotiation.on_timer(self.now);
        (self.now - self.start).as_secs()
    }
}

fn offer(server: [u8; 4], more: &[(u8, &[u8])]) -> Vec<u8> {
    let mut options: Vec<(u8, &[u8])> = vec![(53, &[2]), (54, &server)];
    options.extend(more);
    reply(XID, MAC).yiaddr(ADDRESS).options(&options)
}

fn ack(server: [u8; 4]) -> Vec<u8> {
    reply(XID, MAC).yiaddr(ADDRESS).options(&[(53, &[5]), (54, &server), (67, b"pxelinux.0")])
}

fn proxy_offer(more: &[(u8, &[u8])]) -> Vec<u8> {
    let mut options: Vec<(u8, &[u8])> = vec![(53, &[2]), (54, &OTHER), (60, b"PXEClient")];
    options.extend(more);
    reply(XID, MAC).options(&options)
}

const BOOT: (u8, &[u8]) = (67, b"pxelinux.0");

#[test]
fn a_whole_exchange() {
    let mut exchange = Exchange::begun();
    assert_eq!(exchange.sent(), Some((1, 0, XID)));
    exchange.hear(&offer(SERVER, &[BOOT]));
    assert_eq!(exchange.sent(), Some((3, 0, XID)));
    exchange.hear(&ack(SERVER));
    let lease = exchange.negotiation.lease().unwrap();
    assert_eq!(lease.address, Ipv4Addr::from(ADDRESS));
    assert_eq!(lease.server, Ipv4Addr::from(SERVER));
    assert_eq!(exchange.negotiation.wakes_at(), None);
    assert_eq!(exchange.sent(), None);
}

#[test]
fn discovers_go_out_at_0_4_12_28_and_44_seconds_with_one_xid_and_growing_secs() {
    let mut exchange = Exchange::begun();
    assert_eq!(exchange.sent(), Some((1, 0, XID)));
    for second in [4, 12, 28, 44] {
        assert_eq!(exchange.wait(), second);
        assert_eq!(exchange.sent(), Some((1, u16::try_from(second).unwrap(), XID)));
    }
    assert_eq!(exchange.negotiation.what_is_missing(), Missing::Answer);
}

#[test]
fn an_offer_to_the_first_discover_is_taken_after_the_second() {
    let mut exchange = Exchange::begun();
    exchange.wait();
    exchange.sent();
    exchange.hear(&offer(SERVER, &[BOOT]));
    assert_eq!(exchange.sent(), Some((3, 4, XID)));
}

#[test]
fn an_offer_without_a_boot_file_waits_for_a_better_one() {
    let mut exchange = Exchange::begun();
    exchange.sent();
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(exchange.sent(), None);
    exchange.hear(&offer(OTHER, &[BOOT]));
    let message = exchange.negotiation.transmit().unwrap();
    let message = borrowed::Message::new(&message).unwrap();
    let server = message.opts().find(|option| u8::from(option.code()) == 54).unwrap();
    assert_eq!(server.data(), OTHER);
}

#[test]
fn an_offer_without_a_boot_file_is_taken_when_nothing_better_comes() {
    let mut exchange = Exchange::begun();
    exchange.sent();
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(exchange.wait(), 2);
    assert_eq!(exchange.sent().unwrap().0, 3);
}

#[test]
fn a_kernel_of_the_config_needs_no_boot_file() {
    let mut exchange = Exchange::begun();
    exchange.negotiation.wants = Wants::Address;
    exchange.sent();
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(exchange.sent().unwrap().0, 3);
}

#[test]
fn a_proxys_offer_completes_an_address_before_and_after_it() {
    for proxy_first in [true, false] {
        let mut exchange = Exchange::begun();
        exchange.sent();
        let (proxy, address) = (proxy_offer(&[BOOT]), offer(SERVER, &[]));
        let (first, second) = if proxy_first { (proxy, address) } else { (address, proxy) };
        exchange.hear(&first);
        assert_eq!(exchange.sent(), None);
        exchange.hear(&second);
        assert_eq!(exchange.sent().unwrap().0, 3);
        exchange.hear(&ack(SERVER));
        assert!(exchange.negotiation.lease().unwrap().proxy.is_some());
    }
}

#[test]
fn an_offer_without_an_address_that_is_no_pxe_servers_is_nothing() {
    let mut exchange = Exchange::begun();
    exchange.hear(&reply(XID, MAC).options(&[(53, &[2]), (54, &OTHER), BOOT]));
    assert_eq!(exchange.negotiation.what_is_missing(), Missing::Answer);
    exchange.hear(&proxy_offer(&[]));
    assert_eq!(exchange.negotiation.what_is_missing(), Missing::Address);
}

#[test]
fn forged_replies_change_nothing() {
    let mut exchange = Exchange::begun();
    exchange.sent();
    let options: &[(u8, &[u8])] = &[(53, &[2]), (54, &SERVER), BOOT];
    exchange.hear(&reply(XID + 1, MAC).yiaddr(ADDRESS).options(options));
    exchange.hear(&reply(XID, [0, 0x16, 0x3e, 0, 0, 1]).yiaddr(ADDRESS).options(options));
    exchange.hear(&reply(XID, MAC).yiaddr([127, 0, 0, 1]).options(options));
    exchange.hear(&reply(XID, MAC).yiaddr([224, 0, 0, 1]).options(options));
    exchange.hear(&reply(XID, MAC).yiaddr(ADDRESS).options(&[(53, &[2]), BOOT]));
    exchange.hear(&ack(SERVER));
    assert_eq!(exchange.sent(), None);
    assert!(exchange.negotiation.lease().is_none());
}

#[test]
fn only_the_chosen_server_can_acknowledge_or_refuse() {
    let mut exchange = Exchange::begun();
    exchange.hear(&offer(SERVER, &[BOOT]));
    exchange.hear(&ack(OTHER));
    exchange.hear(&reply(XID, MAC).options(&[(53, &[6]), (54, &OTHER)]));
    let other_address = reply(XID, MAC).yiaddr([9, 9, 9, 9]).options(&[(53, &[5]), (54, &SERVER)]);
    exchange.hear(&other_address);
    assert!(exchange.negotiation.lease().is_none());
    exchange.hear(&ack(SERVER));
    assert!(exchange.negotiation.lease().is_some());
}

#[test]
fn a_refusal_starts_again() {
    let mut exchange = Exchange::begun();
    exchange.hear(&offer(SERVER, &[BOOT]));
    exchange.sent();
    exchange.hear(&reply(XID, MAC).options(&[(53, &[6]), (54, &SERVER)]));
    assert_eq!(exchange.negotiation.what_is_missing(), Missing::Willingness { refusals: 1 });
    exchange.wait();
    assert_eq!(exchange.sent().unwrap().0, 1);
}

#[test]
fn a_server_that_goes_away_is_asked_three_times_and_then_everybody() {
    let mut exchange = Exchange::begun();
    exchange.hear(&offer(SERVER, &[BOOT]));
    let kinds: Vec<u8> = (0..4)
        .map(|_| {
            let kind = exchange.sent().unwrap().0;
            exchange.wait();
            kind
        })
        .collect();
    assert_eq!(kinds, [3, 3, 3, 1]);
}

#[test]
fn a_flood_of_offers_is_bounded() {
    let mut exchange = Exchange::begun();
    for host in 1..=200 {
        exchange.hear(&offer([10, 0, 0, host], &[]));
    }
    assert_eq!(exchange.negotiation.offers.len(), MAX_OFFERS);
    assert_eq!(exchange.sent().unwrap().0, 1);
    exchange.hear(&offer(SERVER, &[BOOT]));
    assert_eq!(exchange.sent().unwrap().0, 3);
    exchange.hear(&ack(SERVER));
    assert!(exchange.negotiation.lease().is_some());
}

#[test]
fn one_server_cannot_fill_all_places() {
    let mut exchange = Exchange::begun();
    for _ in 0..50 {
        exchange.hear(&offer(OTHER, &[]));
    }
    assert_eq!(exchange.negotiation.offers.len(), 1);
}

/// What kind of client the next message is from, and its type.
fn asked(exchange: &mut Exchange) -> Option<(String, u8)> {
    let bytes = exchange.negotiation.transmit()?;
    let message = borrowed::Message::new(&bytes).unwrap();
    let option = |code| message.opts().find(|option| u8::from(option.code()) == code).unwrap();
    let class = String::from_utf8_lossy(option(60).data()).into_owned();
    Some((class.split(':').next().unwrap().to_owned(), option(53).data()[0]))
}

fn begun_with_both() -> Exchange {
    let mut exchange = Exchange::begun();
    exchange.negotiation.wants = Wants::BootFileOrUrl;
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 1)));
    exchange
}

const URL: (u8, &[u8]) = (67, b"http://192.168.200.1/pxelinux.0");

#[test]
fn who_has_nothing_for_a_pxe_client_is_asked_as_http_boot() {
    let mut exchange = begun_with_both();
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(exchange.wait(), 2);
    assert_eq!(asked(&mut exchange), Some(("HTTPClient".to_owned(), 1)));
    exchange.hear(&offer(SERVER, &[(60, b"HTTPClient"), URL]));
    assert_eq!(asked(&mut exchange), Some(("HTTPClient".to_owned(), 3)));
}

#[test]
fn who_has_nothing_for_http_boot_either_is_asked_for_the_address() {
    let mut exchange = begun_with_both();
    exchange.hear(&offer(SERVER, &[]));
    exchange.wait();
    asked(&mut exchange);
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(asked(&mut exchange), None);
    assert_eq!(exchange.wait(), 4);
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 3)));
}

#[test]
fn a_late_offer_to_the_pxe_client_is_taken_as_one() {
    let mut exchange = begun_with_both();
    exchange.hear(&offer(SERVER, &[]));
    exchange.wait();
    asked(&mut exchange);
    exchange.hear(&offer(OTHER, &[BOOT]));
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 3)));
}

#[test]
fn a_pxe_server_and_a_proxy_are_not_asked_otherwise() {
    let mut exchange = begun_with_both();
    exchange.hear(&offer(SERVER, &[(60, b"PXEClient")]));
    exchange.wait();
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 3)));
    let mut exchange = begun_with_both();
    exchange.hear(&proxy_offer(&[]));
    exchange.hear(&offer(SERVER, &[]));
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 3)));
}

#[test]
fn nobody_is_asked_otherwise_who_has_not_answered() {
    let mut exchange = begun_with_both();
    assert_eq!(exchange.wait(), 4);
    assert_eq!(asked(&mut exchange), Some(("PXEClient".to_owned(), 1)));
}

//! DHCP: a raw frame up to where to boot from; and a whole exchange with servers of all kinds.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use pxelinux::{Prefix, Server, resolve};
use rpxeboot::guest::MacAddr;
use rpxeboot::lease::boot_menu::BootItem;
use rpxeboot::lease::negotiation::{Negotiation, Wants};
use rpxeboot::lease::reply::Reply;
use rpxeboot::lease::request::{Class, Identity};
use rpxeboot::lease::{Lease, boot_source, datagram, is_usable};
use rpxeboot::limits::MAX_ADDRESSES;

const XID: u32 = 0x1234_5678;

fn mac() -> MacAddr {
    "00:16:3e:62:39:d3".parse().expect("a MAC")
}

/// A packet as it comes from the wire, or only its DHCP message.
pub(crate) fn packet(bytes: &[u8]) {
    if let Some((_, payload)) = datagram::open(bytes) {
        assert!(payload.len() < bytes.len());
        reply(payload);
    }
    reply(bytes);
}

fn reply(bytes: &[u8]) {
    let reply = match Reply::decode(bytes) {
        Ok(reply) => reply,
        Err(why) => return crate::assert_shown(&why.to_string()),
    };
    let _ = reply.answers(XID, mac());
    let _ = (reply.is_for_http_boot(), reply.is_from_a_pxe_server(), reply.has_boot_information());
    for code in 0..=u8::MAX {
        let _ = reply.option(code);
        assert!(reply.addresses(code).len() <= MAX_ADDRESSES);
        if let Some(text) = reply.text(code) {
            assert!(!text.ends_with(&[0]));
        }
    }
    if let Some(item) = BootItem::first(&reply) {
        // Both stand in option 43, as they are.
        let vendor = reply.option(43).expect("there is a menu");
        let has = |bytes: &[u8]| vendor.windows(bytes.len()).any(|window| window == bytes);
        assert!(has(&item.kind.to_be_bytes()));
        assert!(item.server.is_none_or(|server| has(&server.octets())));
    }
    let lease = Lease::new(reply.clone(), Ipv4Addr::new(192, 0, 2, 1), Some(reply.clone()));
    assert!((1..=32).contains(&lease.prefix));
    assert!(lease.dns.len() <= MAX_ADDRESSES);
    assert!(lease.router.is_none_or(is_usable));
    let asked = boot_source::pxe_server_to_ask(&lease);
    if boot_source::says_local_disk(&lease) {
        assert_eq!(asked.and_then(|server| server.item), Some(BootItem::LOCAL_DISK));
    }
    assert!(asked.is_none() || !reply.has_boot_information(), "it has said where to boot from");
    for answer in [None, Some(&reply)] {
        if let Some(source) = boot_source::of(&lease, answer) {
            let _ = source.program();
            crate::assert_shown(&rpxeboot::text::printable(&source.boot_file));
            if let Server::Name(name) = &source.server {
                assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
            }
            // Of these names URLs are made, as pxelinux_name tries them.
            for text in source.config_file.iter().chain(&source.path_prefix) {
                assert!(!text.is_empty() && !text.ends_with(&[0]));
            }
            let prefix = source.path_prefix.as_deref();
            if let Ok(prefix) = Prefix::from_dhcp(prefix, &source.boot_file)
                && let Ok(location) = resolve(&prefix, &source.server, b"pxelinux.cfg/default")
            {
                let shown = location.to_string();
                assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
            }
        }
    }
}

/// Replies made of the bytes, each with the right transaction and address, and time between them.
pub(crate) fn exchange(bytes: &[u8]) {
    let _ = play(&mut Unstructured::new(bytes));
}

fn play(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let class = *input.choose(&[Class::Pxe, Class::Http, Class::Ipxe])?;
    let wants = *input.choose(&[Wants::Address, Wants::BootFile, Wants::BootFileOrUrl])?;
    let identity = Identity { mac: mac(), uuid: None, class };
    let start = Instant::now();
    let mut now = start;
    let mut negotiation = Negotiation::new(identity, XID, wants, now);
    let mut sent = 0;
    for _ in 0..200 {
        while let Some(message) = negotiation.transmit() {
            assert!((300..=1500).contains(&message.len()));
            sent += 1;
        }
        if let Some(lease) = negotiation.lease() {
            assert!(is_usable(lease.address), "{}", lease.address);
            break;
        }
        let _ = negotiation.what_is_missing();
        if input.is_empty() {
            // Nobody says anything more: it goes on asking, by its own clock.
            let Some(wakes_at) = negotiation.wakes_at() else { panic!("asleep for ever") };
            now = now.max(wakes_at);
            negotiation.on_timer(now);
            if now > start + Duration::from_secs(300) {
                break;
            }
            continue;
        }
        now += Duration::from_millis(u64::from(input.arbitrary::<u8>()?) * 40);
        negotiation.on_timer(now);
        if let Ok(reply) = Reply::decode(&message(input)?)
            && reply.answers(XID, mac())
        {
            negotiation.on_reply(reply, now);
        }
    }
    let seconds = now.duration_since(start).as_secs();
    // A refusal is answered half a second later, everything else is slower.
    assert!(sent <= 20 + seconds * 4, "{sent} messages in {seconds} s");
    Ok(())
}

/// A reply that is ours, with options of the input's.
fn message(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let mut message = vec![0; 236];
    message[..4].copy_from_slice(&[2, 1, 6, 0]);
    message[4..8].copy_from_slice(&XID.to_be_bytes());
    message[16..20].copy_from_slice(&address(input)?);
    message[20..24].copy_from_slice(&address(input)?);
    message[28..34].copy_from_slice(&[0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3]);
    message.extend([99, 130, 83, 99]);
    message.extend([53, 1, *input.choose(&[2, 5, 6, 1, 0])?]);
    for _ in 0..input.int_in_range(0..=6)? {
        let code = *input.choose(&[54, 1, 3, 66, 67, 43, 52, 60, 121, 150, 209, 210, 211])?;
        let length = input.int_in_range(0..=20_u8)?;
        message.extend([code, length]);
        message.extend(input.bytes(usize::from(length).min(input.len()))?);
    }
    if input.arbitrary()? {
        message.push(255);
    }
    Ok(message)
}

fn address(input: &mut Unstructured<'_>) -> arbitrary::Result<[u8; 4]> {
    Ok(*input.choose(&[
        [192, 168, 200, 177],
        [192, 168, 200, 1],
        [0; 4],
        [255; 4],
        [127, 0, 0, 1],
    ])?)
}

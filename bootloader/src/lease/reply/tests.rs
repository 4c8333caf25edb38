use super::*;
use proptest::prelude::*;

pub(crate) const MAC: [u8; 6] = [0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3];

/// A reply being put together, field by field.
pub(crate) struct Packet(Vec<u8>);

pub(crate) fn reply(xid: u32, mac: [u8; 6]) -> Packet {
    let mut bytes = vec![0; OPTIONS];
    bytes[..4].copy_from_slice(&[2, 1, 6, 0]);
    bytes[4..8].copy_from_slice(&xid.to_be_bytes());
    bytes[28..34].copy_from_slice(&mac);
    bytes[COOKIE].copy_from_slice(&MAGIC);
    Packet(bytes)
}

impl Packet {
    fn put(mut self, place: usize, bytes: &[u8]) -> Self {
        self.0[place..place + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn yiaddr(self, address: [u8; 4]) -> Self {
        self.put(16, &address)
    }

    pub(crate) fn siaddr(self, address: [u8; 4]) -> Self {
        self.put(20, &address)
    }

    pub(crate) fn sname(self, name: &[u8]) -> Self {
        self.put(SNAME.start, name)
    }

    pub(crate) fn file(self, name: &[u8]) -> Self {
        self.put(FILE.start, name)
    }

    pub(crate) fn options(mut self, options: &[(u8, &[u8])]) -> Vec<u8> {
        for (code, data) in options {
            self.0.push(*code);
            self.0.push(u8::try_from(data.len()).unwrap());
            self.0.extend(*data);
        }
        self.0.push(255);
        self.0
    }
}

const OFFER: (u8, &[u8]) = (53, &[2]);

fn decoded(bytes: &[u8]) -> Reply {
    Reply::decode(bytes).unwrap()
}

#[test]
fn dnsmasq_sends_66_and_67_with_a_nul_behind() {
    let bytes = reply(1, MAC).options(&[OFFER, (66, b"192.168.99.7\0"), (67, b"pxelinux.0\0")]);
    let found = decoded(&bytes);
    assert_eq!(found.text(66), Some(&b"192.168.99.7"[..]));
    assert_eq!(found.boot_file(), Some(&b"pxelinux.0"[..]));
}

#[test]
fn an_empty_option_67_leaves_the_field() {
    let bytes = reply(1, MAC).file(b"pxelinux.0").options(&[OFFER, (67, b"\0")]);
    assert_eq!(decoded(&bytes).boot_file(), Some(&b"pxelinux.0"[..]));
}

#[test]
fn a_file_field_filled_to_its_end_is_whole() {
    let bytes = reply(1, MAC).file(&[b'x'; 128]).options(&[OFFER]);
    assert_eq!(decoded(&bytes).boot_file(), Some(&[b'x'; 128][..]));
}

#[test]
fn overloaded_options_are_read_from_file_and_then_sname() {
    let bytes = reply(1, MAC)
        .file(&[67, 4, b'p', b'x', b'e', b'l', 255])
        .sname(&[67, 4, b'i', b'n', b'u', b'x', 66, 1, b'h', 255])
        .options(&[OFFER, (52, &[3])]);
    let found = decoded(&bytes);
    assert_eq!(found.boot_file(), Some(&b"pxelinux"[..]));
    assert_eq!(found.text(66), Some(&b"h"[..]));
    assert_eq!(found.sname(), None);
}

#[test]
fn pieces_of_an_option_that_stand_apart_are_joined() {
    let bytes = reply(1, MAC).options(&[(67, b"pxe"), OFFER, (67, b"linux.0")]);
    assert_eq!(decoded(&bytes).boot_file(), Some(&b"pxelinux.0"[..]));
}

#[test]
fn several_addresses_in_option_150_lose_nothing() {
    let bytes =
        reply(1, MAC).options(&[(150, &[10, 0, 0, 1, 10, 0, 0, 2]), OFFER, (54, &[10, 0, 0, 9])]);
    let found = decoded(&bytes);
    assert_eq!(found.addresses(150), [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)]);
    assert_eq!(found.address(code::SERVER_ID), Some(Ipv4Addr::new(10, 0, 0, 9)));
}

#[test]
fn a_latin_1_domain_loses_nothing() {
    let bytes = reply(1, MAC).options(&[(15, b"caf\xe9"), OFFER, (67, b"x")]);
    assert_eq!(decoded(&bytes).boot_file(), Some(&b"x"[..]));
}

#[test]
fn a_hardware_address_of_another_length_is_refused() {
    for hlen in [0, 5, 7, 16, 200, 255] {
        let bytes = reply(1, MAC).put(2, &[hlen]).options(&[OFFER]);
        assert_eq!(Reply::decode(&bytes), Err(NoReply::Hardware), "{hlen}");
    }
}

#[test]
fn what_is_no_reply_is_told_apart() {
    let bytes = reply(1, MAC).put(236, &[1, 2, 3, 4]).options(&[OFFER]);
    assert_eq!(Reply::decode(&bytes), Err(NoReply::Cookie));
    let bytes = reply(1, MAC).put(0, &[1]).options(&[OFFER]);
    assert_eq!(Reply::decode(&bytes), Err(NoReply::NotAReply));
    assert_eq!(Reply::decode(&reply(1, MAC).options(&[])), Err(NoReply::Kind));
    assert_eq!(Reply::decode(&reply(1, MAC).options(&[(53, &[1])])), Err(NoReply::Kind));
    assert_eq!(Reply::decode(&[2; 239]), Err(NoReply::Length));
    assert_eq!(Reply::decode(&[2; 1501]), Err(NoReply::Length));
}

#[test]
fn a_truncated_last_option_leaves_the_others() {
    let mut bytes = reply(1, MAC).options(&[OFFER, (67, b"x")]);
    bytes.pop();
    bytes.extend([66, 200, b'h']);
    assert_eq!(decoded(&bytes).boot_file(), Some(&b"x"[..]));
}

#[test]
fn the_answer_must_be_ours() {
    let found = decoded(&reply(7, MAC).options(&[OFFER]));
    let mac = MacAddr::new(MAC).unwrap();
    assert!(found.answers(7, mac));
    assert!(!found.answers(8, mac));
    assert!(!found.answers(7, "00:16:3e:00:00:01".parse().unwrap()));
}

proptest! {
    #[test]
    fn no_packet_makes_us_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1600)) {
        let _ = Reply::decode(&bytes);
    }

    #[test]
    fn no_reply_makes_us_panic(
        tail in proptest::collection::vec(any::<u8>(), 0..400),
        sname in any::<[u8; 32]>(),
        overload in 0..5u8,
    ) {
        let mut bytes = reply(1, MAC).sname(&sname).options(&[OFFER, (52, &[overload])]);
        bytes.pop();
        bytes.extend(tail);
        if let Ok(found) = Reply::decode(&bytes) {
            let _ = (found.boot_file(), found.sname(), found.addresses(150), found.text(66));
            let _ = crate::lease::Lease::new(found, Ipv4Addr::LOCALHOST, None);
        }
    }
}

#[test]
fn the_longest_packet_and_one_byte_more() {
    let mut packet = reply(1, MAC).options(&[(53, &[2])]);
    packet.resize(MAX_DHCP_PACKET, 0);
    assert!(Reply::decode(&packet).is_ok());
    packet.push(0);
    assert_eq!(Reply::decode(&packet).unwrap_err(), NoReply::Length);
}

#[test]
fn as_many_addresses_of_a_list_as_there_may_be_and_no_more() {
    for (given, kept) in [(MAX_ADDRESSES, MAX_ADDRESSES), (MAX_ADDRESSES + 1, MAX_ADDRESSES)] {
        let list: Vec<u8> =
            (0..given).flat_map(|number| [10, 0, 0, number.to_le_bytes()[0]]).collect();
        let packet = reply(1, MAC).options(&[(53, &[2]), (6, &list)]);
        assert_eq!(Reply::decode(&packet).unwrap().addresses(6).len(), kept);
    }
}

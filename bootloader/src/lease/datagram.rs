//! The IPv4 and UDP headers around a DHCP message (RFC 791, RFC 768): a packet socket
//! brings them along, and wants them made.

use std::net::Ipv4Addr;

use etherparse::{Ipv4Slice, PacketBuilder, UdpHeader, UdpSlice};

/// The ports of RFC 2131.
const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
const TTL: u8 = 64;

/// `payload` as a broadcast from a client that has no address yet.
#[must_use]
pub fn broadcast(payload: &[u8]) -> Vec<u8> {
    let any = Ipv4Addr::UNSPECIFIED.octets();
    let builder =
        PacketBuilder::ipv4(any, Ipv4Addr::BROADCAST.octets(), TTL).udp(CLIENT_PORT, SERVER_PORT);
    let mut packet = Vec::with_capacity(builder.size(payload.len()));
    // Writing to a vector fails only for a payload beyond 65535 bytes, which ours never is.
    match builder.write(&mut packet, payload) {
        Ok(()) => packet,
        Err(_) => Vec::new(),
    }
}

/// The payload of a UDP datagram from a server's port to ours, and who sent it; `None` for
/// anything else, and for a broken checksum.
#[must_use]
pub fn open(packet: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let ip = Ipv4Slice::from_slice(packet).ok()?;
    if ip.is_payload_fragmented() {
        return None;
    }
    let header = ip.header();
    let udp = UdpSlice::from_slice(ip.payload().payload).ok()?;
    if (udp.source_port(), udp.destination_port()) != (SERVER_PORT, CLIENT_PORT) {
        return None;
    }
    let (source, destination) = (header.source(), header.destination());
    if !checksum_holds(&udp, source, destination) {
        return None;
    }
    Some((Ipv4Addr::from(source), udp.payload()))
}

/// A right checksum, none, or one that is yet to be finished: what another guest or dom0
/// itself sends over a veth or netback carries only the sum over the pseudo header, because
/// the kernel leaves the rest to a network card that is never reached (`CHECKSUM_PARTIAL`).
fn checksum_holds(udp: &UdpSlice<'_>, source: [u8; 4], destination: [u8; 4]) -> bool {
    let given = udp.checksum();
    let header = UdpHeader { checksum: 0, ..udp.to_header() };
    let whole = header.calc_checksum_ipv4_raw(source, destination, udp.payload());
    given == 0
        || whole.is_ok_and(|whole| whole == given)
        || given == pseudo_header_sum(source, destination, udp.length())
}

fn pseudo_header_sum(source: [u8; 4], destination: [u8; 4], length: u16) -> u16 {
    let halves = |octets: [u8; 4]| {
        let number = u32::from_be_bytes(octets);
        (number >> 16) + (number & 0xffff)
    };
    let mut sum = halves(source) + halves(destination) + 17 + u32::from(length);
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(payload: &[u8]) -> Vec<u8> {
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [255; 4], 64).udp(67, 68);
        let mut packet = Vec::new();
        builder.write(&mut packet, payload).unwrap();
        packet
    }

    #[test]
    fn a_reply_is_opened() {
        let mut packet = reply(b"hello");
        let server = Ipv4Addr::new(10, 0, 0, 1);
        assert_eq!(open(&packet), Some((server, &b"hello"[..])));
        packet.extend([0; 18]); // Ethernet pads short frames
        assert_eq!(open(&packet), Some((server, &b"hello"[..])));
    }

    #[test]
    fn an_unfinished_checksum_is_taken_and_a_wrong_one_is_not() {
        let mut packet = reply(b"hello");
        let partial = pseudo_header_sum([10, 0, 0, 1], [255; 4], 13);
        packet[26..28].copy_from_slice(&partial.to_be_bytes());
        assert!(open(&packet).is_some());
        packet[26..28].copy_from_slice(&[0, 0]);
        assert!(open(&packet).is_some());
        packet[26..28].copy_from_slice(&[0x12, 0x34]);
        assert!(open(&packet).is_none());
    }

    #[test]
    fn what_we_send_is_no_reply() {
        let packet = broadcast(b"hello");
        assert_eq!(packet.len(), 33);
        assert!(open(&packet).is_none());
    }

    #[test]
    fn short_and_broken_packets_are_nothing() {
        let packet = reply(b"hello");
        for length in 0..packet.len() {
            assert!(open(&packet[..length]).is_none(), "{length}");
        }
    }
}

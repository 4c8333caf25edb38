//! The packet socket that DHCP runs over (packet(7)): a client without an address can
//! neither send from 0.0.0.0 nor receive what is sent to the address it is about to get.
//!
//! It is cooked (`SOCK_DGRAM`), so that the kernel makes the Ethernet header from the
//! interface's own MAC, and it sees nothing but UDP to the client's port: a filter in the
//! kernel keeps a busy bridge's traffic out of our process.

use std::io;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};

use crate::guest::MacAddr;

const CLIENT_PORT: u32 = 68;
/// Where chaddr begins, counted from the UDP header (RFC 2131, figure 1).
const CHADDR: u32 = 8 + 28;
/// Bytes of replies that may wait to be read.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Opens the socket on the interface `index` of the calling thread's network namespace, for
/// what is meant for `mac`.
///
/// # Errors
/// `PermissionDenied` without CAP_NET_RAW; the interface is gone.
pub fn open(index: u32, mac: MacAddr) -> io::Result<Socket> {
    // No protocol yet: nothing is queued before the filter and the interface are set.
    let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0)))?;
    socket.attach_filter(&dhcp_client_filter(mac))?;
    // A burst of forged replies must not push the right one out. Where that is not granted, a
    // lost reply is asked for again.
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER);
    socket.bind(&address(index, [0; 6])?)?;
    Ok(socket)
}

/// Takes frames to every MAC, where the guest's is not the interface's own (dom0's bridge):
/// some servers (Kea) send to the client's MAC even when asked to broadcast.
///
/// # Errors
/// The kernel refuses it.
#[allow(unsafe_code)]
pub fn take_every_frame(socket: &Socket, index: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let request = libc::packet_mreq {
        mr_ifindex: index.cast_signed(),
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default(),
        mr_alen: 0,
        mr_address: [0; 8],
    };
    let length = libc::socklen_t::try_from(size_of_val(&request)).unwrap_or_default();
    // SAFETY: the descriptor is open, and the pointer and the length describe `request`.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_ADD_MEMBERSHIP,
            (&raw const request).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Every station on the wire behind the interface `index`.
///
/// # Errors
/// None in practice: it is socket2's signature.
pub fn broadcast(index: u32) -> io::Result<SockAddr> {
    address(index, [0xff; 6])
}

/// A `sockaddr_ll` for IPv4 on the interface `index`.
#[allow(unsafe_code)]
fn address(index: u32, mac: [u8; 6]) -> io::Result<SockAddr> {
    let mut sll_addr = [0; 8];
    for (place, octet) in sll_addr.iter_mut().zip(mac) {
        *place = octet;
    }
    let address = libc::sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET).unwrap_or_default(),
        sll_protocol: u16::try_from(libc::ETH_P_IP).unwrap_or_default().to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr,
    };
    let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap_or_default();
    // SAFETY: a sockaddr_storage is zeroed, aligned for and larger than any socket address,
    // so a sockaddr_ll may be written at its start; `len` says how much of it is used.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, len| {
            storage.cast::<libc::sockaddr_ll>().write(address);
            len.write(length);
            Ok(())
        })?
    };
    Ok(address)
}

/// IPv4, UDP, not a later fragment, to the DHCP client's port, with the guest's chaddr. The
/// socket is cooked, so offsets count from the IP header.
fn dhcp_client_filter(mac: MacAddr) -> [SockFilter; 13] {
    use libc::{
        BPF_ABS, BPF_B, BPF_H, BPF_IND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_LDX,
        BPF_MSH, BPF_RET, BPF_W,
    };
    let code = |parts: [u32; 3]| {
        u16::try_from(parts.into_iter().fold(0, |all, part| all | part)).unwrap_or_default()
    };
    let step =
        |parts, jump_true, jump_false, k| SockFilter::new(code(parts), jump_true, jump_false, k);
    let [a, b, c, d, e, f] = mac.octets();
    let (front, back) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([0, 0, e, f]));
    [
        step([BPF_LD, BPF_B, BPF_ABS], 0, 0, 9),        // protocol
        step([BPF_JMP, BPF_JEQ, BPF_K], 0, 10, 17),     // UDP, else drop
        step([BPF_LD, BPF_H, BPF_ABS], 0, 0, 6),        // fragment offset
        step([BPF_JMP, BPF_JSET, BPF_K], 8, 0, 0x1fff), // a later fragment: drop
        step([BPF_LDX, BPF_B, BPF_MSH], 0, 0, 0),       // X = length of the IP header
        step([BPF_LD, BPF_H, BPF_IND], 0, 0, 2),        // destination port
        step([BPF_JMP, BPF_JEQ, BPF_K], 0, 5, CLIENT_PORT), // ours, else drop
        step([BPF_LD, BPF_W, BPF_IND], 0, 0, CHADDR),   // chaddr, first four octets
        step([BPF_JMP, BPF_JEQ, BPF_K], 0, 3, front),   // the guest's, else drop
        step([BPF_LD, BPF_H, BPF_IND], 0, 0, CHADDR + 4), // chaddr, last two octets
        step([BPF_JMP, BPF_JEQ, BPF_K], 0, 1, back),    // the guest's, else drop
        step([BPF_RET, BPF_K, 0], 0, 0, 0xffff),
        step([BPF_RET, BPF_K, 0], 0, 0, 0),
    ]
}

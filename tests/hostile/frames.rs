//! Somebody on the wire who sends frames as fast as the machine can, as a process of its own on a
//! packet socket: no address, no connection, whatever headers it likes.
//!
//! Usage: hostile-frames MODE [FILE]
//!
//! - `replay FILE`: the frames in FILE, again and again, each with its length in front (two bytes);
//! - `dhcp`: replies to port 68 with random transactions;
//! - `tftp`: DATA, ERROR and OACK to random ports of the guest, from an address that is not the boot
//!   server's (who can send from that one is the boot server, as far as TFTP can tell);
//! - `arp`: who has the guest's address, and that the boot server is somewhere else;
//! - `noise`: frames to the guest's MAC whose content means nothing.
#![allow(unsafe_code)] // a packet socket cannot be bound to an interface by safe means

use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;

use netns_tests::fixtures::MAC_BYTES;
use netns_tests::relay::next;

const OWN: [u8; 4] = [192, 168, 200, 6];
const GUEST: [u8; 4] = [192, 168, 200, 177];
const OWN_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x66];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mode = words.first().expect("a mode");
    let kept = words.get(1).map(|path| frames_of(&std::fs::read(path).expect("the frames")));
    let mut wire = open();
    println!("sending: {mode}");
    let mut state = 7;
    for number in 0_usize.. {
        let frame = match (mode.as_str(), &kept) {
            ("replay", Some(frames)) => frames[number % frames.len()].clone(),
            ("dhcp", _) => dhcp(&mut state),
            ("tftp", _) => tftp(&mut state),
            ("arp", _) => arp(number),
            ("noise", _) => noise(&mut state),
            _ => panic!("no mode {mode}"),
        };
        // A queue that is full is what a flood makes.
        let _ = wire.write(&frame);
    }
}

fn open() -> File {
    let all = u16::to_be(0x0003); // ETH_P_ALL
    // SAFETY: a plain system call.
    let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) };
    assert!(socket >= 0, "a packet socket (needs root)");
    // SAFETY: all-zero bytes are a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).expect("small");
    address.sll_protocol = all;
    let index = nix::net::if_::if_nametoindex("eth0").expect("the interface");
    address.sll_ifindex = i32::try_from(index).expect("small");
    let length = u32::try_from(size_of_val(&address)).expect("small");
    // SAFETY: the address is there, of this length.
    let bound = unsafe { libc::bind(socket, (&raw const address).cast(), length) };
    assert_eq!(bound, 0, "the interface");
    // SAFETY: the descriptor was just made, and nobody else has it.
    unsafe { File::from_raw_fd(socket) }
}

fn frames_of(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (frame, rest) = rest.split_at(u16::from_be_bytes(*length).into());
        let mut frame = frame.to_vec();
        // With the server's own the bridge would send us what is for the server: another attack.
        frame[6..12].copy_from_slice(&OWN_MAC);
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn byte(state: &mut u64) -> u8 {
    next(state).to_le_bytes()[0]
}

fn udp(from_port: u16, to: [u8; 4], to_port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("small");
    let mut ip = vec![0x45, 0];
    ip.extend((length + 28).to_be_bytes());
    ip.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    ip.extend(OWN);
    ip.extend(to);
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).expect("folded");
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = [&MAC_BYTES[..], &OWN_MAC, &[8, 0], &ip].concat();
    frame.extend(from_port.to_be_bytes());
    frame.extend(to_port.to_be_bytes());
    frame.extend((length + 8).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

fn dhcp(state: &mut u64) -> Vec<u8> {
    let mut message = vec![0; 240];
    message[..4].copy_from_slice(&[2, 1, 6, 0]);
    message[4..8].copy_from_slice(&[byte(state), byte(state), byte(state), byte(state)]);
    message[16..20].copy_from_slice(&[192, 168, 200, byte(state)]);
    message[28..34].copy_from_slice(&MAC_BYTES);
    message[236..240].copy_from_slice(&[99, 130, 83, 99]);
    message.extend([53, 1, 2 + byte(state) % 4, 54, 4, 192, 168, 200, 6, 67, 4]);
    message.extend(b"evil");
    message.push(255);
    udp(67, [255; 4], 68, &message)
}

fn tftp(state: &mut u64) -> Vec<u8> {
    let port = 32_768 + u16::from_be_bytes([byte(state), byte(state)]) % 28_232;
    let from = 1024 + u16::from(byte(state));
    let payload = match byte(state) % 3 {
        0 => [&[0, 3, 0, 1 + byte(state) % 4][..], &[0xee; 512]].concat(),
        1 => b"\0\x05\0\x01go away\0".to_vec(),
        _ => b"\0\x06tsize\x0099\0".to_vec(),
    };
    udp(from, GUEST, port, &payload)
}

fn arp(number: usize) -> Vec<u8> {
    let mut frame = [&[0xff; 6][..], &OWN_MAC, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &OWN_MAC].concat();
    // Every other one asks from an address of its own: a table that is filled.
    frame.extend([192, 168, 200, number.to_le_bytes()[0] % 100 + 2]);
    frame.extend([0; 6]);
    frame.extend(GUEST);
    frame.resize(60, 0);
    frame
}

fn noise(state: &mut u64) -> Vec<u8> {
    let length = 46 + usize::from(byte(state)) * 5;
    let mut frame = [&MAC_BYTES[..], &OWN_MAC, &[8, 0]].concat();
    frame.extend((0..length).map(|_| byte(state)));
    frame
}

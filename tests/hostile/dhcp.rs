//! A DHCP server that answers wrongly, as a process of its own on a real socket.
//!
//! Usage: hostile-dhcp MODE
//!
//! What a mode sends is in [`replies`]; every reply is broadcast, as one to a client without
//! an address may be.

use std::net::UdpSocket;
use std::time::Duration;

use nix::sys::socket::{SetSockOpt, sockopt};

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const NAK: u8 = 6;

const MAGIC: [u8; 4] = [99, 130, 83, 99];
/// What the rogue gives away: an address that the honest server never gives.
const ROGUE_ADDRESS: [u8; 4] = [192, 168, 200, 66];
const OWN_ADDRESS: [u8; 4] = [192, 168, 200, 6];
/// The honest server of the same network.
const HONEST_ADDRESS: [u8; 4] = [192, 168, 200, 1];
const GUEST_ADDRESS: [u8; 4] = [192, 168, 200, 177];
/// Between two replies.
const PACE: Duration = Duration::from_micros(200);
/// Of a flood, for each request.
const FLOOD: usize = 3000;

fn main() {
    let mode = std::env::args().nth(1).expect("a mode");
    let socket = UdpSocket::bind("0.0.0.0:67").expect("port 67 is free");
    socket.set_broadcast(true).expect("a socket");
    sockopt::BindToDevice.set(&socket, &"eth0".into()).expect("the interface");
    println!("answering: {mode}");
    let mut buffer = [0; 2048];
    loop {
        let (length, _) = socket.recv_from(&mut buffer).expect("a socket");
        let Some(request) = Request::read(&buffer[..length]) else { continue };
        for reply in replies(&mode, &request) {
            // A reply that the network does not take is one that was lost.
            let _ = socket.send_to(&reply, "255.255.255.255:68");
            // Slow enough that the kernel's own queues do not lose the honest server's replies.
            std::thread::sleep(PACE);
        }
    }
}

struct Request {
    kind: u8,
    xid: [u8; 4],
    chaddr: [u8; 16],
    /// Option 54: whose offer was taken.
    chosen: Option<[u8; 4]>,
}

impl Request {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut options = bytes.get(240..)?;
        let (mut kind, mut chosen) = (None, None);
        while let [code, length, rest @ ..] = options {
            let (value, rest) = rest.split_at_checked(usize::from(*length))?;
            match *code {
                53 => kind = value.first().copied(),
                54 => chosen = value.try_into().ok(),
                _ => {}
            }
            options = rest;
        }
        Some(Self {
            kind: kind?,
            xid: bytes[4..8].try_into().ok()?,
            chaddr: bytes[28..44].try_into().ok()?,
            chosen,
        })
    }
}

/// A reply, as it will be on the wire.
struct Reply {
    fixed: [u8; 236],
    cookie: [u8; 4],
    options: Vec<u8>,
}

impl Reply {
    /// A sound one, of the kind that the request wants, from the rogue itself.
    fn to(request: &Request) -> Self {
        let kind = if request.kind == DISCOVER { OFFER } else { ACK };
        let mut fixed = [0; 236];
        fixed[..4].copy_from_slice(&[2, 1, 6, 0]);
        fixed[4..8].copy_from_slice(&request.xid);
        fixed[16..20].copy_from_slice(&ROGUE_ADDRESS);
        fixed[20..24].copy_from_slice(&OWN_ADDRESS);
        fixed[28..44].copy_from_slice(&request.chaddr);
        let reply = Self { fixed, cookie: MAGIC, options: Vec::new() };
        reply
            .option(53, &[kind])
            .option(54, &OWN_ADDRESS)
            .option(51, &[0, 0, 14, 16])
            .option(1, &[255, 255, 255, 0])
    }

    fn option(mut self, code: u8, value: &[u8]) -> Self {
        self.options.extend([code, u8::try_from(value.len()).expect("a short option")]);
        self.options.extend_from_slice(value);
        self
    }

    fn fixed(mut self, at: usize, bytes: &[u8]) -> Self {
        self.fixed[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn cookie(mut self, cookie: [u8; 4]) -> Self {
        self.cookie = cookie;
        self
    }

    /// The honest server's address and lease instead of the rogue's.
    fn honest(self, address: [u8; 4]) -> Self {
        let mut reply = self.fixed(16, &address).fixed(20, &HONEST_ADDRESS);
        if let Some(at) = reply.options.windows(2).position(|option| option == [54, 4]) {
            reply.options[at + 2..at + 6].copy_from_slice(&HONEST_ADDRESS);
        }
        reply
    }

    fn bytes(self) -> Vec<u8> {
        let mut bytes = [&self.fixed[..], &self.cookie, &self.options, &[255]].concat();
        bytes.resize(bytes.len().max(300), 0);
        bytes
    }
}

/// Where the boot file's option ends in a reply.
const CUT: usize = 278;

fn replies(mode: &str, request: &Request) -> Vec<Vec<u8>> {
    // Whoever takes one of these loads a wrong file.
    let evil = || Reply::to(request).option(67, b"evil/pxelinux.0");
    let one = |reply: Reply| vec![reply.bytes()];
    match mode {
        "wrong-xid" => one(evil().fixed(4, &request.xid.map(|byte| !byte))),
        "wrong-chaddr" => one(evil().fixed(28, &[0x00, 0x16, 0x3e, 0, 0, 1])),
        "wrong-cookie" => one(evil().cookie([1, 2, 3, 4])),
        "wrong-hlen" => one(evil().fixed(2, &[255])),
        "wrong-op" => one(evil().fixed(0, &[1])),
        "no-type" => {
            let mut reply = evil();
            reply.options.drain(..3);
            one(reply)
        }
        // Every length at which the boot file is not all there; behind it only padding follows.
        "cut" => (0..CUT).rev().map(|length| evil().bytes()[..length].to_vec()).collect(),
        "overrun" => {
            let mut reply = evil();
            reply.options.extend([66, 250, b'x']);
            let mut bytes = [&reply.fixed[..], &reply.cookie, &reply.options].concat();
            bytes.truncate(270);
            vec![bytes]
        }
        "noise" => noise(request),
        "flood" => {
            let reply = evil().fixed(4, &[9, 9, 9, 9]).bytes();
            vec![reply; FLOOD]
        }
        "flood-of-offers" => (0..FLOOD)
            .map(|number| {
                let address = [192, 168, 200, u8::try_from(10 + number % 150).expect("small")];
                // Without anything to boot: an honest offer that has it is better.
                let server = [
                    10,
                    0,
                    u8::try_from(number / 250).expect("small"),
                    u8::try_from(number % 250).expect("small"),
                ];
                let reply = Reply::to(request).fixed(16, &address);
                let mut reply = reply.fixed(20, &[0; 4]);
                reply.options[5..9].copy_from_slice(&server);
                reply.bytes()
            })
            .collect(),
        "foreign-nak" if request.kind == REQUEST => {
            let mut reply = Reply::to(request).fixed(16, &[0; 4]);
            reply.options[2] = NAK;
            one(reply)
        }
        "foreign-ack" if request.kind == REQUEST && request.chosen != Some(OWN_ADDRESS) => {
            one(evil())
        }
        "address-zero" => one(evil().fixed(16, &[0; 4])),
        "address-broadcast" => one(evil().fixed(16, &[255; 4])),
        "address-loopback" => one(evil().fixed(16, &[127, 0, 0, 1])),
        "address-multicast" => one(evil().fixed(16, &[224, 0, 0, 5])),
        "always-nak" => {
            let mut reply = Reply::to(request);
            if request.kind == REQUEST {
                reply.options[2] = NAK;
            }
            one(reply.option(67, b"pxelinux.0"))
        }
        "boot-file-with-escapes" => one(Reply::to(request)
            .honest(GUEST_ADDRESS)
            .option(67, b"\x1b[2J\x07evil\r\npxelinux.0")),
        // Sound, but rarely seen: these must boot.
        "overloaded" => {
            // RFC 2132, 9.3: options go on in the fields file and sname.
            let file = [&[67, 10][..], b"pxelinux.0", &[255]].concat();
            let sname = [&[66, 13][..], b"192.168.200.1", &[255]].concat();
            one(Reply::to(request)
                .honest(GUEST_ADDRESS)
                .fixed(20, &[0; 4])
                .fixed(108, &file)
                .fixed(44, &sname)
                .option(52, &[3]))
        }
        "split-option" => {
            // RFC 3396: one value in several options of the same code.
            one(Reply::to(request)
                .honest(GUEST_ADDRESS)
                .option(67, b"deep/")
                .option(12, b"rk")
                .option(67, b"pxelinux.0"))
        }
        "mask-with-holes" => {
            // No mask at all: the address's class is what is left to go by.
            let mut reply = Reply::to(request).honest(GUEST_ADDRESS).option(67, b"pxelinux.0");
            let at =
                reply.options.windows(2).position(|option| option == [1, 4]).expect("the mask");
            reply.options[at + 2..at + 6].copy_from_slice(&[255, 0, 255, 0]);
            one(reply)
        }
        "no-end" => {
            let mut bytes =
                Reply::to(request).honest(GUEST_ADDRESS).option(67, b"pxelinux.0").bytes();
            let end = bytes.iter().rposition(|byte| *byte == 255).expect("the end option");
            bytes.truncate(end);
            vec![bytes]
        }
        "padded" => {
            let mut reply = Reply::to(request).honest(GUEST_ADDRESS);
            reply.options.extend([0; 40]);
            one(reply.option(67, b"pxelinux.0\0\0"))
        }
        // A sound lease, and beside it every option that we read, wrongly made: these are passed over.
        "short-options" | "empty-options" | "garbage-options" | "repeated-options" => {
            one(malformed(mode, Reply::to(request).honest(GUEST_ADDRESS)))
        }
        _ => Vec::new(),
    }
}

/// Codes with the shortest length that makes sense.
const OPTIONS: [(u8, usize); 20] = [
    (3, 4),
    (6, 4),
    (12, 1),
    (15, 1),
    (17, 1),
    (28, 4),
    (43, 3),
    (51, 4),
    (58, 4),
    (59, 4),
    (60, 1),
    (66, 1),
    (94, 3),
    (97, 17),
    (121, 5),
    (128, 1),
    (150, 4),
    (175, 3),
    (208, 4),
    (211, 4),
];

fn malformed(mode: &str, mut reply: Reply) -> Reply {
    let mut state = 5;
    let mut garbage = |length: usize| -> Vec<u8> {
        // Above ASCII: no UTF-8, no address of this network.
        (0..length).map(|_| 0xf0 | netns_tests::relay::next(&mut state).to_le_bytes()[0]).collect()
    };
    for (code, length) in OPTIONS {
        let value = match mode {
            "short-options" => garbage(length - 1),
            "empty-options" => Vec::new(),
            // Where to boot from is not among them: that would be another boot.
            _ if [43, 60, 66, 150].contains(&code) => continue,
            "garbage-options" => garbage(length + 7),
            _ => garbage(1),
        };
        let times = if mode == "repeated-options" { 8 } else { 1 };
        for _ in 0..times {
            reply = reply.option(code, &value);
        }
    }
    reply.option(67, b"pxelinux.0")
}

/// Replies of the right transaction whose options are noise.
fn noise(request: &Request) -> Vec<Vec<u8>> {
    let mut state = 1;
    (0..200)
        .map(|_| {
            let mut reply = Reply::to(request);
            for byte in &mut reply.options {
                if netns_tests::relay::next(&mut state).is_multiple_of(4) {
                    *byte = netns_tests::relay::next(&mut state).to_le_bytes()[0];
                }
            }
            // Never a lease that could be taken for sound.
            let mut reply = reply.fixed(16, &[0; 4]);
            reply
                .options
                .extend((0..60).map(|_| netns_tests::relay::next(&mut state).to_le_bytes()[0]));
            reply.bytes()
        })
        .collect()
}

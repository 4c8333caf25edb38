//! A name server that answers wrongly, as a process of its own on a real socket.
//!
//! Usage: hostile-dns MODE

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

const ADDRESS: [u8; 4] = [192, 168, 200, 1];
/// Where nobody serves anything.
const ELSEWHERE: [u8; 4] = [192, 168, 200, 66];
const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;

fn main() {
    let mode = std::env::args().nth(1).expect("a mode");
    let socket = UdpSocket::bind((Ipv4Addr::from(ADDRESS), 53)).expect("port 53 is free");
    println!("answering: {mode}");
    let mut buffer = [0; 1500];
    loop {
        let (length, client) = socket.recv_from(&mut buffer).expect("a socket");
        println!("a request: {mode}");
        if length > HEADER {
            let question =
                Question { id: [buffer[0], buffer[1]], text: buffer[HEADER..length].to_vec() };
            if let Err(error) = answer(&mode, &question, &socket, client) {
                println!("{mode}: {error}");
            }
        }
    }
}

struct Question {
    id: [u8; 2],
    /// The name, type and class, as they came.
    text: Vec<u8>,
}

impl Question {
    /// An answer with these flags and records, which claims to have `count` of them.
    fn reply(&self, flags: u16, count: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let mut reply = self.id.to_vec();
        for word in [flags, 1, count, 0, 0] {
            reply.extend(word.to_be_bytes());
        }
        [reply, self.text.clone(), records.concat()].concat()
    }

    fn address(&self, address: [u8; 4]) -> Vec<u8> {
        self.reply(0x8180, 1, &[record(&ASKED, TYPE_A, &address)])
    }

    fn with_id(&self, id: u16) -> Self {
        Self { id: id.to_be_bytes(), text: self.text.clone() }
    }
}

/// A pointer to the question's name.
const ASKED: [u8; 2] = [0xc0, 12];

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a short record");
    let mut record = name.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1, 0, 0, 0, 60]);
    record.extend(length.to_be_bytes());
    [record, data.to_vec()].concat()
}

/// The one-label name of this number.
fn label(number: usize) -> Vec<u8> {
    let text = format!("n{number}");
    let length = u8::try_from(text.len()).expect("a short label");
    [vec![length], text.into_bytes(), vec![0]].concat()
}

/// Names that lead from the asked one to the `count`th.
fn chain(count: usize) -> Vec<Vec<u8>> {
    let first = record(&ASKED, TYPE_CNAME, &label(1));
    let more = (1..count).map(|number| record(&label(number), TYPE_CNAME, &label(number + 1)));
    std::iter::once(first).chain(more).collect()
}

fn answer(
    mode: &str,
    question: &Question,
    socket: &UdpSocket,
    client: SocketAddr,
) -> io::Result<()> {
    let send = |bytes: &[u8]| socket.send_to(bytes, client).map(|_| ());
    let honest = question.address(ADDRESS);
    match mode {
        "other-ids-first" => {
            let own = u16::from_be_bytes(question.id);
            for step in 1..500 {
                send(&question.with_id(own.wrapping_add(step)).address(ELSEWHERE))?;
            }
            send(&honest)
        }
        "another-question-first" => {
            let other = Question { id: question.id, text: [label(9), vec![0, 1, 0, 1]].concat() };
            send(&other.address(ELSEWHERE))?;
            send(&honest)
        }
        "another-port-first" => {
            let other = UdpSocket::bind((Ipv4Addr::from(ADDRESS), 0))?;
            other.send_to(&question.address(ELSEWHERE), client)?;
            send(&honest)
        }
        "another-address-first" => {
            let other = UdpSocket::bind((Ipv4Addr::from(ELSEWHERE), 53))?;
            other.send_to(&question.address(ELSEWHERE), client)?;
            send(&honest)
        }
        "noise-first" => {
            for length in 0..200 {
                send(&[&question.id[..], &vec![0xff; length]].concat())?;
            }
            for length in 0..honest.len() {
                send(&honest[..length])?;
            }
            send(&honest)
        }
        "a-chain-of-forty" => {
            let mut records = chain(40);
            records.push(record(&label(40), TYPE_A, &ADDRESS));
            send(&question.reply(0x8180, 41, &records))
        }
        "a-chain-of-thousands" => send(&question.reply(0x8180, 4000, &chain(4000))),
        "a-ring" => send(&question.reply(
            0x8180,
            2,
            &[record(&ASKED, TYPE_CNAME, &label(1)), record(&label(1), TYPE_CNAME, &ASKED)],
        )),
        "a-pointer-to-itself" => {
            let at =
                u16::try_from(HEADER + question.text.len()).expect("a short question") | 0xc000;
            send(&question.reply(0x8180, 1, &[record(&at.to_be_bytes(), TYPE_A, &ADDRESS)]))
        }
        "a-pointer-beyond-the-end" => {
            send(&question.reply(0x8180, 1, &[record(&[0xff, 0xff], TYPE_A, &ADDRESS)]))
        }
        "more-records-told-than-there" => {
            send(&question.reply(0x8180, 65535, &[record(&ASKED, TYPE_A, &ADDRESS)]))
        }
        "an-address-of-three-bytes" => {
            send(&question.reply(0x8180, 1, &[record(&ASKED, TYPE_A, &ADDRESS[..3])]))
        }
        "cut" => send(&question.reply(0x8380, 0, &[])),
        "cut-with-an-address" => {
            send(&question.reply(0x8380, 1, &[record(&ASKED, TYPE_A, &ADDRESS)]))
        }
        "no-such-name" => send(&question.reply(0x8183, 0, &[])),
        "server-failure" => send(&question.reply(0x8182, 0, &[])),
        "refused" => send(&question.reply(0x8185, 0, &[])),
        "no-records" => send(&question.reply(0x8180, 0, &[])),
        "the-question-again" => send(&question.reply(0x0100, 0, &[])),
        "silent" => Ok(()),
        "loopback" => send(&question.address([127, 0, 0, 1])),
        "zero" => send(&question.address([0, 0, 0, 0])),
        "multicast" => send(&question.address([224, 0, 0, 1])),
        "broadcast" => send(&question.address([255, 255, 255, 255])),
        _ => panic!("no mode {mode}"),
    }
}

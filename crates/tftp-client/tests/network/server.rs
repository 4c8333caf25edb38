//! Model servers: what tells tftpd-hpa, dnsmasq, atftpd and the windowed ones apart, in one type.

/// What a server does with an ACK that it had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// Nothing: only its own timer sends a block again (tftpd-hpa, dnsmasq, rs-tftpd).
    Ignored,
    /// It sends what follows, whatever it has sent since (atftpd).
    Answered,
}

/// A kind of server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) repeated: Repeated,
    /// The largest window granted; 0 when the option is unknown.
    pub(crate) windowsize: u64,
    /// Whether it knows any options.
    pub(crate) options: bool,
    /// Whether it grants `timeout`, and `utimeout`.
    pub(crate) timeout: bool,
    pub(crate) utimeout: bool,
    /// Whether an ACK inside its window counts. If not, only the one of the window's end does.
    pub(crate) inside: bool,
    /// Its own timer in microseconds.
    pub(crate) timer: u64,
    /// Whether 1 follows 65535.
    pub(crate) skips_zero: bool,
    /// Whether it says ERROR 8 to a request with options.
    pub(crate) refuses_options: bool,
}

impl Kind {
    /// Lock-step, its timer only, grants utimeout.
    pub(crate) const HPA: Self = Self {
        repeated: Repeated::Ignored,
        windowsize: 0,
        options: true,
        timeout: true,
        utimeout: true,
        inside: true,
        timer: 1_000_000,
        skips_zero: false,
        refuses_options: false,
    };
    /// Lock-step, its timer only, grants no timer.
    pub(crate) const DNSMASQ: Self =
        Self { timeout: false, utimeout: false, timer: 2_000_000, ..Self::HPA };
    /// Windowed, answers every ACK.
    pub(crate) const ATFTPD: Self = Self {
        repeated: Repeated::Answered,
        windowsize: 65535,
        utimeout: false,
        timer: 5_000_000,
        ..Self::HPA
    };
    /// Windowed, ignores repeated ACKs, grants utimeout.
    pub(crate) const RS_TFTPD: Self = Self { windowsize: 65535, timer: 5_000_000, ..Self::HPA };
    /// Windowed, and hears only the ACK of the window's end.
    pub(crate) const DEAF: Self = Self { inside: false, ..Self::RS_TFTPD };
    /// RFC 1350 and no more.
    pub(crate) const PLAIN: Self = Self { options: false, ..Self::DNSMASQ };
}

/// A server with one file. Every request starts a thread with a port of its own.
#[derive(Debug)]
pub(crate) struct Server {
    kind: Kind,
    file: Vec<u8>,
    threads: Vec<Thread>,
    /// What waits to be sent, with the port it is sent from.
    pub(crate) sent: Vec<(u16, Vec<u8>)>,
    pub(crate) data_sent: u64,
    /// How many blocks of a window get through.
    pub(crate) burst: Option<u64>,
}

#[derive(Debug)]
struct Thread {
    port: u16,
    oack: Option<Vec<u8>>,
    blksize: u64,
    windowsize: u64,
    /// The last block acknowledged, and the last one sent.
    acked: u64,
    sent: u64,
    /// The highest block ever sent: an old ACK can have led back since.
    highest: u64,
    timer: u64,
    tries: u32,
    wakes_at: Option<u64>,
}

const TRIES: u32 = 8;

impl Server {
    pub(crate) fn new(kind: Kind, file: &[u8]) -> Self {
        Self { kind, file: file.to_vec(), threads: vec![], sent: vec![], data_sent: 0, burst: None }
    }

    pub(crate) fn on_datagram(&mut self, now: u64, port: u16, bytes: &[u8]) {
        match (bytes[1], port) {
            (1, 69) => self.on_request(now, &bytes[2..]),
            (4, _) => self.on_ack(now, port, u16::from_be_bytes([bytes[2], bytes[3]])),
            (5, _) => self.threads.retain(|thread| thread.port != port),
            _ => panic!("{bytes:?} sent to port {port}"),
        }
    }

    pub(crate) fn wakes_at(&self) -> Option<u64> {
        self.threads.iter().filter_map(|thread| thread.wakes_at).min()
    }

    pub(crate) fn on_timer(&mut self, now: u64) {
        for index in 0..self.threads.len() {
            let thread = &mut self.threads[index];
            if thread.wakes_at.is_some_and(|at| at <= now) {
                thread.tries += 1;
                if thread.tries > TRIES {
                    thread.wakes_at = None;
                } else {
                    self.send_window(now, index);
                }
            }
        }
    }

    fn on_request(&mut self, now: u64, request: &[u8]) {
        let text = String::from_utf8(request.to_vec()).unwrap();
        let mut words = text.split_terminator('\0');
        assert_eq!((words.next(), words.next()), (Some("f"), Some("octet")));
        let port = 2000 + u16::try_from(self.threads.len()).unwrap();
        let mut thread = Thread {
            port,
            oack: None,
            blksize: 512,
            windowsize: 1,
            acked: 0,
            sent: 0,
            highest: 0,
            timer: self.kind.timer,
            tries: 0,
            wakes_at: None,
        };
        let mut granted = String::new();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let value: u64 = value.parse().unwrap();
            if self.kind.refuses_options {
                self.sent.push((port, b"\0\x05\0\x08no options\0".to_vec()));
                return;
            }
            let value = match name {
                _ if !self.kind.options => continue,
                "tsize" => self.file.len() as u64,
                "blksize" => {
                    thread.blksize = value;
                    value
                }
                "windowsize" if self.kind.windowsize > 0 => {
                    thread.windowsize = value.min(self.kind.windowsize);
                    thread.windowsize
                }
                "timeout" if self.kind.timeout => {
                    thread.timer = value * 1_000_000;
                    value
                }
                "utimeout" if self.kind.utimeout => {
                    thread.timer = value;
                    value
                }
                _ => continue,
            };
            granted += &format!("{name}\0{value}\0");
        }
        if !granted.is_empty() {
            thread.oack = Some([b"\0\x06", granted.as_bytes()].concat());
        }
        self.threads.push(thread);
        self.send_window(now, self.threads.len() - 1);
    }

    /// Sends the OACK, or the window behind the last block acknowledged.
    fn send_window(&mut self, now: u64, index: usize) {
        let thread = &mut self.threads[index];
        // It backs off, and starts afresh with every new block.
        thread.wakes_at = Some(now + (thread.timer << thread.tries));
        if let Some(oack) = &thread.oack {
            self.sent.push((thread.port, oack.clone()));
            return;
        }
        let last = self.file.len() as u64 / thread.blksize + 1;
        let end = (thread.acked + thread.windowsize).min(last);
        for block in thread.acked + 1..=end {
            if self.burst.is_some_and(|burst| block > thread.acked + burst) {
                continue;
            }
            let from = usize::try_from((block - 1) * thread.blksize).unwrap();
            let to = (from + usize::try_from(thread.blksize).unwrap()).min(self.file.len());
            let wire = wire(block, self.kind.skips_zero).to_be_bytes();
            self.sent.push((thread.port, [&[0, 3], &wire[..], &self.file[from..to]].concat()));
            self.data_sent += 1;
        }
        thread.sent = end;
        thread.highest = thread.highest.max(end);
    }

    fn on_ack(&mut self, now: u64, port: u16, number: u16) {
        let Some(index) = self.threads.iter().position(|thread| thread.port == port) else {
            return;
        };
        let kind = self.kind;
        let thread = &mut self.threads[index];
        if thread.oack.is_some() {
            assert_eq!(number, 0, "the first ACK after an OACK is 0");
            thread.oack = None;
            thread.tries = 0;
            self.send_window(now, index);
            return;
        }
        // The latest block with this number.
        let oldest = thread.highest.saturating_sub(65_000);
        let block = (oldest..=thread.highest)
            .rev()
            .find(|block| wire(*block, kind.skips_zero) == number)
            .unwrap_or_else(|| panic!("ACK {number}, sent up to {}", thread.highest));
        let last = self.file.len() as u64 / thread.blksize + 1;
        let new = block > thread.acked && (kind.inside || block == thread.sent);
        if block == last {
            thread.wakes_at = None;
            thread.acked = block;
        } else if new || kind.repeated == Repeated::Answered {
            if new {
                thread.tries = 0;
            }
            thread.acked = block;
            self.send_window(now, index);
        }
    }
}

fn wire(block: u64, skips_zero: bool) -> u16 {
    let number = match block {
        0 => 0,
        _ if skips_zero => (block - 1) % 65535 + 1,
        _ => block % 65536,
    };
    u16::try_from(number).unwrap()
}

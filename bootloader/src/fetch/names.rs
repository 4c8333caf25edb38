//! Looking a name up with the lease's own name servers (RFC 1035): dom0's resolver asks
//! dom0's servers over dom0's network, which know nothing of the guest's.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use crate::budget::Budget;
use crate::limits::{MAX_DNS_PACKET, MAX_NAMES};

const PORT: u16 = 53;
/// How long each server is waited for, each time round.
const PATIENCE: Duration = Duration::from_secs(2);
const ROUNDS: usize = 2;

/// The name servers of a lease, and what they have said; copies share it.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    servers: Vec<Ipv4Addr>,
    domain: Option<String>,
    /// A boot asks for ten files of one host, and is over before any address has changed.
    known: Arc<Mutex<BTreeMap<String, Ipv4Addr>>>,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// The lease names no name server.
    #[error("the lease names no name server to look {0} up with: use its address")]
    NoServers(String),
    /// The servers know no address of that name.
    #[error("the name server {1} knows no address of {0}")]
    Unknown(String, Ipv4Addr),
    /// A server says that its answer is longer than it sent, and what it sent has no address.
    #[error("the name server {1} cut its answer for {0}, which is too long: use its address")]
    Cut(String, Ipv4Addr),
    /// The servers do not answer.
    #[error("no name server of the lease answers for {0}")]
    Silence(String),
    /// No host can be called that.
    #[error("{0} is no host's name")]
    Malformed(String),
}

impl Resolver {
    /// Asks `servers` in turn; names without a dot get `domain` behind them, as in PXELINUX.
    #[must_use]
    pub fn new(servers: Vec<Ipv4Addr>, domain: Option<String>) -> Self {
        Self { servers, domain, known: Arc::default() }
    }

    /// An IPv4 address of `host`.
    ///
    /// # Errors
    /// [`NoAddress`].
    pub fn look_up(&self, host: &str, budget: &Budget) -> Result<Ipv4Addr, NoAddress> {
        if let Ok(address) = host.parse() {
            return Ok(address);
        }
        if let Some(address) = self.known.lock().ok().and_then(|known| known.get(host).copied()) {
            return Ok(address);
        }
        let address = self.ask_all(host, budget)?;
        self.remember(host, address);
        Ok(address)
    }

    fn remember(&self, host: &str, address: Ipv4Addr) {
        if let Ok(mut known) = self.known.lock()
            && known.len() < MAX_NAMES
        {
            known.insert(host.to_owned(), address);
        }
    }

    fn ask_all(&self, host: &str, budget: &Budget) -> Result<Ipv4Addr, NoAddress> {
        let full = match &self.domain {
            Some(domain) if !host.contains('.') => format!("{host}.{domain}."),
            _ => format!("{}.", host.trim_end_matches('.')),
        };
        let name = Name::from_str(&full).map_err(|_| NoAddress::Malformed(host.to_owned()))?;
        if self.servers.is_empty() {
            return Err(NoAddress::NoServers(host.to_owned()));
        }
        let (mut unknown, mut cut) = (None, None);
        for _ in 0..ROUNDS {
            for server in &self.servers {
                match ask(*server, &name, budget) {
                    Ok(Some(address)) => return Ok(address),
                    Ok(None) => unknown = Some(*server),
                    Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                        cut = Some(*server);
                    }
                    Err(_) => {} // silent, or refusing: the next one may do better
                }
            }
            if let Some(server) = unknown {
                return Err(NoAddress::Unknown(host.to_owned(), server));
            }
            if let Some(server) = cut {
                return Err(NoAddress::Cut(host.to_owned(), server));
            }
        }
        Err(NoAddress::Silence(host.to_owned()))
    }
}

/// Why an answer to our question tells nothing of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoUse {
    /// The server does not want to, or cannot.
    #[error("{0}")]
    Refused(ResponseCode),
    /// It is longer than a datagram, and the address is not in this part of it.
    #[error("cut")]
    Cut,
}

fn ask(server: Ipv4Addr, name: &Name, budget: &Budget) -> io::Result<Option<Ipv4Addr>> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), RecordType::A));
    let id = message.metadata.id;
    let question = message.to_vec().map_err(io::Error::other)?;
    // Connected: the kernel drops what does not come from the server.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(SocketAddr::from((IpAddr::V4(server), PORT)))?;
    socket.send(&question)?;
    let until = budget.until(PATIENCE);
    let mut buffer = [0; MAX_DNS_PACKET];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        match read_answer(buffer.get(..length).unwrap_or_default(), id, name) {
            Some(Ok(address)) => return Ok(address),
            Some(Err(NoUse::Cut)) => return Err(io::Error::from(io::ErrorKind::FileTooLarge)),
            Some(Err(refused)) => return Err(io::Error::other(refused)),
            None => {}
        }
    }
}

/// The address that a datagram gives for `name`: none of it, if it is no answer to the question `id`;
/// an answer without an address, if there is no such name; or why it tells nothing.
#[must_use]
pub fn read_answer(
    datagram: &[u8],
    id: u16,
    name: &Name,
) -> Option<Result<Option<Ipv4Addr>, NoUse>> {
    let answer = Message::from_vec(datagram).ok()?;
    let is_ours = answer.metadata.id == id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries.first().is_some_and(|query| query.name() == name);
    if !is_ours {
        return None;
    }
    Some(match answer.metadata.response_code {
        // The server follows CNAMEs for us; the address may be under another name.
        ResponseCode::NoError | ResponseCode::NXDomain => {
            let address = answer.answers.iter().find_map(|record| match &record.data {
                RData::A(address) => Some(address.0),
                _ => None,
            });
            if address.is_none() && answer.metadata.truncation {
                Err(NoUse::Cut)
            } else {
                Ok(address)
            }
        }
        code => Err(NoUse::Refused(code)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_comes_back_is_no_answer() {
        let name = Name::from_str("boot.example.org.").unwrap();
        let mut message = Message::query();
        message.add_query(Query::query(name.clone(), RecordType::A));
        let id = message.metadata.id;
        assert_eq!(read_answer(&message.to_vec().unwrap(), id, &name), None);
        message.metadata.message_type = MessageType::Response;
        assert_eq!(read_answer(&message.to_vec().unwrap(), id, &name), Some(Ok(None)));
        message.metadata.truncation = true;
        assert_eq!(read_answer(&message.to_vec().unwrap(), id, &name), Some(Err(NoUse::Cut)));
    }

    #[test]
    fn as_many_names_are_remembered_as_there_may_be_and_no_more() {
        let resolver = Resolver::default();
        let copy = resolver.clone();
        let address = Ipv4Addr::new(10, 0, 0, 1);
        for number in 0..=MAX_NAMES {
            resolver.remember(&format!("host{number}"), address);
        }
        let budget = Budget::starting_now(Duration::from_secs(1));
        let last = format!("host{}", MAX_NAMES - 1);
        assert_eq!(copy.look_up(&last, &budget), Ok(address));
        let over = format!("host{MAX_NAMES}");
        assert_eq!(copy.look_up(&over, &budget), Err(NoAddress::NoServers(over.clone())));
    }
}

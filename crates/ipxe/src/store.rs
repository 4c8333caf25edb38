//! Settings by name: `[block/]name[:type]`. Follows `parse_setting_name` and `fetch_setting` of
//! `src/core/settings.c`.
//!
//! A name without block is looked for in what the script has set, then in the network device, then in its
//! lease, then in the answer of the proxy, then in what the machine says of itself. `netX` is the device
//! used last, which here is `net0`, the only one. The lease itself is `net0.dhcp`.

use std::collections::BTreeMap;

use crate::error::{Cause, Exceeded};
use crate::limits::Limits;
use crate::settings::{Dhcp, Settings};
use crate::text::strtoul;
use crate::value::{HEX, INT32, Type, UINT32};

/// What a setting is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A DHCP option; one that is encapsulated in another has the other's number times 256 added.
    Tag(u32),
    Name(Vec<u8>),
}

/// A name taken apart.
#[derive(Clone, Debug)]
struct Name {
    block: Vec<u8>,
    key: Key,
    kind: Option<Type>,
}

#[derive(Clone, Debug)]
struct Value {
    raw: Vec<u8>,
    kind: Option<Type>,
}

/// All settings of a run.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    given: Settings,
    set: BTreeMap<(Vec<u8>, Key), Value>,
    /// The URL of the script that runs.
    pub(crate) url: String,
    /// Whether a command has failed: `${errno}`.
    pub(crate) failed: bool,
}

/// Why a setting cannot be stored.
#[derive(Debug)]
pub(crate) enum StoreError {
    Fails(Cause),
    Limit(Exceeded),
}

const NET: &[u8] = b"net0";
const LEASE: &[u8] = b"net0.dhcp";
const PROXY: &[u8] = b"proxydhcp";

/// Settings with a name of their own: the name, the DHCP option if it is one, the type.
const PREDEFINED: &[(&[u8], Option<u32>, Type)] = &[
    (b"netmask", Some(1), Type::Ipv4),
    (b"gateway", Some(3), Type::Ipv4),
    (b"dns", Some(6), Type::Ipv4),
    (b"syslog", Some(7), Type::Ipv4),
    (b"hostname", Some(12), Type::String),
    (b"domain", Some(15), Type::String),
    (b"root-path", Some(17), Type::String),
    (b"ntp", Some(42), Type::Ipv4),
    (b"dhcp-server", Some(54), Type::Ipv4),
    (b"vendor-class", Some(60), Type::String),
    (b"filename", Some(67), Type::String),
    (b"user-class", Some(77), Type::String),
    (b"ip", None, Type::Ipv4),
    (b"next-server", None, Type::Ipv4),
    (b"mac", None, HEX),
    (b"uuid", None, Type::Uuid),
    (b"memsize", None, INT32),
    (b"unixtime", None, UINT32),
    (b"errno", None, UINT32),
    (b"priority", None, Type::Int { bytes: 1, signed: true }),
];

fn parse_name(text: &[u8]) -> Option<Name> {
    let cut = |text: &[u8], at: u8| {
        let end = text.iter().position(|&b| b == at)?;
        Some((text.get(..end)?.to_vec(), text.get(end.checked_add(1)?..)?.to_vec()))
    };
    let (block, rest) = cut(text, b'/').unwrap_or((Vec::new(), text.to_vec()));
    let (name, kind) = match cut(&rest, b':') {
        Some((name, kind)) => (name, Some(Type::by_name(&kind)?)),
        None => (rest, None),
    };
    let block = match block.strip_prefix(b"netX") {
        Some(rest) => [NET, rest].concat(),
        None => block,
    };
    let tag = parse_tag(&name);
    let known = PREDEFINED.iter().find(|(known, number, _)| {
        number.map_or(name == *known, |number| tag == number || name == *known)
    });
    let (key, default) = match known {
        Some((_, Some(number), kind)) => (Key::Tag(*number), Some(*kind)),
        Some((_, None, kind)) => (Key::Name(name), Some(*kind)),
        None if tag != 0 => (Key::Tag(tag), None),
        None => (Key::Name(name), None),
    };
    Some(Name { block, key, kind: kind.or(default) })
}

/// `210` or `43.6` as a number; 0 is none.
fn parse_tag(name: &[u8]) -> u32 {
    let mut tag = 0_u32;
    let mut rest = name;
    loop {
        let (number, tail) = strtoul(rest, 0);
        tag = (tag << 8) | number;
        match tail {
            [] => return tag,
            [b'.', tail @ ..] => rest = tail,
            _ => return 0,
        }
    }
}

impl Store {
    pub(crate) fn new(given: Settings) -> Store {
        Store { given, set: BTreeMap::new(), url: String::new(), failed: false }
    }

    /// The setting as text, if it is set and its value fits its type.
    pub(crate) fn text(&self, name: &[u8]) -> Option<Vec<u8>> {
        let name = parse_name(name)?;
        let value = self.find(&name)?;
        name.kind.or(value.kind).unwrap_or(Type::String).format(&value.raw)
    }

    /// Sets or, with an empty value, clears.
    pub(crate) fn set(
        &mut self,
        text: &[u8],
        value: &[u8],
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let no_setting = || StoreError::Fails(Cause::NoSetting(text.to_vec()));
        let name = parse_name(text).ok_or_else(no_setting)?;
        if value.is_empty() {
            self.set.remove(&(name.block, name.key));
            return Ok(());
        }
        let kind = name.kind.unwrap_or(Type::String);
        let raw = kind.parse(value).ok_or_else(|| {
            StoreError::Fails(Cause::Value { name: text.to_vec(), value: value.to_vec() })
        })?;
        self.put(name, Value { raw, kind: Some(kind) }, limits)
    }

    /// Adds to an integer; what is not set counts as an `int32` of 0.
    pub(crate) fn add(
        &mut self,
        text: &[u8],
        increment: u32,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let no_setting = || StoreError::Fails(Cause::NoSetting(text.to_vec()));
        let name = parse_name(text).ok_or_else(no_setting)?;
        let found = self.find(&name);
        let stored = found.as_ref().map(|value| value.kind.unwrap_or(Type::String));
        let kind = name.kind.or(stored).unwrap_or(INT32);
        let value = found.and_then(|value| kind.number(&value.raw)).unwrap_or(0);
        let raw = kind.to_bytes(value.wrapping_add(increment)).ok_or_else(|| {
            let value = self.text(text).unwrap_or_default();
            StoreError::Fails(Cause::Value { name: text.to_vec(), value })
        })?;
        self.put(name, Value { raw, kind: Some(kind) }, limits)
    }

    fn put(&mut self, name: Name, value: Value, limits: &Limits) -> Result<(), StoreError> {
        if value.raw.len() > limits.variable_bytes {
            let limit = limits.variable_bytes;
            return Err(StoreError::Limit(Exceeded::VariableBytes { limit }));
        }
        let place = (name.block, name.key);
        if self.set.len() >= limits.variables && !self.set.contains_key(&place) {
            return Err(StoreError::Limit(Exceeded::Variables { limit: limits.variables }));
        }
        self.set.insert(place, value);
        Ok(())
    }

    fn find(&self, name: &Name) -> Option<Value> {
        let set = |block: &[u8]| self.set.get(&(block.to_vec(), name.key.clone())).cloned();
        let lease = |block: &[u8], dhcp: &Dhcp| set(block).or_else(|| from_dhcp(dhcp, &name.key));
        let proxy = || match &self.given.proxy {
            Some(proxy) => lease(PROXY, proxy),
            None => set(PROXY),
        };
        let device = || {
            set(NET)
                .or_else(|| self.device_says(&name.key))
                .or_else(|| lease(LEASE, &self.given.dhcp))
        };
        match name.block.as_slice() {
            b"" => set(b"")
                .or_else(|| self.builtin(&name.key))
                .or_else(device)
                .or_else(proxy)
                .or_else(|| self.machine_says(&name.key)),
            NET => device(),
            LEASE => lease(LEASE, &self.given.dhcp),
            PROXY => proxy(),
            b"builtin" => self.builtin(&name.key),
            b"smbios" | b"memmap" => set(&name.block).or_else(|| self.machine_says(&name.key)),
            block => set(block),
        }
    }

    fn builtin(&self, key: &Key) -> Option<Value> {
        let Key::Name(name) = key else { return None };
        let text = |text: &str| Some(Value { raw: text.as_bytes().to_vec(), kind: None });
        match name.as_slice() {
            b"buildarch" => text(&self.given.buildarch),
            b"platform" => text(&self.given.platform),
            b"version" => text(&self.given.version),
            b"cwuri" => text(&self.url),
            b"cwduri" => text(&crate::uri::resolve(&self.url, b".")?),
            b"errno" => Some(number(u32::from(self.failed))),
            b"unixtime" => self.given.unix_time.map(number),
            _ => None,
        }
    }

    fn device_says(&self, key: &Key) -> Option<Value> {
        let Key::Name(name) = key else { return None };
        let text = |text: &[u8]| Some(Value { raw: text.to_vec(), kind: None });
        match name.as_slice() {
            b"mac" => Some(Value { raw: self.given.mac.to_vec(), kind: Some(HEX) }),
            b"ifname" => text(NET),
            b"chip" => text(b"netfront"),
            b"bustype" => text(b"XEN"),
            b"linktype" => text(b"Ethernet"),
            _ => None,
        }
    }

    fn machine_says(&self, key: &Key) -> Option<Value> {
        let Key::Name(name) = key else { return None };
        match name.as_slice() {
            b"uuid" => Some(Value { raw: self.given.uuid?.to_vec(), kind: Some(Type::Uuid) }),
            b"memsize" => self.given.memory.map(number),
            name => {
                let value = self.given.smbios.get(std::str::from_utf8(name).ok()?)?;
                Some(Value { raw: value.clone(), kind: None }).filter(|value| !value.raw.is_empty())
            }
        }
    }
}

fn number(value: u32) -> Value {
    Value { raw: value.to_be_bytes().to_vec(), kind: Some(UINT32) }
}

fn from_dhcp(dhcp: &Dhcp, key: &Key) -> Option<Value> {
    let raw = match key {
        Key::Tag(tag) => dhcp.option(*tag)?.to_vec(),
        Key::Name(name) => match name.as_slice() {
            b"ip" => dhcp.address?.octets().to_vec(),
            b"next-server" => dhcp.next_server?.octets().to_vec(),
            _ => return None,
        },
    };
    Some(Value { raw, kind: None })
}

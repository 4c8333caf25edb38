//! One item of `vif = [ ... ]`, the guest's network interface, as xl reads it (`parse_nic_config` in
//! xl_parse.c; xl-network-configuration(5)).
//!
//! xl is lenient here: it warns about what it does not know and goes on. So does this reader. A MAC
//! address xl cannot read is an error all the same: xl would give the guest a random one at every start.

use std::fmt;

use crate::limits::MAX_SPEC_BYTES;
use crate::mac::{MacError, parse_mac};

/// A vif specification: fields in the order they were written, the unknown ones among them.
///
/// ```
/// let vif = xlcfg::VifSpec::parse("mac=00:16:3e:62:39:d3, bridge=xenbr0")?;
/// assert_eq!(vif.mac(), Some([0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3]));
/// assert_eq!(vif.bridge(), Some("xenbr0"));
/// # Ok::<(), xlcfg::VifError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VifSpec {
    fields: Vec<Field>,
    mac: Option<[u8; 6]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    key: String,
    /// `None` for a word without `=`, such as `trusted`.
    value: Option<String>,
}

/// Which kinds of network device the guest gets (`type=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VifType {
    /// The paravirtual device only.
    Vif,
    /// An emulated device as well; HVM only.
    Ioemu,
}

/// A vif specification that does not say what its writer meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VifError {
    /// The MAC address.
    #[error("vif: mac={text:?}: {reason}")]
    Mac {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: MacError,
    },
    /// A device number xl would stop at.
    #[error("vif: devid={text:?} is not a number; leave devid out, or write a number")]
    DevId {
        /// What stands there.
        text: String,
    },
    /// A key or value that cannot be written into a specification.
    #[error(
        "vif: {text:?} cannot be written into a vif; commas and line ends have no escape there"
    )]
    Unwritable {
        /// The offending text.
        text: String,
    },
    /// The text is longer than [`MAX_SPEC_BYTES`].
    #[error("vif: longer than {MAX_SPEC_BYTES} bytes")]
    TooLong,
}

impl VifSpec {
    /// Reads a specification. The empty one is valid: all defaults.
    pub fn parse(text: &str) -> Result<Self, VifError> {
        if text.len() > MAX_SPEC_BYTES {
            return Err(VifError::TooLong);
        }
        let mut spec = Self::default();
        // Two commas are one to strtok, and only spaces in front of a field are passed over.
        for token in text.split(',').filter(|token| !token.is_empty()) {
            let token = token.trim_start_matches(' ');
            let (key, value) = match token.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (token, None),
            };
            match (key, value) {
                ("mac", Some(value)) => spec.mac = Self::read_mac(value)?,
                ("devid", Some(value)) => check_devid(value)?,
                _ => {}
            }
            spec.fields.push(Field { key: key.to_owned(), value: value.map(str::to_owned) });
        }
        Ok(spec)
    }

    /// The guest's MAC address. `None`: xl makes one up at every start. All zeros mean that too.
    #[must_use]
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.mac
    }

    /// The bridge as written. With Open vSwitch it may carry VLANs: see [`OvsBridge::parse`].
    /// `None`: the default, `vif.default.bridge` of xl.conf, else `xenbr0`.
    #[must_use]
    pub fn bridge(&self) -> Option<&str> {
        self.get("bridge")
    }

    /// The hotplug script, a name in /etc/xen/scripts or a path.
    #[must_use]
    pub fn script(&self) -> Option<&str> {
        self.get("script")
    }

    /// The emulated card (`rtl8139`, `e1000`).
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.get("model")
    }

    /// The kind of device. `None` for another word too: xl warns and takes its default.
    #[must_use]
    pub fn vif_type(&self) -> Option<VifType> {
        let known = |field: &&Field| field.key == "type";
        self.fields.iter().rev().filter(known).find_map(|field| match field.value.as_deref() {
            Some("vif") => Some(VifType::Vif),
            Some("ioemu") => Some(VifType::Ioemu),
            _ => None,
        })
    }

    /// The VLANs of a Linux bridge port, as written (Xen 4.20 and later).
    #[must_use]
    pub fn vlan(&self) -> Option<&str> {
        self.get("vlan")
    }

    /// The name of the interface in dom0.
    #[must_use]
    pub fn vifname(&self) -> Option<&str> {
        self.get("vifname")
    }

    /// Any field's value; the last one where it stands twice. A word without `=` has none.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().rev().filter(|field| field.key == key).find_map(|f| f.value.as_deref())
    }

    /// Whether a word without `=`, such as `trusted`, stands there.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        self.fields.iter().any(|field| field.value.is_none() && field.key == word)
    }

    /// All fields in order, as key and value; a word without `=` has no value.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.fields.iter().map(|field| (field.key.as_str(), field.value.as_deref()))
    }

    /// Sets a field, in its place if it is there, else at the end.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), VifError> {
        let bad = |text: &str| VifError::Unwritable { text: text.to_owned() };
        if key.is_empty() || key.starts_with(' ') || key.contains(['=', ',', '\n', '\0']) {
            return Err(bad(key));
        }
        if value.contains([',', '\n', '\0']) {
            return Err(bad(value));
        }
        match key {
            "mac" => self.mac = Self::read_mac(value)?,
            "devid" => check_devid(value)?,
            _ => {}
        }
        let is_it = |field: &Field| field.key == key && field.value.is_some();
        let at = self.fields.iter().position(is_it);
        let mut seen = false;
        self.fields.retain(|field| !is_it(field) || !std::mem::replace(&mut seen, true));
        match at.and_then(|at| self.fields.get_mut(at)) {
            Some(field) => field.value = Some(value.to_owned()),
            None => {
                self.fields.push(Field { key: key.to_owned(), value: Some(value.to_owned()) });
            }
        }
        Ok(())
    }

    /// Removes a field, or a word without `=`. Nothing happens where there is none.
    pub fn remove(&mut self, key: &str) {
        self.fields.retain(|field| field.key != key);
        if key == "mac" {
            self.mac = None;
        }
    }

    fn read_mac(text: &str) -> Result<Option<[u8; 6]>, VifError> {
        match parse_mac(text) {
            Ok([0, 0, 0, 0, 0, 0]) => Ok(None),
            Ok(mac) => Ok(Some(mac)),
            Err(reason) => Err(VifError::Mac { text: text.to_owned(), reason }),
        }
    }
}

impl fmt::Display for VifSpec {
    /// The specification as xl reads it, separated by single commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match &field.value {
                Some(value) => write!(f, "{}={value}", field.key)?,
                None => f.write_str(&field.key)?,
            }
        }
        Ok(())
    }
}

/// Xen's `parse_ulong`: C's `strtoul` with base 0; xl stops where it fails.
fn check_devid(text: &str) -> Result<(), VifError> {
    match crate::number::parse_long(text.as_bytes()) {
        Ok(0..) => Ok(()),
        _ => Err(VifError::DevId { text: text.to_owned() }),
    }
}

/// A `bridge=` as the hotplug script `vif-openvswitch` reads it: `BRIDGE[.TAG][:TRUNK[:TRUNK...]]`.
///
/// Only that script reads it so. The name of a Linux bridge may have a dot in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvsBridge<'a> {
    /// The bridge's name.
    pub name: &'a str,
    /// The VLAN of untagged frames, 0 to 4095.
    pub tag: Option<u16>,
    /// The VLANs that pass tagged, 0 to 4095 each.
    pub trunks: Vec<u16>,
}

impl<'a> OvsBridge<'a> {
    /// Takes a `bridge=` apart. `None` if a VLAN is not a number up to 4095 or the name is empty.
    #[must_use]
    pub fn parse(bridge: &'a str) -> Option<Self> {
        let mut parts = bridge.split(':');
        let head = parts.next()?;
        let (name, tag) = match head.split_once('.') {
            Some((name, tag)) => (name, Some(vlan(tag)?)),
            None => (head, None),
        };
        let trunks = parts.map(vlan).collect::<Option<Vec<u16>>>()?;
        (!name.is_empty()).then_some(Self { name, tag, trunks })
    }
}

fn vlan(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| digits && number <= 4095)
}

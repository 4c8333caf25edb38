//! Which configuration files a client asks for, and in which order.
//!
//! RFC 5071 section 5 (option 209) and the PXELINUX manual, "How do I configure PXELINUX".

use std::fmt;
use std::net::Ipv4Addr;

/// A network card's address with its ARP type, as DHCP's `htype` and `chaddr` carry them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardwareAddress {
    /// ARP hardware type: 1 is Ethernet.
    pub htype: u8,
    /// The MAC address.
    pub mac: [u8; 6],
}

impl HardwareAddress {
    /// An Ethernet card.
    #[must_use]
    pub fn ethernet(mac: [u8; 6]) -> HardwareAddress {
        HardwareAddress { htype: 1, mac }
    }
}

/// As PXELINUX writes it: type and address in lower-case hex with dashes.
impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.htype)?;
        self.mac.iter().try_for_each(|byte| write!(f, "-{byte:02x}"))
    }
}

/// A machine's UUID in the byte order of RFC 4122, which is the order of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Reads the form `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case. `None` for any other
    /// text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Uuid> {
        const DASHES: [usize; 4] = [8, 13, 18, 23];
        if text.len() != 36 {
            return None;
        }
        let mut digits = [0_u8; 32];
        let mut slots = digits.iter_mut();
        for (i, byte) in text.bytes().enumerate() {
            if DASHES.contains(&i) {
                if byte != b'-' {
                    return None;
                }
            } else {
                *slots.next()? = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
            }
        }
        let mut bytes = [0_u8; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let [high, low] = *pair;
            *byte = high << 4 | low;
        }
        Some(Uuid(bytes))
    }

    /// Whether PXELINUX would use it: the version byte lies in 0x10 to 0xef. That leaves out the
    /// all-zero and all-one UUIDs of machines that have none.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        (0x10..=0xef).contains(&self.0[6])
    }

    /// The same UUID with its first three fields in little-endian order. SMBIOS 2.6, EFI and iPXE
    /// keep it so, and PXELINUX then asks for a name in that order.
    #[must_use]
    pub fn swapped(&self) -> Uuid {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        let [i, j, k, l, m, n, o, p] = rest;
        Uuid([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What the names are made of.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// DHCP option 209, the configuration file's name.
    pub config_file: Option<&'a [u8]>,
    /// The guest's UUID.
    pub uuid: Option<Uuid>,
    /// The guest's network card.
    pub hardware: HardwareAddress,
    /// The leased address.
    pub address: Ipv4Addr,
}

/// The names to ask for, first to last. The next one is for a missing (or empty) file only: a server
/// that is silent or refuses is a different matter.
///
/// All names are relative to the prefix. After option 209 come, below `pxelinux.cfg/`, the UUID, its
/// byte-swapped form, type and MAC address, the IP address in upper-case hex with fewer and fewer
/// digits, and `default`. The swapped UUID is the only name PXELINUX on the same machine may not ask
/// for; it asks for one of the two, whichever the firmware stores.
#[must_use]
pub fn config_names(client: &Client<'_>) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    if let Some(name) = client.config_file.map(until_nul).filter(|name| !name.is_empty()) {
        names.push(name.to_vec());
    }
    let mut below = |tail: String| names.push(format!("{DIRECTORY}{tail}").into_bytes());
    if let Some(uuid) = client.uuid {
        if uuid.is_usable() {
            below(uuid.to_string());
        }
        let swapped = uuid.swapped();
        if swapped.is_usable() && swapped != uuid {
            below(swapped.to_string());
        }
    }
    below(client.hardware.to_string());
    let hex = format!("{:08X}", u32::from(client.address));
    for digits in (1..=hex.len()).rev() {
        below(hex.chars().take(digits).collect());
    }
    below("default".to_owned());
    names
}

const DIRECTORY: &str = "pxelinux.cfg/";

/// DHCP servers may end a string option with a NUL; to PXELINUX it is the end in any case.
pub(crate) fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&b| b == 0).next().unwrap_or_default()
}

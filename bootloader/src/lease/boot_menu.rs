//! The boot menu that a PXE server offers in option 43 (PXE 2.1, 2.3.2 and table 2-1): its
//! first item is what a ROM takes when nobody presses a key.

use std::net::Ipv4Addr;

use super::reply::{Reply, code};

/// Sub-options of option 43.
const BOOT_SERVERS: u8 = 8;
const BOOT_MENU: u8 = 9;

/// An item of a menu, which a boot server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootItem {
    /// The boot server's type.
    pub kind: u16,
    /// The boot server for this type, where the menu names one.
    pub server: Option<Ipv4Addr>,
}

impl BootItem {
    /// The type that means the local disk.
    pub const LOCAL_DISK: u16 = 0;

    /// The first item of the menu in `reply`.
    #[must_use]
    pub fn first(reply: &Reply) -> Option<Self> {
        let vendor = reply.option(code::VENDOR)?;
        let (kind, _) = sub_option(vendor, BOOT_MENU)?.split_first_chunk()?;
        let kind = u16::from_be_bytes(*kind);
        let server = sub_option(vendor, BOOT_SERVERS).and_then(|servers| server_of(servers, kind));
        Some(Self { kind, server })
    }
}

/// A sub-option's bytes; the first one, if there are several.
#[must_use]
pub fn sub_option(vendor: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = vendor;
    while let Some((&found, tail)) = rest.split_first() {
        match found {
            0 => rest = tail,
            255 => return None,
            _ => {
                let (&length, tail) = tail.split_first()?;
                let (data, tail) = tail.split_at_checked(length.into())?;
                if found == wanted {
                    return Some(data);
                }
                rest = tail;
            }
        }
    }
    None
}

/// The first address for `wanted` in a list of type, count, addresses.
fn server_of(mut servers: &[u8], wanted: u16) -> Option<Ipv4Addr> {
    while let Some((&[high, low, count], tail)) = servers.split_first_chunk::<3>() {
        let (addresses, tail) = tail.split_at_checked(usize::from(count) * 4)?;
        if u16::from_be_bytes([high, low]) == wanted {
            let (address, _) = addresses.split_first_chunk::<4>()?;
            return Some(Ipv4Addr::from(*address));
        }
        servers = tail;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::reply::tests::{MAC, reply};

    fn offer(vendor: &[u8]) -> Reply {
        Reply::decode(&reply(1, MAC).options(&[(53, &[2]), (43, vendor)])).unwrap()
    }

    #[test]
    fn the_first_item_and_its_server() {
        let menu = [
            6, 1, 3, // discovery control
            10, 5, 0, b'B', b'o', b'o', b't', // prompt
            8, 14, 0x80, 1, 1, 10, 0, 0, 1, 0x80, 0, 1, 10, 0, 0, 2, // servers
            9, 12, 0x80, 0, 3, b'o', b'n', b'e', 0x80, 1, 3, b't', b'w', b'o', 255,
        ];
        let item = BootItem::first(&offer(&menu)).unwrap();
        assert_eq!(item, BootItem { kind: 0x8000, server: Some(Ipv4Addr::new(10, 0, 0, 2)) });
    }

    #[test]
    fn a_menu_without_servers_or_items() {
        let item = BootItem::first(&offer(&[9, 7, 0, 0, 4, b'd', b'i', b's', b'k', 255])).unwrap();
        assert_eq!(item, BootItem { kind: BootItem::LOCAL_DISK, server: None });
        assert_eq!(BootItem::first(&offer(&[6, 1, 8, 255])), None);
        assert_eq!(BootItem::first(&offer(&[9, 200, 1])), None);
        assert_eq!(BootItem::first(&offer(&[9, 1, 1, 255])), None);
    }

    #[test]
    fn lists_that_end_too_early_name_no_server() {
        assert_eq!(server_of(&[0, 1, 2, 10, 0, 0, 1], 1), None);
        assert_eq!(server_of(&[0, 1, 0], 1), None);
        assert_eq!(server_of(&[0, 2, 1, 10, 0, 0, 1], 1), None);
    }
}

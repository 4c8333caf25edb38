//! Who has an address, as the kernel has just learned it by ARP: a guest's own files are given to
//! its MAC alone. /proc/net/arp, proc_net(5).

use std::net::Ipv4Addr;

use crate::values::Mac;

/// The kernel's table.
pub const TABLE: &str = "/proc/net/arp";

/// Who has this address, by the table's text.
#[must_use]
pub fn who_has(address: Ipv4Addr, table: &str) -> Option<Mac> {
    table.lines().skip(1).find_map(|line| {
        // IP address, HW type, flags, HW address, mask, device
        let mut words = line.split_whitespace();
        let is_it = words.next()?.parse() == Ok(address);
        is_it.then(|| words.nth(2)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table = "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.200.17   0x1         0x0         00:00:00:00:00:00     *        xenbr0
192.168.200.177  0x1         0x2         00:16:3e:62:39:d3     *        xenbr0
";
        let who = |last| who_has(Ipv4Addr::new(192, 168, 200, last), table);
        assert_eq!(who(177), Some("00:16:3e:62:39:d3".parse().unwrap()));
        assert_eq!(who(17), None, "asked for and not found");
        assert_eq!(who(1), None);
    }
}

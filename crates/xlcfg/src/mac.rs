//! MAC addresses as xl reads them in a vif specification (`parse_nic_config` in xl_parse.c).

/// Why a text is not a MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MacError {
    /// A group that is not hexadecimal, or none at all. Counted from 1.
    #[error("group {0} is not hexadecimal; write six groups such as 00:16:3e:62:39:d3")]
    NotHex(usize),
    /// A group above ff.
    #[error("group {0} is larger than ff; write six groups such as 00:16:3e:62:39:d3")]
    TooLarge(usize),
    /// Fewer than six groups.
    #[error("only {0} of six groups; write six groups such as 00:16:3e:62:39:d3")]
    TooShort(usize),
}

/// Reads a MAC address as xl does, with C's `strtoul`: six hexadecimal groups up to ff, any one character
/// between them, short groups as they are (`0:16:3e:6:11:2`). What follows the sixth does not count.
pub fn parse_mac(text: &str) -> Result<[u8; 6], MacError> {
    let mut mac = [0; 6];
    let mut rest = text.as_bytes();
    for (index, octet) in mac.iter_mut().enumerate() {
        if index > 0 {
            // xl reads on behind the end of the text here; there is nothing for us to read.
            rest = rest.split_first().ok_or(MacError::TooShort(index))?.1;
            if rest.is_empty() {
                return Err(MacError::TooShort(index));
            }
        }
        let blanks = rest.iter().take_while(|byte| crate::escape::is_c_space(**byte)).count();
        rest = rest.get(blanks..).unwrap_or_default();
        let negative = rest.first() == Some(&b'-');
        if let [b'+' | b'-', after @ ..] = rest {
            rest = after;
        }
        if let [b'0', b'x' | b'X', after @ ..] = rest
            && after.first().is_some_and(u8::is_ascii_hexdigit)
        {
            rest = after;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (group, after) = rest.split_at_checked(digits).unwrap_or((rest, &[]));
        if group.is_empty() {
            return Err(MacError::NotHex(index + 1));
        }
        let mut value = 0_u8;
        for &digit in group {
            let digit = char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let next =
                value.checked_mul(16).zip(digit).and_then(|(high, low)| high.checked_add(low));
            value = next.ok_or(MacError::TooLarge(index + 1))?;
        }
        if negative && value != 0 {
            return Err(MacError::TooLarge(index + 1));
        }
        *octet = value;
        rest = after;
    }
    Ok(mac)
}

/// A MAC address in the usual form, lower case.
#[must_use]
pub fn format_mac(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

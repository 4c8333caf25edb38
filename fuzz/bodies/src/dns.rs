//! DNS answers.

use std::str::FromStr;

use hickory_proto::rr::Name;
use rpxeboot::fetch::names::read_answer;

/// A datagram from the DNS server.
pub(crate) fn answer(bytes: &[u8]) {
    let name = Name::from_str("boot.example.org.").expect("a name");
    // Whatever id it has is the one that was asked for: else nearly nothing would be read.
    let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    if let Some(Err(code)) = read_answer(bytes, id, &name) {
        crate::assert_shown(&code.to_string());
    }
    assert!(read_answer(bytes, id.wrapping_add(1), &name).is_none(), "another's answer");
}

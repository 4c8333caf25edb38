//! DNS answers.

use std::str::FromStr;

use hickory_proto::rr::Name;
use rpxeboot::fetch::names::read_answer;

/// A datagram from the DNS server.
pub(crate) fn answer(bytes: &[u8]) {
    let name = Name::from_str("boot.example.org.").expect("a name");
    // Whatever id it has is the one that was asked for: else nearly nothing would be read.
    let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    let read = read_answer(bytes, id, &name);
    if read.is_some() {
        assert!(bytes[2] & 0x80 != 0, "a question is no answer");
        let other = Name::from_str("other.example.org.").expect("a name");
        assert_eq!(read_answer(bytes, id, &other), None, "of another name");
    }
    match read {
        Some(Ok(Some(address))) => {
            let octets = address.octets();
            assert!(bytes.windows(4).any(|window| window == octets), "{address} is made up");
        }
        Some(Err(code)) => crate::assert_shown(&code.to_string()),
        Some(Ok(None)) | None => {}
    }
    assert!(read_answer(bytes, id.wrapping_add(1), &name).is_none(), "another's answer");
}

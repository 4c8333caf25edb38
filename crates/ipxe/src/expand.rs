//! Puts settings into words. Follows `expand_settings` of `src/core/settings.c`: the innermost `${...}`
//! that ends first is replaced, and what it is replaced with is looked at again.

use crate::error::Exceeded;
use crate::limits::Limits;
use crate::store::Store;

/// The word with its settings put in; what is not set, or no setting, is empty. Each replacement is a
/// step, because a setting may name itself.
pub(crate) fn expand(
    word: &[u8],
    store: &Store,
    steps: &mut usize,
    limits: &Limits,
) -> Result<Vec<u8>, Exceeded> {
    let mut text = word.to_vec();
    while let Some((head, name, tail)) = innermost(&text) {
        *steps = steps.saturating_add(1);
        if *steps > limits.steps {
            return Err(Exceeded::Steps { limit: limits.steps, last: None });
        }
        let value = store.text(name).unwrap_or_default();
        text = [head, &value, tail].concat();
        if text.len() > limits.command_bytes {
            return Err(Exceeded::CommandBytes { limit: limits.command_bytes });
        }
    }
    Ok(text)
}

/// What stands before, in and behind the last `${` before the first `}` that has one before it.
fn innermost(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut start = None;
    for (i, pair) in text.iter().zip(text.iter().skip(1).chain([&0])).enumerate() {
        match (pair, start) {
            ((b'$', b'{'), _) => start = Some(i),
            ((b'}', _), Some(start)) => {
                let name = text.get(start.checked_add(2)?..i)?;
                return Some((text.get(..start)?, name, text.get(i.checked_add(1)?..)?));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Dhcp, Settings};

    fn store() -> Store {
        let mut dhcp = Dhcp {
            address: Some([10, 0, 0, 5].into()),
            next_server: Some([10, 0, 0, 1].into()),
            file: Some(b"undionly.kpxe".to_vec()),
            ..Dhcp::default()
        };
        dhcp.options.insert(6, vec![10, 0, 0, 2, 10, 0, 0, 3]);
        dhcp.options.insert(12, b"web1\0".to_vec());
        dhcp.options.insert(210, b"http://boot/".to_vec());
        dhcp.options.insert(43, vec![6, 1, 8]);
        let proxy = Dhcp { next_server: Some([10, 0, 0, 9].into()), ..Dhcp::default() };
        let mut settings = Settings::new([0x52, 0x54, 0, 0x12, 0x34, 0xab], dhcp);
        settings.proxy = Some(proxy);
        settings.uuid = Some([0x11; 16]);
        settings.memory = Some(2048);
        settings.smbios.insert("product".to_owned(), b"HVM domU".to_vec());
        let mut store = Store::new(settings);
        store.url = "http://boot/a/b.ipxe".to_owned();
        store
    }

    fn shown(word: &str) -> String {
        let text = expand(word.as_bytes(), &store(), &mut 0, &Limits::default()).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_setting_is_found_by_every_name_it_has() {
        let uuid = "11111111-1111-1111-1111-111111111111";
        for (word, text) in [
            ("${ip}", "10.0.0.5"),
            ("${net0/ip}", "10.0.0.5"),
            ("${netX/ip}", "10.0.0.5"),
            ("${net0.dhcp/ip}", "10.0.0.5"),
            ("${net1/ip}", ""),
            ("${proxydhcp/ip}", ""),
            ("${next-server}", "10.0.0.1"),
            ("${proxydhcp/next-server}", "10.0.0.9"),
            ("${mac}", "52:54:00:12:34:ab"),
            ("${mac:hexhyp}", "52-54-00-12-34-ab"),
            ("01-${net0/mac:hexhyp}", "01-52-54-00-12-34-ab"),
            ("${mac:hexraw}", "5254001234ab"),
            ("${net1/mac}", ""),
            ("${ip:hexraw}", "0a000005"),
            ("${dns}", "10.0.0.2"),
            ("${hostname}", "web1"),
            ("${12}", "web1"),
            ("${filename}", "undionly.kpxe"),
            ("${67:string}", "undionly.kpxe"),
            ("${210}", "http://boot/"),
            ("${210:string}x", "http://boot/x"),
            ("${0xd2:hexraw}", "687474703a2f2f626f6f742f"),
            ("${43.6:uint8}", "0x8"),
            ("${uuid}", uuid),
            ("${smbios/uuid}", uuid),
            ("${product}", "HVM domU"),
            ("${serial}", ""),
            ("${memsize}", "2048"),
            ("${buildarch}/${platform}", "x86_64/pcbios"),
            ("${cwuri}", "http://boot/a/b.ipxe"),
            ("${cwduri}", "http://boot/a/"),
            ("${errno}", "0x0"),
            ("${ip:nothing}", ""),
            ("${}", ""),
            ("${nothing}", ""),
            ("$x ${open", "$x ${open"),
            ("a}b${ip}", "a}b10.0.0.5"),
        ] {
            assert_eq!(shown(word), text, "{word}");
        }
    }

    #[test]
    fn what_is_put_in_is_looked_at_again() {
        let mut store = store();
        let limits = Limits::default();
        store.set(b"n:int32", b"0", &limits).unwrap();
        store.set(b"v", b"${net${n}/mac:hexhyp}", &limits).unwrap();
        let text = |word: &[u8]| expand(word, &store, &mut 0, &limits).unwrap();
        assert_eq!(text(b"${v}"), b"52-54-00-12-34-ab");
        assert_eq!(text(b"${net${n}/ip}"), b"10.0.0.5");
    }

    #[test]
    fn a_setting_that_names_itself_ends_at_a_limit() {
        let mut store = store();
        let limits = Limits { steps: 10, command_bytes: 30, ..Limits::default() };
        store.set(b"v", b"${v}", &limits).unwrap();
        store.set(b"w", b"${w}${w}", &limits).unwrap();
        store.set(b"x", &[b'x'; 15], &limits).unwrap();
        let run = |word: &[u8]| expand(word, &store, &mut 0, &limits);
        assert_eq!(run(b"${v}"), Err(Exceeded::Steps { limit: 10, last: None }));
        assert_eq!(run(b"${w}"), Err(Exceeded::CommandBytes { limit: 30 }));
        assert_eq!(run(b"${x}${x}"), Ok(vec![b'x'; 30]));
        assert_eq!(run(b"${x}y${x}"), Err(Exceeded::CommandBytes { limit: 30 }));
    }

    #[test]
    fn what_a_script_sets_counts_first_where_it_is_set() {
        let mut store = store();
        let limits = Limits::default();
        store.set(b"net0/next-server", b"10.0.0.7", &limits).unwrap();
        let text = |store: &Store, word: &[u8]| store.text(word).unwrap_or_default();
        assert_eq!(text(&store, b"next-server"), b"10.0.0.7");
        store.set(b"next-server", b"10.0.0.8", &limits).unwrap();
        assert_eq!(text(&store, b"next-server"), b"10.0.0.8");
        assert_eq!(text(&store, b"net0/next-server"), b"10.0.0.7");
        assert_eq!(text(&store, b"net0.dhcp/next-server"), b"10.0.0.1");
        store.set(b"210:string", b"tftp://x/", &limits).unwrap();
        assert_eq!(text(&store, b"210"), b"tftp://x/");
        store.set(b"210", b"", &limits).unwrap();
        assert_eq!(text(&store, b"210"), b"http://boot/");
    }

    #[test]
    fn variables_have_limits() {
        let limits = Limits { variables: 2, variable_bytes: 3, ..Limits::default() };
        let mut store = store();
        assert!(store.set(b"a", b"123", &limits).is_ok());
        assert!(store.set(b"b", b"1234", &limits).is_err());
        assert!(store.set(b"b", b"1", &limits).is_ok());
        assert!(store.set(b"c", b"1", &limits).is_err());
        assert!(store.set(b"a", b"2", &limits).is_ok());
    }
}

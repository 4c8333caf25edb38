//! URLs, and names relative to them. Follows `parse_uri`, `resolve_path` and `resolve_uri` of
//! `src/core/uri.c`, and `dirname` of `src/core/basename.c`.
//!
//! iPXE takes a URL apart, decodes its parts, and encodes them anew when it asks a server. Here the text
//! stays as the script wrote it, but for blanks, control bytes, bytes above 0x7e and a `%` that is no
//! escape: those are encoded, so that a URL is always printable ASCII without blanks.

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts<'a> {
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    query: Option<&'a [u8]>,
}

/// The absolute URL of a reference in a script at `base`, without fragment; none if it is not one.
///
/// As in iPXE a colon anywhere makes a scheme of what stands before it, `//host/file` without scheme is
/// a path, and `.` and `..` count only at the front.
pub(crate) fn resolve(base: &str, reference: &[u8]) -> Option<String> {
    let parts = split(reference)?;
    let Some(scheme) = parts.scheme else {
        let base = split(base.as_bytes())?;
        let (path, query) = match (parts.path, parts.query) {
            (Some(path), query) => (Some(resolve_path(base.path.unwrap_or(b"/"), path)), query),
            (None, Some(query)) => (base.path.map(<[u8]>::to_vec), Some(query)),
            (None, None) => (base.path.map(<[u8]>::to_vec), base.query),
        };
        return Some(text(base.scheme?, base.authority?, path.as_deref(), query));
    };
    if !scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
        return None;
    }
    Some(text(scheme, parts.authority?, parts.path, parts.query))
}

/// The name of the file a URL ends in, as images are named by it. May be empty.
pub(crate) fn basename(url: &str) -> &[u8] {
    let path = split(url.as_bytes()).and_then(|parts| parts.path).unwrap_or_default();
    path.rsplit(|&b| b == b'/').next().unwrap_or_default()
}

/// A URL taken apart; none if it has a scheme and neither `//host` nor a path behind it.
fn split(url: &[u8]) -> Option<Parts<'_>> {
    let url = cut(url, b'#').0;
    let (scheme, rest) = match cut(url, b':') {
        (scheme, Some(rest)) => (Some(scheme), rest),
        (_, None) => (None, url),
    };
    let (path, query) = cut(rest, b'?');
    let filled = |text| Some(text).filter(|text: &&[u8]| !text.is_empty());
    if scheme.is_none() {
        return Some(Parts { scheme, authority: None, path: filled(path), query });
    }
    let authority = path.strip_prefix(b"//")?;
    let end = authority.iter().position(|&b| b == b'/').unwrap_or(authority.len());
    let (authority, path) = authority.split_at_checked(end)?;
    Some(Parts { scheme, authority: Some(filled(authority)?), path: filled(path), query })
}

fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&b| b == at).and_then(|i| text.split_at_checked(i)) {
        Some((head, tail)) => (head, tail.get(1..)),
        None => (text, None),
    }
}

fn dirname(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&b| b == b'/') {
        Some(0) => b"/",
        Some(end) => path.get(..end).unwrap_or(path),
        None => b".",
    }
}

fn resolve_path(base: &[u8], relative: &[u8]) -> Vec<u8> {
    if relative.starts_with(b"/") {
        return relative.to_vec();
    }
    let mut base = dirname(base);
    let mut relative = relative;
    loop {
        match relative {
            b"." => relative = b"",
            b".." => (base, relative) = (dirname(base), b""),
            [b'.', b'/', rest @ ..] => relative = rest,
            [b'.', b'.', b'/', rest @ ..] => (base, relative) = (dirname(base), rest),
            _ => break,
        }
    }
    let slash: &[u8] = if base.ends_with(b"/") { b"" } else { b"/" };
    [base, slash, relative].concat()
}

fn text(scheme: &[u8], authority: &[u8], path: Option<&[u8]>, query: Option<&[u8]>) -> String {
    let mut url = encoded(scheme);
    url.push_str("://");
    url.push_str(&encoded(authority));
    url.push_str(&encoded(path.unwrap_or_default()));
    if let Some(query) = query {
        url.push('?');
        url.push_str(&encoded(query));
    }
    url
}

fn encoded(text: &[u8]) -> String {
    let mut url = String::new();
    for (i, &byte) in text.iter().enumerate() {
        let escape = || {
            let digits = text.get(i.saturating_add(1)..i.saturating_add(3));
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if byte.is_ascii_graphic() && (byte != b'%' || escape()) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, reference: &str, url: &str) {
        assert_eq!(resolve(base, reference.as_bytes()).as_deref(), Some(url), "{reference}");
    }

    #[test]
    fn names_are_relative_to_the_script() {
        let base = "http://boot:8080/a/b/menu.ipxe?mac=1";
        check(base, "vmlinuz", "http://boot:8080/a/b/vmlinuz");
        check(base, "./vmlinuz", "http://boot:8080/a/b/vmlinuz");
        check(base, "../vmlinuz", "http://boot:8080/a/vmlinuz");
        check(base, "../../vmlinuz", "http://boot:8080/vmlinuz");
        check(base, "../../../vmlinuz", "http://boot:8080/vmlinuz");
        check(base, "c/../d", "http://boot:8080/a/b/c/../d");
        check(base, ".hidden", "http://boot:8080/a/b/.hidden");
        check(base, "/x/vmlinuz?y=z#f", "http://boot:8080/x/vmlinuz?y=z");
        check(base, "?stage=2", "http://boot:8080/a/b/menu.ipxe?stage=2");
        check(base, "", base);
        check(base, ".", "http://boot:8080/a/b/");
        check(base, "//other/x", "http://boot:8080//other/x");
        check(base, "tftp://10.0.0.1/x", "tftp://10.0.0.1/x");
        check("tftp://10.0.0.1/boot.ipxe", "vmlinuz", "tftp://10.0.0.1/vmlinuz");
        check("http://boot", "vmlinuz", "http://boot/vmlinuz");
        check("http://boot/dir/", "vmlinuz", "http://boot/dir/vmlinuz");
    }

    #[test]
    fn a_url_is_printable() {
        let base = "http://boot/";
        check(base, "http://h/a b", "http://h/a%20b");
        check(base, "http://h/a%20b%zz\x01\u{e9}", "http://h/a%20b%25zz%01%C3%A9");
        check(base, "http://h/52:54:00?mac=52:54", "http://h/52:54:00?mac=52:54");
    }

    #[test]
    fn what_has_no_host_is_no_url() {
        for reference in ["cfg/52:54:00", "file:vmlinuz", "http:/x", "http://", "http:///x"] {
            assert_eq!(resolve("http://boot/", reference.as_bytes()), None, "{reference}");
        }
    }

    #[test]
    fn an_image_is_named_by_its_file() {
        assert_eq!(basename("http://h/a/vmlinuz?x=/y"), b"vmlinuz");
        assert_eq!(basename("http://h/a/"), b"");
        assert_eq!(basename("http://h"), b"");
    }
}

use super::*;
use proptest::prelude::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

#[test]
fn a_url_is_asked_for_without_its_password_and_fragment() {
    let it = url("HTTP://u:p%40@Boot.example:8080/a/b?c=d#e");
    assert_eq!(it.request(), "http://boot.example:8080/a/b?c=d");
    assert_eq!((it.to_string(), format!("{it:?}")), (it.request(), it.request()));
    assert_eq!((it.secure, it.port, it.host.as_str()), (false, 8080, "boot.example"));
    // printf 'u:p@' | base64
    assert_eq!(it.authorization().as_deref(), Some("Basic dTpwQA=="));
    assert_eq!(url("https://h:443?q").request(), "https://h/?q");
    assert_eq!(url("http://h").request(), "http://h/");
    assert_eq!(url("http://h:/x").request(), "http://h/x");
    assert_eq!(url("http://@h/").authorization(), None);
}

#[test]
fn base64_pads() {
    // The vectors of RFC 4648, 10.
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
    assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    assert_eq!(url("http://name@h/").authorization().as_deref(), Some("Basic bmFtZTo="));
}

#[test]
fn what_is_no_url_is_none() {
    for (text, why) in [
        ("ftp://h/x", NoUrl::Scheme),
        ("file:///etc/passwd", NoUrl::Scheme),
        ("/x", NoUrl::Scheme),
        ("http:///x", NoUrl::Host),
        ("http://[::1]/x", NoUrl::Host),
        ("http://a b/", NoUrl::Bytes),
        ("http://h/\u{e9}", NoUrl::Bytes),
        ("http://h/\r\nX: y", NoUrl::Bytes),
        ("http://h:0/", NoUrl::Port),
        ("http://h:65536/", NoUrl::Port),
        ("http://h:+80/", NoUrl::Port),
    ] {
        assert_eq!(Url::parse(text), Err(why), "{text}");
    }
}

#[test]
fn the_longest_url_and_one_byte_more() {
    let text = |length: usize| format!("http://h/{}", "x".repeat(length - 9));
    assert!(Url::parse(&text(MAX_URL)).is_ok());
    assert_eq!(Url::parse(&text(MAX_URL + 1)), Err(NoUrl::TooLong));
}

#[test]
fn references_are_resolved_as_the_rfc_does() {
    let base = url("http://a/b/c/d;p?q");
    // The examples of RFC 3986, 5.4, as far as they stay with http.
    for (reference, wanted) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("", "http://a/b/c/d;p"),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("./g/.", "http://a/b/c/g/"),
        ("g/../h", "http://a/b/c/h"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("https://g/x", "https://g/x"),
    ] {
        assert_eq!(base.join(reference).unwrap().request(), wanted, "{reference}");
    }
    assert_eq!(base.join("ftp://g/"), Err(NoUrl::Scheme));
    assert_eq!(base.join("mailto:x@y"), Err(NoUrl::Scheme));
}

#[test]
fn a_password_goes_nowhere_else() {
    let base = url("http://u:p@a/x");
    let keeps = |to: &str| base.join(to).unwrap().has_credentials();
    assert!(keeps("/y") && keeps("http://A/y") && keeps("https://a/y"));
    assert!(!keeps("http://b/y") && !keeps("http://a:8080/y") && !keeps("//a:444/"));
    // Nor does what the other server would like to be sent.
    assert!(!keeps("http://u:p@b/y"));
    let secure = url("https://u:p@a/x");
    assert!(secure.join("https://a/y").unwrap().has_credentials());
    assert!(!secure.join("http://a:443/y").unwrap().has_credentials());
}

proptest! {
    #[test]
    fn it_never_panics_and_what_is_asked_for_is_a_url(text in "\\PC{0,60}", base in "[a-z0-9./?%@:#-]{0,40}") {
        let _ = Url::parse(&text);
        let base = Url::parse(&format!("http://h/{base}"));
        if let Ok(next) = base.and_then(|base| base.join(&text)) {
            let again = Url::parse(&next.request()).unwrap();
            prop_assert_eq!(again.request(), next.request());
            prop_assert!(!again.has_credentials());
        }
    }
}

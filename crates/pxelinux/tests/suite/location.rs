//! The forms of a file name.

use pxelinux::{Location, LocationError, Prefix, Server, resolve};

fn found(prefix: &str, name: &str) -> Result<Location, LocationError> {
    let prefix = Prefix::from_dhcp(Some(prefix.as_bytes()), b"").unwrap();
    let server = Server::Ip([192, 168, 200, 1].into());
    resolve(&prefix, &server, name.as_bytes())
}

fn shown(prefix: &str, name: &str) -> String {
    found(prefix, name).unwrap().to_string()
}

/// Server, port and the path that goes on the wire.
fn tftp(prefix: &str, name: &str) -> (String, u16, String) {
    match found(prefix, name).unwrap() {
        Location::Tftp { server, port, path } => {
            (server.to_string(), port, String::from_utf8(path).unwrap())
        }
        Location::Http { url } => panic!("{url}"),
    }
}

fn on_boot_server(path: &str) -> (String, u16, String) {
    ("192.168.200.1".to_owned(), 69, path.to_owned())
}

#[test]
fn a_plain_name_is_below_the_prefix() {
    assert_eq!(tftp("boot/", "vmlinuz"), on_boot_server("boot/vmlinuz"));
    assert_eq!(
        shown("", "pxelinux.cfg/01-52-54-00-12-34-56"),
        "tftp://192.168.200.1/pxelinux.cfg/01-52-54-00-12-34-56"
    );
}

#[test]
fn a_leading_slash_is_not_absolute() {
    assert_eq!(tftp("boot/", "/vmlinuz"), on_boot_server("boot//vmlinuz"));
    assert_eq!(shown("", "/vmlinuz"), "tftp://192.168.200.1//vmlinuz");
}

#[test]
fn no_slash_is_added_to_the_prefix() {
    assert_eq!(tftp("rel1-", "pxelinux.cfg/default"), on_boot_server("rel1-pxelinux.cfg/default"));
}

#[test]
fn dot_dot_goes_to_the_server_as_it_is() {
    assert_eq!(tftp("boot/", "../vmlinuz"), on_boot_server("boot/../vmlinuz"));
}

#[test]
fn two_colons_leave_the_prefix_out() {
    assert_eq!(tftp("boot/", "::vmlinuz"), on_boot_server("vmlinuz"));
    assert_eq!(tftp("boot/", "::/srv/vmlinuz"), on_boot_server("/srv/vmlinuz"));
}

#[test]
fn a_server_in_front_of_two_colons_is_used() {
    assert_eq!(
        tftp("boot/", "192.0.2.9::dir/vmlinuz"),
        ("192.0.2.9".to_owned(), 69, "dir/vmlinuz".to_owned())
    );
    assert_eq!(
        tftp("boot/", "tftp-1.example.com::vmlinuz"),
        ("tftp-1.example.com".to_owned(), 69, "vmlinuz".to_owned())
    );
}

#[test]
fn a_prefix_may_carry_the_server() {
    assert_eq!(
        tftp("192.0.2.9::boot/", "vmlinuz"),
        ("192.0.2.9".to_owned(), 69, "boot/vmlinuz".to_owned())
    );
    assert_eq!(
        shown("http://192.0.2.9:5248/images/", "vmlinuz"),
        "http://192.0.2.9:5248/images/vmlinuz"
    );
}

#[test]
fn the_first_colon_decides_the_form() {
    assert_eq!(tftp("boot/", "a:b::c"), on_boot_server("boot/a:b::c"));
    assert_eq!(tftp("boot/", "a:b://c"), on_boot_server("boot/a:b://c"));
    assert_eq!(tftp("", "a/b:c"), on_boot_server("a/b:c"));
    assert_eq!(tftp("::boot/", "a:b"), on_boot_server("boot/a:b"));
}

#[test]
fn a_tftp_url_has_server_port_and_path() {
    assert_eq!(
        tftp("boot/", "tftp://192.0.2.9/dir/vmlinuz"),
        ("192.0.2.9".to_owned(), 69, "dir/vmlinuz".to_owned())
    );
    assert_eq!(
        tftp("boot/", "tftp://h.example:6969//vmlinuz"),
        ("h.example".to_owned(), 6969, "/vmlinuz".to_owned())
    );
    assert_eq!(shown("", "tftp://h.example:6969/a"), "tftp://h.example:6969/a");
}

#[test]
fn a_tftp_url_is_unescaped_and_loses_fragment_and_mode() {
    assert_eq!(tftp("", "tftp://h.example/a%20b%2Fc%zz%").2, "a b/c%zz%");
    assert_eq!(tftp("", "tftp://h.example/vmlinuz#part").2, "vmlinuz");
    assert_eq!(tftp("", "tftp://h.example/vmlinuz;mode=octet").2, "vmlinuz");
    assert_eq!(tftp("", "TFTP://h.example/vmlinuz;MODE=OCTET").2, "vmlinuz");
    assert_eq!(shown("", "tftp://h.example/a%20b"), "tftp://h.example/a%20b");
}

#[test]
fn a_plain_name_is_not_unescaped() {
    assert_eq!(tftp("", "a%20b#c;d").2, "a%20b#c;d");
    assert_eq!(shown("", "a%20b#c;d"), "tftp://192.168.200.1/a%2520b%23c%3Bd");
}

#[test]
fn other_tftp_modes_are_refused() {
    let error = found("", "tftp://h.example/vmlinuz;mode=netascii").unwrap_err();
    assert!(matches!(error, LocationError::UnsupportedMode { .. }));
}

#[test]
fn an_http_url_is_kept_as_text() {
    let url = "http://h.example:8080/a%20b/vmlinuz?arch=x86_64&x=1";
    assert_eq!(found("boot/", url).unwrap(), Location::Http { url: url.to_owned() });
    assert_eq!(shown("", "https://h.example/vmlinuz#frag"), "https://h.example/vmlinuz");
    assert_eq!(shown("", "http://h.example/gr\u{fc}n"), "http://h.example/gr%C3%BCn");
}

#[test]
fn a_password_is_used_but_not_shown() {
    let url = "http://me:secret@h.example:8080/vmlinuz";
    let location = found("", url).unwrap();
    assert_eq!(location, Location::Http { url: url.to_owned() });
    assert_eq!(location.to_string(), "http://me:***@h.example:8080/vmlinuz");
}

#[test]
fn ftp_and_unknown_schemes_are_refused_by_name() {
    let error = found("", "ftp://h.example/vmlinuz").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot fetch \"ftp://h.example/vmlinuz\": ftp:// is not supported, only tftp://, http:// and https:// are"
    );
    assert!(matches!(found("", "nfs://h/x"), Err(LocationError::UnsupportedScheme { .. })));
}

#[test]
fn a_name_has_at_most_255_bytes_with_its_prefix() {
    let name = "a".repeat(250);
    assert!(found("boot/", &name).is_ok());
    let error = found("boot/b", &name).unwrap_err();
    assert!(matches!(error, LocationError::TooLong { .. }));
    assert!(error.to_string().contains("has 256 bytes"));
}

#[test]
fn bytes_above_127_survive() {
    let prefix = Prefix::default();
    let server = Server::Ip([192, 0, 2, 1].into());
    let location = resolve(&prefix, &server, b"k\xe4\xff").unwrap();
    let path = b"k\xe4\xff".to_vec();
    assert_eq!(location.to_string(), "tftp://192.0.2.1/k%E4%FF");
    assert_eq!(location, Location::Tftp { server, port: 69, path });
}

#[test]
fn a_control_byte_is_refused_even_if_it_is_escaped() {
    for name in ["a\nb", "a\x7fb", "tftp://h.example/a%0ab", "tftp://h.example/a%00b"] {
        let error = found("", name).unwrap_err();
        assert!(matches!(error, LocationError::ControlByte { .. }), "{name:?}: {error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn empty_names_are_refused() {
    for name in ["", "::", "tftp://h.example/", "tftp://h.example"] {
        assert_eq!(found("boot/", name), Err(LocationError::Empty), "{name:?}");
    }
}

#[test]
fn bad_servers_and_ports_are_refused() {
    for name in
        ["10.0.0::x", "10.0.0.256::x", "a b::x", "tftp:///x", "http://[::1]/x", "h\u{e4}::x"]
    {
        let error = found("", name).unwrap_err();
        assert!(matches!(error, LocationError::BadServer { .. }), "{name:?}: {error}");
    }
    for name in [
        "tftp://h.example:0/x",
        "http://h.example:65536/x",
        "http://h.example:+8/x",
        "http://h.example:/x",
    ] {
        let error = found("", name).unwrap_err();
        assert!(matches!(error, LocationError::BadPort { .. }), "{name:?}: {error}");
    }
}

#[test]
fn a_host_name_has_at_most_253_bytes() {
    assert!(Server::parse("a".repeat(253).as_bytes()).is_some());
    assert_eq!(Server::parse("a".repeat(254).as_bytes()), None);
}

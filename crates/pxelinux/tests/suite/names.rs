//! Which configurations are asked for, and the prefix.

use pxelinux::{Client, HardwareAddress, LocationError, Prefix, Uuid, config_names};

use crate::support::text;

const CARD: HardwareAddress =
    HardwareAddress { htype: 1, mac: [0x52, 0x54, 0x00, 0x12, 0x34, 0x56] };

fn names(config_file: Option<&[u8]>, uuid: Option<&str>) -> Vec<String> {
    let uuid = uuid.map(|uuid| Uuid::parse(uuid).unwrap());
    let address = [10, 0, 2, 15].into();
    let client = Client { config_file, uuid, hardware: CARD, address };
    config_names(&client).iter().map(|name| text(name)).collect()
}

#[test]
fn without_option_209_and_uuid_there_are_ten_names() {
    let expected = [
        "pxelinux.cfg/01-52-54-00-12-34-56",
        "pxelinux.cfg/0A00020F",
        "pxelinux.cfg/0A00020",
        "pxelinux.cfg/0A0002",
        "pxelinux.cfg/0A000",
        "pxelinux.cfg/0A00",
        "pxelinux.cfg/0A0",
        "pxelinux.cfg/0A",
        "pxelinux.cfg/0",
        "pxelinux.cfg/default",
    ];
    assert_eq!(names(None, None), expected);
}

#[test]
fn option_209_comes_first_and_the_search_goes_on_after_it() {
    let names = names(Some(b"conf/special\0"), None);
    assert_eq!(names[0], "conf/special");
    assert_eq!(names[1], "pxelinux.cfg/01-52-54-00-12-34-56");
    assert_eq!(names.len(), 11);
}

#[test]
fn an_empty_option_209_is_none() {
    assert_eq!(names(Some(b"\0"), None).len(), 10);
}

#[test]
fn the_uuid_is_tried_in_canonical_order_and_then_swapped() {
    let names = names(None, Some("B8945908-D6A6-41A9-611D-74A6AB80B83D"));
    assert_eq!(names[0], "pxelinux.cfg/b8945908-d6a6-41a9-611d-74a6ab80b83d");
    assert_eq!(names[1], "pxelinux.cfg/085994b8-a6d6-a941-611d-74a6ab80b83d");
    assert_eq!(names[2], "pxelinux.cfg/01-52-54-00-12-34-56");
}

#[test]
fn a_uuid_without_a_version_is_not_asked_for() {
    for uuid in ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
        assert_eq!(names(None, Some(uuid)).len(), 10, "{uuid}");
    }
    let version = |byte: u8| {
        let mut uuid = Uuid([0x41; 16]);
        uuid.0[6] = byte;
        uuid.is_usable()
    };
    assert_eq!([0x0f, 0x10, 0xef, 0xf0].map(version), [false, true, true, false]);
}

#[test]
fn each_byte_order_of_the_uuid_is_judged_by_its_own_version_byte() {
    let names = names(None, Some("11111111-2222-4105-8888-999999999999"));
    assert_eq!(names[0], "pxelinux.cfg/11111111-2222-4105-8888-999999999999");
    assert_eq!(names[1], "pxelinux.cfg/01-52-54-00-12-34-56");
}

#[test]
fn a_uuid_is_read_strictly() {
    assert!(Uuid::parse("b8945908-d6a6-41a9-611d-74a6ab80b83d").is_some());
    for bad in [
        "",
        "b8945908d6a641a9611d74a6ab80b83d",
        "b8945908-d6a6-41a9-611d-74a6ab80b83",
        "b8945908-d6a6-41a9-611d-74a6ab80b83g",
        "b8945908-d6a6-41a9-611d+74a6ab80b83d",
        "b894590-8d6a6-41a9-611d-74a6ab80b83d",
        "b8945908-d6a6-41a9-611d-74a6ab80b8\u{e4}",
    ] {
        assert_eq!(Uuid::parse(bad), None, "{bad}");
    }
}

#[test]
fn the_hardware_type_leads_the_mac_name() {
    let card = HardwareAddress { htype: 0x20, ..CARD };
    assert_eq!(card.to_string(), "20-52-54-00-12-34-56");
}

#[test]
fn the_prefix_ends_after_the_last_byte_that_is_no_letter_digit_dot_or_dash() {
    for (boot_file, prefix) in [
        ("pxelinux.0", ""),
        ("boot/pxelinux.0", "boot/"),
        ("/srv/tftp/lpx-linux.0", "/srv/tftp/"),
        ("pxe_linux.0", "pxe_"),
        ("boot\\x86\\wds.0", "boot\\x86\\"),
        ("a:b.0", "a:"),
        ("a%b.0", "a%"),
        ("dir/", "dir/"),
        ("b\u{e9}.0", "b\u{e9}"),
        ("", ""),
        ("192.0.2.9::boot/pxelinux.0", "192.0.2.9::boot/"),
        ("boot/pxelinux.0\0garbage/", "boot/"),
    ] {
        let found = Prefix::from_dhcp(None, boot_file.as_bytes()).unwrap();
        assert_eq!(text(found.as_bytes()), prefix, "{boot_file}");
    }
}

#[test]
fn a_boot_file_that_is_a_url_gives_all_up_to_its_last_slash() {
    let prefix = Prefix::from_dhcp(None, b"http://192.0.2.1:8080/www/lpx_linux.0").unwrap();
    assert_eq!(text(prefix.as_bytes()), "http://192.0.2.1:8080/www/");
}

#[test]
fn option_210_is_the_prefix_as_it_is() {
    for (option, prefix) in
        [("rel1-", "rel1-"), ("/tftp/", "/tftp/"), ("http://h:8080/w/\0", "http://h:8080/w/")]
    {
        let found = Prefix::from_dhcp(Some(option.as_bytes()), b"boot/pxelinux.0").unwrap();
        assert_eq!(text(found.as_bytes()), prefix);
    }
    let empty = Prefix::from_dhcp(Some(b""), b"boot/pxelinux.0").unwrap();
    assert_eq!(text(empty.as_bytes()), "boot/");
}

#[test]
fn a_prefix_has_at_most_255_bytes() {
    assert!(Prefix::from_dhcp(Some(&[b'a'; 255]), b"").is_ok());
    let error = Prefix::from_dhcp(Some(&[b'a'; 256]), b"").unwrap_err();
    assert!(matches!(error, LocationError::TooLong { .. }));
}

#[test]
fn a_change_of_directory_appends_to_the_prefix_as_text() {
    let prefix = Prefix::from_dhcp(Some(b"boot/"), b"").unwrap();
    for (directory, expected) in [
        ("sub/", "boot/sub/"),
        ("sub", "boot/sub"),
        ("::other/", "::other/"),
        ("http://h/x/", "http://h/x/"),
    ] {
        let entered = prefix.enter(directory.as_bytes()).unwrap();
        assert_eq!(text(entered.as_bytes()), expected);
    }
    assert!(prefix.enter(&[b'a'; 251]).is_err());
}

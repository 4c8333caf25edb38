//! vif specifications, as xl takes them apart.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use xlcfg::{MacError, OvsBridge, VifError, VifSpec, VifType};

const MAC: [u8; 6] = [0x00, 0x16, 0x3e, 0x62, 0x39, 0xd3];

fn vif(text: &str) -> VifSpec {
    VifSpec::parse(text).unwrap()
}

#[test]
fn fields() {
    let spec = vif(
        "mac=00:16:3e:62:39:d3,bridge=xenbr0,script=vif-bridge,type=ioemu,model=e1000,vlan=10p/20,vifname=web0",
    );
    assert_eq!(spec.mac(), Some(MAC));
    assert_eq!(spec.bridge(), Some("xenbr0"));
    assert_eq!(spec.script(), Some("vif-bridge"));
    assert_eq!(spec.vif_type(), Some(VifType::Ioemu));
    assert_eq!(spec.model(), Some("e1000"));
    assert_eq!(spec.vlan(), Some("10p/20"));
    assert_eq!(spec.vifname(), Some("web0"));
}

#[test]
fn the_empty_one_is_all_defaults() {
    for text in ["", ",", ",,,", " "] {
        let spec = vif(text);
        assert_eq!((spec.mac(), spec.bridge()), (None, None), "{text:?}");
    }
}

#[test]
fn blanks_before_a_field_go_and_blanks_after_it_stay() {
    let spec = vif("mac=00:16:3e:62:39:d3 ,   bridge=br0 ,,ip=10.0.0.1");
    assert_eq!(spec.mac(), Some(MAC));
    assert_eq!(spec.bridge(), Some("br0 "));
    assert_eq!(spec.get("ip"), Some("10.0.0.1"));
    // Only spaces: a tab makes it another key.
    assert_eq!(vif("\tbridge=br0").bridge(), None);
}

#[test]
fn mac_addresses() {
    for text in [
        "00:16:3e:62:39:d3",
        "00-16-3E-62-39-D3",
        "0:16:3e:62:39:d3:ff",
        "00.16x3e/62 39:d3junk",
        "0x0:0016:3e: 62:+39:d3",
    ] {
        assert_eq!(vif(&format!("mac={text}")).mac(), Some(MAC), "{text}");
    }
    assert_eq!(vif("mac=00:16:3E:6:11:2").mac(), Some([0, 0x16, 0x3e, 6, 0x11, 2]));
    // All zeros, and xl makes one up.
    assert_eq!(vif("mac=00:00:00:00:00:00").mac(), None);
}

#[test]
fn mac_addresses_that_are_none() {
    for (text, want) in [
        ("XX:XX:XX:XX:XX:XX", MacError::NotHex(1)),
        ("00:16:3e:XX:XX:XX", MacError::NotHex(4)),
        ("", MacError::NotHex(1)),
        ("00:16:3e:62:39", MacError::TooShort(5)),
        ("00:16:3e:62:39:", MacError::TooShort(5)),
        ("00163e6239d3", MacError::TooLarge(1)),
        ("00:16:3e:62:39:100", MacError::TooLarge(6)),
        ("00::16:3e:62:39:d3", MacError::NotHex(2)),
        ("-1:16:3e:62:39:d3", MacError::TooLarge(1)),
    ] {
        let error = VifSpec::parse(&format!("bridge=x,mac={text}")).unwrap_err();
        assert_eq!(error, VifError::Mac { text: text.to_owned(), reason: want }, "{text}");
    }
}

#[test]
fn what_xl_only_warns_about_is_kept() {
    let spec = vif("bogus=1,trusted,type=other,bridge=a,bridge=b,accel=x");
    assert_eq!(spec.get("bogus"), Some("1"));
    assert!(spec.has_word("trusted"));
    assert!(!spec.has_word("bridge"));
    assert_eq!(spec.vif_type(), None);
    assert_eq!(spec.bridge(), Some("b"), "the last one wins");
    assert_eq!(spec.to_string(), "bogus=1,trusted,type=other,bridge=a,bridge=b,accel=x");
    assert_eq!(spec.fields().next(), Some(("bogus", Some("1"))));
}

#[test]
fn xl_stops_at_a_bad_devid() {
    assert!(matches!(VifSpec::parse("devid=x"), Err(VifError::DevId { .. })));
    assert_eq!(vif("devid=0x10").get("devid"), Some("0x10"));
}

#[test]
fn changes() {
    let mut spec = vif("mac=00:16:3e:62:39:d3, bridge=a, bridge=b ,trusted");
    spec.set("bridge", "xenbr1").unwrap();
    assert_eq!(spec.to_string(), "mac=00:16:3e:62:39:d3,bridge=xenbr1,trusted");
    spec.set("script", "vif-openvswitch").unwrap();
    spec.set("mac", "2:0:0:0:0:1").unwrap();
    assert_eq!(spec.mac(), Some([2, 0, 0, 0, 0, 1]));
    assert_eq!(spec.to_string(), "mac=2:0:0:0:0:1,bridge=xenbr1,trusted,script=vif-openvswitch");
    spec.remove("trusted");
    spec.remove("mac");
    assert_eq!(
        (spec.mac(), spec.to_string().as_str()),
        (None, "bridge=xenbr1,script=vif-openvswitch")
    );
    let before = spec.clone();
    assert!(matches!(spec.set("bridge", "a,mac=1"), Err(VifError::Unwritable { .. })));
    assert!(matches!(spec.set("a=b", "x"), Err(VifError::Unwritable { .. })));
    assert!(matches!(spec.set("mac", "XX"), Err(VifError::Mac { .. })));
    assert_eq!(spec, before);
}

#[test]
fn open_vswitch_bridges() {
    let ovs = |text| OvsBridge::parse(text).map(|ovs| (ovs.name, ovs.tag, ovs.trunks));
    assert_eq!(ovs("ovsbr0"), Some(("ovsbr0", None, vec![])));
    assert_eq!(ovs("ovsbr0.99"), Some(("ovsbr0", Some(99), vec![])));
    assert_eq!(ovs("ovsbr0:101:102"), Some(("ovsbr0", None, vec![101, 102])));
    assert_eq!(ovs("ovsbr0.99:101:4095"), Some(("ovsbr0", Some(99), vec![101, 4095])));
    for text in ["", ".5", "br.x", "br.4096", "br:", "br.+5", "br."] {
        assert_eq!(ovs(text), None, "{text}");
    }
    // The specification keeps it as text: only one script reads it so.
    assert_eq!(vif("bridge=ovsbr0.99:101").bridge(), Some("ovsbr0.99:101"));
}

#[test]
fn macs_are_written_in_lower_case() {
    assert_eq!(xlcfg::format_mac(MAC), "00:16:3e:62:39:d3");
    assert_eq!(xlcfg::parse_mac(&xlcfg::format_mac(MAC)), Ok(MAC));
}

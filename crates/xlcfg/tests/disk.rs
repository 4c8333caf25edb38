//! Disk specifications, as libxlutil reads them. Each of these was seen with the real one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use xlcfg::{BackendType, DiskError, DiskFormat, DiskSpec};

fn disk(text: &str) -> DiskSpec {
    DiskSpec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn raw(target: &str, vdev: &str) -> DiskSpec {
    DiskSpec { target: Some(target.to_owned()), vdev: vdev.to_owned(), ..DiskSpec::default() }
}

#[test]
fn positional() {
    assert_eq!(disk("/dev/vg/lv,raw,xvda,rw"), raw("/dev/vg/lv", "xvda"));
    assert_eq!(disk("/dev/vg/lv,raw,xvda"), raw("/dev/vg/lv", "xvda"));
    assert_eq!(disk("/p,,xvda,"), raw("/p", "xvda"));
    assert_eq!(disk(" /p, raw,\txvda, ro"), DiskSpec { read_only: true, ..raw("/p", "xvda") });
    assert_eq!(
        disk("/p,qcow2,hda,r"),
        DiskSpec { format: DiskFormat::Qcow2, read_only: true, ..raw("/p", "hda") }
    );
}

#[test]
fn named() {
    let spec = disk(
        "format=qcow2, vdev=xvdb, access=ro, backendtype=qdisk, script=block-x, discard, target=/a,b=c:d",
    );
    let want = DiskSpec {
        format: DiskFormat::Qcow2,
        read_only: true,
        backendtype: Some(BackendType::Qdisk),
        script: Some("block-x".to_owned()),
        discard: Some(true),
        ..raw("/a,b=c:d", "xvdb")
    };
    assert_eq!(spec, want);
}

#[test]
fn old_prefixes_take_the_formats_place() {
    for prefix in
        ["file:", "phy:", "tap:", "tap2:", "tapdisk:", "aio:", "ioemu:", "raw:", "tap:aio:"]
    {
        assert_eq!(disk(&format!("{prefix}/p,xvda,w")), raw("/p", "xvda"), "{prefix}");
    }
    assert_eq!(
        disk("tap:qcow2:/p,xvda,w"),
        DiskSpec { format: DiskFormat::Qcow2, ..raw("/p", "xvda") }
    );
    for prefix in ["iscsi", "nbd", "enbd", "drbd"] {
        let want = DiskSpec { script: Some(format!("block-{prefix}")), ..raw("x", "xvda") };
        assert_eq!(disk(&format!("{prefix}:x,xvda,w")), want);
    }
    assert!(matches!(
        DiskSpec::parse("FILE:/p,xvda,w"),
        Err(DiskError::UnknownValue { key: "format", .. })
    ));
    assert!(matches!(DiskSpec::parse("foo:/p,xvda,w"), Err(DiskError::UnknownPrefix { .. })));
    // No prefix: a name goes on after the colon.
    assert_eq!(disk("foo:bar,raw,xvda").target.as_deref(), Some("foo:bar"));
}

/// xl-disk-configuration(5) says of each of these groups that they are the same.
#[test]
fn what_the_manual_page_calls_the_same_is_the_same() {
    for text in [
        "/dev/vg/guest-volume,,hda",
        "/dev/vg/guest-volume,raw,hda,rw",
        "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume",
        "raw:/dev/vg/guest-volume,hda,w",
    ] {
        assert_eq!(disk(text), raw("/dev/vg/guest-volume", "hda"), "{text}");
    }
    let image = DiskSpec { read_only: true, cdrom: true, ..raw("/root/image.iso", "hdc") };
    for text in [
        "/root/image.iso,,hdc,cdrom",
        "/root/image.iso,,hdc,,cdrom",
        "/root/image.iso,raw,hdc,devtype=cdrom",
        "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
        "raw:/root/image.iso,hdc:cdrom,ro",
    ] {
        assert_eq!(disk(text), image, "{text}");
    }
}

/// In the manual page of Xen 4.17 but not in its reader, so not for the comparison with libxlutil.
#[test]
fn trust_in_the_backend() {
    assert_eq!(disk("vdev=xvda,trusted,target=/p").trusted, Some(true));
    assert_eq!(disk("vdev=xvda,untrusted,target=/p").trusted, Some(false));
}

#[test]
fn oddities() {
    // What is set to nothing may be set again.
    assert_eq!(
        disk("vdev=,script=,vdev=xvda,target=/p"),
        DiskSpec { script: Some(String::new()), ..raw("/p", "xvda") }
    );
    // An = as the very last byte is passed over.
    assert_eq!(disk("/p,,xvda="), raw("/p", "xvda"));
    assert!(matches!(DiskSpec::parse("/p,,xvda=,"), Err(DiskError::Syntax { .. })));
}

#[test]
fn cd_drives() {
    let empty = DiskSpec {
        target: Some(String::new()),
        format: DiskFormat::Empty,
        cdrom: true,
        read_only: true,
        ..raw("", "hdc")
    };
    assert_eq!(disk(",hdc:cdrom,r"), empty);
    assert_eq!(disk("vdev=hdc, cdrom"), DiskSpec { target: None, ..empty });
    assert_eq!(
        disk("/p.iso,raw,hdc:cdrom,w"),
        DiskSpec { cdrom: true, read_only: true, ..raw("/p.iso", "hdc") }
    );
    assert_eq!(disk("/p.iso,,hdc,devtype=cdrom").format, DiskFormat::Raw);
}

#[test]
fn target_takes_the_rest() {
    assert_eq!(disk("vdev=xvda,target=/x ").target.as_deref(), Some("/x "));
    assert_eq!(disk("vdev=xvda,target=/x,rw,y=z").target.as_deref(), Some("/x,rw,y=z"));
    assert_eq!(
        disk("vdev=xvda,target=/x,").target.as_deref(),
        Some("/x"),
        "one comma at the end goes"
    );
}

#[test]
fn refused() {
    let error = |text: &str| DiskSpec::parse(text).unwrap_err();
    assert!(matches!(error("/p,xvda,w"), DiskError::UnknownValue { key: "format", .. }));
    assert!(matches!(error("/p,raw,xvda,w!"), DiskError::UnknownValue { key: "access", .. }));
    assert!(matches!(error("/p,raw,xvda,rw "), DiskError::UnknownValue { key: "access", .. }));
    assert!(matches!(error("/p,raw"), DiskError::NoVdev));
    assert!(matches!(error(""), DiskError::NoVdev));
    assert!(matches!(error("vdev=xvda"), DiskError::NoTarget));
    assert!(matches!(error("/p,raw,xvda,w,x"), DiskError::TooMany { .. }));
    assert!(matches!(error("/p=q,raw,xvda"), DiskError::Syntax { .. }));
    assert!(matches!(error("foo=1,vdev=xvda,target=/x"), DiskError::UnknownKey { .. }));
    assert!(matches!(error("/p,raw,vdev=xvda,vdev=xvdb"), DiskError::Twice { what: "vdev", .. }));
    assert!(matches!(error("raw:qcow2:/p,xvda"), DiskError::Twice { what: "format", .. }));
    assert!(matches!(error("/p,raw,xvda:floppy"), DiskError::UnknownValue { key: "devtype", .. }));
    assert!(matches!(error("/p\0,raw,xvda"), DiskError::Nul));
    let text = error("/p,xvda,w").to_string();
    assert_eq!(
        text,
        "disk: unknown format \"xvda\"; after a path without a prefix the format comes first: /path,raw,xvda,rw"
    );
}

#[test]
fn the_written_form() {
    let written = |text: &str| disk(text).to_spec().unwrap();
    assert_eq!(
        written("file:/OVS/running_pool/pxe/system.img,xvda,w"),
        "format=raw, vdev=xvda, access=rw, target=/OVS/running_pool/pxe/system.img"
    );
    assert_eq!(
        written("nbd:x,xvda,r"),
        "format=raw, vdev=xvda, access=ro, script=block-nbd, target=x"
    );
    assert_eq!(written("vdev=hdc,cdrom"), "format=empty, vdev=hdc, access=ro, devtype=cdrom");
    assert_eq!(
        raw("/a,b=c,", "xvda").to_spec().unwrap(),
        "format=raw, vdev=xvda, access=rw, target=/a,b=c,,"
    );
    assert_eq!(raw("/a\nb", "xvda").to_spec(), Err(DiskError::Unwritable));
    assert_eq!(raw("/a", "xvda,access=ro").to_spec(), Err(DiskError::Unwritable));
    assert_eq!(raw("/a", "xvda, script=x").to_spec(), Err(DiskError::Unwritable));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every path Linux has, but for those with a line end, survives being written and read.
    #[test]
    fn any_path_can_be_written(path in "/[^\\x00\\n]{0,40}") {
        let spec = raw(&path, "xvda");
        let text = spec.to_spec().unwrap();
        prop_assert_eq!(DiskSpec::parse(&text), Ok(spec));
    }

    #[test]
    fn what_is_accepted_is_written_or_refused_as_a_whole(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "/p", "raw", "xvda", "w", "cdrom", "vdev=a", "file:", "nbd:", "colo-host=h", "discard", "hdc:cdrom", "",
            ]),
            1..6,
        )
    ) {
        if let Ok(spec) = DiskSpec::parse(&words.join(",")) {
            let text = spec.to_spec().unwrap();
            prop_assert_eq!(DiskSpec::parse(&text), Ok(spec));
        }
    }
}

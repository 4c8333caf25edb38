//! The kernel's command line, byte for byte.

use pxelinux::limits::MAX_COMMAND;
use pxelinux::{ChooseError, SysValues, choose};

use crate::support::{initrds, kernel_of, label_line, line, options, read, refused, text, values};

#[test]
fn all_parts_stand_in_pxelinux_s_order() {
    let config = "default a extra words\nlabel a\nkernel vmlinuz k1 k2\nappend a1 a2\ninitrd i1,i2\nsysappend 3";
    assert_eq!(
        line(config),
        "BOOT_IMAGE=vmlinuz k1 k2 a1 a2 initrd=i1,i2 \
         ip=192.168.77.21:192.168.77.1:192.168.77.1:255.255.255.0 \
         BOOTIF=01-52-54-00-12-34-56 extra words"
    );
    assert_eq!(initrds(config), ["i1", "i2"]);
}

#[test]
fn the_measured_line_of_a_debian_kernel() {
    let config = "default l\nlabel l\nkernel linux\nappend console=ttyS0,115200 quiet\ninitrd a.img,b.img\nipappend 3";
    assert_eq!(
        line(config),
        "BOOT_IMAGE=linux console=ttyS0,115200 quiet initrd=a.img,b.img \
         ip=192.168.77.21:192.168.77.1:192.168.77.1:255.255.255.0 BOOTIF=01-52-54-00-12-34-56"
    );
}

#[test]
fn boot_image_is_the_name_as_written() {
    assert_eq!(label_line("label a\nkernel ::dir/vmlinuz", "a"), "BOOT_IMAGE=::dir/vmlinuz ");
    assert_eq!(label_line("label a\nlinux http://h/k", "a"), "BOOT_IMAGE=http://h/k ");
    assert_eq!(label_line("label a\nlinux /k.bin x", "a"), "BOOT_IMAGE=/k.bin x");
}

#[test]
fn blanks_between_kernel_and_arguments_shrink_but_those_after_stay() {
    assert_eq!(label_line("label a\nkernel k   x  y\nappend z", "a"), "BOOT_IMAGE=k x  y z");
    assert_eq!(label_line("label a\nkernel k  ", "a"), "BOOT_IMAGE=k ");
}

#[test]
fn the_first_initrd_in_the_line_is_loaded() {
    assert_eq!(initrds("default a\nlabel a\nkernel k\nappend initrd=a\ninitrd b"), ["a"]);
    assert_eq!(
        line("default a\nlabel a\nkernel k\nappend initrd=a\ninitrd b"),
        "BOOT_IMAGE=k initrd=a initrd=b"
    );
    assert_eq!(initrds("default a\nlabel a\nkernel k initrd=k\nappend initrd=a"), ["k"]);
}

#[test]
fn initrd_is_found_inside_another_word() {
    assert_eq!(initrds("default a\nlabel a\nkernel k\nappend foo.initrd=x,y initrd=z"), ["x", "y"]);
}

#[test]
fn initrd_in_the_kernel_s_own_name_counts_too() {
    assert_eq!(initrds("default a\nlabel a\nkernel k?initrd=x\ninitrd z"), ["x"]);
}

#[test]
fn initrd_with_blanks_loads_the_first_and_passes_the_rest() {
    let config = "default a\nlabel a\nkernel k\ninitrd a b";
    assert_eq!(initrds(config), ["a"]);
    assert_eq!(line(config), "BOOT_IMAGE=k initrd=a b");
}

#[test]
fn initrd_lists_may_mix_urls_and_names() {
    assert_eq!(
        initrds("default a\nlabel a\nkernel k\ninitrd http://h/a.img,b.img,::c"),
        ["http://h/a.img", "b.img", "::c"]
    );
}

#[test]
fn an_empty_initrd_name_is_an_error() {
    for list in ["a,,b", ",a", "a,", ""] {
        let error = refused(&format!("default a\nlabel a\nkernel k\nappend initrd={list} x"));
        assert!(matches!(error, ChooseError::EmptyInitrd { .. }), "{list}");
    }
}

#[test]
fn tabs_become_blanks_and_other_control_bytes_are_errors() {
    assert_eq!(
        label_line("label a\nkernel k\nappend x\ty\x0bz\x0cinitrd=i\tw", "a"),
        "BOOT_IMAGE=k x y z initrd=i w"
    );
    for byte in ["\x01", "\x1b", "\x7f"] {
        let error = refused(&format!("default a\nlabel a\nkernel k\nappend x{byte}y"));
        let ChooseError::ControlByte { byte: found, .. } = error else { panic!("{error}") };
        assert_eq!(found, byte.as_bytes()[0]);
        assert!(error.to_string().starts_with("pxelinux.cfg/default line 2, label \"a\": "));
    }
}

#[test]
fn a_command_of_2048_bytes_is_too_long() {
    let fits = MAX_COMMAND - 1 - "k ".len();
    let config =
        |length: usize| format!("default a\nlabel a\nkernel k\nappend {}", "x".repeat(length));
    assert_eq!(line(&config(fits)).len(), "BOOT_IMAGE=k ".len() + fits);
    let error = refused(&config(fits + 1));
    assert!(matches!(error, ChooseError::TooLong { length: MAX_COMMAND, .. }), "{error}");
    // A forced type stands in the command as well.
    let forced = config(fits).replace("kernel", "linux");
    assert!(matches!(refused(&forced), ChooseError::TooLong { .. }));
}

#[test]
fn a_name_of_256_bytes_is_too_long() {
    let long = "n".repeat(256);
    for rest in [format!("kernel {long}"), format!("kernel k\ninitrd {long}")] {
        let error = refused(&format!("default a\nlabel a\n{rest}"));
        assert!(matches!(error, ChooseError::NameTooLong { .. }), "{error}");
    }
    let fits = format!("default a\nlabel a\nkernel {}", &long[1..]);
    assert_eq!(line(&fits), format!("BOOT_IMAGE={} ", &long[1..]));
    assert_eq!(
        initrds(&format!("default a\nlabel a\nkernel k\ninitrd {}", &long[1..])),
        [&long[1..]]
    );
}

#[test]
fn sysappend_adds_its_strings_from_the_lowest_bit_up() {
    assert_eq!(
        label_line("label a\nkernel k\nsysappend 0x37", "a"),
        "BOOT_IMAGE=k ip=192.168.77.21:192.168.77.1:192.168.77.1:255.255.255.0 \
         BOOTIF=01-52-54-00-12-34-56 SYSUUID=b8945908-d6a6-41a9-611d-74a6ab80b83d \
         SYSVENDOR=Xen SYSPRODUCT=HVM_domU"
    );
}

#[test]
fn sysappend_leaves_out_what_is_unknown() {
    let menu = read("default a\nlabel a\nkernel k\nappend x\nsysappend 0xffffffff");
    let values = SysValues { others: vec![(0x20, b"  ".to_vec())], ..SysValues::default() };
    let options = pxelinux::ChooseOptions { label: None, values };
    let choice = choose(&menu, &options).unwrap();
    assert_eq!(text(&kernel_of(&choice).command_line), "BOOT_IMAGE=k x");
}

#[test]
fn an_absent_gateway_is_written_as_zeros() {
    let mut options = options(Some("a"));
    if let Some(addresses) = &mut options.values.addresses {
        addresses.gateway = None;
    }
    let choice = choose(&read("label a\nkernel k\nipappend 1"), &options).unwrap();
    assert_eq!(
        text(&kernel_of(&choice).command_line),
        "BOOT_IMAGE=k ip=192.168.77.21:192.168.77.1:0.0.0.0:255.255.255.0"
    );
}

#[test]
fn sysappend_does_not_remove_what_is_there_already() {
    assert_eq!(
        label_line("label a\nkernel k\nappend BOOTIF=00-DE-AD\nipappend 2", "a"),
        "BOOT_IMAGE=k BOOTIF=00-DE-AD BOOTIF=01-52-54-00-12-34-56"
    );
}

#[test]
fn every_documented_bit_has_its_name() {
    let names = [
        "ip",
        "BOOTIF",
        "SYSUUID",
        "CPU",
        "SYSVENDOR",
        "SYSPRODUCT",
        "SYSVERSION",
        "SYSSERIAL",
        "SYSSKU",
        "SYSFAMILY",
        "MBVENDOR",
        "MBPRODUCT",
        "MBVERSION",
        "MBSERIAL",
        "MBASSET",
        "BIOSVENDOR",
        "BIOSVERSION",
        "SYSFF",
        "FSUUID",
    ];
    for (shift, name) in names.into_iter().enumerate() {
        assert_eq!(pxelinux::bit_name(1 << shift), Some(name));
    }
    assert_eq!(pxelinux::bit_name(1 << names.len()), None);
    assert_eq!(pxelinux::bit_name(3), None);
    let mut values = values();
    values.others = (3..19).map(|shift| (1 << shift, b"v".to_vec())).collect();
    assert_eq!(values.strings(u32::MAX).len(), 19);
}

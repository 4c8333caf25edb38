//! What is not a Linux kernel.

use pxelinux::{Action, ChooseError, Reason};

use crate::support::{chosen, initrds, line, refused};

fn action(body: &str) -> Action {
    chosen(&format!("default a\nlabel a\n{body}")).action
}

fn reason(body: &str) -> Reason {
    match refused(&format!("default a\nlabel a\n{body}")) {
        ChooseError::Unbootable { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn localboot_gives_its_number() {
    for (number, kind) in [
        ("0", 0),
        ("", 0),
        ("4", 4),
        ("5", 5),
        ("-1", -1),
        ("0xffff", -1),
        ("0x80", 0x80),
        ("65535", -1),
        ("0x81", 0x81),
    ] {
        assert_eq!(action(&format!("localboot {number}")), Action::LocalBoot { kind }, "{number}");
    }
}

#[test]
fn localboot_ignores_append() {
    assert_eq!(action("localboot 0x80\nappend quiet"), Action::LocalBoot { kind: 0x80 });
}

#[test]
fn chain_boots_the_local_disk() {
    for (arguments, kind) in [
        ("", 0x80),
        ("hd0", 0x80),
        ("hd0 1", 0x80),
        ("hd1", 0x81),
        ("mbr:0x12345678", 0x80),
        ("boot", 0x80),
        ("fs", 0x80),
        ("label=root swap", 0x80),
    ] {
        let body = format!("com32 chain.c32\nappend {arguments}");
        assert_eq!(action(&body), Action::LocalBoot { kind }, "{arguments}");
    }
    assert_eq!(action("kernel boot/chain.c32 hd0"), Action::LocalBoot { kind: 0x80 });
    assert_eq!(action("com32 chain\nappend hd0"), Action::LocalBoot { kind: 0x80 });
    assert_eq!(reason("com32 chain.c32\nappend fd0"), Reason::ForeignDisk);
}

#[test]
fn config_starts_another_configuration() {
    let config = |directory: Option<&str>| Action::Config {
        file: b"sub/x.cfg".to_vec(),
        directory: directory.map(|directory| directory.as_bytes().to_vec()),
    };
    assert_eq!(action("config sub/x.cfg"), config(None));
    assert_eq!(action("config sub/x.cfg sub/"), config(Some("sub/")));
    assert_eq!(action("config sub/x.cfg\nappend sub/"), config(Some("sub/")));
    assert_eq!(action("kernel menu.c32\nconfig sub/x.cfg"), config(None));
}

#[test]
fn what_needs_a_bios_is_refused_with_label_line_and_reason() {
    let error = refused("default a\nlabel a\nmenu label x\nkernel pxelinux.0");
    assert_eq!(
        error.to_string(),
        "pxelinux.cfg/default line 2, label \"a\": cannot boot \"pxelinux.0\": it is taken for a \
         network boot program for a BIOS; use LINUX if it is a kernel"
    );
    assert_eq!(reason("pxe gpxe"), Reason::NetworkProgram);
    for body in ["kernel x.bin", "kernel x.bs", "kernel x.bss", "boot x", "bss x"] {
        assert_eq!(reason(body), Reason::BootSector, "{body}");
    }
    assert_eq!(reason("kernel memdisk\ninitrd dos.img"), Reason::Memdisk);
    assert_eq!(reason("linux ::boot/memdisk\ninitrd dos.img"), Reason::Memdisk);
}

#[test]
fn modules_we_do_not_emulate_are_refused_by_name() {
    for module in ["hdt.c32", "gfxboot.c32", "whichsys.c32", "ifplop.c32"] {
        assert_eq!(reason(&format!("kernel {module}")), Reason::Module, "{module}");
        let error = refused(&format!("ui {module} x")).to_string();
        assert!(error.contains(module), "{error}");
    }
    for module in ["reboot.c32", "poweroff.c32"] {
        assert_eq!(reason(&format!("com32 {module}")), Reason::PowerOff);
    }
}

#[test]
fn types_pxelinux_does_not_have_are_refused() {
    assert_eq!(reason("comboot x"), Reason::NoSuchType);
    assert_eq!(reason("none x"), Reason::NoSuchType);
}

#[test]
fn floppy_images_go_to_the_linux_loader() {
    assert_eq!(line("default a\nlabel a\nkernel x.img"), "BOOT_IMAGE=x.img ");
    assert_eq!(line("default a\nlabel a\nfdimage x"), "BOOT_IMAGE=x ");
}

#[test]
fn linux_forces_the_type_whatever_the_extension() {
    for name in ["x.bin", "x.0", "x.c32", "x.bs"] {
        assert_eq!(
            line(&format!("default a\nlabel a\nlinux {name}")),
            format!("BOOT_IMAGE={name} ")
        );
    }
}

#[test]
fn extensions_are_matched_with_case_and_at_the_end_of_the_first_word() {
    assert_eq!(line("default a\nlabel a\nkernel x.BIN"), "BOOT_IMAGE=x.BIN ");
    assert_eq!(line("default a\nlabel a\nkernel x.bin2 y.bin"), "BOOT_IMAGE=x.bin2 y.bin");
}

#[test]
fn a_kernel_whose_version_ends_in_0_needs_linux_as_with_pxelinux() {
    assert_eq!(reason("kernel vmlinuz-6.1.0"), Reason::NetworkProgram);
    assert_eq!(line("default a\nlabel a\nlinux vmlinuz-6.1.0"), "BOOT_IMAGE=vmlinuz-6.1.0 ");
}

#[test]
fn ifcpu64_takes_what_is_for_64_bits() {
    let labels = "default m\nlabel x64\nkernel k64\nappend six\nlabel x32\nkernel k32\nlabel m\n";
    for append in ["x64 -- x32", "x64 -- pae -- x32", "x64", "x64  --"] {
        let config = format!("{labels}com32 ifcpu64.c32\nappend {append}\n");
        assert_eq!(line(&config), "BOOT_IMAGE=k64 six", "{append}");
    }
}

#[test]
fn ifcpu64_hands_its_words_on() {
    // The SYSAPPEND string is one of them.
    let config = "default m\nimplicit 0\nlabel x64\nkernel k64\nlabel m\ncom32 ifcpu64.c32\n\
                  append x64  q\nipappend 2\n";
    assert_eq!(line(config), "BOOT_IMAGE=k64 q BOOTIF=01-52-54-00-12-34-56");
}

#[test]
fn a_command_that_leads_back_to_itself_is_no_endless_one() {
    for append in ["m", "", "-- m"] {
        let config = format!("default m\nlabel m\nkernel ifcpu64.c32\nappend {append}\n");
        assert!(matches!(refused(&config), ChooseError::MenuLoop { .. }), "{append}");
    }
}

#[test]
fn the_linux_module_takes_the_last_initrd_and_each_further_one() {
    let config = |append: &str| format!("default a\nlabel a\ncom32 linux.c32 {append}\n");
    assert_eq!(line(&config("vm  x   y ")), "BOOT_IMAGE=vm x y");
    let both = config("vm initrd=a,b q initrd=c foo.initrd=d initrd+=e,f initrd+=g");
    assert_eq!(initrds(&both), ["c", "e", "f", "g"]);
    assert_eq!(
        line(&both),
        "BOOT_IMAGE=vm initrd=a,b q initrd=c foo.initrd=d initrd+=e,f initrd+=g"
    );
    assert!(matches!(refused(&config("vm initrd=a,,b")), ChooseError::EmptyInitrd { .. }));
    assert_eq!(reason("com32 linux.c32 -dhcpinfo vm"), Reason::MadeFile);
    assert_eq!(reason("com32 linux.c32 vm initrdfile=x"), Reason::MadeFile);
    assert!(matches!(refused(&config("")), ChooseError::NoKernel { .. }));
}

#[test]
fn a_menu_without_entries_whose_timeout_is_itself_is_no_endless_one() {
    for config in [
        "timeout 5\nontimeout menu.c32\ndefault menu.c32\n",
        "timeout 5\nontimeout h\ndefault h\nlabel h\nmenu hide\nkernel menu.c32\n",
    ] {
        assert!(matches!(refused(config), ChooseError::MenuLoop { .. }), "{config}");
    }
}

#[test]
fn a_control_byte_in_a_module_s_name_is_refused() {
    // The others count as blanks.
    for modules in ["vm\u{7f}linuz --- i", "vmlinuz --- i\u{7f}"] {
        let config = format!("default x\nlabel x\nkernel mboot.c32\nappend xen.gz --- {modules}\n");
        assert!(matches!(refused(&config), ChooseError::ControlByte { .. }), "{modules:?}");
    }
}

#[test]
fn of_a_xen_host_a_guest_boots_the_first_domain() {
    let config = "default x\nlabel x\nkernel mboot.c32\nappend boot/xen-4.17.gz dom0_mem=1G com1=9600 --- \
                  vmlinuz console=hvc0  quiet --- initrd.img --- more.img x\nipappend 2\n";
    assert_eq!(line(config), "console=hvc0 quiet");
    assert_eq!(initrds(config), ["initrd.img", "more.img"]);
    assert_eq!(line("default x\nlabel x\ncom32 mboot.c32 -aout xen.gz --- vmlinuz\n"), "");
    assert_eq!(reason("kernel mboot.c32\nappend xen.gz dom0_mem=1G"), Reason::NoFirstDomain);
    assert_eq!(reason("kernel mboot.c32\nappend -c boot.cfg"), Reason::Multiboot);
    assert_eq!(reason("kernel mboot.c32\nappend tboot.gz --- xen.gz --- vm"), Reason::Multiboot);
}

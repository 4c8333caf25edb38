//! The lexer, and the directives with their first-wins and last-wins rules.

use pxelinux::limits::MAX_LINE;
use pxelinux::{Action, Exceeded, Limits, Reader};

use crate::support::{
    CONFIG, chosen, drive, initrds, kernel, label_line, line, read, read_bytes, refused, text,
};

#[test]
fn the_seed_configuration_gives_the_seed_line() {
    let config = "\
default linux
prompt 1
timeout 120
label linux
kernel vmlinuz
append initrd=initrd.img lang=en_US keymap=us ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp
";
    assert_eq!(
        line(config),
        "BOOT_IMAGE=vmlinuz initrd=initrd.img lang=en_US keymap=us \
         ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp"
    );
    assert_eq!(text(&kernel(config).name), "vmlinuz");
    assert_eq!(initrds(config), ["initrd.img"]);
}

#[test]
fn keywords_are_matched_without_case_and_as_whole_words() {
    assert_eq!(line("DeFaUlT a\nlAbEl a\nKERNEL k\naPPend x"), "BOOT_IMAGE=k x");
    assert_eq!(line("default a\nlabel a\nkernel k\nkernels no\nkerne no"), "BOOT_IMAGE=k ");
}

#[test]
fn leading_blanks_are_skipped_whatever_control_bytes_they_are() {
    assert_eq!(line("\t \x0b\x0cdefault a\n\x0clabel\ta\n \x01kernel \x0b k"), "BOOT_IMAGE=k ");
}

#[test]
fn crlf_and_everything_behind_a_cr_is_dropped() {
    assert_eq!(line("default a\r\nlabel a\r\nkernel k\r\nappend x\ry\r\n"), "BOOT_IMAGE=k x");
}

#[test]
fn quotes_and_backslashes_reach_the_kernel() {
    let config = "default a\nlabel a\nkernel k\nappend a=\"b c\" 'd' e\\\nf";
    assert_eq!(line(config), "BOOT_IMAGE=k a=\"b c\" 'd' e\\");
}

#[test]
fn a_hash_begins_a_comment_only_as_the_first_word() {
    assert_eq!(
        line("default a\n#default b\n# kernel z\nlabel a\nkernel k # y"),
        "BOOT_IMAGE=k # y"
    );
}

#[test]
fn unknown_keywords_and_keywords_with_an_equals_sign_are_ignored() {
    let config = "default a\nlabel a\nkernel k\ninitrd=x\nKERNEL=z\nFDT f\nFALLBACK z\nfrobnicate";
    assert_eq!(line(config), "BOOT_IMAGE=k ");
    assert!(initrds(config).is_empty());
}

#[test]
fn bytes_above_127_survive_and_no_break_space_is_no_blank() {
    let config = b"default a\nlabel a\nkernel k\xa0x\nappend \xe4=\xff\xa0z";
    let menu = read_bytes(config);
    let choice = crate::support::choose_in(&menu).unwrap();
    let kernel = crate::support::kernel_of(&choice);
    assert_eq!(kernel.name, b"k\xa0x");
    assert_eq!(kernel.command_line, b"BOOT_IMAGE=k\xa0x \xe4=\xff\xa0z");
}

#[test]
fn a_byte_order_mark_spoils_the_first_keyword_and_is_remarked() {
    let config = "\u{feff}default b\ndefault a\nlabel a\nkernel k\nlabel b\nkernel z";
    assert_eq!(line(config), "BOOT_IMAGE=k ");
    let only = "\u{feff}default a\nlabel a\nkernel k";
    assert!(refused(only).to_string().contains("no DEFAULT"));
    let notes = read(only).notes;
    assert_eq!(notes.len(), 1);
    assert!(notes[0].text.contains("byte order mark"));
    assert_eq!(notes[0].at.to_string(), "pxelinux.cfg/default line 1");
}

#[test]
fn the_tail_of_a_line_beyond_4095_bytes_is_a_line_of_its_own() {
    let padding = "x".repeat(MAX_LINE);
    let config = format!("#{}default a\nlabel a\nkernel k", &padding[1..]);
    assert_eq!(line(&config), "BOOT_IMAGE=k ");
    let menu = read(&config);
    assert!(menu.notes[0].text.contains("longer than 4095"));
    assert_eq!(menu.default.unwrap().at.line, 1);
    assert_eq!(menu.entries[0].at.line, 2);
}

#[test]
fn a_line_of_exactly_4095_bytes_is_whole() {
    let config = format!("#{}\ndefault a\nlabel a\nkernel k", "x".repeat(MAX_LINE - 1));
    let menu = read(&config);
    assert!(menu.notes.is_empty());
    assert_eq!(menu.default.unwrap().at.line, 2);
}

#[test]
fn a_nul_in_a_line_is_an_error_that_names_the_line() {
    let config = b"default a\nlabel a\nappend x\0y\n".to_vec();
    let step = Reader::new(Limits::default()).begin(CONFIG.as_bytes(), config);
    let error = drive(step, &[]).unwrap_err();
    assert_eq!(error.limit, Exceeded::Nul);
    assert_eq!(
        error.to_string(),
        "pxelinux.cfg/default line 3: the line holds a NUL byte, so the file is not plain text \
         (UTF-16, perhaps): is this file a PXELINUX configuration?"
    );
}

#[test]
fn nul_padding_behind_the_last_line_is_harmless() {
    assert_eq!(line("default a\nlabel a\nkernel k\n\0\0\0\0"), "BOOT_IMAGE=k ");
}

#[test]
fn the_last_default_wins_wherever_it_stands() {
    let config = "default a\nlabel a\nkernel ka\ndefault b\nlabel b\nkernel kb";
    assert_eq!(line(config), "BOOT_IMAGE=kb ");
}

#[test]
fn the_last_append_initrd_and_sysappend_of_a_label_win() {
    let config = "default a\nlabel a\nkernel k\nappend one\nappend two\ninitrd i1\ninitrd i2\nsysappend 1\nsysappend 2";
    assert_eq!(line(config), "BOOT_IMAGE=k two initrd=i2 BOOTIF=01-52-54-00-12-34-56");
    assert_eq!(initrds(config), ["i2"]);
}

#[test]
fn the_last_type_directive_of_a_label_wins_localboot_too() {
    assert_eq!(line("default a\nlabel a\nlocalboot 0\nkernel k"), "BOOT_IMAGE=k ");
    let choice = chosen("default a\nlabel a\nkernel k\nlocalboot 0");
    assert_eq!(choice.action, Action::LocalBoot { kind: 0 });
    assert_eq!(line("default a\nlabel a\nkernel x.bin\nlinux k.bin"), "BOOT_IMAGE=k.bin ");
}

#[test]
fn initrd_and_kernel_outside_a_label_are_ignored() {
    assert_eq!(line("initrd i\nkernel z\ndefault a\nlabel a\nkernel k"), "BOOT_IMAGE=k ");
}

#[test]
fn text_blocks_are_swallowed() {
    let config = "default b\nlabel a\nkernel ka\ntext help\nlabel b\nkernel kb\n  EndText\nlabel b\nkernel kc";
    assert_eq!(line(config), "BOOT_IMAGE=kc ");
    assert_eq!(read(config).entries.len(), 2);
}

#[test]
fn a_text_block_without_an_end_swallows_the_rest() {
    assert_eq!(read("label a\ntext\nlabel b\nlabel c").entries.len(), 1);
}

#[test]
fn numbers_follow_atoi_and_masks_strtoul() {
    assert_eq!(read("timeout 12x\ntotaltimeout -5").timeout, 12);
    assert_eq!(read("totaltimeout -5").total_timeout, 0);
    for (mask, value) in [("0x3", 3), ("010", 8), ("3", 3), ("x", 0)] {
        assert_eq!(read(&format!("sysappend {mask}")).sysappend, value, "{mask}");
    }
}

#[test]
fn trailing_blanks_of_append_stay() {
    assert_eq!(
        label_line("label a\nkernel k\nappend x  \ninitrd i", "a"),
        "BOOT_IMAGE=k x   initrd=i"
    );
}

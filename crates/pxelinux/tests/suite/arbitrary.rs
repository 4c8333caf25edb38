//! Arbitrary input: nothing panics, nothing loops, the limits hold, and no control byte gets out.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use pxelinux::limits::{MAX_COMMAND, MAX_NAME};
use pxelinux::{
    Action, Choice, ChooseOptions, Included, Limits, Location, Menu, Prefix, Reader, Server, Step,
    choose, choose_in_menu, choose_on_error, entries, resolve,
};

use crate::support::values;

const SMALL: Limits = Limits {
    file_bytes: 4096,
    total_bytes: 16384,
    lines: 400,
    entries: 60,
    include_depth: 8,
    includes: 40,
    help_lines: 3,
    notes: 4,
};

/// Reads a configuration whose includes are always the same file.
fn read(config: &[u8], included: &[u8]) -> Option<Menu> {
    let mut step = Reader::new(SMALL).begin(b"main", config.to_vec()).ok()?;
    let mut asked = 0;
    loop {
        step = match step {
            Step::Done(menu) => return Some(*menu),
            Step::Include(waiting) => {
                asked += 1;
                assert!(asked <= SMALL.includes);
                let missing = waiting.name().len() % 3 == 0;
                let included =
                    if missing { Included::Missing } else { Included::Bytes(included.to_vec()) };
                waiting.resume(included).ok()?
            }
        };
    }
}

fn check(menu: &Menu) {
    assert!(menu.entries.len() <= SMALL.entries);
    assert!(menu.notes.len() <= SMALL.notes);
    for (index, entry) in menu.entries.iter().enumerate() {
        assert_eq!(menu.menus[entry.menu].entries[entry.place], index);
    }
    let labels = menu.entries.iter().map(|entry| Some(entry.label.as_slice()));
    for label in labels.chain([None, Some(&b"x y"[..])]) {
        let options = ChooseOptions { label, values: values() };
        match choose(menu, &options) {
            Ok(choice) => {
                check_action(&choice.action);
                if let Some(Ok(second)) = choose_on_error(menu, &options, &choice) {
                    check_action(&second.action);
                }
            }
            Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
        }
        if let Ok(Choice { action, .. }) = choose_in_menu(menu, &options) {
            check_action(&action);
        }
    }
    let listed = entries(menu, &ChooseOptions::default());
    assert!(listed.iter().filter(|listed| listed.default).count() <= 1);
}

fn check_action(action: &Action) {
    match action {
        Action::Kernel(kernel) => {
            assert!(kernel.command_line.starts_with(b"BOOT_IMAGE="));
            assert!(!kernel.command_line.iter().any(u8::is_ascii_control));
            // The command's limit, BOOT_IMAGE= in front, and what SYSAPPEND adds to a file.
            assert!(kernel.command_line.len() < MAX_COMMAND + 11 + 300);
            for name in kernel.initrds.iter().chain([&kernel.name]) {
                assert!((1..=MAX_NAME).contains(&name.len()));
                assert!(!name.iter().any(u8::is_ascii_control));
            }
        }
        Action::Implicit(candidates) => {
            assert_eq!(candidates.len(), 7);
            for candidate in candidates {
                if let Ok(action) = &candidate.action {
                    check_action(action);
                }
            }
        }
        Action::LocalBoot { kind } => assert!((-1..0xffff).contains(kind)),
        Action::Config { file, .. } => assert!(!file.is_empty()),
        Action::Menu { files } => assert!(!files.is_empty()),
    }
}

/// One line of a configuration that means something.
fn line() -> impl Strategy<Value = String> {
    let keywords = select(
        &[
            "default",
            "ui",
            "label",
            "kernel",
            "linux",
            "append",
            "initrd",
            "ipappend",
            "localboot",
            "config",
            "com32",
            "pxe",
            "include",
            "menu include",
            "menu begin",
            "menu end",
            "menu default",
            "menu start",
            "menu hide",
            "menu disable",
            "menu separator",
            "menu exit",
            "menu goto",
            "menu label",
            "menu shiftkey",
            "menu onerror",
            "ontimeout",
            "onerror",
            "timeout",
            "totaltimeout",
            "prompt",
            "implicit",
            "allowoptions",
            "noescape",
            "text help",
            "endtext",
            "#",
            "MENU",
        ][..],
    );
    let word = select(
        &[
            "a",
            "b",
            "c",
            "menu",
            "menu.c32",
            "vesamenu.c32",
            "~",
            "x.cfg",
            "long.cfg",
            "0",
            "1",
            "0x7",
            "-",
            "-1",
            "initrd=i,j",
            "chain.c32",
            "memdisk",
            "k.0",
            "k.img",
            "\u{e9}",
            "a=\"b",
            "\t",
            "\r",
            ",",
        ][..],
    );
    (keywords, vec(word, 0..4))
        .prop_map(|(keyword, words)| format!("{keyword} {}\n", words.join(" ")))
}

fn config() -> impl Strategy<Value = String> {
    vec(line(), 0..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(config in vec(any::<u8>(), 0..600), included in vec(any::<u8>(), 0..60)) {
        if let Some(menu) = read(&config, &included) {
            check(&menu);
        }
    }

    #[test]
    fn arbitrary_configurations_are_read_and_chosen_from(config in config(), included in config()) {
        if let Some(menu) = read(config.as_bytes(), included.as_bytes()) {
            check(&menu);
        }
    }

    #[test]
    fn a_configuration_cut_anywhere_is_read(config in config(), cut in any::<proptest::sample::Index>()) {
        let bytes = config.as_bytes();
        let bytes = &bytes[..cut.index(bytes.len() + 1)];
        if let Some(menu) = read(bytes, b"") {
            check(&menu);
        }
    }

    #[test]
    fn crlf_means_the_same_as_lf(config in config()) {
        let plain = config.replace('\r', "");
        let dos = plain.replace('\n', "\r\n");
        let (plain, dos) = (read(plain.as_bytes(), b""), read(dos.as_bytes(), b""));
        prop_assert_eq!(plain, dos);
    }

    #[test]
    fn arbitrary_names_are_found_or_refused(
        prefix in vec(any::<u8>(), 0..40),
        name in vec(select(&b":/#%;@a1.-\x00\xff 2[]="[..]), 0..40),
        scheme in select(&["", "tftp://", "http://", "::", "h::", "http://u:p@h/", "tftp://h/"][..]),
    ) {
        let prefix = Prefix::from_dhcp(Some(&prefix), b"").unwrap_or_default();
        let name = [scheme.as_bytes(), &name].concat();
        match resolve(&prefix, &Server::Ip([192, 0, 2, 1].into()), &name) {
            Ok(location) => {
                let shown = location.to_string();
                prop_assert!(shown.bytes().all(|b| b.is_ascii_graphic()), "{}", shown);
                match location {
                    Location::Tftp { path, port, .. } => {
                        prop_assert!((1..=MAX_NAME).contains(&path.len()) && port != 0);
                        prop_assert!(!path.iter().any(u8::is_ascii_control));
                    }
                    Location::Http { url } => {
                        prop_assert!(url.to_ascii_lowercase().starts_with("http"));
                        prop_assert!(url.bytes().all(|b| b.is_ascii_graphic()));
                    }
                }
            }
            Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control)),
        }
    }

    #[test]
    fn the_search_order_is_always_eight_hex_names_and_default(
        address in any::<u32>(), mac in any::<[u8; 6]>(), uuid in any::<[u8; 16]>(),
    ) {
        let client = pxelinux::Client {
            config_file: None,
            uuid: Some(pxelinux::Uuid(uuid)),
            hardware: pxelinux::HardwareAddress::ethernet(mac),
            address: address.into(),
        };
        let names = pxelinux::config_names(&client);
        prop_assert!((10..=12).contains(&names.len()));
        prop_assert!(names.last().is_some_and(|name| name == b"pxelinux.cfg/default"));
        let first = format!("pxelinux.cfg/{address:08X}").into_bytes();
        prop_assert_eq!(&names[names.len() - 9], &first);
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        prop_assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn a_uuid_s_text_is_read_back(bytes in any::<[u8; 16]>(), upper in any::<bool>()) {
        let uuid = pxelinux::Uuid(bytes);
        let text = if upper { uuid.to_string().to_uppercase() } else { uuid.to_string() };
        prop_assert_eq!(pxelinux::Uuid::parse(&text), Some(uuid));
        prop_assert_eq!(uuid.swapped().swapped(), uuid);
    }
}

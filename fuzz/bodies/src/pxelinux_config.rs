//! PXELINUX configs with their includes, and what is chosen from them; names and URLs in them.

use pxelinux::limits::{MAX_COMMAND, MAX_NAME};
use pxelinux::{
    Action, Addresses, ChooseOptions, HardwareAddress, Included, Limits, Location, Menu, Prefix,
    Reader, Server, Step, SysValues, Uuid, asks, choose, choose_entry, choose_in_menu,
    choose_on_error, choose_typed, entries, resolve, screen,
};

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

/// A config, and after a NUL what every file is that it includes.
pub(crate) fn config(bytes: &[u8]) {
    let mut files = bytes.splitn(2, |byte| *byte == 0);
    let (first, second) = (files.next().unwrap_or_default(), files.next().unwrap_or_default());
    let Some(menu) = read(SMALL, first, second) else { return };
    check(&menu);
}

pub(crate) fn read(limits: Limits, config: &[u8], included: &[u8]) -> Option<Menu> {
    let mut step = match Reader::new(limits).begin(b"main", config.to_vec()) {
        Ok(step) => step,
        Err(error) => {
            crate::assert_shown(&error.to_string());
            return None;
        }
    };
    let mut asked = 0;
    loop {
        step = match step {
            Step::Done(menu) => return Some(*menu),
            Step::Include(waiting) => {
                asked += 1;
                assert!(asked <= limits.includes);
                let missing = waiting.name().len() % 3 == 0;
                let file =
                    if missing { Included::Missing } else { Included::Bytes(included.to_vec()) };
                match waiting.resume(file) {
                    Ok(step) => step,
                    Err(error) => {
                        crate::assert_shown(&error.to_string());
                        return None;
                    }
                }
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
    let options = |label| ChooseOptions { label, values: values() };
    let labels = menu.entries.iter().map(|entry| Some(entry.label.as_slice()));
    for label in labels.chain([None, Some(&b"x y"[..])]) {
        let options = options(label);
        match choose(menu, &options) {
            Ok(choice) => {
                check_action(&choice.action);
                if let Some(Ok(second)) = choose_on_error(menu, &options, &choice) {
                    check_action(&second.action);
                }
            }
            Err(error) => crate::assert_shown(&error.to_string()),
        }
        if let Ok(choice) = choose_in_menu(menu, &options) {
            check_action(&choice.action);
        }
    }
    let listed = entries(menu, &ChooseOptions::default());
    assert!(listed.iter().filter(|listed| listed.default).count() <= 1);
    let plain = options(None);
    let Some(asks) = asks(menu, &plain) else { return };
    let screen = screen(menu, &plain, asks);
    assert!(screen.pages.is_empty() || screen.first < screen.pages.len());
    for entry in 0..menu.entries.len() {
        if let Ok(choice) = choose_entry(menu, &plain, asks, entry) {
            check_action(&choice.action);
        }
    }
    for line in [&b"a"[..], b"vmlinuz initrd=x y", b"", b"\xff\0\n"] {
        if let Ok(choice) = choose_typed(menu, &plain, asks, line) {
            check_action(&choice.action);
        }
    }
}

fn check_action(action: &Action) {
    match action {
        Action::Kernel(kernel) => {
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

pub(crate) fn values() -> SysValues {
    SysValues {
        addresses: Some(Addresses {
            client: [192, 168, 77, 21].into(),
            boot_server: [192, 168, 77, 1].into(),
            gateway: Some([192, 168, 77, 1].into()),
            netmask: [255, 255, 255, 0].into(),
        }),
        hardware: Some(HardwareAddress::ethernet([0x52, 0x54, 0, 0x12, 0x34, 0x56])),
        uuid: Uuid::parse("B8945908-D6A6-41A9-611D-74A6AB80B83D"),
        others: vec![(0x10, b"Xen".to_vec()), (0x20, b" HVM \t domU ".to_vec())],
    }
}

/// A prefix, a NUL, the boot file, a NUL, a name.
pub(crate) fn name(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (given, file, name) = (part(), part(), part());
    for given in [None, Some(given)] {
        let Ok(prefix) = Prefix::from_dhcp(given, file) else { continue };
        match resolve(&prefix, &Server::Ip([192, 0, 2, 1].into()), name) {
            Ok(location) => {
                let shown = location.to_string();
                assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
                match location {
                    Location::Tftp { path, port, .. } => {
                        assert!((1..=MAX_NAME).contains(&path.len()) && port != 0);
                        assert!(!path.iter().any(u8::is_ascii_control));
                    }
                    Location::Http { url } => {
                        assert!(url.to_ascii_lowercase().starts_with("http"));
                        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
                    }
                }
            }
            Err(error) => crate::assert_shown(&error.to_string()),
        }
    }
}

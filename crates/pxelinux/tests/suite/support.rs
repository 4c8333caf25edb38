//! Reading and choosing in one call.

use pxelinux::{
    Action, Addresses, Choice, ChooseError, ChooseOptions, HardwareAddress, Included, Kernel,
    Limits, Menu, ReadError, Reader, Step, SysValues, Uuid, choose,
};

/// The name a test's configuration has in messages.
pub(crate) const CONFIG: &str = "pxelinux.cfg/default";

/// A server's files.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

/// Drives a reader with files from memory.
pub(crate) fn drive(step: Result<Step, ReadError>, files: Files<'_>) -> Result<Menu, ReadError> {
    let mut step = step?;
    loop {
        step = match step {
            Step::Done(menu) => return Ok(*menu),
            Step::Include(waiting) => {
                let file = files.iter().find(|(name, _)| name.as_bytes() == waiting.name());
                let included = match file {
                    Some((_, text)) => Included::Bytes(text.as_bytes().to_vec()),
                    None => Included::Missing,
                };
                waiting.resume(included)?
            }
        }
    }
}

pub(crate) fn read_bytes(config: &[u8]) -> Menu {
    let step = Reader::new(Limits::default()).begin(CONFIG.as_bytes(), config.to_vec());
    drive(step, &[]).unwrap()
}

pub(crate) fn read(config: &str) -> Menu {
    read_bytes(config.as_bytes())
}

pub(crate) fn read_with(config: &str, files: Files<'_>) -> Menu {
    let step = Reader::new(Limits::default()).begin(CONFIG.as_bytes(), config.into());
    drive(step, files).unwrap()
}

/// The lease and the guest of most tests.
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

pub(crate) fn options(label: Option<&str>) -> ChooseOptions<'_> {
    ChooseOptions { label: label.map(str::as_bytes), values: values() }
}

pub(crate) fn choose_in(menu: &Menu) -> Result<Choice, ChooseError> {
    choose(menu, &options(None))
}

pub(crate) fn chosen(config: &str) -> Choice {
    choose_in(&read(config)).unwrap()
}

pub(crate) fn refused(config: &str) -> ChooseError {
    choose_in(&read(config)).unwrap_err()
}

/// The kernel of a choice; for an implicit command the one without extension.
pub(crate) fn kernel_of(choice: &Choice) -> Kernel {
    match &choice.action {
        Action::Kernel(kernel) => kernel.clone(),
        Action::Implicit(candidates) => match &candidates.last().unwrap().action {
            Ok(Action::Kernel(kernel)) => kernel.clone(),
            other => panic!("the last candidate is no kernel: {other:?}"),
        },
        other => panic!("no kernel: {other:?}"),
    }
}

pub(crate) fn kernel(config: &str) -> Kernel {
    kernel_of(&chosen(config))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The command line that boots.
pub(crate) fn line(config: &str) -> String {
    text(&kernel(config).command_line)
}

/// The command line of a label that is asked for.
pub(crate) fn label_line(config: &str, label: &str) -> String {
    let choice = choose(&read(config), &options(Some(label))).unwrap();
    text(&kernel_of(&choice).command_line)
}

/// The names of the initrds that are loaded.
pub(crate) fn initrds(config: &str) -> Vec<String> {
    kernel(config).initrds.iter().map(|name| text(name)).collect()
}

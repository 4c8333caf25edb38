//! From a command to what it does: the type of its kernel decides.
//!
//! The SYSLINUX manual, "Working directory" and "KERNEL file", for the types by extension.

use crate::choice::{Action, Kernel};
use crate::cmdline::of_kernel;
use crate::error::{ChooseError, Command, Reason};
use crate::limits::{MAX_COMMAND, MAX_NAME};
use crate::modules::module;
use crate::sysappend::SysValues;
use crate::text::{skip_blanks, split_word, strtoul};

/// The types of file a command can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageType {
    Linux,
    BootSector,
    NetworkProgram,
    Module,
    Config,
    LocalBoot,
}

/// What a command does.
pub(crate) enum Executed {
    /// It is this.
    Action(Action),
    /// It shows the menu of the configuration it stands in.
    ThisMenu,
    /// It runs another command, as if that were typed at the prompt.
    Command(Vec<u8>),
}

/// The extensions PXELINUX knows, in the order it tries them on a bare name.
pub(crate) const EXTENSIONS: [(&[u8], ImageType); 6] = [
    (b".c32", ImageType::Module),
    // A floppy image goes to the Linux loader in PXELINUX.
    (b".img", ImageType::Linux),
    (b".bss", ImageType::BootSector),
    (b".bin", ImageType::BootSector),
    (b".bs", ImageType::BootSector),
    (b".0", ImageType::NetworkProgram),
];

/// The type of a command by the extension of its first word. `None`: it has no known extension.
pub(crate) fn type_by_extension(command: &[u8]) -> Option<ImageType> {
    let (kernel, _) = split_word(command);
    EXTENSIONS.iter().find(|(extension, _)| kernel.ends_with(extension)).map(|(_, kind)| *kind)
}

/// Finds out what a command does. `appended` are SYSAPPEND strings to put at its end.
pub(crate) fn execute(
    command_line: &[u8],
    appended: &[Vec<u8>],
    values: &SysValues,
    command: &Command,
) -> Result<Executed, ChooseError> {
    if command_line.len() >= MAX_COMMAND {
        let length = command_line.len();
        return Err(ChooseError::TooLong { command: command.clone(), length });
    }
    let mut kind = type_by_extension(command_line).unwrap_or(ImageType::Linux);
    let (mut kernel, mut arguments) = parts(command_line);
    let mut with_extension = Vec::new();
    // PXELINUX adds the SYSAPPEND strings again behind each forced type.
    let mut times = 1;
    // A file's arguments may begin with a type of their own; each turn makes the text shorter.
    while let Some(forced) = forced_type(kernel) {
        kind = forced.ok_or_else(|| unbootable(command, kernel, Reason::NoSuchType))?;
        (kernel, arguments) = parts(arguments);
        times += 1;
        if kind == ImageType::Module && !kernel.ends_with(b".c32") {
            with_extension = [kernel, b".c32"].concat();
            break;
        }
    }
    if !with_extension.is_empty() {
        kernel = &with_extension;
    }
    let action = match kind {
        ImageType::Linux => {
            let appended = appended.iter().cycle().take(appended.len() * times);
            Action::Kernel(linux(kernel, arguments, appended, command)?)
        }
        ImageType::LocalBoot => Action::LocalBoot { kind: local_boot(kernel) },
        ImageType::Config => {
            let file = named(kernel, command)?.to_vec();
            let (directory, _) = split_word(arguments);
            let directory = (!directory.is_empty()).then(|| directory.to_vec());
            Action::Config { file, directory }
        }
        ImageType::Module => return module(kernel, arguments, values, command),
        ImageType::BootSector => return Err(unbootable(command, kernel, Reason::BootSector)),
        ImageType::NetworkProgram => {
            return Err(unbootable(command, kernel, Reason::NetworkProgram));
        }
    };
    Ok(Executed::Action(action))
}

fn linux<'a>(
    kernel: &[u8],
    arguments: &[u8],
    appended: impl Iterator<Item = &'a Vec<u8>>,
    command: &Command,
) -> Result<Kernel, ChooseError> {
    let name = named(kernel, command)?.to_vec();
    if base_name(&name) == b"memdisk" {
        return Err(unbootable(command, &name, Reason::Memdisk));
    }
    let mut arguments = arguments.to_vec();
    for string in appended {
        if !arguments.is_empty() {
            arguments.push(b' ');
        }
        arguments.extend_from_slice(string);
    }
    let (command_line, initrds) = of_kernel(&name, &arguments, command)?;
    Ok(Kernel { name, initrds, command_line })
}

/// LOCALBOOT's number. Only 16 bits count, and all ones are -1.
pub(crate) fn local_boot(number: &[u8]) -> i32 {
    match strtoul(number) & 0xffff {
        0xffff => -1,
        number => i32::try_from(number).unwrap_or(-1),
    }
}

/// A command's first word, and its arguments without the blanks between.
fn parts(command: &[u8]) -> (&[u8], &[u8]) {
    let (kernel, rest) = split_word(command);
    (kernel, skip_blanks(rest))
}

/// The type a word forces; the inner `None` is one PXELINUX writes but cannot run.
fn forced_type(word: &[u8]) -> Option<Option<ImageType>> {
    Some(match word {
        b".kernel" | b".linux" | b".fdimage" => Some(ImageType::Linux),
        b".boot" | b".bss" => Some(ImageType::BootSector),
        b".pxe" => Some(ImageType::NetworkProgram),
        b".com32" => Some(ImageType::Module),
        b".config" => Some(ImageType::Config),
        b".localboot" => Some(ImageType::LocalBoot),
        b".comboot" | b".none" => None,
        _ => return None,
    })
}

/// A name that a file can have: not empty, not too long, and nothing that paints a terminal.
pub(crate) fn named<'a>(kernel: &'a [u8], command: &Command) -> Result<&'a [u8], ChooseError> {
    if let Some(&byte) = kernel.iter().find(|byte| byte.is_ascii_control()) {
        return Err(ChooseError::ControlByte { command: command.clone(), byte });
    }
    match kernel.len() {
        0 => Err(ChooseError::NoKernel { command: command.clone() }),
        1..=MAX_NAME => Ok(kernel),
        _ => Err(ChooseError::NameTooLong { command: command.clone(), name: kernel.to_vec() }),
    }
}

/// The last part of a name, behind a directory, a server or a URL.
pub(crate) fn base_name(name: &[u8]) -> &[u8] {
    name.rsplit(|&b| b == b'/' || b == b':').next().unwrap_or_default()
}

pub(crate) fn unbootable(command: &Command, kernel: &[u8], reason: Reason) -> ChooseError {
    ChooseError::Unbootable { command: command.clone(), kernel: kernel.to_vec(), reason }
}

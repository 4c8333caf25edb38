//! The SYSLINUX modules that can be done without a BIOS.
//!
//! com32/menu, com32/modules/{ifcpu64,linux,localboot}.c, com32/mboot and com32/chain of SYSLINUX
//! 6.04. A module gets its arguments as words, so runs of blanks between them are lost.

use crate::choice::{Action, Kernel, MenuFile};
use crate::cmdline::checked_line;
use crate::error::{ChooseError, Command, Reason};
use crate::execute::{Executed, base_name, local_boot, named, unbootable};
use crate::sysappend::SysValues;
use crate::text::words;

/// The BIOS's number of the first hard disk.
const LOCAL_DISK: i32 = 0x80;

/// What a module does with its arguments.
pub(crate) fn module(
    module: &[u8],
    arguments: &[u8],
    values: &SysValues,
    command: &Command,
) -> Result<Executed, ChooseError> {
    let name = base_name(named(module, command)?).to_ascii_lowercase();
    match name.as_slice() {
        b"menu.c32" | b"vesamenu.c32" => Ok(menu(arguments, values)),
        b"ifcpu64.c32" => Ok(Executed::Command(command_for_64_bits(arguments))),
        b"linux.c32" => linux(module, arguments, command),
        b"mboot.c32" => multiboot(module, arguments, command),
        b"chain.c32" => chain(module, arguments, command),
        b"localboot.c32" => {
            let kind = words(arguments).next().map_or(LOCAL_DISK, local_boot);
            Ok(Executed::Action(Action::LocalBoot { kind }))
        }
        b"reboot.c32" | b"poweroff.c32" => Err(unbootable(command, module, Reason::PowerOff)),
        _ => Err(unbootable(command, module, Reason::Module)),
    }
}

/// A menu of other files, if any is named.
fn menu(arguments: &[u8], values: &SysValues) -> Executed {
    // SYSAPPEND strings among the arguments would be taken for files that do not exist.
    let strings = values.strings(u32::MAX);
    let files: Vec<MenuFile> = words(arguments)
        .filter(|word| !strings.iter().any(|string| string == word))
        .map(|word| match word {
            b"~" => MenuFile::Current,
            name => MenuFile::Named(name.to_vec()),
        })
        .collect();
    if files.iter().all(|file| *file == MenuFile::Current) {
        return Executed::ThisMenu;
    }
    Executed::Action(Action::Menu { files })
}

/// `ifcpu64.c32 label64 [-- label32pae] -- label32`: a Xen guest has 64 bits.
fn command_for_64_bits(arguments: &[u8]) -> Vec<u8> {
    let command: Vec<&[u8]> = words(arguments).take_while(|word| *word != b"--").collect();
    command.join(&b' ')
}

/// `linux.c32 [-dhcpinfo] kernel arguments...`: like a Linux kernel named directly, but the last
/// word that begins with `initrd=` counts, and every `initrd+=` after it.
fn linux(module: &[u8], arguments: &[u8], command: &Command) -> Result<Executed, ChooseError> {
    let mut rest = words(arguments).peekable();
    if rest.next_if(|word| *word == b"-dhcpinfo").is_some() {
        return Err(unbootable(command, module, Reason::MadeFile));
    }
    let name = named(rest.next().unwrap_or_default(), command)?.to_vec();
    let mut line = [b"BOOT_IMAGE=", name.as_slice()].concat();
    let (mut initrds, mut more) = (Vec::new(), Vec::new());
    for word in rest {
        line.push(b' ');
        line.extend_from_slice(word);
        if word.starts_with(b"initrdfile=") {
            return Err(unbootable(command, module, Reason::MadeFile));
        }
        if let Some(list) = word.strip_prefix(b"initrd=") {
            initrds = names(list, command)?;
        } else if let Some(list) = word.strip_prefix(b"initrd+=") {
            more.extend(names(list, command)?);
        }
    }
    initrds.append(&mut more);
    let command_line = checked_line(line, command)?;
    Ok(Executed::Action(Action::Kernel(Kernel { name, initrds, command_line })))
}

/// A list of names between commas.
fn names(list: &[u8], command: &Command) -> Result<Vec<Vec<u8>>, ChooseError> {
    list.split(|&b| b == b',')
        .map(|name| match name {
            b"" => Err(ChooseError::EmptyInitrd { command: command.clone() }),
            name => Ok(named(name, command)?.to_vec()),
        })
        .collect()
}

/// `mboot.c32 xen.gz args --- vmlinuz args --- initrd`: a hypervisor and what would be its first
/// domain. A guest is under a hypervisor already, so it boots that domain's kernel, with the command
/// line that Xen would give it: the module's words without the file's name.
fn multiboot(module: &[u8], arguments: &[u8], command: &Command) -> Result<Executed, ChooseError> {
    let all: Vec<&[u8]> =
        words(arguments).skip_while(|word| matches!(*word, b"-solaris" | b"-aout")).collect();
    let mut modules = all.split(|word| *word == b"---");
    let hypervisor = modules.next().and_then(|words| words.first()).copied().unwrap_or_default();
    if !base_name(hypervisor).starts_with(b"xen") {
        return Err(unbootable(command, module, Reason::Multiboot));
    }
    let Some([kernel, kernel_arguments @ ..]) = modules.next() else {
        return Err(unbootable(command, module, Reason::NoFirstDomain));
    };
    let name = named(kernel, command)?.to_vec();
    let initrds = modules
        .filter_map(<[&[u8]]>::first)
        .map(|name| Ok(named(name, command)?.to_vec()))
        .collect::<Result<_, ChooseError>>()?;
    let command_line = checked_line(kernel_arguments.join(&b' '), command)?;
    Ok(Executed::Action(Action::Kernel(Kernel { name, initrds, command_line })))
}

/// `chain.c32 hd0 1`, `mbr:0x…`, `boot`, `fs`, `label=…`: a local disk. A floppy is none.
fn chain(module: &[u8], arguments: &[u8], command: &Command) -> Result<Executed, ChooseError> {
    let drive = words(arguments).next().unwrap_or_default();
    let kind = match drive {
        [b'h', b'd', digits @ ..] => match digits.first() {
            Some(digit) if digit.is_ascii_digit() => {
                LOCAL_DISK + i32::from(digit.saturating_sub(b'0'))
            }
            _ => LOCAL_DISK,
        },
        [b'f', b'd', digit, ..] if digit.is_ascii_digit() => {
            return Err(unbootable(command, module, Reason::ForeignDisk));
        }
        _ => LOCAL_DISK,
    };
    Ok(Executed::Action(Action::LocalBoot { kind }))
}

//! Commands and the kernel's command line, byte for byte as PXELINUX builds them.
//!
//! A label becomes one command: `KERNEL-value APPEND initrd=INITRD strings`, with the type in front
//! (`.linux `) if a directive forces one. The words behind the label in DEFAULT follow. The first
//! word is the kernel, the rest its arguments.

use crate::config::{Boot, KernelDirective};
use crate::error::{ChooseError, Command};
use crate::limits::MAX_NAME;
use crate::sysappend::SysValues;

/// The command of a label. `rest` is what a menu takes from the LABEL line, if it names the kernel.
pub(crate) fn of_label(boot: &Boot, rest: &[u8], values: &SysValues) -> Vec<u8> {
    let mut command = Vec::new();
    if let Some(prefix) = type_prefix(boot.directive) {
        command.extend_from_slice(prefix);
        command.push(b' ');
    }
    command.extend_from_slice(&boot.kernel);
    if boot.kernel_is_label {
        command.extend_from_slice(rest);
    }
    if !boot.append.is_empty() {
        command.push(b' ');
        command.extend_from_slice(&boot.append);
    }
    if let Some(initrd) = &boot.initrd {
        command.extend_from_slice(b" initrd=");
        command.extend_from_slice(initrd);
    }
    for string in values.strings(boot.sysappend) {
        command.push(b' ');
        command.extend_from_slice(&string);
    }
    command
}

/// The line a Linux kernel gets, and the initrds its loader takes from it.
pub(crate) fn of_kernel(
    kernel: &[u8],
    arguments: &[u8],
    command: &Command,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), ChooseError> {
    let mut line = b"BOOT_IMAGE=".to_vec();
    line.extend_from_slice(kernel);
    line.push(b' ');
    line.extend_from_slice(arguments);
    let line = checked_line(line, command)?;
    let initrds = initrds(&line, command)?;
    Ok((line, initrds))
}

/// A kernel's line without control bytes.
pub(crate) fn checked_line(mut line: Vec<u8>, command: &Command) -> Result<Vec<u8>, ChooseError> {
    for byte in &mut line {
        match *byte {
            // A kernel takes these for blanks as well, and the toolstack must not see them.
            b'\t' | 0x0b | 0x0c => *byte = b' ',
            byte if byte.is_ascii_control() => {
                return Err(ChooseError::ControlByte { command: command.clone(), byte });
            }
            _ => {}
        }
    }
    Ok(line)
}

/// The names behind the first `initrd=`, wherever it is: `foo.initrd=` counts too.
fn initrds(line: &[u8], command: &Command) -> Result<Vec<Vec<u8>>, ChooseError> {
    const OPTION: &[u8] = b"initrd=";
    let Some(at) = line.windows(OPTION.len()).position(|window| window == OPTION) else {
        return Ok(Vec::new());
    };
    let value = line.get(at + OPTION.len()..).unwrap_or_default();
    let list = value.split(|&b| b == b' ').next().unwrap_or_default();
    list.split(|&b| b == b',')
        .map(|name| match name.len() {
            0 => Err(ChooseError::EmptyInitrd { command: command.clone() }),
            1..=MAX_NAME => Ok(name.to_vec()),
            _ => Err(ChooseError::NameTooLong { command: command.clone(), name: name.to_vec() }),
        })
        .collect()
}

/// How PXELINUX writes a forced type in front of a command.
fn type_prefix(directive: KernelDirective) -> Option<&'static [u8]> {
    Some(match directive {
        KernelDirective::Kernel => return None,
        KernelDirective::Linux => b".linux",
        KernelDirective::Boot => b".boot",
        KernelDirective::Bss => b".bss",
        KernelDirective::Pxe => b".pxe",
        KernelDirective::FdImage => b".fdimage",
        KernelDirective::Comboot => b".comboot",
        KernelDirective::Com32 => b".com32",
        KernelDirective::Config => b".config",
        KernelDirective::LocalBoot => b".localboot",
        KernelDirective::None => b".none",
    })
}

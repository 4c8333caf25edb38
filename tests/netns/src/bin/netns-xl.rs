//! A stand-in for `xl create`: the bootloader's parent, whose command line rpxeboot reads
//! when nothing else names the guest's config. Started by [`netns_tests::libxl`], with the
//! command line to run in a variable and the terminal as stdin. Reports the bootloader's
//! process id, then its wait status, on stdout.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use netns_tests::libxl::{COMMAND, SEPARATOR};
use netns_tests::terminal::login_tty;
use nix::unistd::dup2_stdin;

fn main() {
    let line = std::env::var_os(COMMAND).expect("the command line of the bootloader");
    let words: Vec<&OsStr> =
        line.as_bytes().split(|byte| *byte == SEPARATOR as u8).map(OsStr::from_bytes).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_remove(COMMAND);
    login_tty(&mut command, 0);
    let mut child = command.spawn().expect("the bootloader can be started");
    println!("{}", child.id());
    // The terminal is the bootloader's alone, as xl holds only the other end.
    dup2_stdin(File::open("/dev/null").expect("/dev/null")).expect("another stdin");
    let status = child.wait().expect("the bootloader can be waited for");
    println!("{}", status.into_raw());
}

//! rpxeboot: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(rpxeboot::run(std::env::args_os().skip(1).collect()))
}

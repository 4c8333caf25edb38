//! vmprov: see the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(vmprov::run(std::env::args_os().collect()))
}

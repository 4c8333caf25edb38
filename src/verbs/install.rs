//! `vmprov install`.
use super::Here;
use crate::cli;
use crate::failure::Failure;
pub fn run(_args: &cli::Install, _here: Here<'_>) -> Result<(), Failure> {
    Err(Failure::failed("not built yet"))
}

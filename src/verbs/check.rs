//! `vmprov check`.
use super::Here;
use crate::cli;
use crate::failure::Failure;
pub fn run(_args: &cli::Check, _here: Here<'_>) -> Result<(), Failure> {
    Err(Failure::failed("not built yet"))
}

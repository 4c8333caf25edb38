//! `vmprov list`.
use super::Here;
use crate::failure::Failure;
pub fn run(_here: Here<'_>) -> Result<(), Failure> {
    Err(Failure::failed("not built yet"))
}

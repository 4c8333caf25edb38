//! Landlock: nothing can be opened any more, by whatever name, and no TCP port listened on
//! (landlock(7)). What the process holds already, it can go on using.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use super::{Raised, refused};
use crate::failure::Failure;

/// The newest version whose effect here has been looked at. Later ones restrict UDP too, which
/// the transfers need.
const KNOWN: ABI = ABI::V6;

pub(super) fn close() -> Result<Raised, Failure> {
    let status = restrict().map_err(|error| refused("Landlock", &error))?;
    Ok(match status.landlock {
        LandlockStatus::NotImplemented => {
            lacking("this kernel has no Landlock (Linux has it since 5.13)")
        }
        LandlockStatus::NotEnabled => {
            lacking("Landlock is off in this kernel (add landlock to its lsm=)")
        }
        // What an older version does not know (TCP ports, signals), the filter of system calls
        // and the guest's own network keep away as well.
        LandlockStatus::Available { .. } if status.ruleset == RulesetStatus::NotEnforced => {
            lacking("Landlock is not in force")
        }
        LandlockStatus::Available { .. } => Raised::Whole,
    })
}

fn lacking(what: &str) -> Raised {
    Raised::Lacking(what.to_owned())
}

/// No rule is added: what is handled is denied.
fn restrict() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .restrict_self()
}

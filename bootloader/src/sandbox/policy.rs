//! What happens where a kernel lacks a part of the sandbox.

use clap::ValueEnum;

use crate::failure::{Failure, Reason};

/// Whether a boot goes on without a part of the sandbox that the kernel lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
pub enum SandboxPolicy {
    /// It does not.
    Require,
    /// It does, and says so.
    BestEffort,
}

impl SandboxPolicy {
    /// # Errors
    /// [`Reason::NotPermitted`] if something is `lacking` and this policy requires it.
    pub(super) fn judge(self, lacking: &[String]) -> Result<(), Failure> {
        match lacking {
            [] => Ok(()),
            _ if self == Self::BestEffort => Ok(()),
            _ => Err(Failure::new(
                Reason::NotPermitted,
                format!(
                    "--sandbox=require: {}; --sandbox=best-effort goes on without",
                    lacking.join("; ")
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_require_insists() {
        let lacking = ["this kernel has no Landlock".to_owned()];
        assert!(SandboxPolicy::Require.judge(&[]).is_ok());
        assert!(SandboxPolicy::BestEffort.judge(&lacking).is_ok());
        let failure = SandboxPolicy::Require.judge(&lacking).unwrap_err();
        assert_eq!(failure.reason, Reason::NotPermitted);
        assert!(failure.message.contains("no Landlock"), "{}", failure.message);
    }
}

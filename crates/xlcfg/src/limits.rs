//! Every limit on what comes from outside, in one place.
//!
//! The reader takes time and memory in proportion to its input. These numbers say how much input that
//! may be, well above what any real guest has and below what libxlutil itself gives up at.

/// The longest configuration that is read, in bytes. Real ones are a few kilobytes.
pub const MAX_CONFIG_BYTES: usize = 4 * 1024 * 1024;

/// How deep lists may stand in lists. xl itself looks two levels deep (`vnuma`). libxlutil gives up
/// at about 2,000 to 5,000 levels, depending on where in a list the next one stands.
pub const MAX_NESTING: usize = 500;

/// The longest vif or disk specification that is read, in bytes. A Linux path is at most 4,096.
pub const MAX_SPEC_BYTES: usize = 16 * 1024;

/// How much of a source line an error message shows, in characters.
pub(crate) const MAX_SHOWN_LINE: usize = 100;

/// How much of an unexpected word it shows, in characters.
pub(crate) const MAX_SHOWN_WORD: usize = 40;

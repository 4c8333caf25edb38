//! When to report a gap in a window (RFC 7440 section 4): once, and not before a late block had
//! its time.
//!
//! A server answers the report with the whole window again, so a report for a block that was only
//! late costs a window, and one that comes too late costs a wait. The time of grace adapts: it
//! doubles when the missing block then comes twice, which shows that it was late and not lost.

use std::time::{Duration, Instant};

use crate::limits::{MAX_GRACE, MIN_GRACE};
use crate::transfer::after;

/// The state of the gap behind the last in-order block.
#[derive(Debug)]
pub(crate) struct Gap {
    due: Option<Instant>,
    /// The last in-order block of the latest report.
    reported: Option<u64>,
    /// Whether that report has told all it can about the grace.
    judged: bool,
    grace: Duration,
}

impl Gap {
    pub(crate) fn new() -> Self {
        Self { due: None, reported: None, judged: true, grace: MIN_GRACE }
    }

    /// When to report the gap, if there is one that was not reported.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A block came and the one after `contiguous` is missing.
    pub(crate) fn seen(&mut self, now: Instant, contiguous: u64) {
        if self.due.is_none() && self.reported != Some(contiguous) {
            self.due = Some(after(now, self.grace));
        }
    }

    /// The missing block came, or the whole window did.
    pub(crate) fn closed(&mut self) {
        self.due = None;
    }

    /// The gap after `contiguous` is reported now.
    pub(crate) fn report(&mut self, contiguous: u64) {
        if !self.judged {
            // The last report was needed: come back, slowly, towards the shortest grace.
            self.grace = (self.grace * 7 / 8).max(MIN_GRACE);
        }
        self.due = None;
        self.reported = Some(contiguous);
        self.judged = false;
    }

    /// A timeout repeated the ACK: that is a report too, of which nothing is learnt. A gap that
    /// opens only now is a new one.
    pub(crate) fn timed_out(&mut self) {
        self.due = None;
        self.judged = true;
    }

    /// A block came that was there already.
    pub(crate) fn duplicate(&mut self, block: u64) {
        if !self.judged && self.reported.and_then(|last| last.checked_add(1)) == Some(block) {
            self.grace = (self.grace * 2).min(MAX_GRACE);
            self.judged = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_reported_once_after_its_grace() {
        let now = Instant::now();
        let mut gap = Gap::new();
        gap.seen(now, 3);
        assert_eq!(gap.due(), Some(now + MIN_GRACE));
        gap.seen(now + MIN_GRACE / 2, 3);
        assert_eq!(gap.due(), Some(now + MIN_GRACE), "later blocks do not move it");
        gap.report(3);
        gap.seen(now, 3);
        assert_eq!(gap.due(), None, "once per gap");
        gap.seen(now, 5);
        assert!(gap.due().is_some(), "the next gap is another one");
        gap.closed();
        assert_eq!(gap.due(), None);
    }

    #[test]
    fn the_grace_grows_where_blocks_are_late_and_shrinks_where_they_are_lost() {
        let mut gap = Gap::new();
        for block in 0..10 {
            gap.report(block * 10);
            gap.duplicate(block * 10 + 1);
            gap.duplicate(block * 10 + 1);
        }
        assert_eq!(gap.grace, MAX_GRACE);
        for block in 0..100 {
            gap.report(block);
            gap.duplicate(block + 7);
        }
        assert_eq!(gap.grace, MIN_GRACE);
    }
}

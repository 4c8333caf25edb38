//! The one time budget of a boot: every wait takes its deadline from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When the boot must be over. Its clones are the same budget; it grows by nothing but the time
/// in which somebody had a menu before them.
#[derive(Debug, Clone)]
pub struct Budget {
    started: Instant,
    total: Duration,
    /// In microseconds.
    stood_still: Arc<AtomicU64>,
}

impl Budget {
    /// A budget that starts now.
    #[must_use]
    pub fn starting_now(total: Duration) -> Self {
        Self { started: Instant::now(), total, stood_still: Arc::default() }
    }

    /// The clock stood still for `time`, while a person chose.
    pub fn stand_still(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let add = |before: u64| Some(before.saturating_add(micros));
        // Only ever added to, and read as one number: no other memory hangs on it.
        let _ = self.stood_still.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// The whole length of the budget.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Time since the boot began.
    #[must_use]
    pub fn spent(&self) -> Duration {
        self.started.elapsed()
    }

    /// What is left; zero when the time is over.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.end().saturating_duration_since(Instant::now())
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// The moment at which the boot must be over.
    #[must_use]
    pub fn end(&self) -> Instant {
        let micros = self.stood_still.load(Ordering::Relaxed);
        let end = self.started + self.total;
        end.checked_add(Duration::from_micros(micros)).unwrap_or(end)
    }

    /// A wait of at most `wish` from now, cut at the end of the budget.
    #[must_use]
    pub fn until(&self, wish: Duration) -> Instant {
        Instant::now() + wish.min(self.left())
    }
}

/// Milliseconds for `poll(2)` and its like, rounded up so that a wait never spins.
#[must_use]
pub fn poll_milliseconds(wait: Duration) -> u16 {
    u16::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_never_goes_beyond_the_budget() {
        let budget = Budget::starting_now(Duration::from_millis(50));
        assert!(budget.until(Duration::from_secs(9)) <= budget.end() + Duration::from_millis(1));
        assert!(!budget.is_over());
    }

    #[test]
    fn a_person_s_time_is_not_counted() {
        let budget = Budget::starting_now(Duration::from_secs(5));
        let copy = budget.clone();
        copy.stand_still(Duration::from_secs(100));
        assert!(budget.left() > Duration::from_secs(100));
        assert_eq!(budget.total(), Duration::from_secs(5));
    }

    #[test]
    fn poll_rounds_up_and_saturates() {
        assert_eq!(poll_milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(poll_milliseconds(Duration::ZERO), 0);
        assert_eq!(poll_milliseconds(Duration::from_secs(1000)), u16::MAX);
    }
}

//! How long to wait for an answer: RFC 6298, with the bounds of a LAN, and Karn's rule.

use std::time::Duration;

use crate::limits::{INITIAL_RTO, MAX_RTO, MIN_RTO};

/// The retransmission timeout. The caller keeps to Karn's rule: no sample from an exchange in
/// which anything was sent twice.
#[derive(Debug, Clone)]
pub(crate) struct Rto {
    smoothed: Option<(Duration, Duration)>,
    current: Duration,
}

impl Rto {
    pub(crate) fn new() -> Self {
        Self { smoothed: None, current: INITIAL_RTO }
    }

    /// How long to wait now, within [`MIN_RTO`] and [`MAX_RTO`].
    pub(crate) fn current(&self) -> Duration {
        self.current
    }

    /// Takes a measured round trip in. It ends a back-off.
    pub(crate) fn sample(&mut self, rtt: Duration) {
        // No answer is waited for longer than this, and the sums below stay small.
        let rtt = rtt.min(MAX_RTO);
        let (srtt, rttvar) = match self.smoothed {
            None => (rtt, rtt / 2),
            Some((srtt, rttvar)) => {
                (srtt * 7 / 8 + rtt / 8, rttvar * 3 / 4 + srtt.abs_diff(rtt) / 4)
            }
        };
        self.smoothed = Some((srtt, rttvar));
        self.current = (srtt + rttvar * 4).clamp(MIN_RTO, MAX_RTO);
    }

    /// Doubles the wait after it was in vain.
    pub(crate) fn back_off(&mut self) {
        self.current = (self.current * 2).min(MAX_RTO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_first_wait_is_a_second() {
        assert_eq!(Rto::new().current(), Duration::from_secs(1));
    }

    #[test]
    fn the_wait_follows_the_round_trip() {
        let mut rto = Rto::new();
        rto.sample(100 * MS);
        assert_eq!(rto.current(), 300 * MS);
        for _ in 0..100 {
            rto.sample(100 * MS);
        }
        assert!(rto.current() < 110 * MS, "{:?}", rto.current());
    }

    #[test]
    fn the_wait_stays_within_its_bounds() {
        let mut rto = Rto::new();
        rto.sample(Duration::from_micros(20));
        assert_eq!(rto.current(), MIN_RTO);
        rto.sample(Duration::MAX);
        assert_eq!(rto.current(), MAX_RTO);
    }

    #[test]
    fn a_wait_in_vain_doubles_and_a_sample_ends_that() {
        let mut rto = Rto::new();
        rto.sample(20 * MS);
        assert_eq!(rto.current(), 60 * MS);
        rto.back_off();
        assert_eq!(rto.current(), 120 * MS);
        for _ in 0..100 {
            rto.back_off();
        }
        assert_eq!(rto.current(), MAX_RTO);
        rto.sample(20 * MS);
        assert!(rto.current() < 60 * MS);
    }
}

//! Which blocks there are: from 16-bit numbers on the wire to positions in the file, and which of
//! the current window have come (RFC 1350 section 4, RFC 7440 section 4).
//!
//! Block numbers outgrow 16 bits. RFC 1350 does not say what follows 65535. Most servers go on
//! with 0, some with 1. When 1 comes and 0 has not, 0 may be lost or late. The window decides: a
//! server that uses 0 reaches number `65536 + n` one block later than one that does not, so a
//! number that would lie just behind the window's end can only be from a server that skips 0.

use crate::limits::{MAX_WINDOWSIZE, WRAP_ROUNDS};

/// Where a number on the wire belongs. Blocks are counted from 1 on, without rollover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the window, not there before.
    New(u64),
    /// There already.
    Old(u64),
    /// After the rollover, and it cannot be said yet which block it is.
    Ambiguous,
    /// Nowhere near the window.
    Outside,
    /// Number 0 from a server that skips 0.
    Contradiction,
}

/// What follows 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rollover {
    /// Not seen yet; so many windows came without a 0.
    Unknown(u8),
    Zero,
    One,
}

const WORDS: usize = MAX_WINDOWSIZE as usize / 64;

/// The blocks that have come.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// All blocks up to this one are there.
    contiguous: u64,
    /// The highest block that is there.
    highest: u64,
    /// Blocks between those two, by number modulo the largest window: they never share a bit.
    held: [u64; WORDS],
    rollover: Rollover,
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self { contiguous: 0, highest: 0, held: [0; WORDS], rollover: Rollover::Unknown(0) }
    }

    /// The number up to which no block is missing.
    pub(crate) fn contiguous(&self) -> u64 {
        self.contiguous
    }

    /// The highest number there is, behind a gap or not.
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    /// Whether there are blocks behind a missing one.
    pub(crate) fn has_gap(&self) -> bool {
        self.highest > self.contiguous
    }

    /// Finds the block for a number on the wire. `window_end` is the last block that the server
    /// may send: at most [`MAX_WINDOWSIZE`] after the last in-order block.
    pub(crate) fn place(&mut self, wire: u16, window_end: u64) -> Place {
        let number = match self.rollover {
            Rollover::Zero => self.nearest_zero(wire),
            Rollover::One if wire == 0 => return Place::Contradiction,
            Rollover::One => self.nearest_one(wire),
            Rollover::Unknown(rounds) => {
                let zero = self.nearest_zero(wire);
                if zero > 65536 && zero <= window_end {
                    if rounds < WRAP_ROUNDS {
                        return Place::Ambiguous;
                    }
                    self.rollover = Rollover::One;
                    zero.saturating_sub(1)
                } else if zero > 65536 && zero == window_end.saturating_add(1) {
                    self.rollover = Rollover::One;
                    zero.saturating_sub(1)
                } else {
                    if zero == 65536 && zero <= window_end {
                        self.rollover = Rollover::Zero;
                    }
                    zero
                }
            }
        };
        if number > window_end || number == 0 {
            Place::Outside
        } else if number <= self.contiguous || self.is_held(number) {
            Place::Old(number)
        } else {
            Place::New(number)
        }
    }

    /// Takes in a block that was found to be new.
    pub(crate) fn insert(&mut self, number: u64) {
        self.highest = self.highest.max(number);
        self.set_held(number, true);
        loop {
            let next = self.contiguous.saturating_add(1);
            if !self.is_held(next) {
                break;
            }
            self.set_held(next, false);
            self.contiguous = next;
        }
    }

    /// A window was asked for once more. It counts when all up to 65535 is there, what follows is
    /// unknown, and something did come.
    pub(crate) fn count_wrap_round(&mut self) {
        if let Rollover::Unknown(rounds) = self.rollover {
            self.rollover = Rollover::Unknown(rounds.saturating_add(1));
        }
    }

    /// The number on the wire for an ACK of the last in-order block.
    pub(crate) fn wire(&self) -> u16 {
        match self.rollover {
            Rollover::One if self.contiguous > 0 => {
                low16((self.contiguous.saturating_sub(1) % 65535).saturating_add(1))
            }
            _ => low16(self.contiguous),
        }
    }

    /// The block nearest to the next one, if 0 follows 65535. 0 when it is before the file.
    fn nearest_zero(&self, wire: u16) -> u64 {
        let next = self.contiguous.saturating_add(1);
        let ahead = u64::from(wire.wrapping_sub(low16(next)));
        nearest(next, ahead, 65536)
    }

    /// The same if 1 follows 65535.
    fn nearest_one(&self, wire: u16) -> u64 {
        let next = self.contiguous.saturating_add(1);
        let position = self.contiguous % 65535;
        let ahead = (u64::from(wire).saturating_add(65534).saturating_sub(position)) % 65535;
        nearest(next, ahead, 65535)
    }

    fn is_held(&self, number: u64) -> bool {
        let (word, bit) = slot(number);
        self.held.get(word).is_some_and(|word| word & bit != 0)
    }

    fn set_held(&mut self, number: u64, held: bool) {
        let (word, bit) = slot(number);
        if let Some(word) = self.held.get_mut(word) {
            if held {
                *word |= bit;
            } else {
                *word &= !bit;
            }
        }
    }
}

/// `next + ahead`, or one cycle less when that is nearer.
fn nearest(next: u64, ahead: u64, cycle: u64) -> u64 {
    let number = next.saturating_add(ahead);
    if ahead < cycle / 2 { number } else { number.saturating_sub(cycle) }
}

fn slot(number: u64) -> (usize, u64) {
    let index = number % u64::from(MAX_WINDOWSIZE);
    (usize::try_from(index / 64).unwrap_or(WORDS), 1 << (index % 64))
}

fn low16(number: u64) -> u16 {
    u16::try_from(number & 0xffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All blocks up to `contiguous` are there, with the rollover still unknown if that is possible.
    fn up_to(contiguous: u64) -> Blocks {
        Blocks { contiguous, highest: contiguous, ..Blocks::new() }
    }

    #[test]
    fn blocks_of_the_window_are_new_once() {
        let mut blocks = Blocks::new();
        assert_eq!(blocks.place(3, 4), Place::New(3));
        blocks.insert(3);
        assert!(blocks.has_gap());
        assert_eq!((blocks.contiguous(), blocks.highest()), (0, 3));
        assert_eq!(blocks.place(3, 4), Place::Old(3));
        blocks.insert(1);
        blocks.insert(2);
        assert_eq!((blocks.contiguous(), blocks.wire()), (3, 3));
        assert!(!blocks.has_gap());
        assert_eq!(blocks.place(1, 4), Place::Old(1));
        assert_eq!(blocks.place(5, 4), Place::Outside);
        assert_eq!(blocks.place(0, 4), Place::Outside);
        assert_eq!(blocks.place(65535, 4), Place::Outside);
    }

    #[test]
    fn the_largest_window_fits() {
        let end = u64::from(MAX_WINDOWSIZE);
        for start in [0, 5, 64, 100_000] {
            let mut blocks = up_to(start);
            blocks.rollover = Rollover::Zero;
            for number in (start + 2..=start + end).rev() {
                assert_eq!(blocks.place(low16(number), start + end), Place::New(number));
                blocks.insert(number);
                assert_eq!(blocks.place(low16(number), start + end), Place::Old(number));
            }
            assert_eq!(blocks.contiguous(), start);
            blocks.insert(start + 1);
            assert_eq!(blocks.contiguous(), start + end);
            assert_eq!(blocks.held, [0; WORDS]);
        }
    }

    #[test]
    fn zero_follows_65535() {
        let mut blocks = up_to(65535);
        assert_eq!(blocks.place(0, 65536), Place::New(65536));
        blocks.insert(65536);
        assert_eq!(blocks.wire(), 0);
        assert_eq!(blocks.place(1, 65537), Place::New(65537));
        assert_eq!(blocks.place(65535, 65537), Place::Old(65535));
    }

    #[test]
    fn one_follows_65535_in_lock_step() {
        let mut blocks = up_to(65535);
        assert_eq!(blocks.place(1, 65536), Place::New(65536));
        blocks.insert(65536);
        assert_eq!(blocks.wire(), 1);
        assert_eq!(blocks.place(2, 65537), Place::New(65537));
        assert_eq!(blocks.place(0, 65537), Place::Contradiction);
    }

    #[test]
    fn a_one_inside_a_window_waits_until_the_zero_cannot_be_late() {
        // 16 blocks may come after 65535: 0 to 15, or 1 to 16.
        let mut blocks = up_to(65535);
        let end = 65535 + 16;
        assert_eq!(blocks.place(1, end), Place::Ambiguous);
        assert_eq!(blocks.place(15, end), Place::Ambiguous);
        assert_eq!(blocks.place(17, end), Place::Outside);
        assert_eq!(blocks.place(16, end), Place::New(end), "16 is only there without a 0");
        assert_eq!(blocks.place(1, end), Place::New(65536));

        let mut blocks = up_to(65535);
        assert_eq!(blocks.place(1, end), Place::Ambiguous);
        assert_eq!(blocks.place(0, end), Place::New(65536));
        assert_eq!(blocks.place(1, end), Place::New(65537));
    }

    #[test]
    fn a_short_last_window_without_a_zero_is_accepted_after_some_rounds() {
        let mut blocks = up_to(65535);
        for _ in 0..WRAP_ROUNDS {
            assert_eq!(blocks.place(1, 65551), Place::Ambiguous);
            blocks.count_wrap_round();
        }
        assert_eq!(blocks.place(1, 65551), Place::New(65536));
    }

    #[test]
    fn numbers_go_round_many_times() {
        for (rollover, cycle) in [(Rollover::Zero, 65536_u64), (Rollover::One, 65535)] {
            for number in [cycle * 2 - 1, cycle * 2, cycle * 2 + 1, cycle * 9 + 1, cycle * 70_000] {
                let mut blocks = up_to(number);
                blocks.rollover = rollover;
                let wire = blocks.wire();
                assert_eq!(blocks.place(wire, number + 16), Place::Old(number));
                let mut blocks = up_to(number - 1);
                blocks.rollover = rollover;
                assert_eq!(blocks.place(wire, number + 15), Place::New(number));
            }
        }
    }
}

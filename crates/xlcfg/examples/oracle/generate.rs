//! Inputs to compare on: texts of the grammar, then mutated; all from one seed.

use crate::ours::Edit;
use crate::pieces::{BITS, DISK_BITS, DISKS, EDIT_TEXTS, KEYS, MAC_GROUPS, NUMBERS, STRINGS};

/// An edit is made to one of this many words of a text, most of which are its keys.
const MOST_WORDS: usize = 60;

pub(crate) struct Generator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Generator {
    pub(crate) fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Self {
        Self { state: seed, corpus }
    }

    pub(crate) fn config(&mut self) -> Vec<u8> {
        let mut text = if self.below(10) == 0 {
            let pick = self.below(self.corpus.len());
            self.corpus.get(pick).cloned().unwrap_or_default()
        } else {
            self.statements().into_bytes()
        };
        // Half of the texts are left as the grammar made them.
        if self.below(2) == 0 {
            for _ in 0..=self.below(3) {
                self.mutate(&mut text);
            }
        }
        // libxlutil aborts on some of these, and this crate refuses them all.
        text.retain(|&byte| byte != 0);
        text
    }

    pub(crate) fn edit(&mut self, text: &[u8]) -> Edit {
        let keys = crate::ours::candidate_keys(text, MOST_WORDS);
        let mut key = self.pick(KEYS).to_owned();
        if self.below(3) > 0 {
            let pick = self.below(keys.len());
            key = keys.get(pick).cloned().unwrap_or(key);
        }
        let text = self.pick(EDIT_TEXTS).to_owned();
        let index = self.below(4);
        match self.below(8) {
            0 | 1 => Edit::String { key, text },
            2 => Edit::Integer {
                key,
                number: [0, 512, -3, i64::MAX].get(index).copied().unwrap_or(7),
            },
            3 => Edit::Strings {
                key,
                items: (0..index).map(|_| self.pick(EDIT_TEXTS).to_owned()).collect(),
            },
            4 => Edit::SetItem { key, index, text },
            5 => Edit::InsertItem { key, index, text },
            6 => Edit::RemoveItem { key, index },
            _ => Edit::Remove { key },
        }
    }

    pub(crate) fn disk(&mut self) -> String {
        // libxlutil's scanner ends the whole program on some of these ("flex scanner jammed").
        self.any_disk().replace("=\n", "=")
    }

    fn any_disk(&mut self) -> String {
        if self.below(4) == 0 {
            let mut text = self.pick(DISKS).as_bytes().to_vec();
            for _ in 0..self.below(3) {
                let at = self.below(text.len() + 1);
                let bit = self.pick(DISK_BITS).as_bytes();
                text.splice(at..at, bit.iter().copied());
            }
            return String::from_utf8_lossy(&text).into_owned();
        }
        let mut text = String::new();
        for _ in 0..self.below(6) {
            text.push_str(self.pick(DISK_BITS));
            let comma = [",", ",", ",", ", ", ""];
            text.push_str(self.pick(&comma));
        }
        text
    }

    pub(crate) fn mac(&mut self) -> String {
        let count = if self.below(4) == 0 { self.below(8) } else { 6 };
        let limit = if self.below(3) > 0 { 7 } else { MAC_GROUPS.len() };
        let separator = *[":", ":", "-", ".", "::", ""].get(self.below(6)).unwrap_or(&":");
        let groups = MAC_GROUPS.get(..limit).unwrap_or(MAC_GROUPS);
        (0..count).map(|_| self.pick(groups)).collect::<Vec<_>>().join(separator)
    }

    fn statements(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(6) {
            match self.below(8) {
                0 => text.push_str(self.pick(&[
                    "# comment\n",
                    "\n",
                    ";",
                    "  # caf\u{e9} \r\n",
                    "\t\n",
                ])),
                _ => {
                    text.push_str(self.pick(&["", "", "", "  ", "\t"]));
                    text.push_str(self.pick(KEYS));
                    text.push_str(self.pick(&[" = ", " = ", "=", " += ", "\t="]));
                    self.value(&mut text, 0);
                    text.push_str(
                        self.pick(&["\n", "\n", "\n", " # c\n", "#c\n", "; ", ";", "  \n"]),
                    );
                }
            }
        }
        if self.below(4) == 0 {
            text.pop();
        }
        text
    }

    fn value(&mut self, text: &mut String, depth: usize) {
        match self.below(8) {
            0 | 1 => text.push_str(self.pick(NUMBERS)),
            2..=4 => self.string(text),
            _ if depth > 3 => self.string(text),
            _ => {
                text.push('[');
                self.gap(text);
                let items = self.below(4);
                for item in 0..items {
                    self.value(text, depth + 1);
                    self.gap(text);
                    if item + 1 < items || self.below(3) == 0 {
                        text.push(',');
                        self.gap(text);
                    }
                }
                text.push(']');
            }
        }
    }

    fn gap(&mut self, text: &mut String) {
        text.push_str(self.pick(&["", " ", " ", "\n", "\n    ", " # c, ]\n", "\t"]));
    }

    fn string(&mut self, text: &mut String) {
        let quote = self.pick(&["\"", "'"]);
        text.push_str(quote);
        for _ in 0..=self.below(2) {
            // A bad piece is rare here: most texts should be accepted.
            let piece = self.pick(STRINGS);
            let bad = piece.contains(quote) || matches!(piece, "\\0" | "\\8" | "\\x41" | "\\q");
            if !bad || self.below(20) == 0 {
                text.push_str(piece);
            }
        }
        text.push_str(quote);
    }

    fn mutate(&mut self, text: &mut Vec<u8>) {
        let at = self.below(text.len() + 1);
        let end = (at + 1 + self.below(3)).min(text.len());
        match self.below(5) {
            0 | 1 => {
                let bit = self.pick(BITS).as_bytes();
                text.splice(at..at, bit.iter().copied());
            }
            2 => {
                text.drain(at.min(end)..end);
            }
            3 => text.truncate(at),
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = u8::try_from(self.state & 0xff).unwrap_or(b'?');
                }
            }
        }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or_default()
    }

    /// A number below `limit`, or 0 (splitmix64).
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or(0);
        mixed.checked_rem(limit).unwrap_or(0)
    }
}

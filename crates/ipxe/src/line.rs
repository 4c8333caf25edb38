//! The commands of one line, and which of them run. Follows `command_terminator` and `system` of
//! `src/core/exec.c`: a command that does not run leaves the status as it is, and operators are read
//! from left to right.

/// The line that runs.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    /// Which line of its script it is, as an index.
    pub(crate) index: usize,
    words: Vec<Vec<u8>>,
    /// The first word of the command that comes next.
    place: usize,
    /// What decides whether it runs.
    then: Then,
}

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    End,
    Always,
    OnSuccess,
    OnFailure,
}

impl Current {
    pub(crate) fn new(index: usize, words: Vec<Vec<u8>>) -> Current {
        Current { index, words, place: 0, then: Then::Always }
    }

    /// The words of the next command.
    pub(crate) fn take(&mut self) -> Vec<Vec<u8>> {
        let rest = self.words.get(self.place..).unwrap_or_default();
        let end = rest.iter().position(|word| matches!(word.as_slice(), b"||" | b"&&" | b";"));
        let (command, then) = match end.and_then(|end| Some((rest.get(..end)?, rest.get(end)?))) {
            Some((command, operator)) => {
                let then = match operator.as_slice() {
                    b"||" => Then::OnFailure,
                    b"&&" => Then::OnSuccess,
                    _ => Then::Always,
                };
                (command.to_vec(), then)
            }
            None => (rest.to_vec(), Then::End),
        };
        self.place = self.place.saturating_add(command.len()).saturating_add(1);
        self.then = then;
        command
    }

    /// Goes on to the next command that runs after one that ended so; false at the line's end.
    pub(crate) fn advance(&mut self, success: bool) -> bool {
        loop {
            match (self.then, success) {
                (Then::End, _) => return false,
                (Then::Always, _) | (Then::OnSuccess, true) | (Then::OnFailure, false) => {
                    return true;
                }
                (Then::OnSuccess, false) | (Then::OnFailure, true) => drop(self.take()),
            }
        }
    }
}

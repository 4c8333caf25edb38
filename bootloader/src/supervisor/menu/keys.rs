//! Keys out of what a terminal sends: ECMA-48 sequences as VT100, xterm and the Linux console
//! write them. No I/O; what is not understood is dropped.

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Control and a letter, in lower case.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Escape by itself.
    Escape,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
}

/// Bytes that are not a whole key yet. A sequence is never longer than [`LONGEST`].
#[derive(Debug, Default)]
pub struct Keys {
    begun: Vec<u8>,
}

/// Bytes of an unfinished sequence that are kept.
const LONGEST: usize = 16;

impl Keys {
    /// The keys in `bytes`, with what was begun before.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for &byte in bytes {
            self.begun.push(byte);
            match read(&self.begun) {
                Read::Key(key) => {
                    keys.push(key);
                    self.begun.clear();
                }
                Read::Nothing => self.begun.clear(),
                Read::Begun if self.begun.len() >= LONGEST => self.begun.clear(),
                Read::Begun => {}
            }
        }
        keys
    }

    /// Nothing came for a while: an escape that was begun is the key itself.
    pub fn pause(&mut self) -> Option<Key> {
        let begun = std::mem::take(&mut self.begun);
        (begun == [0x1b]).then_some(Key::Escape)
    }
}

enum Read {
    Key(Key),
    Begun,
    Nothing,
}

fn read(bytes: &[u8]) -> Read {
    match bytes {
        [b'\r' | b'\n'] => Read::Key(Key::Enter),
        [b'\t'] => Read::Key(Key::Tab),
        [0x08 | 0x7f] => Read::Key(Key::Backspace),
        [control @ 1..=26] => Read::Key(Key::Ctrl(char::from(control + b'a' - 1))),
        [0x1b] | [0x1b, b'[' | b'O'] => Read::Begun,
        [0x1b, b'[', parameters @ .., last] => match last {
            0x20..=0x3f => Read::Begun,
            _ => sequence(parameters, *last),
        },
        [0x1b, b'O', last] => sequence(&[], *last),
        // Escape, then something else at once: Alt and a key, which means nothing here.
        [0x1b, _] => Read::Nothing,
        bytes => character(bytes),
    }
}

fn sequence(parameters: &[u8], last: u8) -> Read {
    Read::Key(match (last, parameters) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"3") => Key::Delete,
        (b'~', b"5") => Key::PageUp,
        (b'~', b"6") => Key::PageDown,
        (b'M', b"") => Key::Enter,
        _ => return Read::Nothing,
    })
}

fn character(bytes: &[u8]) -> Read {
    match std::str::from_utf8(bytes) {
        Ok(text) => match text.chars().next().filter(|c| !c.is_control()) {
            Some(c) => Read::Key(Key::Char(c)),
            None => Read::Nothing,
        },
        // Cut off in the middle of a character, or none.
        Err(error) if error.error_len().is_none() => Read::Begun,
        Err(_) => Read::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().feed(bytes)
    }

    #[test]
    fn cursor_keys_come_in_several_forms() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[D"),
            [Key::Up, Key::Down, Key::Right, Key::Left]
        );
        assert_eq!(keys(b"\x1b[H\x1b[4~\x1b[7~\x1bOF"), [Key::Home, Key::End, Key::Home, Key::End]);
        assert_eq!(keys(b"\x1b[5~\x1b[6~\x1b[3~"), [Key::PageUp, Key::PageDown, Key::Delete]);
    }

    #[test]
    fn a_sequence_may_come_in_pieces() {
        let mut pieces = Keys::default();
        assert_eq!(pieces.feed(b"\x1b"), []);
        assert_eq!(pieces.feed(b"["), []);
        assert_eq!(pieces.feed(b"Bx"), [Key::Down, Key::Char('x')]);
        assert_eq!(pieces.feed("\u{fc}".as_bytes().get(..1).unwrap()), []);
        assert_eq!(pieces.feed("\u{fc}".as_bytes().get(1..).unwrap()), [Key::Char('\u{fc}')]);
    }

    #[test]
    fn escape_is_a_key_when_nothing_follows() {
        let mut waiting = Keys::default();
        assert_eq!(waiting.feed(b"\x1b"), []);
        assert_eq!(waiting.pause(), Some(Key::Escape));
        assert_eq!(waiting.pause(), None);
        assert_eq!(keys(b"\x1bq"), [], "Alt and q");
    }

    #[test]
    fn what_means_nothing_is_dropped() {
        assert_eq!(
            keys(b"\0\xff\x1b[99z\x1b[?1;2ca\r\n"),
            [Key::Char('a'), Key::Enter, Key::Enter]
        );
        assert_eq!(keys(b"\x03\x15"), [Key::Ctrl('c'), Key::Ctrl('u')]);
    }

    proptest! {
        #[test]
        fn nothing_is_kept_without_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut keys = Keys::default();
            let known = keys.feed(&bytes);
            prop_assert!(known.len() <= bytes.len());
            prop_assert!(keys.begun.len() < LONGEST);
            for key in known {
                prop_assert!(!matches!(key, Key::Char(c) if c.is_control()));
            }
        }
    }
}

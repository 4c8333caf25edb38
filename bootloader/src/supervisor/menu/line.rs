//! A line that is being typed: text, cursor, and the keys of menu.c32's editor (edit_cmdline in
//! com32/menu/menumain.c).

use super::keys::Key;
use crate::limits::MAX_TYPED;

/// A line and its cursor, counted in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    text: Vec<char>,
    cursor: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        Self { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The characters.
    pub fn chars(&self) -> &[char] {
        &self.text
    }

    /// Does what a key does to a line; other keys do nothing.
    pub fn on_key(&mut self, key: Key) {
        match key {
            Key::Char(c) if self.text().len() + c.len_utf8() <= MAX_TYPED => {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete | Key::Ctrl('d') if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Left | Key::Ctrl('b') => self.cursor = self.cursor.saturating_sub(1),
            Key::Right | Key::Ctrl('f') => self.cursor = self.text.len().min(self.cursor + 1),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl('k') => self.text.truncate(self.cursor),
            Key::Ctrl('u') => *self = Self::default(),
            Key::Ctrl('w') => {
                let before = self.text.get(..self.cursor).unwrap_or_default();
                let word = before.iter().rposition(|c| *c != ' ').map_or(0, |end| end + 1);
                let start = before.get(..word).unwrap_or_default();
                let start = start.iter().rposition(|c| *c == ' ').map_or(0, |blank| blank + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(keys: &[Key]) -> Line {
        let mut line = Line::new("linux a b");
        for key in keys {
            line.on_key(*key);
        }
        line
    }

    #[test]
    fn a_line_is_edited_as_in_menu_c32() {
        assert_eq!(edited(&[Key::Char(' '), Key::Char('x')]).text(), "linux a b x");
        assert_eq!(edited(&[Key::Backspace, Key::Backspace]).text(), "linux a");
        assert_eq!(edited(&[Key::Home, Key::Delete, Key::Char('L')]).text(), "Linux a b");
        assert_eq!(edited(&[Key::Ctrl('w')]).text(), "linux a ");
        assert_eq!(edited(&[Key::Ctrl('w'), Key::Ctrl('w')]).text(), "linux ");
        assert_eq!(edited(&[Key::Left, Key::Left, Key::Ctrl('k')]).text(), "linux a");
        assert_eq!(edited(&[Key::Ctrl('u')]), Line::default());
        assert_eq!(edited(&[Key::Left; 99]).cursor(), 0);
        assert_eq!(edited(&[Key::Right; 9]).cursor(), 9);
        assert_eq!(edited(&[Key::Up, Key::Tab, Key::Ctrl('z')]).text(), "linux a b");
    }

    #[test]
    fn a_line_has_an_end() {
        let mut line = Line::new(&"x".repeat(MAX_TYPED - 1));
        line.on_key(Key::Char('\u{e4}'));
        assert_eq!(line.text().len(), MAX_TYPED - 1);
        line.on_key(Key::Char('y'));
        line.on_key(Key::Char('z'));
        assert_eq!(line.text().len(), MAX_TYPED);
    }
}

//! Changes to a document: only the bytes of what is changed change.
//!
//! Every edit computes the new text, reads it again, and compares: the document changes only if xl would
//! read in it what was asked for.

use std::ops::Range;

use crate::document::Document;
use crate::error::ParseError;
use crate::lexer::is_key;
use crate::list_edit::ListLayout;
use crate::literal::{self, Style};
use crate::parser::{Node, NodeKind, Setting};
use crate::placement;
use crate::splice::{self, Splice, Surroundings};
use crate::value::{List, Value};

/// An edit that was not made. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A name that cannot stand before `=`.
    #[error("{key:?} cannot be a key; a key is a lower-case letter and then a-z, 0-9, _ and .")]
    BadKey {
        /// The name.
        key: String,
    },
    /// A text xl's language has no way to write: one with a NUL.
    #[error("{key}: a text with a NUL byte cannot be written into a configuration")]
    Inexpressible {
        /// The key.
        key: String,
    },
    /// An item of something that is not a list.
    #[error("{key} is not a list; set it as a whole")]
    NotAList {
        /// The key.
        key: String,
    },
    /// An item that is not there.
    #[error("{key} has no item {index}; it has {len}, counted from 0")]
    NoSuchItem {
        /// The key.
        key: String,
        /// The item's index, from 0.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// The new text would not be a configuration, say because it would be too long, or because a stray
    /// byte at the end of the file, which xl passes over there, would no longer be at the end.
    #[error("{key} cannot be changed here: {error}; edit the file by hand")]
    Refused {
        /// The key.
        key: String,
        /// What would be wrong.
        error: ParseError,
    },
    /// The new text would not say what was asked for.
    #[error("{key} cannot be changed here: xl would read another value; edit the file by hand")]
    Unfaithful {
        /// The key.
        key: String,
    },
}

impl Document {
    /// Sets a key to a string. A value that is there keeps its quotes; a number without quotes stays one
    /// if the new text is a number. A new key is placed as [the crate says](crate#where-a-new-key-goes).
    ///
    /// Where a key is set several times, the last one counts and is the one that changes. If that is an
    /// addition (`+=`), it becomes an assignment.
    pub fn set_string(&mut self, key: &str, text: &str) -> Result<(), EditError> {
        if self.value_is(key, &Wanted::String(text)) {
            return Ok(());
        }
        let style = match self.last_node(key) {
            Some((_, node)) if !matches!(node.kind, NodeKind::List { .. }) => self.style_of(node),
            _ => self.usual_style(),
        };
        let literal = self.literal(key, text, style)?;
        self.set_value(key, &literal, &Wanted::String(text))
    }

    /// Sets a key to a number. What xl reads as this number already stays as it is (`0x10` for 16). A value
    /// in quotes stays in quotes; a negative number gets them, because xl reads it in no other form.
    pub fn set_integer(&mut self, key: &str, number: i64) -> Result<(), EditError> {
        if self.integer(key) == Ok(Some(number)) {
            return Ok(());
        }
        let style = match self.last_node(key) {
            Some((_, node)) if node.kind == NodeKind::Text => self.style_of(node),
            _ => Style::Bare,
        };
        let text = number.to_string();
        let literal = self.literal(key, &text, style)?;
        self.set_value(key, &literal, &Wanted::String(&text))
    }

    /// Sets a key to a list of strings. Items that are there already, at the beginning and at the end,
    /// keep their bytes and their comments; only what differs between them changes.
    pub fn set_strings<T: AsRef<str>>(&mut self, key: &str, items: &[T]) -> Result<(), EditError> {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        let Some(Value::List(list)) = self.get(key) else {
            let literals = items.iter().map(|item| self.literal(key, item, self.usual_style()));
            let literals = literals.collect::<Result<Vec<_>, _>>()?;
            let literal = [b"[", literals.join(&b", "[..]).as_slice(), b"]"].concat();
            let wanted: Vec<_> = items.iter().map(|item| Some(item.as_bytes())).collect();
            return self.set_value(key, &literal, &Wanted::List(&wanted));
        };
        let old = strings_of(&list);
        let same = |(old, new): &(&Option<Vec<u8>>, &&str)| {
            old.as_deref().is_some_and(|old| old == new.as_bytes())
        };
        let head = old.iter().zip(&items).take_while(same).count();
        let most = old.len().min(items.len()) - head;
        let tail = old.iter().rev().zip(items.iter().rev()).take(most).take_while(same).count();
        let middle = items.get(head..items.len() - tail).unwrap_or_default();
        self.change_items(key, head..old.len() - tail, middle)
    }

    /// Replaces one item of a list, counted from 0.
    pub fn set_item(&mut self, key: &str, index: usize, text: &str) -> Result<(), EditError> {
        let len = self.list_len(key)?;
        if index >= len {
            return Err(EditError::NoSuchItem { key: key.to_owned(), index, len });
        }
        self.change_items(key, index..index + 1, &[text])
    }

    /// Puts an item before the one of this index, or after the last one if the index is the length.
    pub fn insert_item(&mut self, key: &str, index: usize, text: &str) -> Result<(), EditError> {
        let len = self.list_len(key)?;
        if index > len {
            return Err(EditError::NoSuchItem { key: key.to_owned(), index, len });
        }
        self.change_items(key, index..index, &[text])
    }

    /// Takes an item out of a list. Comments beside it stay.
    pub fn remove_item(&mut self, key: &str, index: usize) -> Result<(), EditError> {
        let len = self.list_len(key)?;
        if index >= len {
            return Err(EditError::NoSuchItem { key: key.to_owned(), index, len });
        }
        self.change_items(key, index..index + 1, &[])
    }

    /// Removes a key wherever it is set, and says whether it was. Comments beside it stay.
    pub fn remove(&mut self, key: &str) -> Result<bool, EditError> {
        if self.get(key).is_none() {
            return Ok(false);
        }
        let text = self.to_bytes();
        let is_it = |setting: &&Setting| text.get(setting.key.clone()) == Some(key.as_bytes());
        let settings: Vec<&Setting> = self.tree().settings.iter().filter(is_it).collect();
        let splices = placement::remove(self, &settings);
        self.apply(key, splices, &Wanted::Nothing).map(|()| true)
    }

    /// Replaces the items of a range by strings.
    fn change_items(
        &mut self,
        key: &str,
        range: Range<usize>,
        new: &[&str],
    ) -> Result<(), EditError> {
        let Some(Value::List(list)) = self.get(key) else {
            return Err(EditError::NotAList { key: key.to_owned() });
        };
        let old = strings_of(&list);
        let nodes: Vec<usize> = list.item_nodes().collect();
        let mut wanted: Vec<Option<&[u8]>> = old.iter().map(Option::as_deref).collect();
        wanted.splice(range.clone(), new.iter().map(|text| Some(text.as_bytes())));

        let mut splices = Vec::new();
        let replaced = range.len().min(new.len());
        for (index, item) in range.clone().zip(new) {
            let Some(node) = nodes.get(index).and_then(|&node| self.tree().nodes.get(node)) else {
                continue;
            };
            let style = self.style_of(node);
            if old.get(index).and_then(Option::as_deref) != Some(item.as_bytes()) {
                let with = self.literal(key, item, style)?;
                splices.push(Splice { range: node.span.clone(), with });
            }
        }
        let at = range.start + replaced;
        let style = self.style_near(&nodes, at);
        let added = new.get(replaced..).unwrap_or_default();
        let added = added.iter().map(|item| self.literal(key, item, style));
        let added = added.collect::<Result<Vec<_>, _>>()?;
        splices.extend(self.move_items(key, at, &added, range.end));
        self.apply(key, splices, &Wanted::List(&wanted))
    }

    /// Puts literals before the item at `at`, and takes out the items from there to `end`.
    ///
    /// The list may be in several parts (`+=`); each is a list of its own in the text.
    fn move_items(&self, key: &str, at: usize, added: &[Vec<u8>], end: usize) -> Vec<Splice> {
        let parts = self.parts(key);
        let mut splices = Vec::new();
        let mut inserted = false;
        let mut start = 0;
        for (number, setting) in parts.iter().enumerate() {
            let Some(layout) = self.layout(setting.node) else { continue };
            let len = layout.items.len();
            // Where two parts meet, an item goes to the end of the first.
            let is_here =
                at < start + len || at == start + len && (len > 0 || number + 1 == parts.len());
            if !inserted && is_here {
                splices.extend(layout.insert(at - start, added));
                inserted = true;
            }
            let inside = |index: usize| index.clamp(start, start + len) - start;
            splices.extend(layout.remove(inside(at)..inside(end)));
            start += len;
        }
        splices
    }

    /// Replaces or adds a whole value.
    fn set_value(
        &mut self,
        key: &str,
        literal: &[u8],
        wanted: &Wanted<'_>,
    ) -> Result<(), EditError> {
        if !is_key(key) {
            return Err(EditError::BadKey { key: key.to_owned() });
        }
        let splices = match self.last_node(key) {
            Some((setting, node)) => {
                let mut splices = vec![Splice { range: node.span.clone(), with: literal.to_vec() }];
                if setting.adds {
                    splices.push(Splice { range: setting.operator.clone(), with: b"=".to_vec() });
                }
                splices
            }
            None => vec![placement::add(self, key, literal)],
        };
        self.apply(key, splices, wanted)
    }

    fn apply(
        &mut self,
        key: &str,
        splices: Vec<Splice>,
        wanted: &Wanted<'_>,
    ) -> Result<(), EditError> {
        let key = key.to_owned();
        match Self::from_vec(splice::apply(self.to_bytes(), splices)) {
            Err(error) => Err(EditError::Refused { key, error }),
            Ok(new) if !new.value_is(&key, wanted) => Err(EditError::Unfaithful { key }),
            Ok(new) => {
                *self = new;
                Ok(())
            }
        }
    }

    fn value_is(&self, key: &str, wanted: &Wanted<'_>) -> bool {
        match (self.get(key), wanted) {
            (None, Wanted::Nothing) => true,
            (Some(Value::String(bytes)), Wanted::String(text)) => *bytes == *text.as_bytes(),
            (Some(Value::List(list)), Wanted::List(items)) => {
                let is = strings_of(&list);
                is.len() == items.len()
                    && is.iter().zip(*items).all(|(is, item)| is.as_deref() == *item)
            }
            _ => false,
        }
    }

    fn literal(&self, key: &str, text: &str, style: Style) -> Result<Vec<u8>, EditError> {
        literal::write(text, style).ok_or_else(|| EditError::Inexpressible { key: key.to_owned() })
    }

    fn list_len(&self, key: &str) -> Result<usize, EditError> {
        match self.get(key) {
            Some(Value::List(list)) => Ok(list.len()),
            _ => Err(EditError::NotAList { key: key.to_owned() }),
        }
    }

    fn last_node(&self, key: &str) -> Option<(&Setting, &Node)> {
        let setting = *self.parts(key).last()?;
        Some((setting, self.tree().nodes.get(setting.node)?))
    }

    fn layout(&self, list: usize) -> Option<ListLayout<'_>> {
        let nodes = &self.tree().nodes;
        let span = nodes.get(list)?.span.clone();
        let items = self.tree().items(list).filter_map(|item| nodes.get(item));
        Some(ListLayout {
            around: Surroundings::new(self.to_bytes()),
            list: span,
            items: items.map(|node| node.span.clone()).collect(),
        })
    }

    fn style_of(&self, node: &Node) -> Style {
        Style::of(self.to_bytes().get(node.span.clone()).unwrap_or_default(), node.kind)
    }

    /// The quotes of an item's neighbour, or the document's.
    fn style_near(&self, nodes: &[usize], index: usize) -> Style {
        let near = nodes.get(index.saturating_sub(1)).and_then(|&node| self.tree().nodes.get(node));
        match near {
            Some(node) if node.kind == NodeKind::Text => self.style_of(node),
            _ => self.usual_style(),
        }
    }

    /// The quotes most strings of the document have; double ones where none is ahead.
    fn usual_style(&self) -> Style {
        let texts = self.tree().nodes.iter().filter(|node| node.kind == NodeKind::Text);
        let single = |node: &&Node| self.to_bytes().get(node.span.start) == Some(&b'\'');
        let (all, single) = (texts.clone().count(), texts.filter(single).count());
        if single * 2 > all { Style::Single } else { Style::Double }
    }
}

/// What a key must be after an edit.
enum Wanted<'a> {
    Nothing,
    String(&'a str),
    /// `None` stands for a list in the list: those are left alone.
    List(&'a [Option<&'a [u8]>]),
}

fn strings_of(list: &List<'_>) -> Vec<Option<Vec<u8>>> {
    list.iter()
        .map(|item| match item {
            Value::String(bytes) => Some(bytes.into_owned()),
            Value::List(_) => None,
        })
        .collect()
}

//! Values as xl sees them: strings without their quotes and escapes, lists joined over their `+=`.

use std::borrow::Cow;
use std::fmt;

use crate::document::Document;
use crate::escape;
use crate::parser::NodeKind;

/// The value of a key, or an item of a list.
///
/// A number is a string to xl until somebody asks for a number, so it is one here.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A string or a number. Bytes, because a configuration has no declared encoding.
    String(Cow<'a, [u8]>),
    /// A list, perhaps with lists in it.
    List(List<'a>),
}

impl<'a> Value<'a> {
    /// The string as text, if it is a string and UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(bytes) => std::str::from_utf8(bytes).ok(),
            Self::List(_) => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&List<'a>> {
        match self {
            Self::String(_) => None,
            Self::List(list) => Some(list),
        }
    }

    /// The value of the node of this index; `None` only if there is no such node.
    pub(crate) fn of_node(document: &'a Document, index: usize) -> Option<Self> {
        let node = document.tree().nodes.get(index)?;
        let raw = document.to_bytes().get(node.span.clone())?;
        Some(match node.kind {
            NodeKind::Number => Self::String(Cow::Borrowed(raw)),
            NodeKind::Text => {
                let inside = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
                // The lexer has accepted these escapes, so there is a meaning.
                Self::String(escape::unescape(inside).unwrap_or_default())
            }
            NodeKind::List { .. } => Self::List(List { document, nodes: vec![index] }),
        })
    }
}

/// A list as xl sees it: the items of an assignment and of the additions after it.
#[derive(Clone)]
pub struct List<'a> {
    document: &'a Document,
    /// The list nodes it is made of.
    nodes: Vec<usize>,
}

impl<'a> List<'a> {
    pub(crate) fn new(document: &'a Document, nodes: Vec<usize>) -> Self {
        Self { document, nodes }
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        let document = self.document;
        self.item_nodes().filter_map(move |index| Value::of_node(document, index))
    }

    /// How many items there are. Items of inner lists do not count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.item_nodes().count()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.item_nodes().next().is_none()
    }

    /// The nodes of the items, over all parts.
    pub(crate) fn item_nodes(&self) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().flat_map(|&list| self.document.tree().items(list))
    }
}

impl fmt::Debug for List<'_> {
    /// Inner lists are shown by their length: a deep nest must not recurse here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for item in self.iter() {
            match item {
                Value::String(bytes) => list.entry(&String::from_utf8_lossy(&bytes)),
                Value::List(inner) => list.entry(&format_args!("[{} items]", inner.len())),
            };
        }
        list.finish()
    }
}

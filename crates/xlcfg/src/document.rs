//! The document: the bytes as they are, and what xl reads in them.

use std::borrow::Cow;
use std::fmt;

use crate::error::{GetError, ParseError, Position};
use crate::number::{self, NumberError};
use crate::parser::{self, NodeKind, Setting, Tree};
use crate::value::{List, Value};

/// A guest configuration, or another file in xl's language such as `xl.conf`.
///
/// It keeps every byte of what it was made from. See the crate's documentation for an example.
#[derive(Clone)]
pub struct Document {
    text: Vec<u8>,
    tree: Tree,
}

impl Document {
    /// Reads a configuration. What libxlutil refuses is refused, and nearly nothing else: a NUL byte
    /// anywhere, more than [`crate::MAX_CONFIG_BYTES`], lists deeper than [`crate::MAX_NESTING`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Self::from_vec(text.as_ref().to_vec())
    }

    pub(crate) fn from_vec(text: Vec<u8>) -> Result<Self, ParseError> {
        let tree = parser::parse(&text)?;
        Ok(Self { text, tree })
    }

    /// The whole text: byte for byte what was read, but for the values that were changed since.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The keys in the order they first appear, each once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.tree.keys.iter().map(String::as_str)
    }

    /// A key's value as xl sees it: the last assignment, with the additions (`+=`) after it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        let parts = self.parts(key);
        let nodes: Vec<usize> = parts.iter().map(|setting| setting.node).collect();
        let first = *nodes.first()?;
        match self.tree.nodes.get(first)?.kind {
            NodeKind::List { .. } => Some(Value::List(List::new(self, nodes))),
            _ if nodes.len() == 1 => Value::of_node(self, first),
            _ => {
                let mut joined = Vec::new();
                for node in nodes {
                    if let Some(Value::String(bytes)) = Value::of_node(self, node) {
                        joined.extend_from_slice(&bytes);
                    }
                }
                Some(Value::String(Cow::Owned(joined)))
            }
        }
    }

    /// A string's or number's bytes.
    pub fn bytes(&self, key: &str) -> Result<Option<Cow<'_, [u8]>>, GetError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(bytes)) => Ok(Some(bytes)),
            Some(Value::List(_)) => {
                Err(GetError::IsList { key: key.to_owned(), line: self.line_of(key) })
            }
        }
    }

    /// A string, or a number as written.
    pub fn string(&self, key: &str) -> Result<Option<String>, GetError> {
        self.bytes(key)?.map(|bytes| self.text_of(key, bytes)).transpose()
    }

    /// A number, the way `xlu_cfg_get_long` reads it: decimal, `0x` hexadecimal, `0` octal, quoted or not.
    /// Refuses a number made with `+=`, as xl does.
    pub fn integer(&self, key: &str) -> Result<Option<i64>, GetError> {
        let Some(bytes) = self.bytes(key)? else { return Ok(None) };
        let (key, line) = (key.to_owned(), self.line_of(key));
        if self.parts(&key).last().is_some_and(|setting| setting.adds) {
            return Err(GetError::AddedNumber { key, line });
        }
        number::parse_long(&bytes).map(Some).map_err(|error| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            match error {
                NumberError::Malformed => GetError::NotANumber { key, text, line },
                NumberError::OutOfRange => GetError::OutOfRange { key, text, line },
            }
        })
    }

    /// A switch: a number, where 0 is off and all others are on.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, GetError> {
        Ok(self.integer(key)?.map(|number| number != 0))
    }

    /// A list of strings, such as `disk` or `vif`.
    pub fn strings(&self, key: &str) -> Result<Option<Vec<String>>, GetError> {
        let list = match self.get(key) {
            None => return Ok(None),
            Some(Value::List(list)) => list,
            Some(Value::String(_)) => {
                return Err(GetError::IsString { key: key.to_owned(), line: self.line_of(key) });
            }
        };
        let item = |(index, value)| match value {
            Value::String(bytes) => self.text_of(key, bytes),
            Value::List(_) => Err(GetError::NestedList {
                key: key.to_owned(),
                item: index + 1,
                line: self.line_of(key),
            }),
        };
        list.iter().enumerate().map(item).collect::<Result<_, _>>().map(Some)
    }

    /// Where a key's value is set: its last assignment or addition.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<Position> {
        self.parts(key).last().map(|setting| Position::at(&self.text, setting.key.start))
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The settings a key's value is made of, in the order of the text.
    pub(crate) fn parts(&self, key: &str) -> Vec<&Setting> {
        let indices = self.tree.parts.get(key).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|&index| self.tree.settings.get(index)).collect()
    }

    fn line_of(&self, key: &str) -> usize {
        self.position(key).map_or(0, |position| position.line)
    }

    fn text_of(&self, key: &str, bytes: Cow<'_, [u8]>) -> Result<String, GetError> {
        String::from_utf8(bytes.into_owned())
            .map_err(|_| GetError::NotUtf8 { key: key.to_owned(), line: self.line_of(key) })
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({:?})", String::from_utf8_lossy(&self.text))
    }
}

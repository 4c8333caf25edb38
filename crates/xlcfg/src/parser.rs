//! The grammar of the xl configuration language (libxlutil: `libxlu_cfg_y.y`).
//!
//! The tree is one flat list of nodes in the order of the text, and the reader keeps its own stack, so
//! no input can recurse, neither here nor when the tree is dropped. One pass, linear time.

use std::collections::HashMap;
use std::ops::Range;

use crate::error::{ParseError, ParseErrorKind, clean};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::limits::{MAX_CONFIG_BYTES, MAX_NESTING, MAX_SHOWN_WORD};

/// A value as written: its bytes, quotes and brackets included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Number,
    /// A string; the quotes are part of the span.
    Text,
    /// A list; its items and theirs follow it, up to the node of this index.
    List {
        next: usize,
    },
}

/// One `KEY = VALUE` or `KEY += VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: Range<usize>,
    /// The `=` or `+=`.
    pub(crate) operator: Range<usize>,
    pub(crate) adds: bool,
    pub(crate) node: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// In the order of the text.
    pub(crate) settings: Vec<Setting>,
    /// For each key, the settings its value is made of: an assignment and the additions after it.
    pub(crate) parts: HashMap<String, Vec<usize>>,
    /// The keys, in the order they first appear.
    pub(crate) keys: Vec<String>,
}

pub(crate) fn parse(text: &[u8]) -> Result<Tree, ParseError> {
    if text.len() > MAX_CONFIG_BYTES {
        return Err(ParseError::new(ParseErrorKind::TooLong, text.get(..1).unwrap_or_default(), 0));
    }
    if let Some(at) = text.iter().position(|&byte| byte == 0) {
        return Err(ParseError::new(ParseErrorKind::Nul, text, at));
    }
    let mut parser = Parser { text, lexer: Lexer::new(text), tree: Tree::default() };
    parser.statements()?;
    Ok(parser.tree)
}

struct Parser<'a> {
    text: &'a [u8],
    lexer: Lexer<'a>,
    tree: Tree,
}

impl Parser<'_> {
    fn statements(&mut self) -> Result<(), ParseError> {
        loop {
            let token = self.lexer.next()?;
            match token.kind {
                TokenKind::Newline | TokenKind::Semicolon => {}
                TokenKind::End => return Ok(()),
                TokenKind::Ident => {
                    if self.setting(token.span)? {
                        return Ok(());
                    }
                }
                _ => return Err(self.error(ParseErrorKind::ExpectedKey, &token)),
            }
        }
    }

    /// One setting with its end. Returns whether that was the end of the text.
    fn setting(&mut self, key: Range<usize>) -> Result<bool, ParseError> {
        let equals = self.lexer.next()?;
        let adds = match equals.kind {
            TokenKind::Equals => false,
            TokenKind::PlusEquals => true,
            _ => return Err(self.error(ParseErrorKind::ExpectedEquals, &equals)),
        };
        let node = self.tree.nodes.len();
        self.value()?;
        let end = self.lexer.next()?;
        let last = match end.kind {
            TokenKind::Newline | TokenKind::Semicolon => false,
            TokenKind::End => true,
            _ => return Err(self.error(ParseErrorKind::ExpectedEndOfStatement, &end)),
        };
        self.store(Setting { key, operator: equals.span, adds, node })?;
        Ok(last)
    }

    fn value(&mut self) -> Result<(), ParseError> {
        let token = self.lexer.next()?;
        match token.kind {
            TokenKind::Text => self.leaf(token.span, NodeKind::Text),
            TokenKind::Number => self.leaf(token.span, NodeKind::Number),
            TokenKind::Open => self.list(token.span)?,
            _ => return Err(self.error(ParseErrorKind::ExpectedValue, &token)),
        }
        Ok(())
    }

    /// The list that opens at `open`, and all lists in it.
    fn list(&mut self, open: Range<usize>) -> Result<(), ParseError> {
        let mut stack = vec![self.open(open)];
        // Whether an item may come next: at the start of a list and after a comma, not after an item.
        let mut wants_item = true;
        // `[,]` is an error, `["a",]` is not.
        let mut may_have_comma = false;
        while let Some(&list) = stack.last() {
            let token = self.lexer.next()?;
            match token.kind {
                TokenKind::Newline => {}
                TokenKind::Text | TokenKind::Number | TokenKind::Open if !wants_item => {
                    return Err(self.error(ParseErrorKind::ExpectedCommaOrClose, &token));
                }
                TokenKind::Text | TokenKind::Number => {
                    let text = token.kind == TokenKind::Text;
                    self.leaf(token.span, if text { NodeKind::Text } else { NodeKind::Number });
                    (wants_item, may_have_comma) = (false, true);
                }
                TokenKind::Open => {
                    if stack.len() >= MAX_NESTING {
                        return Err(self.place(ParseErrorKind::NestedTooDeep, token.span.start));
                    }
                    stack.push(self.open(token.span));
                    (wants_item, may_have_comma) = (true, false);
                }
                TokenKind::Comma if may_have_comma => (wants_item, may_have_comma) = (true, false),
                TokenKind::Close => {
                    self.close(list, token.span.end);
                    stack.pop();
                    (wants_item, may_have_comma) = (false, true);
                }
                TokenKind::End => {
                    let start = self.tree.nodes.get(list).map_or(0, |node| node.span.start);
                    let line = self.place(ParseErrorKind::Nul, start).position.line;
                    return Err(self.place(ParseErrorKind::UnclosedList(line), token.span.start));
                }
                _ if wants_item => return Err(self.error(ParseErrorKind::ExpectedValue, &token)),
                _ => return Err(self.error(ParseErrorKind::ExpectedCommaOrClose, &token)),
            }
        }
        Ok(())
    }

    fn leaf(&mut self, span: Range<usize>, kind: NodeKind) {
        self.tree.nodes.push(Node { span, kind });
    }

    fn open(&mut self, span: Range<usize>) -> usize {
        let index = self.tree.nodes.len();
        self.tree.nodes.push(Node { span, kind: NodeKind::List { next: index + 1 } });
        index
    }

    fn close(&mut self, list: usize, end: usize) {
        let next = self.tree.nodes.len();
        if let Some(node) = self.tree.nodes.get_mut(list) {
            node.span.end = end;
            node.kind = NodeKind::List { next };
        }
    }

    fn store(&mut self, setting: Setting) -> Result<(), ParseError> {
        let tree = &mut self.tree;
        let bytes = self.text.get(setting.key.clone()).unwrap_or_default();
        let key = String::from_utf8_lossy(bytes).into_owned();
        let index = tree.settings.len();
        let is_list = |tree: &Tree, node: usize| {
            matches!(tree.nodes.get(node), Some(Node { kind: NodeKind::List { .. }, .. }))
        };
        if !tree.parts.contains_key(&key) {
            tree.keys.push(key.clone());
        }
        let before = tree.parts.get(&key).and_then(|parts| parts.last()).copied();
        if let (true, Some(before)) =
            (setting.adds, before.and_then(|index| tree.settings.get(index)))
            && is_list(tree, before.node) != is_list(tree, setting.node)
        {
            return Err(self.place(ParseErrorKind::MixedAddition, setting.key.start));
        }
        let parts = tree.parts.entry(key).or_default();
        if !setting.adds {
            parts.clear();
        }
        parts.push(index);
        tree.settings.push(setting);
        Ok(())
    }

    fn error(&self, kind: impl FnOnce(String) -> ParseErrorKind, found: &Token) -> ParseError {
        let bytes = self.text.get(found.span.clone()).unwrap_or_default();
        let text: String =
            String::from_utf8_lossy(bytes).chars().take(MAX_SHOWN_WORD).map(clean).collect();
        let found_text = match found.kind {
            TokenKind::Newline => "the end of the line".to_owned(),
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::Ident => format!("`{text}`"),
            TokenKind::Text => format!("the string {text}"),
            TokenKind::Number => format!("the number {text}"),
            _ => format!("{text:?}"),
        };
        self.place(kind(found_text), found.span.start)
    }

    fn place(&self, kind: ParseErrorKind, offset: usize) -> ParseError {
        ParseError::new(kind, self.text, offset)
    }
}

impl Tree {
    /// The nodes of a list's own items.
    pub(crate) fn items(&self, list: usize) -> impl Iterator<Item = usize> + '_ {
        let mut at = list + 1;
        std::iter::from_fn(move || {
            if at >= self.after(list)? {
                return None;
            }
            let item = at;
            at = self.after(item)?;
            Some(item)
        })
    }

    /// The index after a node and all that is in it.
    fn after(&self, index: usize) -> Option<usize> {
        match self.nodes.get(index)?.kind {
            NodeKind::List { next } => Some(next),
            NodeKind::Number | NodeKind::Text => Some(index + 1),
        }
    }
}

//! A value with its path: where it stands, and its parts.

use std::fmt;

use crate::context::{Context, Place};
use crate::node::{Node, Value};
use crate::problem::{Code, Severity};
use crate::reader::Reader;

/// A value, and how it is to be read.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) node: &'a Node,
    /// Such as `providers[0].apiTokens[2]`; empty for the root.
    pub(crate) path: String,
    pub(crate) lenient: bool,
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> Item<'a> {
    /// The root of a document.
    pub(crate) const fn root(context: &'a Context<'a>, node: &'a Node, lenient: bool) -> Self {
        Self { context, node, path: String::new(), lenient }
    }

    pub(crate) const fn place(&self) -> Place {
        Place { line: self.node.line, column: self.node.column }
    }

    pub(crate) fn path_of(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    pub(crate) fn child(&self, key: &str, node: &'a Node) -> Self {
        Self { context: self.context, node, path: self.path_of(key), lenient: self.lenient }
    }

    /// The same value, read strictly.
    pub(crate) fn strict(self) -> Self {
        Self { lenient: false, ..self }
    }

    pub(crate) fn error(&self, code: Code, message: &str, fix: &str) {
        self.context.report(Severity::Error, code, self.place(), &self.path, message, fix);
    }

    pub(crate) fn warn(&self, code: Code, message: &str, fix: &str) {
        self.context.report(Severity::Warning, code, self.place(), &self.path, message, fix);
    }

    /// A wrong type: an error when strict, unset when lenient.
    pub(crate) fn wrong<T>(&self, expected: &str, fix: &str) -> Option<T> {
        if !self.lenient {
            self.error(Code::Invalid, &format!("this must be {expected}, not {}", self.kind()), fix);
        }
        None
    }

    fn kind(&self) -> &'static str {
        match self.node.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Int(..) | Value::Float(..) => "a number",
            Value::Str(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) const fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    pub(crate) const fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// The value as a map.
    pub(crate) fn map(&self) -> Option<Reader<'a>> {
        match &self.node.value {
            Value::Map(entries) => Some(Reader::new(self.clone(), entries)),
            Value::Null | Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_) | Value::List(_) => {
                self.wrong("a map", "write `key: value` pairs")
            }
        }
    }

    /// The elements of a list; lenient, one value is a list of one.
    pub(crate) fn list(&self) -> Vec<Self> {
        match &self.node.value {
            Value::List(items) => {
                let at = |(index, node)| Self { path: format!("{}[{index}]", self.path), node, ..self.clone() };
                items.iter().enumerate().map(at).collect()
            }
            Value::Null => Vec::new(),
            Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_) | Value::Map(_) => {
                if self.lenient {
                    return vec![self.clone()];
                }
                self.wrong::<()>("a list", "write it in brackets: `[…]`");
                Vec::new()
            }
        }
    }
}

//! Typed access to a tree: every accessor reports what does not fit, and a map remembers which keys were read.
//!
//! Two ways of reading. Strict, for our own form: a wrong type is an error. Lenient, for the Higress forms, as that
//! plugin reads: a scalar is a list of one, numbers and texts turn into each other, a wrong type reads as unset, and
//! so does zero or an empty text.

mod item;
mod scalar;

use std::cell::RefCell;

pub(crate) use item::Item;

use crate::context::Place;
use crate::node::{Key, Node};
use crate::problem::{Code, Severity};
use crate::suggest;

/// A map, read key by key.
pub(crate) struct Reader<'a> {
    /// The map as a value, for problems that concern all of it.
    pub(crate) item: Item<'a>,
    entries: &'a [(Key, Node)],
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(item: Item<'a>, entries: &'a [(Key, Node)]) -> Self {
        Self { item, entries, known: RefCell::new(Vec::new()) }
    }

    /// The value of a key; `None` when it is absent or null. The key counts as known from now on.
    pub(crate) fn get(&self, key: &'static str) -> Option<Item<'a>> {
        self.known.borrow_mut().push(key);
        self.peek(key)
    }

    /// The value of a key that is ours, hence strict even where everything else is lenient.
    pub(crate) fn own(&self, key: &'static str) -> Option<Item<'a>> {
        self.get(key).map(Item::strict)
    }

    /// Like [`Self::get`], without counting as read.
    pub(crate) fn peek(&self, key: &str) -> Option<Item<'a>> {
        let (_, node) = self.entries.iter().find(|(known, _)| known.text == key)?;
        (node.value != crate::node::Value::Null).then(|| self.item.child(key, node))
    }

    /// Whether the key is there at all, even if null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(known, _)| known.text == key)
    }

    /// All keys with their values, in the order of the file.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a Key, Item<'a>)> {
        self.entries.iter().map(|(key, node)| (key, self.item.child(&key.text, node)))
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &'static str, fix: &str) -> Option<Item<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(key, fix);
        }
        found
    }

    /// Reports that a key is missing.
    pub(crate) fn missing(&self, key: &str, fix: &str) {
        self.problem(Severity::Error, Code::Missing, key, &format!("`{key}` is missing"), fix);
    }

    /// Reports a problem at a key (where it stands, or at the map when it is absent); `key` may have dots.
    pub(crate) fn problem(&self, severity: Severity, code: Code, key: &str, message: &str, fix: &str) {
        let path = self.item.path_of(key);
        self.item.context.report(severity, code, self.place_of(key), &path, message, fix);
    }

    fn place_of(&self, key: &str) -> Place {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let Some((found, node)) = self.entries.iter().find(|(known, _)| known.text == first) else {
            return self.item.place();
        };
        match (rest, &node.value) {
            (Some(rest), crate::node::Value::Map(entries)) => {
                let inner = entries.iter().find(|(known, _)| known.text == rest);
                inner.map_or(Place { line: found.line, column: found.column }, |(key, _)| Place {
                    line: key.line,
                    column: key.column,
                })
            }
            _ => Place { line: found.line, column: found.column },
        }
    }

    /// Marks keys as known that are read elsewhere.
    pub(crate) fn knows(&self, keys: impl IntoIterator<Item = &'static str>) {
        self.known.borrow_mut().extend(keys);
    }

    /// Reports every key nobody asked for: an error when strict, a warning when lenient.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for (key, _) in self.entries {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let fix = match suggest::nearest(&key.text, known.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => "remove it".to_owned(),
            };
            let (severity, message) = if self.item.lenient {
                (Severity::Warning, format!("the key `{}` is not known and not read", key.text))
            } else {
                (Severity::Error, format!("the key `{}` is not known here", key.text))
            };
            let place = Place { line: key.line, column: key.column };
            self.item.context.report(severity, Code::UnknownKey, place, &self.item.path_of(&key.text), &message, &fix);
        }
    }
}

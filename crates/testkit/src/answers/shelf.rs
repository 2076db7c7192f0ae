//! What an account has stored at the provider: other accounts cannot see it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// One stored object.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its kind: the prefix of its id.
    pub(crate) kind: &'static str,
    pub(crate) json: Value,
    pub(crate) content: Bytes,
}

/// Files, batches, jobs, videos and responses by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    items: BTreeMap<String, Item>,
    made: u64,
}

impl Shelf {
    /// A new id of this kind. `salt` keeps the ids of different accounts apart.
    pub(crate) fn id(&mut self, kind: &str, separator: char, salt: u64) -> String {
        self.made += 1;
        format!("{kind}{separator}{:08x}{:016x}", self.made, salt)
    }

    pub(crate) fn put(&mut self, id: &str, item: Item) {
        self.items.insert(id.to_owned(), item);
    }

    pub(crate) fn get(&self, kind: &str, id: &str) -> Option<&Item> {
        self.items.get(id).filter(|item| item.kind == kind)
    }

    pub(crate) fn get_mut(&mut self, kind: &str, id: &str) -> Option<&mut Item> {
        self.items.get_mut(id).filter(|item| item.kind == kind)
    }

    pub(crate) fn remove(&mut self, kind: &str, id: &str) -> Option<Item> {
        self.get(kind, id)?;
        self.items.remove(id)
    }

    /// All of a kind, newest first, as the provider lists them.
    pub(crate) fn list(&self, kind: &str) -> Vec<&Value> {
        self.items.values().rev().filter(|item| item.kind == kind).map(|item| &item.json).collect()
    }
}

//! Names that may label a metric: those of the configuration, each stored once and bounded in number.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::RwLock;

/// More names than any configuration has; past it (endless reloads with ever new names) all share one.
const MOST: usize = 4096;
const REST: &str = "other";

/// Hands out shared copies of names, so that recording a request allocates no label.
#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<HashSet<Arc<str>, RandomState>>);

impl Names {
    /// The shared copy of `name`; `other` once [`MOST`] names are known.
    pub(crate) fn get(&self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.read().get(name) {
            return Arc::clone(known);
        }
        let mut names = self.0.write();
        let name = if names.len() < MOST { name } else { REST };
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(name);
        names.insert(Arc::clone(&shared));
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shared_and_bounded() {
        let names = Names::default();
        assert!(Arc::ptr_eq(&names.get("main"), &names.get("main")));
        for n in 0..MOST {
            names.get(&n.to_string());
        }
        assert_eq!(&*names.get("one-too-many"), REST);
        assert_eq!(&*names.get("another"), REST);
        assert_eq!(&*names.get("main"), "main");
    }
}

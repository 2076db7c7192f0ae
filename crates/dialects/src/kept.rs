//! JSON that a reader makes anew and that must live as long as what it was read from.
//!
//! What is read borrows from the body. Where a dialect's shape differs from the model's (Google's schemas, its log
//! probabilities) the reader writes the model's and keeps it here, beside the body.

use std::sync::OnceLock;

use serde_json::value::RawValue;

/// Keeps values; they are borrowed from it. A copy starts empty.
#[derive(Debug, Default)]
pub struct Kept(OnceLock<Box<(Vec<Box<RawValue>>, Self)>>);

impl Kept {
    /// Keeps these.
    pub(crate) fn keep(&self, values: Vec<Box<RawValue>>) -> &[Box<RawValue>] {
        let mut place = self;
        let mut fresh = Some(values);
        loop {
            let (kept, next) = &**place.0.get_or_init(|| Box::new((fresh.take().unwrap_or_default(), Self::default())));
            if fresh.is_none() {
                return kept;
            }
            place = next;
        }
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

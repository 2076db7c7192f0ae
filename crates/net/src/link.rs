//! Live connections and their count. An HTTP/2 connection is a [`Line`], shared by [`Slot`]s, one per stream.

mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use line::{Line, MAX_STREAMS, SETTLING, Slot};

/// The most of a response head we read, bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// Counts an open connection while it lives.
#[derive(Debug)]
pub(crate) struct Open(Arc<AtomicUsize>);

impl Open {
    pub(crate) fn count(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

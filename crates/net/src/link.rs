//! Live HTTP connections: starting hyper on a byte stream, and the handle of each kind.
//!
//! An HTTP/1.1 connection is its sender, owned by one user at a time. An HTTP/2 connection is a [`Line`], shared by
//! [`Slot`]s, one per stream.

mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::connect::Io;
use crate::message::OutBody;
pub(crate) use line::{Line, MAX_STREAMS, SETTLING, Slot};

/// The handle of an HTTP/1.1 connection. Dropping it closes the connection.
pub(crate) type Http1Sender = http1::SendRequest<OutBody>;

/// The most of a response head we read.
const MAX_HEAD: usize = 64 * 1024;

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

/// Starts HTTP/1.1 on a byte stream; its task ends when the sender and all bodies are gone, or the peer closes.
pub(crate) async fn http1(io: Io, open: Open, upgrade: bool) -> hyper::Result<Http1Sender> {
    let mut builder = http1::Builder::new();
    builder.max_header_size(MAX_HEAD);
    let (sender, connection) = builder.handshake(TokioIo::new(io)).await?;
    tokio::spawn(async move {
        let _open = open;
        let ended = if upgrade { connection.with_upgrades().await } else { connection.await };
        if let Err(error) = ended {
            tracing::trace!(%error, "HTTP/1.1 connection ended");
        }
    });
    Ok(sender)
}

//! The only upstream I/O: TLS, connection pool, one send.
//!
//! In goes an [`Endpoint`] and an [`Outgoing`] request, out comes a [`Reply`] (at the response head, its body still
//! arriving) or a [`SendError`] that says what happened and whether the peer may have acted on it. A request is sent
//! once: nothing here retries, waits between tries, judges a status or looks at a body. The one exception is no retry: a
//! request that a pooled connection turned out unable to carry, untouched by the peer, goes out on another one.
//!
//! One connection never holds up a request it does not carry: a busy HTTP/1.1 connection makes the next request open
//! another, and HTTP/2 connections are added before the peer's stream limit is reached.

mod body;
mod connect;
mod endpoint;
mod error;
mod http1;
mod link;
mod message;
mod pool;
mod prepare;
mod send;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use body::ReplyBody;
pub use endpoint::{Egress, Endpoint};
pub use error::{NetError, ReplyError, SendError};
pub use http1::{Upgraded, replay};
pub use message::{OutBody, Outgoing, Reply};

use connect::TlsConfigs;
use pool::Pool;

/// The bounds of the connection pool.
#[derive(Clone, Debug)]
pub struct NetSettings {
    /// An unused connection is closed after this long. The default, 20 s, is below what common servers and balancers
    /// grant (60 s and more), so that we rarely meet a connection the peer has just closed.
    pub idle_timeout: Duration,
    /// Unused HTTP/1.1 connections kept per endpoint. Default 256.
    pub max_idle_per_endpoint: usize,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self { idle_timeout: Duration::from_secs(20), max_idle_per_endpoint: 256 }
    }
}

/// Sends requests over pooled connections. Clones share the pool.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) pool: Arc<Pool>,
    pub(crate) tls: TlsConfigs,
}

impl Net {
    /// An empty pool. Reads no file and opens no connection.
    ///
    /// # Errors
    ///
    /// None at present; the signature leaves room for settings that can be wrong.
    pub fn new(settings: NetSettings) -> Result<Self, NetError> {
        let inner = Inner { pool: Arc::new(Pool::new(settings)), tls: TlsConfigs::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads every file an egress names and checks its addresses, so that a wrong one is refused at load.
    ///
    /// # Errors
    ///
    /// Names the file or setting at fault.
    pub fn check(egress: &Egress) -> Result<(), NetError> {
        connect::check(egress)
    }

    /// Sends `request` once and returns at the response head. Must be called within a tokio runtime.
    ///
    /// `connect_timeout` bounds the time until a connection is at hand; nothing bounds the time after. Dropping the
    /// future, or the reply's body, cancels the call: an HTTP/1.1 connection is closed, an HTTP/2 stream reset.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; any status the peer sends is a reply, not an error.
    pub async fn send(&self, to: &Endpoint, request: Outgoing, connect_timeout: Duration) -> Result<Reply, SendError> {
        send::send(&self.inner, to, request, connect_timeout).await
    }

    /// Forgets the connections of every endpoint `keep` says no to (those in use end with their reply), and all cached
    /// TLS setups, so that new connections read their files anew.
    pub fn retain(&self, keep: &dyn Fn(&Endpoint) -> bool) {
        self.inner.pool.retain(keep);
        self.inner.tls.forget();
    }

    /// Connections without a request: HTTP/1.1 ones waiting for one and HTTP/2 ones without a stream.
    pub fn idle(&self) -> usize {
        self.inner.pool.idle()
    }

    /// All open connections, idle ones included.
    pub fn open(&self) -> usize {
        self.inner.pool.open()
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("idle", &self.idle()).field("open", &self.open()).finish()
    }
}

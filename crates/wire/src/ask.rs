//! The client's request, read just far enough to route it: operation, model, stream flag. The rest stays bytes.

use bytes::Bytes;
use claviger_types::{Dialect, Operation};
use http::{HeaderMap, Method};

/// A request as the gateway understands it. Owned, cheap to clone (the body is shared).
#[derive(Clone, Debug)]
pub struct Ask {
    /// The client's method.
    pub method: Method,
    /// The host the client addressed, without port; empty when it named none.
    pub host: String,
    /// The path as received, without query, percent escapes kept.
    pub path: String,
    /// The query as received, without `?`.
    pub query: Option<String>,
    /// What is asked for, by path.
    pub operation: Operation,
    /// The caller's dialect, by path: errors are answered in it.
    pub dialect: Dialect,
    /// The model named in body, multipart field, query (`realtime`) or path (Gemini, `GET /v1/models/ID`).
    pub model: Option<String>,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Whether the client itself asked for a usage chunk (`stream_options.include_usage`).
    pub wants_usage: bool,
    /// The end-to-end headers of the client; hop-by-hop ones and every credential are already gone.
    pub headers: HeaderMap,
    /// How the body is encoded.
    pub form: BodyForm,
    /// The body as received: all of it, or (`Ask::truncated`) the part that was buffered before the cap.
    pub body: Bytes,
    /// True when the body is larger than the buffer cap: it streams through and is not retried.
    pub truncated: bool,
    /// The caller's own upstream credential, for providers without tokens of their own that are meant to use it.
    pub caller_key: Option<claviger_types::Secret>,
}

/// How a body is encoded, as far as the gateway may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// No body.
    Empty,
    /// A JSON value without content encoding.
    Json,
    /// `multipart/form-data` with this boundary.
    Multipart {
        /// The boundary, without the leading dashes.
        boundary: String,
    },
    /// Anything else: passed through unread.
    Opaque,
}

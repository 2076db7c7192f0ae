//! The client's request, read just far enough to route it: operation, model, stream flag. The rest stays bytes.
//!
//! In: an [`Arrival`] as the listener got it. Out: an [`Ask`] without hop-by-hop headers and without any credential,
//! or the reason why no upstream could serve it. What a provider can judge itself (messages, parameters) is not
//! checked here.

use bytes::Bytes;
use claviger_types::{Dialect, Operation};
use http::{HeaderMap, Method, Uri};

mod body;
mod headers;
mod nature;
#[cfg(test)]
mod tests;
mod weigh;

pub use headers::{client_key, held_back};

use nature::nature;

use crate::operation::{model_in, recognise};

/// A request as the gateway understands it. Owned, cheap to clone (the body is shared).
#[derive(Clone, Debug)]
pub struct Ask {
    /// The client's method.
    pub method: Method,
    /// The host the client addressed, in lower case and without port; empty when it named none.
    pub host: String,
    /// The path as received, without query, percent escapes kept.
    pub path: String,
    /// The query as received, without `?`; on Gemini paths without the `key` that opened our door.
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

/// A request as it came in.
///
/// `Debug` would print the caller's credentials, so it shows the method and the path only.
pub struct Arrival {
    /// The client's method.
    pub method: Method,
    /// The request target.
    pub uri: Uri,
    /// The host the client addressed, with or without port; empty when it named none.
    pub host: String,
    /// All headers as received.
    pub headers: HeaderMap,
    /// The body, or the part of it that was buffered before the cap.
    pub body: Bytes,
    /// Whether `body` is such a part.
    pub truncated: bool,
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival").field("method", &self.method).field("path", &self.uri.path()).finish_non_exhaustive()
    }
}

/// Why a request cannot be served by any upstream. Messages never repeat the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// 400: the body is not what the operation takes.
    BadRequest {
        /// For the caller.
        message: String,
        /// The field at fault.
        param: Option<&'static str>,
    },
    /// 415: the body has a content type the operation does not take.
    UnsupportedMediaType {
        /// For the caller.
        message: String,
    },
    /// 405: the path exists, the method on it does not.
    MethodNotAllowed {
        /// The value of the `allow` header.
        allow: &'static str,
    },
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadRequest { message, .. } | Self::UnsupportedMediaType { message } => f.write_str(message),
            Self::MethodNotAllowed { allow } => write!(f, "this path allows the method {allow} only"),
        }
    }
}

impl std::error::Error for AskError {}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// When no provider could serve it: wrong method, wrong content type, malformed body, ambiguous model.
    pub fn read(arrival: Arrival) -> Result<Self, AskError> {
        let Arrival { method, uri, host, mut headers, body, truncated } = arrival;
        let (operation, dialect) = recognise(uri.path());
        if nature(operation).post_only && method != Method::POST {
            return Err(AskError::MethodNotAllowed { allow: "POST" });
        }
        let form = body::form(&headers, &body);
        let content = body::read(operation, &form, &headers, &body, truncated)?;
        let (query, query_key) = match dialect {
            Dialect::Gemini => headers::split_key(uri.query()),
            Dialect::OpenAi | Dialect::Anthropic => (uri.query().map(str::to_owned), None),
        };
        let caller_key = headers::strip(&mut headers).or(query_key);
        let model = if operation == Operation::Realtime {
            headers::parameter(uri.query(), "model")
        } else {
            model_in(uri.path())
        };
        Ok(Self {
            method,
            host: headers::without_port(&host).to_ascii_lowercase(),
            path: uri.path().to_owned(),
            query,
            operation,
            dialect,
            model: model.or(content.model),
            stream: operation == Operation::GeminiStreamGenerateContent || content.stream,
            wants_usage: content.wants_usage,
            headers,
            form,
            body,
            truncated,
            caller_key: caller_key.map(claviger_types::Secret::new),
        })
    }
}

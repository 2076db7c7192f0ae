//! The request as handed in and the reply as handed out.
//!
//! Headers in both directions are end-to-end ones; framing and connection headers are this crate's business.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};

use crate::body::ReplyBody;
use crate::http1::Upgraded;

/// A request to send once. Its `Debug` form leaves out headers and query, where credentials are.
pub struct Outgoing {
    /// Any method but CONNECT.
    pub method: Method,
    /// Path and query, beginning with `/`; goes out as it is.
    pub path: String,
    /// End-to-end headers. `Host` is replaced by the endpoint's authority; connection headers are dropped, except on an
    /// upgrade.
    pub headers: HeaderMap,
    /// The body.
    pub body: OutBody,
    /// A websocket (or other HTTP/1.1) upgrade: `connection` and `upgrade` in `headers` are sent as given, on a new
    /// HTTP/1.1 connection of its own.
    pub upgrade: bool,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("path", &path)
            .field("body", &self.body)
            .field("upgrade", &self.upgrade)
            .finish_non_exhaustive()
    }
}

/// A request body.
pub enum OutBody {
    /// All of it, possibly empty. Its length replaces any `content-length` given.
    Whole(Bytes),
    /// As it comes. Without an exact size hint a given `content-length` is believed, else it goes out chunked.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = io::Error> + Send>>),
}

impl fmt::Debug for OutBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// A response head, with the body still to come. Its `Debug` form leaves out the headers.
pub struct Reply {
    /// The final status; 1xx other than 101 are swallowed.
    pub status: StatusCode,
    /// The version the connection speaks.
    pub version: Version,
    /// As the peer sent them.
    pub headers: HeaderMap,
    /// Frames as they arrive. Dropping it early cancels the call.
    pub body: ReplyBody,
    /// Whether the connection had served (or was serving) other requests.
    pub reused: bool,
    /// For 101: the raw connection.
    pub upgraded: Option<Upgraded>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("version", &self.version)
            .field("body", &self.body)
            .field("reused", &self.reused)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_credential() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", http::HeaderValue::from_static("Bearer hunter2"));
        let body = OutBody::Whole(Bytes::from_static(b"hunter2"));
        let request =
            Outgoing { method: Method::POST, path: "/v1/x?key=hunter2".into(), headers, body, upgrade: false };
        let shown = format!("{request:?}");
        assert!(shown.contains("/v1/x") && !shown.contains("hunter2"), "{shown}");
    }
}

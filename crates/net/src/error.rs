//! What can go wrong, as closed sets: setting up, sending, reading the reply.
//!
//! Errors say what happened and where the request had got to; they never say what to do about it, and never contain
//! header values, bodies or credentials.

use std::io;
use std::path::PathBuf;

/// Why a [`Net`](crate::Net) or an egress could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A certificate or key file could not be read or understood.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file named in the egress.
        path: PathBuf,
        /// What is wrong with it; never its contents.
        reason: String,
    },
    /// The client certificate and key do not fit together, or TLS itself could not be set up.
    #[error("TLS setup: {reason}")]
    Tls {
        /// What rustls said.
        reason: String,
    },
    /// `proxy` is not `http://[user:password@]host:port`. The value is left out, as it may contain a password.
    #[error("proxy is not of the form http://host:port")]
    Proxy,
    /// `connect_to` is not `host:port`.
    #[error("connectTo {value:?} is not of the form host:port")]
    ConnectTo {
        /// What was given.
        value: String,
    },
}

/// Why there is no reply. `Clone`, because requests that waited for the same connection share its failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// The host name gave no address.
    #[error("the host name did not resolve")]
    Resolve,
    /// No connection could be opened (or the proxy refused to open it).
    #[error("could not connect: {reason}")]
    Connect {
        /// The system's error kind, of the last address tried.
        kind: io::ErrorKind,
        /// The same in words.
        reason: String,
    },
    /// The TLS handshake failed, or the TLS setup of this egress did.
    #[error("TLS failed: {reason}")]
    Tls {
        /// What rustls said.
        reason: String,
    },
    /// No connection within the connect timeout (resolving, connecting, proxy, TLS, and waiting for another request's
    /// handshake together).
    #[error("no connection within the connect timeout")]
    ConnectTimeout,
    /// The connection ended, or the stream was reset, before a response head came.
    #[error("the connection closed before a response ({})", if *sent { "the request may have been sent" } else { "nothing was sent" })]
    Closed {
        /// Whether the connection had served (or was serving) other requests.
        reused: bool,
        /// Whether the peer may have acted on the request. False when no byte of it was written, or when an HTTP/2 peer
        /// said that it was not processed (REFUSED_STREAM, GOAWAY).
        sent: bool,
    },
    /// The peer answered with something that is not HTTP, or breaks its rules.
    #[error("not a valid HTTP response: {reason}")]
    Protocol {
        /// What was wrong.
        reason: String,
    },
    /// The request cannot be put on the wire as given, or its body stream failed.
    #[error("the request cannot be sent: {reason}")]
    BadRequest {
        /// What was wrong.
        reason: &'static str,
    },
}

impl SendError {
    /// A short stable name, for labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::ConnectTimeout => "connect_timeout",
            Self::Closed { .. } => "closed",
            Self::Protocol { .. } => "protocol",
            Self::BadRequest { .. } => "bad_request",
        }
    }

    /// Reads hyper's error after the request was handed to a connection. `sent` as far as hyper told.
    pub(crate) fn from_hyper(error: &hyper::Error, reused: bool, sent: bool) -> Self {
        // hyper also files its own lost tasks under "user"; only these two are about the request.
        if error.is_body_write_aborted() || (error.is_user() && io_kind(error).is_some()) {
            return Self::BadRequest { reason: "the request body failed or does not fit its headers" };
        }
        if error.is_parse() {
            return Self::Protocol { reason: error.to_string() };
        }
        match http2(error) {
            Some(Http2Fault::Unprocessed) => Self::Closed { reused, sent: false },
            Some(Http2Fault::Protocol(reason)) => Self::Protocol { reason },
            Some(Http2Fault::Closed) | None => Self::Closed { reused, sent },
        }
    }

    pub(crate) fn connect(error: &io::Error) -> Self {
        Self::Connect { kind: error.kind(), reason: error.kind().to_string() }
    }
}

/// Why a reply's body ended early.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReplyError {
    /// The connection ended, or the stream was reset, before the body did.
    #[error("the connection closed before the end of the response")]
    Cut,
    /// The body's framing is broken.
    #[error("the response body is not valid HTTP: {reason}")]
    Protocol {
        /// What was wrong.
        reason: String,
    },
}

impl ReplyError {
    /// A short stable name, for labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Protocol { .. } => "protocol",
        }
    }

    pub(crate) fn from_hyper(error: &hyper::Error) -> Self {
        if error.is_parse() {
            return Self::Protocol { reason: error.to_string() };
        }
        match http2(error) {
            Some(Http2Fault::Protocol(reason)) => Self::Protocol { reason },
            Some(Http2Fault::Unprocessed | Http2Fault::Closed) => Self::Cut,
            // hyper reports broken chunk framing as a body error around an InvalidInput or InvalidData one.
            None => match io_kind(error) {
                Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                    Self::Protocol { reason: "broken chunked framing".into() }
                }
                _ => Self::Cut,
            },
        }
    }
}

enum Http2Fault {
    /// The peer promised it did not process the stream (RFC 9113, section 8.7).
    Unprocessed,
    /// We found the peer breaking the rules.
    Protocol(String),
    /// Anything else that ends a stream or its connection.
    Closed,
}

fn http2(error: &hyper::Error) -> Option<Http2Fault> {
    let fault = source_of::<h2::Error>(error)?;
    if fault.is_remote() && (fault.is_go_away() || fault.reason() == Some(h2::Reason::REFUSED_STREAM)) {
        return Some(Http2Fault::Unprocessed);
    }
    match fault.reason() {
        Some(reason) if fault.is_library() && reason != h2::Reason::NO_ERROR => {
            Some(Http2Fault::Protocol(reason.description().to_owned()))
        }
        _ => Some(Http2Fault::Closed),
    }
}

fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    source_of::<io::Error>(error).map(io::Error::kind)
}

fn source_of<T: std::error::Error + 'static>(error: &hyper::Error) -> Option<&T> {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

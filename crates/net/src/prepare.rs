//! Makes an [`Outgoing`] fit for the wire: target, `Host`, no connection headers, honest length.
//!
//! A pure step between the caller's request and the connection; it must never add end-to-end headers.

use http::header::{self, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Uri, Version};
use http_body::Body;

use crate::endpoint::Endpoint;
use crate::error::SendError;
use crate::message::{OutBody, Outgoing};

/// A request checked and cleaned, not yet bound to an HTTP version.
pub(crate) struct Prepared<'a> {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    tls: bool,
    /// `host` or `host:port`, visible ASCII.
    pub(crate) authority: &'a str,
    pub(crate) upgrade: bool,
}

/// What moves into a connection and may come back from it.
pub(crate) struct Payload {
    pub(crate) headers: HeaderMap,
    pub(crate) body: OutBody,
}

impl<'a> Prepared<'a> {
    /// Checks and cleans. Fails with [`SendError::BadRequest`] only.
    pub(crate) fn new(to: &'a Endpoint, request: Outgoing) -> Result<(Self, Payload), SendError> {
        let bad = |reason| SendError::BadRequest { reason };
        let Outgoing { method, path, mut headers, body, upgrade } = request;
        if method == Method::CONNECT {
            return Err(bad("CONNECT is not relayed"));
        }
        if !path.starts_with('/') {
            return Err(bad("the path does not begin with /"));
        }
        let path = PathAndQuery::try_from(path).map_err(|_| bad("the path is not valid in a URL"))?;
        let authority = to.authority.as_str();
        if authority.is_empty() || !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the authority is not valid"));
        }
        strip(&mut headers, upgrade);
        if body.size_hint().exact().is_some() {
            // The true one is written; a wrong one would shift the framing of the connection.
            headers.remove(header::CONTENT_LENGTH);
        }
        Ok((Self { method, path, tls: to.tls, authority, upgrade }, Payload { headers, body }))
    }

    /// The request for an HTTP/2 connection: everything in the pseudo headers.
    pub(crate) fn http2(&self, payload: Payload) -> Result<Request<OutBody>, SendError> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(if self.tls { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Authority::try_from(self.authority).ok();
        parts.path_and_query = Some(self.path.clone());
        let uri = Uri::from_parts(parts).map_err(|_| SendError::BadRequest { reason: "the URL is not valid" })?;
        let mut request = Request::new(payload.body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = payload.headers;
        Ok(request)
    }
}

impl Payload {
    /// Takes a request back that hyper did not write.
    pub(crate) fn recover(request: Request<OutBody>) -> Self {
        let (parts, body) = request.into_parts();
        Self { headers: parts.headers, body }
    }

    /// A copy to fall back on, when the body is at hand.
    pub(crate) fn copy(&self) -> Option<Self> {
        match &self.body {
            OutBody::Whole(bytes) => Some(Self { headers: self.headers.clone(), body: OutBody::Whole(bytes.clone()) }),
            OutBody::Stream(_) => None,
        }
    }
}

fn strip(headers: &mut HeaderMap, upgrade: bool) {
    // one look at the names is quicker than looking each of them up
    let mut out: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name.as_str(), upgrade)).cloned().collect();
    if !upgrade {
        let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        out.extend(named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()));
    }
    for name in &out {
        headers.remove(name);
    }
}

/// Never end-to-end (RFC 9110, section 7.6.1), or said by us. `expect` is here too: the body follows at once, so there is
/// nothing to expect. `te` and `trailer` go because no trailers are relayed.
fn is_ours(name: &str, upgrade: bool) -> bool {
    match name {
        "connection" | "upgrade" => !upgrade,
        "expect" | "host" | "keep-alive" | "proxy-authorization" | "proxy-connection" => true,
        "te" | "trailer" | "transfer-encoding" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

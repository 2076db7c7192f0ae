//! Where a request goes: the address as the provider's URL has it, and how to really get there.
//!
//! Plain values, used as the key of the connection pool: two endpoints share connections only when everything that
//! shapes a connection is equal. Nothing here does I/O.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

/// One upstream address. Equal endpoints share connections.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Endpoint {
    /// Whether the URL's scheme is `https`.
    pub tls: bool,
    /// `host` or `host:port` as in the URL; goes into `Host` (or `:authority`) and, its host part, into SNI.
    pub authority: String,
    /// How to get there.
    pub egress: Arc<Egress>,
}

impl Hash for Endpoint {
    /// Each request looks its endpoint up; the address tells enough of them apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.tls, &self.authority).hash(state);
    }
}

/// How connections to an endpoint are made. The default connects straight to the authority.
#[derive(Clone, Eq, Hash, PartialEq, Default)]
pub struct Egress {
    /// `host:port` to really connect to; `Host`, SNI and path stay those of the URL.
    pub connect_to: Option<String>,
    /// Overrides the scheme: use TLS, or do not.
    pub tls: Option<bool>,
    /// PEM file of root certificates trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM files of the client certificate chain and its key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// `http://[user:password@]host:port`: a proxy asked to CONNECT, for TLS and cleartext alike.
    pub proxy: Option<String>,
    /// `Some(true)`: HTTP/2 only (prior knowledge in cleartext). `Some(false)`: HTTP/1.1 only. `None`: ALPN decides,
    /// cleartext is HTTP/1.1.
    pub http2: Option<bool>,
}

impl fmt::Debug for Egress {
    /// Leaves out the proxy's user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self.proxy.as_deref().map(|url| url.rsplit_once('@').map_or(url, |(_, host)| host));
        f.debug_struct("Egress")
            .field("connect_to", &self.connect_to)
            .field("tls", &self.tls)
            .field("ca_file", &self.ca_file)
            .field("client_cert", &self.client_cert)
            .field("proxy", &proxy)
            .field("http2", &self.http2)
            .finish()
    }
}

/// What HTTP versions a new connection may speak.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Speak {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
    /// Whatever ALPN says.
    Either,
}

impl Endpoint {
    /// Whether connections really use TLS.
    pub(crate) fn secure(&self) -> bool {
        self.egress.tls.unwrap_or(self.tls)
    }

    /// The versions a connection for ordinary requests may speak.
    pub(crate) fn speak(&self) -> Speak {
        match (self.egress.http2, self.secure()) {
            (Some(true), _) => Speak::Http2,
            (Some(false), _) | (None, false) => Speak::Http1,
            (None, true) => Speak::Either,
        }
    }

    /// The host part of the authority, without brackets: what the certificate must name.
    pub(crate) fn host(&self) -> &str {
        split_port(&self.authority).0
    }

    /// Host and port to open the connection to (or to name to the proxy).
    pub(crate) fn target(&self) -> (&str, u16) {
        let (host, port) = split_port(self.egress.connect_to.as_deref().unwrap_or(&self.authority));
        (host, port.unwrap_or(if self.tls { 443 } else { 80 }))
    }
}

/// Splits `host`, `host:port`, `[v6]` or `[v6]:port`; brackets are taken off. A port that is no number counts as none.
pub(crate) fn split_port(authority: &str) -> (&str, Option<u16>) {
    if let Some(rest) = authority.strip_prefix('[')
        && let Some((host, after)) = rest.split_once(']')
    {
        return (host, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        // More than one colon without brackets is a bare IPv6 address.
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets_are_told_apart() {
        assert_eq!(split_port("a.example"), ("a.example", None));
        assert_eq!(split_port("a.example:8443"), ("a.example", Some(8443)));
        assert_eq!(split_port("[::1]:80"), ("::1", Some(80)));
        assert_eq!(split_port("[::1]"), ("::1", None));
        assert_eq!(split_port("::1"), ("::1", None));
    }

    #[test]
    fn the_default_port_follows_the_url_scheme_not_the_override() {
        let egress = Arc::new(Egress { tls: Some(false), ..Egress::default() });
        let to = Endpoint { tls: true, authority: "a.example".into(), egress };
        assert_eq!(to.target(), ("a.example", 443));
        assert!(!to.secure());
    }

    #[test]
    fn debug_hides_the_proxy_password() {
        let egress = Egress { proxy: Some("http://me:hunter2@proxy.example:3128".into()), ..Egress::default() };
        let shown = format!("{egress:?}");
        assert!(!shown.contains("hunter2") && shown.contains("proxy.example:3128"), "{shown}");
    }
}

//! Opens one connection: resolve, connect, proxy, TLS. In comes an endpoint, out a byte stream and what ALPN chose.
//!
//! It knows no HTTP beyond a proxy's CONNECT, keeps no connection, and has no timeout of its own: the caller bounds the
//! whole of it.

mod dial;
mod io;
mod proxy;
mod tls;

use rustls_pki_types::ServerName;

use crate::endpoint::{Egress, Endpoint, Speak, split_port};
use crate::error::{NetError, SendError};
pub(crate) use io::Io;
pub(crate) use tls::TlsConfigs;

/// An open connection and whether HTTP/2 is to be spoken on it.
pub(crate) struct Opened {
    pub(crate) io: Io,
    pub(crate) http2: bool,
}

/// Opens a connection to `to` that speaks what `speak` allows.
pub(crate) async fn open(tls: &TlsConfigs, to: &Endpoint, speak: Speak) -> Result<Opened, SendError> {
    let (host, port) = to.target();
    let stream = match &to.egress.proxy {
        None => dial::dial(host, port).await?,
        Some(proxy) => {
            let proxy = proxy::parse(proxy).map_err(|_| SendError::Connect {
                kind: std::io::ErrorKind::InvalidInput,
                reason: "bad proxy".into(),
            })?;
            let mut stream = dial::dial(&proxy.host, proxy.port).await?;
            proxy::tunnel(&mut stream, &proxy, host, port).await?;
            stream
        }
    };
    if !to.secure() {
        return Ok(Opened { io: Io::Plain(stream), http2: speak == Speak::Http2 });
    }
    let name = ServerName::try_from(to.host().to_owned())
        .map_err(|_| SendError::Tls { reason: "the host is not a valid server name".into() })?;
    let config = tls.get(&to.egress, speak).await.map_err(|error| SendError::Tls { reason: error.to_string() })?;
    let stream = tokio_rustls::TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| SendError::Tls { reason: error.to_string() })?;
    let http2 = match (speak, stream.get_ref().1.alpn_protocol()) {
        (Speak::Http1, _) => false,
        (Speak::Http2 | Speak::Either, Some(b"h2")) => true,
        (Speak::Either, _) => false,
        (Speak::Http2, _) => return Err(SendError::Tls { reason: "the peer did not agree to HTTP/2".into() }),
    };
    Ok(Opened { io: Io::Tls(Box::new(stream)), http2 })
}

/// Reads and checks everything an egress names, without connecting.
pub(crate) fn check(egress: &Egress) -> Result<(), NetError> {
    if let Some(proxy) = &egress.proxy {
        proxy::parse(proxy)?;
    }
    if let Some(value) = &egress.connect_to {
        let (host, port) = split_port(value);
        if host.is_empty() || port.is_none() {
            return Err(NetError::ConnectTo { value: value.clone() });
        }
    }
    tls::check(egress)
}

//! Sockets in: accept, TLS, framing, limits; and the orderly end of it.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use claviger_config::{Limits, TlsFiles};
use futures_util::FutureExt;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A bound port.
pub(crate) struct Port {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
}

impl Port {
    /// Binds; `tls` files are read now, so that a wrong one stops the start.
    pub(crate) async fn bind(address: SocketAddr, tls: Option<&TlsFiles>, limits: Limits) -> anyhow::Result<Self> {
        let tls = tls.map(acceptor).transpose()?;
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { listener, tls, limits })
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.listener.local_addr().map_or_else(|_| scheme.to_owned(), |address| format!("{scheme}://{address}"))
    }

    /// Serves until `stop` turns true, then waits for requests in flight, at most `within`. `connections` is told of
    /// each connection's beginning and end.
    pub(crate) async fn serve<H, F, B>(
        self,
        handler: H,
        mut stop: watch::Receiver<bool>,
        within: Duration,
        gauge: Gauge,
    ) where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: hyper::body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (end, drain) = watch::channel(false);
        let drain = Drain(drain);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => self.take(stream, handler.clone(), drain.clone(), Arc::clone(&gauge)),
                    // out of file descriptors, most likely: give the others time to end
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        // those that the kernel has already accepted for us are served too
        while let Some(Ok((stream, _))) = self.listener.accept().now_or_never() {
            self.take(stream, handler.clone(), drain.clone(), Arc::clone(&gauge));
        }
        drop(self.listener);
        drop(drain);
        end.send_replace(true);
        if tokio::time::timeout(within, end.closed()).await.is_err() {
            tracing::warn!(seconds = within.as_secs(), "requests still ran at the end of the drain time; they are cut");
        }
    }

    fn take<H, F, B>(&self, stream: TcpStream, handler: H, mut drain: Drain, gauge: Gauge)
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: hyper::body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (tls, limits) = (self.tls.clone(), self.limits.clone());
        tokio::spawn(async move {
            gauge(true);
            let _ = stream.set_nodelay(true);
            match tls {
                None => {
                    if let Ok(version) = drain.first(Version::of(&stream, limits.header_timeout)).await {
                        converse(stream, version, handler, drain, &limits).await;
                    }
                }
                // a failed handshake concerns nobody but the one who tried
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                        // boxed, so that connections without TLS do not reserve room for its state
                        let version = Version::agreed(&stream);
                        Box::pin(converse(stream, version, handler, drain, &limits)).await;
                    }
                }
            }
            gauge(false);
        });
    }
}

/// Ready once the process is to stop; never when nobody is left to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        if stop.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Told `true` when a connection begins and `false` when it ends.
pub(crate) type Gauge = Arc<dyn Fn(bool) + Send + Sync>;

/// What a connection speaks.
#[derive(Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

impl Version {
    /// Every HTTP/2 connection begins with this, and no HTTP/1.1 request does (RFC 9113, section 3.4).
    const PREFACE: [u8; 4] = *b"PRI ";
    /// How often a connection of which too little has come is looked at again.
    const AGAIN: Duration = Duration::from_millis(10);

    /// Looks at what a cleartext connection begins with and leaves it there, so that HTTP reads all of it at once.
    async fn of(stream: &TcpStream, limit: Duration) -> std::io::Result<Self> {
        stream.readable().await?;
        let looking = async {
            loop {
                let mut first = [0; 4];
                let count = stream.peek(&mut first).await?;
                let seen = &first[..count];
                if seen == Self::PREFACE {
                    return Ok(Self::Http2);
                }
                if seen.is_empty() || !Self::PREFACE.starts_with(seen) {
                    return Ok(Self::Http1);
                }
                tokio::time::sleep(Self::AGAIN).await;
            }
        };
        tokio::time::timeout(limit, looking).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }

    /// What the two sides of a TLS connection have agreed on.
    fn agreed(stream: &TlsStream<TcpStream>) -> Self {
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") { Self::Http2 } else { Self::Http1 }
    }
}

async fn converse<S, H, F, B>(stream: S, version: Version, handler: H, mut drain: Drain, limits: &Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: hyper::body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(move |request| {
        // on the heap while it is answered only, so that open streams and idle connections do not carry it
        let work = AssertUnwindSafe(Box::pin(handler(request))).catch_unwind();
        // a panic in one request ends its connection, no other
        async move { work.await.map_err(|_| std::io::Error::other("the request panicked")) }
    });
    let io = TokioIo::new(stream);
    let ended = match version {
        Version::Http1 => {
            let connection = http1(limits).serve_connection(io, service).with_upgrades();
            let mut connection = pin!(connection);
            tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                () = drain.begun() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        // much larger, and few: boxed, so that the others do not reserve room for it
        Version::Http2 => {
            let mut connection = Box::pin(http2(limits).serve_connection(io, service));
            tokio::select! {
                biased;
                ended = connection.as_mut() => ended,
                () = drain.begun() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_header_bytes.max(8192))
        .pipeline_flush(true);
    builder
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(1024)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// A connection's share in the end of the listener: it is told when to finish, and waited for until this is dropped.
#[derive(Clone)]
struct Drain(watch::Receiver<bool>);

impl Drain {
    /// How long a connection may take to send its first bytes when it was accepted last of all.
    const LAST: Duration = Duration::from_millis(100);

    async fn begun(&mut self) {
        stopped(&mut self.0).await;
    }

    /// The beginning of a connection. One that says nothing is not waited for in the end.
    async fn first<T>(&mut self, beginning: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
        let mut beginning = pin!(beginning);
        tokio::select! {
            biased;
            begun = beginning.as_mut() => return begun,
            () = self.begun() => {}
        }
        tokio::time::timeout(Self::LAST, beginning).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }
}

fn acceptor(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.cert)
        .with_context(|| format!("cannot read the certificate {}", files.cert.display()))?
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not a PEM certificate", files.cert.display()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("cannot read the private key {}", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} and {} do not belong together", files.cert.display(), files.key.display()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

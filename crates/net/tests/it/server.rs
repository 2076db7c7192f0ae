//! Servers and requests the tests share.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use claviger_net::{Egress, Endpoint, Net, NetSettings, OutBody, Outgoing, Reply, SendError};
use http::{HeaderMap, Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Generous: a test that gets near it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        endpoint(self.address, Egress::default())
    }

    pub(crate) fn endpoint_http2(&self) -> Endpoint {
        endpoint(self.address, Egress { http2: Some(true), ..Egress::default() })
    }
}

pub(crate) fn endpoint(address: SocketAddr, egress: Egress) -> Endpoint {
    Endpoint { tls: false, authority: address.to_string(), egress: Arc::new(egress) }
}

/// Accepts on loopback and runs `each` for every connection.
pub(crate) async fn accept<F, Fut>(each: F) -> Server
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(each(stream));
        }
    });
    Server { address, accepted }
}

/// An HTTP/1.1 server.
pub(crate) async fn http1<F, Fut>(handler: F) -> Server
where
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    accept(move |stream| serve_http1(stream, handler.clone())).await
}

/// An HTTP/2 server, in cleartext by prior knowledge.
pub(crate) async fn http2<F, Fut>(max_streams: u32, handler: F) -> Server
where
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    accept(move |stream| serve_http2(stream, max_streams, handler.clone())).await
}

pub(crate) async fn serve_http1<I, F, Fut>(io: I, handler: F)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service);
    drop(connection.with_upgrades().await);
}

pub(crate) async fn serve_http2<I, F, Fut>(io: I, max_streams: u32, handler: F)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    drop(builder.max_concurrent_streams(max_streams).serve_connection(TokioIo::new(io), service).await);
}

/// A whole answer.
pub(crate) fn answer(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()).boxed())
}

/// An answer with one chunk and no end.
pub(crate) fn endless() -> Answer {
    let first = Ok(Frame::data(Bytes::from_static(b"first")));
    let stream = futures_util::StreamExt::chain(
        futures_util::stream::iter([first]),
        futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>(),
    );
    Response::new(BodyExt::boxed(StreamBody::new(stream)))
}

/// Reads one request head off a raw stream; `false` when the peer closed instead.
pub(crate) async fn read_head(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => seen.push(byte[0]),
            _ => return false,
        }
    }
    true
}

pub(crate) fn net() -> Net {
    Net::new(NetSettings::default()).unwrap()
}

pub(crate) fn get(path: &str) -> Outgoing {
    Outgoing {
        method: Method::GET,
        path: path.into(),
        headers: HeaderMap::new(),
        body: OutBody::Whole(Bytes::new()),
        upgrade: false,
    }
}

pub(crate) fn post(path: &str, body: &'static str) -> Outgoing {
    Outgoing { method: Method::POST, body: OutBody::Whole(Bytes::from_static(body.as_bytes())), ..get(path) }
}

/// Sends within the tests' patience, so that a hang is a failure.
pub(crate) async fn send(net: &Net, to: &Endpoint, request: Outgoing) -> Result<Reply, SendError> {
    soon(net.send(to, request, PATIENCE)).await
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE * 2, work).await.expect("nothing hangs")
}

/// The whole body as text.
pub(crate) async fn text(reply: Reply) -> String {
    let bytes = soon(reply.body.collect()).await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The next chunk of a body.
pub(crate) async fn chunk<B>(body: &mut B) -> Bytes
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    soon(body.frame()).await.unwrap().unwrap().into_data().unwrap()
}

/// Lets other tasks run until `holds`.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    soon(async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A body from `frames`.
pub(crate) fn stream_body(frames: Vec<io::Result<Bytes>>) -> OutBody {
    let frames = futures_util::stream::iter(frames.into_iter().map(|frame| frame.map(Frame::data)));
    OutBody::Stream(Box::pin(StreamBody::new(frames)))
}

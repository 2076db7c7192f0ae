//! A client that tells how an answer ended.

use std::{error::Error, io, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// What came back, as far as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Why the body ended early.
    pub(crate) cut: Option<Ended>,
}

/// How an answer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Reset,
    Closed,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The data of each event.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ")).collect()
    }

    /// The streamed text of a chat.
    pub(crate) fn said(&self) -> String {
        let chunks = self.events().into_iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
    }
}

pub(crate) fn chat(token: &str, stream: bool) -> Request<Full<Bytes>> {
    let body = json!({ "model": "gpt-4o", "stream": stream, "messages": [{ "role": "user", "content": "one two" }] });
    post("/v1/chat/completions", token, &body)
}

pub(crate) fn post(path: &str, token: &str, body: &Value) -> Request<Full<Bytes>> {
    request("POST", path, token, "application/json", body.to_string().into())
}

pub(crate) fn get(path: &str, token: &str) -> Request<Full<Bytes>> {
    request("GET", path, token, "text/plain", Bytes::new())
}

pub(crate) fn request(method: &str, path: &str, token: &str, kind: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "upstream").header("content-type", kind);
    request.header("authorization", format!("Bearer {token}")).body(Full::new(body)).expect("a request")
}

fn ended(error: &(dyn Error + 'static)) -> Ended {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
            return Ended::Reset;
        }
        cause = error.source();
    }
    Ended::Closed
}

async fn read(response: Response<Incoming>) -> Reply {
    let (head, mut incoming) = response.into_parts();
    let mut reply = Reply { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), cut: None };
    while let Some(frame) = incoming.frame().await {
        match frame {
            Ok(frame) => reply.body.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(error) => {
                reply.cut = Some(ended(&error));
                break;
            }
        }
    }
    reply
}

/// Sends over HTTP/1.1 and returns once the head is there.
pub(crate) async fn open(addr: SocketAddr, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Ended> {
    let tcp = TcpStream::connect(addr).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.expect("a handshake");
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| ended(&error))
}

/// Sends over HTTP/1.1 and reads to the end.
pub(crate) async fn send(addr: SocketAddr, request: Request<Full<Bytes>>) -> Result<Reply, Ended> {
    Ok(read(open(addr, request).await?).await)
}

/// Sends over HTTP/2 with prior knowledge and reads to the end.
pub(crate) async fn send_h2(addr: SocketAddr, mut request: Request<Full<Bytes>>) -> Result<Reply, Ended> {
    let uri = format!("http://upstream{}", request.uri());
    *request.uri_mut() = uri.parse().expect("a URI");
    request.headers_mut().remove("host");
    let tcp = TcpStream::connect(addr).await.expect("a connection");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await.expect("a handshake");
    tokio::spawn(connection);
    Ok(read(sender.send_request(request).await.map_err(|error| ended(&error))?).await)
}

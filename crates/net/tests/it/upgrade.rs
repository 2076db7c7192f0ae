//! Upgrades: a connection of its own, handed over on 101.

use claviger_net::Outgoing;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{self, Answer, answer, get, net, send, soon, text, until};

fn websocket() -> Outgoing {
    let mut request = Outgoing { upgrade: true, ..get("/realtime") };
    request.headers.insert("connection", HeaderValue::from_static("upgrade"));
    request.headers.insert("upgrade", HeaderValue::from_static("websocket"));
    request
}

async fn echo(mut request: http::Request<hyper::body::Incoming>) -> Answer {
    assert_eq!(request.headers()["connection"], "upgrade");
    assert_eq!(request.headers()["upgrade"], "websocket");
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
        drop(tokio::io::copy(&mut read, &mut write).await);
    });
    let mut response = Response::new(Empty::new().boxed());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert("connection", HeaderValue::from_static("upgrade"));
    response.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
    response
}

#[tokio::test]
async fn a_websocket_is_handed_over_and_echoes() {
    let server = server::http1(echo).await;
    let net = net();
    let reply = send(&net, &server.endpoint(), websocket()).await.unwrap();
    assert_eq!(
        (reply.status, reply.headers["upgrade"].as_bytes()),
        (StatusCode::SWITCHING_PROTOCOLS, &b"websocket"[..])
    );
    let mut socket = reply.upgraded.unwrap();
    drop(reply.body);
    socket.write_all(b"ping").await.unwrap();
    let mut back = [0; 4];
    soon(socket.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"ping");
    assert_eq!(net.idle(), 0);
}

#[tokio::test]
async fn a_refused_upgrade_is_a_plain_reply_and_its_connection_is_not_pooled() {
    let server = server::http1(|_| async { answer("no") }).await;
    let net = net();
    let reply = send(&net, &server.endpoint(), websocket()).await.unwrap();
    assert!(reply.upgraded.is_none());
    assert_eq!(text(reply).await, "no");
    until(|| net.open() == 0).await;
}

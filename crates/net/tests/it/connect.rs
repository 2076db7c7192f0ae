//! Ways a connection comes about, or does not.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use claviger_net::{Egress, Endpoint, Net, NetError, SendError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::server::{self, answer, get, net, send, soon, text, until};

fn named(authority: &str, egress: Egress) -> Endpoint {
    Endpoint { tls: false, authority: authority.into(), egress: Arc::new(egress) }
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = send(&net(), &server::endpoint(address, Egress::default()), get("/")).await.unwrap_err();
    assert!(matches!(error, SendError::Connect { kind: ErrorKind::ConnectionRefused, .. }), "{error:?}");
}

#[tokio::test]
async fn a_name_without_address_says_so() {
    // Too long for a name, so that no resolver is asked.
    let egress = Egress { connect_to: Some(format!("{}:80", "a".repeat(300))), ..Egress::default() };
    let error = send(&net(), &named("api.example", egress), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "resolve", "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_connect_timeout() {
    let server = server::accept(|mut stream| async move {
        drop(stream.read_to_end(&mut Vec::new()).await);
    })
    .await;
    let to = Endpoint { tls: true, ..server.endpoint() };
    let net = net();
    let error = net.send(&to, get("/"), Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(error.kind(), "connect_timeout", "{error:?}");
    assert_eq!(net.open(), 0);
}

#[tokio::test]
async fn a_reset_after_the_request_is_a_close_of_a_new_connection() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = send(&net(), &server.endpoint(), get("/")).await.unwrap_err();
    assert!(matches!(error, SendError::Closed { reused: false, sent: true }), "{error:?}");
}

#[tokio::test]
async fn connect_to_keeps_host_and_path() {
    let server = server::http1(|request| async move {
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        answer(format!("{host} {}", request.uri()))
    })
    .await;
    let egress = Egress { connect_to: Some(server.address.to_string()), ..Egress::default() };
    let reply = send(&net(), &named("api.example:8443", egress), get("/v1/x?y=%20z")).await.unwrap();
    assert_eq!(text(reply).await, "api.example:8443 /v1/x?y=%20z");
}

#[tokio::test]
async fn a_proxy_is_asked_to_connect_and_then_out_of_the_way() {
    let origin = server::http1(|request| async move { answer(request.headers()["host"].as_bytes().to_vec()) }).await;
    let inside = origin.address;
    let (asks, mut asked) = mpsc::unbounded_channel();
    let proxy = server::accept(move |mut stream| {
        let asks = asks.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            asks.send(String::from_utf8(head).unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nvia: proxy\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(inside).await.unwrap();
            drop(tokio::io::copy_bidirectional(&mut stream, &mut onward).await);
        }
    })
    .await;
    let egress = Egress { proxy: Some(format!("http://me:pw@{}", proxy.address)), ..Egress::default() };
    let net = net();
    let to = named("api.example", egress);
    for _ in 0..2 {
        let reply = send(&net, &to, get("/")).await.unwrap();
        assert_eq!(text(reply).await, "api.example");
    }
    let ask = soon(asked.recv()).await.unwrap();
    assert_eq!(
        ask,
        "CONNECT api.example:80 HTTP/1.1\r\nhost: api.example:80\r\nproxy-authorization: Basic bWU6cHc=\r\n\r\n"
    );
    assert_eq!((proxy.connections(), origin.connections()), (1, 1));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_failure_to_connect() {
    let proxy = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
    })
    .await;
    let egress = Egress { proxy: Some(format!("http://me:hunter2@{}", proxy.address)), ..Egress::default() };
    let error = send(&net(), &named("api.example", egress), get("/")).await.unwrap_err();
    assert_eq!(error.to_string(), "could not connect: the proxy answered 407");
}

#[tokio::test]
async fn giving_up_while_connecting_leaves_nothing_open() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = server::accept(move |mut stream| {
        let events = events.clone();
        async move {
            events.send("accepted").unwrap();
            drop(stream.read_to_end(&mut Vec::new()).await);
            events.send("closed").unwrap();
        }
    })
    .await;
    let net = net();
    let to = Endpoint { tls: true, ..server.endpoint() };
    let mut sending = Box::pin(send(&net, &to, get("/")));
    tokio::select! {
        _ = &mut sending => panic!("there is no answer"),
        event = seen.recv() => assert_eq!(event, Some("accepted")),
    }
    drop(sending);
    assert_eq!(soon(seen.recv()).await, Some("closed"));
    until(|| net.open() == 0).await;
}

#[test]
fn a_wrong_egress_is_refused_with_its_file_named_and_no_secret_shown() {
    let missing = Egress { ca_file: Some("/nonexistent/ca.pem".into()), ..Egress::default() };
    let error = Net::check(&missing).unwrap_err().to_string();
    assert!(error.contains("/nonexistent/ca.pem"), "{error}");
    let proxy = Egress { proxy: Some("socks5://me:hunter2@p:1".into()), ..Egress::default() };
    let error = Net::check(&proxy).unwrap_err();
    assert!(matches!(error, NetError::Proxy) && !error.to_string().contains("hunter2"));
    let nowhere = Egress { connect_to: Some("localhost".into()), ..Egress::default() };
    assert!(matches!(Net::check(&nowhere), Err(NetError::ConnectTo { .. })));
    assert!(Net::check(&Egress::default()).is_ok());
}

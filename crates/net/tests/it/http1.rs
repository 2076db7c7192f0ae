//! HTTP/1.1: which connection a request uses, and what becomes of it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use claviger_net::{Net, NetSettings, Outgoing, SendError};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::server::{self, answer, chunk, endless, get, net, post, send, soon, stream_body, text, until};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn one_connection_serves_requests_in_turn() {
    let server = server::http1(|_| async { answer("hello") }).await;
    let net = net();
    for turn in 0..5 {
        let reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
        assert_eq!(reply.reused, turn > 0);
        assert_eq!(text(reply).await, "hello");
    }
    assert_eq!((server.connections(), net.open(), net.idle()), (1, 1, 1));
}

#[tokio::test]
async fn a_busy_connection_makes_the_next_request_open_another() {
    let server = server::http1(|_| async { endless() }).await;
    let net = net();
    let mut first = send(&net, &server.endpoint(), get("/")).await.unwrap();
    let mut second = send(&net, &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(chunk(&mut first.body).await, "first");
    assert_eq!(chunk(&mut second.body).await, "first");
    assert_eq!((server.connections(), net.open(), net.idle()), (2, 2, 0));
}

#[tokio::test]
async fn a_half_read_body_closes_its_connection() {
    let server = server::http1(|_| async { endless() }).await;
    let net = net();
    let mut reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(chunk(&mut reply.body).await, "first");
    drop(reply);
    until(|| net.open() == 0).await;
    assert_eq!(net.idle(), 0);
}

#[tokio::test]
async fn dropping_the_send_future_closes_the_connection() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = server::accept(move |mut stream| {
        let events = events.clone();
        async move {
            assert!(server::read_head(&mut stream).await);
            events.send("request").unwrap();
            assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
            events.send("closed").unwrap();
        }
    })
    .await;
    let net = net();
    let to = server.endpoint();
    let mut sending = Box::pin(send(&net, &to, get("/")));
    tokio::select! {
        _ = &mut sending => panic!("there is no answer"),
        event = seen.recv() => assert_eq!(event, Some("request")),
    }
    drop(sending);
    assert_eq!(soon(seen.recv()).await, Some("closed"));
    until(|| net.open() == 0).await;
}

#[tokio::test]
async fn an_idle_connection_the_peer_closed_is_not_used() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let net = net();
    for _ in 0..3 {
        let reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
        assert_eq!(text(reply).await, "ok");
        until(|| net.open() == 0).await;
    }
    assert_eq!((server.connections(), net.idle()), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_racing_with_a_close_is_rescued_or_said_to_be_sent() {
    let server = server::accept(|mut stream| async move {
        if server::read_head(&mut stream).await {
            drop(stream.write_all(OK).await);
        }
    })
    .await;
    let net = net();
    for _ in 0..200 {
        match send(&net, &server.endpoint(), get("/")).await {
            Ok(reply) => drop(reply.body.collect().await.unwrap()),
            Err(SendError::Closed { reused: true, sent: true }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_close_after_the_request_is_said_to_be_sent() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(OK).await.unwrap();
        assert!(server::read_head(&mut stream).await);
    })
    .await;
    let net = net();
    text(send(&net, &server.endpoint(), get("/")).await.unwrap()).await;
    let error = send(&net, &server.endpoint(), get("/")).await.unwrap_err();
    assert!(matches!(error, SendError::Closed { reused: true, sent: true }), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn connections_unused_for_too_long_are_not_used_again() {
    let server = server::http1(|_| async { answer("hello") }).await;
    let net = Net::new(NetSettings { idle_timeout: Duration::ZERO, ..NetSettings::default() }).unwrap();
    for _ in 0..2 {
        assert_eq!(text(send(&net, &server.endpoint(), get("/")).await.unwrap()).await, "hello");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn no_more_idle_connections_are_kept_than_set() {
    let server = server::http1(|_| async { answer("hello") }).await;
    let net = Net::new(NetSettings { max_idle_per_endpoint: 2, ..NetSettings::default() }).unwrap();
    let mut replies = Vec::new();
    for _ in 0..4 {
        replies.push(send(&net, &server.endpoint(), get("/")).await.unwrap());
    }
    for reply in replies {
        text(reply).await;
    }
    until(|| net.open() == 2).await;
    assert_eq!(net.idle(), 2);
}

#[tokio::test]
async fn retain_closes_the_connections_of_endpoints_that_went() {
    let server = server::http1(|_| async { answer("hello") }).await;
    let net = net();
    text(send(&net, &server.endpoint(), get("/")).await.unwrap()).await;
    net.retain(&|_| true);
    assert_eq!(net.idle(), 1);
    net.retain(&|_| false);
    until(|| net.open() == 0).await;
    assert_eq!(net.idle(), 0);
}

#[tokio::test]
async fn bodies_go_out_whole_with_a_length_or_as_they_come() {
    let server = server::http1(|request| async {
        let length = request.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        answer(format!("{length:?} {}", String::from_utf8_lossy(&body)))
    })
    .await;
    let net = net();
    let reply = send(&net, &server.endpoint(), post("/", "{}")).await.unwrap();
    assert_eq!(text(reply).await, "Some(\"2\") {}");
    let body = stream_body(vec![Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))]);
    let reply = send(&net, &server.endpoint(), Outgoing { body, ..post("/", "") }).await.unwrap();
    assert_eq!(text(reply).await, "None ab");
}

#[tokio::test]
async fn a_failing_body_stream_is_the_requests_fault() {
    let server = server::http1(|request| async {
        drop(request.into_body().collect().await);
        answer("hello")
    })
    .await;
    let body = stream_body(vec![Ok(Bytes::from_static(b"a")), Err(io::Error::other("gone"))]);
    let error = send(&net(), &server.endpoint(), Outgoing { body, ..post("/", "") }).await.unwrap_err();
    assert_eq!(error.kind(), "bad_request", "{error:?}");
}

#[tokio::test]
async fn a_request_that_is_answered_before_its_end_goes_out_whole_if_the_answer_is_good() {
    const LONG: usize = 8 << 20;
    let (seen, mut told) = mpsc::unbounded_channel();
    let server = server::accept(move |mut stream| {
        let seen = seen.clone();
        async move {
            assert!(server::read_head(&mut stream).await);
            stream.write_all(OK).await.unwrap();
            let mut body = vec![0; LONG];
            stream.read_exact(&mut body).await.unwrap();
            seen.send(body.len()).unwrap();
        }
    })
    .await;
    let request = Outgoing { body: claviger_net::OutBody::Whole(vec![b'x'; LONG].into()), ..post("/", "") };
    let reply = send(&net(), &server.endpoint(), request).await.unwrap();
    assert_eq!(text(reply).await, "ok");
    assert_eq!(soon(told.recv()).await, Some(LONG));
}

#[tokio::test]
async fn who_refuses_a_request_before_its_end_is_not_sent_the_rest() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"HTTP/1.1 413 no\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        // reads nothing more, and waits for the end
        let mut end = [0; 1];
        while stream.peek(&mut end).await.is_ok_and(|count| count > 0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let net = net();
    let request = Outgoing { body: claviger_net::OutBody::Whole(vec![b'x'; 8 << 20].into()), ..post("/", "") };
    let reply = send(&net, &server.endpoint(), request).await.unwrap();
    assert_eq!(reply.status, 413);
    assert_eq!(text(reply).await, "no");
    until(|| net.open() == 0).await;
}

#[tokio::test]
async fn interim_responses_are_skipped_and_garbage_is_a_protocol_error() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n").await.unwrap();
        stream.write_all(OK).await.unwrap();
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await.unwrap();
    })
    .await;
    let net = net();
    let reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(reply.status, 200);
    text(reply).await;
    let error = send(&net, &server.endpoint(), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "protocol", "{error:?}");
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_and_not_an_end() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n").await.unwrap();
    })
    .await;
    let mut reply = send(&net(), &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(chunk(&mut reply.body).await, "ok");
    assert_eq!(soon(reply.body.frame()).await.unwrap().unwrap_err().kind(), "cut");
}

#[tokio::test]
async fn broken_chunk_framing_is_a_protocol_error() {
    let server = server::accept(|mut stream| async move {
        assert!(server::read_head(&mut stream).await);
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nok\r\n").await.unwrap();
    })
    .await;
    let mut reply = send(&net(), &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(soon(reply.body.frame()).await.unwrap().unwrap_err().kind(), "protocol");
}

#[tokio::test]
async fn heads_up_to_64_kib_are_read_and_longer_ones_refused() {
    let server = server::accept(|mut stream| async move {
        for size in [60 * 1024, 70 * 1024] {
            assert!(server::read_head(&mut stream).await);
            let long = "x".repeat(size);
            let head = format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 0\r\n\r\n");
            drop(stream.write_all(head.as_bytes()).await);
        }
    })
    .await;
    let net = net();
    let reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(reply.headers["x-long"].len(), 60 * 1024);
    let error = send(&net, &server.endpoint(), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "protocol", "{error:?}");
}

#[tokio::test]
async fn an_empty_reply_frees_its_connection_without_its_body_being_read() {
    let server = server::http1(|_| async { answer("") }).await;
    let net = net();
    let reply = send(&net, &server.endpoint(), get("/")).await.unwrap();
    assert_eq!(net.idle(), 1);
    drop(reply);
    assert!(send(&net, &server.endpoint(), get("/")).await.unwrap().reused);
}

#[tokio::test]
async fn unused_connections_are_swept() {
    let http1 = server::http1(|_| async { answer("hello") }).await;
    let http2 = server::http2(100, |_| async { answer("hello") }).await;
    let net = net();
    for to in [http1.endpoint(), http2.endpoint_http2()] {
        text(send(&net, &to, get("/")).await.unwrap()).await;
    }
    assert_eq!((net.idle(), net.open()), (2, 2));
    tokio::time::pause();
    tokio::time::advance(NetSettings::default().idle_timeout * 2).await;
    tokio::time::resume();
    until(|| net.open() == 0).await;
    assert_eq!(net.idle(), 0);
}

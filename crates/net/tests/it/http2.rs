//! HTTP/2: streams, limits, and connections that go away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Version;
use tokio::sync::{mpsc, oneshot};

use crate::server::{self, Answer, answer, chunk, endless, get, net, post, send, soon, text, until};

async fn long_or_short(request: http::Request<hyper::body::Incoming>) -> Answer {
    if request.uri().path() == "/long" { endless() } else { answer("short") }
}

#[tokio::test]
async fn streams_share_a_connection() {
    let server = server::http2(100, long_or_short).await;
    let net = net();
    let to = server.endpoint_http2();
    let mut long = send(&net, &to, get("/long")).await.unwrap();
    assert_eq!(long.version, Version::HTTP_2);
    assert!(!long.reused);
    let short = send(&net, &to, post("/short", "{}")).await.unwrap();
    assert!(short.reused);
    assert_eq!(text(short).await, "short");
    assert_eq!(chunk(&mut long.body).await, "first");
    assert_eq!((server.connections(), net.idle()), (1, 0));
    drop(long);
    until(|| net.idle() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_long_streams_do_not_hold_up_one_more_request() {
    let server = server::http2(100, long_or_short).await;
    let net = net();
    let to = server.endpoint_http2();
    let long = soon(join_all((0..300).map(|_| net.send(&to, get("/long"), server::PATIENCE)))).await;
    let mut long: Vec<_> = long.into_iter().map(Result::unwrap).collect();
    assert_eq!(text(send(&net, &to, get("/short")).await.unwrap()).await, "short");
    for reply in &mut long {
        assert_eq!(chunk(&mut reply.body).await, "first");
    }
    assert!((4..=6).contains(&server.connections()), "{} connections", server.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peers_own_stream_limit_is_kept() {
    let server = server::http2(2, long_or_short).await;
    let net = net();
    let to = server.endpoint_http2();
    let long = soon(join_all((0..6).map(|_| net.send(&to, get("/long"), server::PATIENCE)))).await;
    assert!(long.iter().all(Result::is_ok));
    assert_eq!(text(send(&net, &to, get("/short")).await.unwrap()).await, "short");
    assert!((4..=7).contains(&server.connections()), "{} connections", server.connections());
}

#[tokio::test]
async fn requests_share_the_failure_of_the_connection_they_waited_for() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&attempts);
    // The proxy refuses, which takes a moment; so all requests wait for the first one's try.
    let proxy = server::accept(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            server::read_head(&mut stream).await;
            drop(tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await);
        }
    })
    .await;
    let egress = claviger_net::Egress {
        http2: Some(true),
        proxy: Some(format!("http://{}", proxy.address)),
        ..claviger_net::Egress::default()
    };
    let to = server::endpoint(proxy.address, egress);
    let net = net();
    let all = soon(join_all((0..50).map(|_| net.send(&to, get("/"), server::PATIENCE)))).await;
    assert!(all.iter().all(|one| one.as_ref().is_err_and(|error| error.kind() == "connect")));
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn dropping_the_send_future_resets_the_stream_and_keeps_the_connection() {
    struct Told(mpsc::UnboundedSender<&'static str>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send("dropped").unwrap_or_default();
        }
    }
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = server::http2(100, move |request| {
        let events = events.clone();
        async move {
            if request.uri().path() == "/short" {
                return answer("short");
            }
            let _told = Told(events.clone());
            events.send("request").unwrap();
            std::future::pending().await
        }
    })
    .await;
    let net = net();
    let to = server.endpoint_http2();
    let mut sending = Box::pin(send(&net, &to, get("/never")));
    tokio::select! {
        _ = &mut sending => panic!("there is no answer"),
        event = seen.recv() => assert_eq!(event, Some("request")),
    }
    drop(sending);
    assert_eq!(soon(seen.recv()).await, Some("dropped"));
    let reply = send(&net, &to, get("/short")).await.unwrap();
    assert!(reply.reused);
    assert_eq!(text(reply).await, "short");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_told_to_go_away_takes_no_new_request_and_finishes_its_own() {
    let (tell, told) = oneshot::channel::<()>();
    let told = Arc::new(parking_lot::Mutex::new(Some(told)));
    let server = server::accept(move |stream| {
        let told = told.lock().take();
        async move {
            let service = hyper::service::service_fn(|request| async {
                Ok::<_, std::convert::Infallible>(long_or_short(request).await)
            });
            let builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
            let mut connection =
                std::pin::pin!(builder.serve_connection(hyper_util::rt::TokioIo::new(stream), service));
            if let Some(told) = told {
                tokio::select! {
                    _ = connection.as_mut() => return,
                    _ = told => connection.as_mut().graceful_shutdown(),
                }
            }
            drop(connection.await);
        }
    })
    .await;
    let net = net();
    let to = server.endpoint_http2();
    let mut long = send(&net, &to, get("/long")).await.unwrap();
    tell.send(()).unwrap();
    while server.connections() < 2 {
        assert_eq!(text(send(&net, &to, post("/short", "{}")).await.unwrap()).await, "short");
    }
    assert_eq!(chunk(&mut long.body).await, "first");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_swallowed_a_request_in_silence_gets_no_other() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let server = server::http2(100, move |request| {
        let events = events.clone();
        async move {
            if request.uri().path() == "/short" {
                return answer("short");
            }
            events.send(()).unwrap();
            std::future::pending().await
        }
    })
    .await;
    let net = net();
    let to = server.endpoint_http2();
    let mut sending = Box::pin(net.send(&to, get("/never"), server::PATIENCE));
    tokio::select! {
        _ = &mut sending => panic!("there is no answer"),
        event = seen.recv() => event.unwrap(),
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    drop(sending);
    let reply = send(&net, &to, get("/short")).await.unwrap();
    assert!(!reply.reused);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn when_the_opener_gives_up_a_waiting_request_opens_the_connection() {
    let origin = server::http2(100, long_or_short).await;
    let inside = origin.address;
    let (events, mut seen) = mpsc::unbounded_channel();
    let proxy = server::accept(move |mut stream| {
        let first = !events.is_closed() && events.send(()).is_ok();
        async move {
            assert!(server::read_head(&mut stream).await);
            if first {
                std::future::pending::<()>().await;
            }
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut onward = tokio::net::TcpStream::connect(inside).await.unwrap();
            drop(tokio::io::copy_bidirectional(&mut stream, &mut onward).await);
        }
    })
    .await;
    let egress = claviger_net::Egress {
        http2: Some(true),
        proxy: Some(format!("http://{}", proxy.address)),
        ..claviger_net::Egress::default()
    };
    let to = server::endpoint(origin.address, egress);
    let net = net();
    let mut opener = Box::pin(net.send(&to, get("/short"), server::PATIENCE));
    let mut waiter = Box::pin(net.send(&to, get("/short"), server::PATIENCE));
    tokio::select! {
        biased;
        _ = &mut opener => panic!("the first connection hangs"),
        _ = &mut waiter => panic!("it waits for the first"),
        event = seen.recv() => event.unwrap(),
    }
    drop(seen);
    drop(opener);
    assert_eq!(text(soon(waiter).await.unwrap()).await, "short");
    assert_eq!(proxy.connections(), 2);
}

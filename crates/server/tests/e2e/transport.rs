//! HTTP/2 and TLS, in and out.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use claviger_testkit::{FaultKind, Script, ScriptedUpstream, TokenScript};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{Config, Folder, Gateway, Io, Provider, Wire, chat, launch, soon, stream, token, tokens};

type Http2 = SendRequest<Full<Bytes>>;

async fn http2(io: impl Io + 'static) -> Http2 {
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Status and body of a chat request over HTTP/2.
async fn ask(sender: &mut Http2, scheme: &str, text: &str, streamed: bool) -> (u16, String) {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": text}], "stream": streamed});
    let request = http::Request::post(format!("{scheme}://localhost/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let answering = async {
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    };
    let (status, bytes) = soon("an answer over HTTP/2", answering).await;
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn speaks_http2(mut sender: Http2, scheme: &str) {
    let (status, body) = ask(&mut sender, scheme, "over two", false).await;
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &said["choices"][0]["message"]["content"]), (200, &json!("You said: over two")));
    let (status, body) = ask(&mut sender, scheme, "over two", true).await;
    assert_eq!(status, 200);
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    // many at once on one connection
    let mut all = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (mut sender, scheme) = (sender.clone(), scheme.to_owned());
        all.spawn(async move { ask(&mut sender, &scheme, &format!("number {number}"), number % 2 == 0).await.0 });
    }
    assert_eq!(all.join_all().await, vec![200; 50]);
}

#[tokio::test]
async fn clients_may_speak_http2_in_the_clear() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(2))).await;
    let tcp = TcpStream::connect(gateway.data()).await.unwrap();
    speaks_http2(http2(tcp).await, "http").await;
    assert!(provider.seen().iter().all(|seen| seen.version == "HTTP/1.1"));
}

#[tokio::test]
async fn providers_may_speak_http2_in_the_clear() {
    let script = Script::new().healthy(tokens(3)).token(token(0), TokenScript::broken(FaultKind::Reset));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::at("main", &provider.url()).tokens(&tokens(3)).line("egress: { http2: true }");
    let gateway = launch(&Config::default().provider(entry)).await;
    for number in 0..6 {
        let text = format!("number {number}");
        for request in [chat(&text), stream(&text)] {
            let answer = gateway.ask(&request).await;
            assert_eq!((answer.status, answer.said()), (200, format!("You said: {text}")));
        }
    }
    assert!(provider.seen().iter().all(|seen| seen.version == "HTTP/2.0"));
}

/// A gateway with a certificate of its own for `localhost`, and the file of that certificate.
async fn secured(url: &str) -> (Gateway, Folder, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = Folder::new();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let listen = format!("{{ address: 127.0.0.1:0, tls: {{ cert: {}, key: {} }} }}", cert.display(), key.display());
    let gateway = launch(&Config::one(url, &tokens(2)).listen(&listen)).await;
    (gateway, folder, cert)
}

/// A TLS connection that trusts the certificate and offers these protocols; and the one that was agreed on.
async fn connect(gateway: &Gateway, cert: &PathBuf, offer: &[&str]) -> (TlsStream<TcpStream>, Option<String>) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(cert).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = offer.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tcp = TcpStream::connect(gateway.data()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let tls = soon("a TLS handshake", handshake).await.unwrap();
    let agreed = tls.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    (tls, agreed)
}

#[tokio::test]
async fn tls_clients_are_served_in_the_version_they_agree_on() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let (gateway, _folder, cert) = secured(&provider.url()).await;
    let (tls, agreed) = connect(&gateway, &cert, &["h2", "http/1.1"]).await;
    assert_eq!(agreed.as_deref(), Some("h2"));
    speaks_http2(http2(tls).await, "https").await;
    for offer in [&["http/1.1"][..], &[]] {
        let (tls, agreed) = connect(&gateway, &cert, offer).await;
        assert_eq!(agreed.as_deref(), offer.first().copied());
        let answer = Wire::over(tls, "localhost").ask(&chat("safely")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "You said: safely"));
    }
}

#[tokio::test]
async fn who_speaks_no_tls_to_a_tls_port_disturbs_nobody() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let (gateway, _folder, cert) = secured(&provider.url()).await;
    for noise in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"\x16\x03\x01\xff\xff\x00\x00", b"\x00"] {
        let mut wire = gateway.wire().await;
        wire.write(noise).await;
        wire.half_close().await;
        wire.rest().await;
        let (tls, _) = connect(&gateway, &cert, &["http/1.1"]).await;
        assert_eq!(Wire::over(tls, "localhost").ask(&chat("still there")).await.status, 200);
    }
}

#[tokio::test]
async fn many_requests_share_one_kept_connection() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(2))).await;
    let mut wire = gateway.wire().await;
    for number in 0..10 {
        let text = format!("number {number}");
        let request = if number % 2 == 0 { chat(&text) } else { stream(&text) };
        assert_eq!(wire.ask(&request).await.said(), format!("You said: {text}"));
    }
    // pipelined: answered in order
    let all: Vec<u8> = (0..5).flat_map(|number| chat(&format!("pipe {number}")).bytes("x")).collect();
    wire.write(&all).await;
    for number in 0..5 {
        let answer = soon("a pipelined answer", wire.answer()).await.unwrap();
        assert_eq!(answer.said(), format!("You said: pipe {number}"));
    }
    let expecting = chat("expected").header("expect", "100-continue");
    wire.send(&expecting).await;
    let first = soon("an interim or final answer", wire.answer()).await.unwrap();
    let last = if first.status == 100 { soon("the final answer", wire.answer()).await.unwrap() } else { first };
    assert_eq!(last.status, 200);
    let state = gateway.state().await;
    assert!(state["connections"]["open"].as_u64().unwrap() <= 2, "one after the other needs no more: {state}");
}

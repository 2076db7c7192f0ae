//! The realtime API over a hand-made WebSocket.

use claviger_testkit::{Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Connects with the key of RFC 6455 section 1.3; returns the stream after the head, and the head.
async fn connect(upstream: &Running, extra: &str) -> (TcpStream, String) {
    let mut tcp = TcpStream::connect(upstream.addr()).await.expect("a connection");
    let head = format!(
        "GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-a\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n"
    );
    tcp.write_all(head.as_bytes()).await.expect("written");
    let mut got = Vec::new();
    while !got.ends_with(b"\r\n\r\n") {
        got.push(tcp.read_u8().await.expect("a head"));
    }
    (tcp, String::from_utf8(got).expect("text"))
}

/// One masked client frame with a payload below 126 bytes or, above, a 16-bit length.
async fn write(tcp: &mut TcpStream, first: u8, payload: &[u8]) {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).expect("a test payload").to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    tcp.write_all(&frame).await.expect("written");
}

/// One server frame: its first byte and payload.
async fn read(tcp: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = tcp.read_u8().await.expect("a frame");
    let length = match tcp.read_u8().await.expect("a length") {
        126 => u64::from(tcp.read_u16().await.expect("a length")),
        127 => tcp.read_u64().await.expect("a length"),
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).expect("small")];
    tcp.read_exact(&mut payload).await.expect("a payload");
    (first, payload)
}

async fn event(tcp: &mut TcpStream) -> Value {
    let (first, payload) = read(tcp).await;
    assert_eq!(first, 0x81);
    serde_json::from_slice(&payload).expect("JSON")
}

async fn events_until(tcp: &mut TcpStream, last: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        events.push(event(tcp).await);
        if events.last().is_some_and(|event| event["type"] == last) {
            return events;
        }
    }
}

async fn healthy() -> Running {
    ScriptedUpstream::start(Script::new().healthy(["sk-a"])).await.expect("a port")
}

#[tokio::test]
async fn a_conversation_is_answered_event_by_event() {
    let upstream = healthy().await;
    let (mut tcp, head) = connect(&upstream, "").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let created = event(&mut tcp).await;
    assert_eq!((&created["type"], &created["session"]["model"]), (&json!("session.created"), &json!("gpt-realtime")));
    let item = json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "user",
        "content": [{ "type": "input_text", "text": "hello you" }] } });
    write(&mut tcp, 0x81, item.to_string().as_bytes()).await;
    events_until(&mut tcp, "conversation.item.done").await;
    write(&mut tcp, 0x81, json!({ "type": "response.create" }).to_string().as_bytes()).await;
    let events = events_until(&mut tcp, "response.done").await;
    let said: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(said, "You said: hello you");
    write(&mut tcp, 0x88, &1000_u16.to_be_bytes()).await;
    assert_eq!(read(&mut tcp).await, (0x88, 1000_u16.to_be_bytes().to_vec()));
    let seen = upstream.seen_when(|seen| seen[0].finished).await;
    assert_eq!((seen[0].status, seen[0].left_early), (Some(101), false));
}

#[tokio::test]
async fn fragments_are_joined_and_pings_between_them_answered() {
    let upstream = healthy().await;
    let (mut tcp, _) = connect(&upstream, "OpenAI-Beta: realtime=v1\r\n").await;
    event(&mut tcp).await;
    write(&mut tcp, 0x01, br#"{"type": "session.up"#).await;
    write(&mut tcp, 0x89, b"are you there").await;
    write(&mut tcp, 0x80, br#"date", "session": {"voice": "alloy"}}"#).await;
    assert_eq!(read(&mut tcp).await, (0x8a, b"are you there".to_vec()));
    let updated = event(&mut tcp).await;
    assert_eq!((&updated["type"], &updated["session"]["voice"]), (&json!("session.updated"), &json!("alloy")));
    write(&mut tcp, 0x81, br#"{"type": "response.create"}"#).await;
    let events = events_until(&mut tcp, "response.done").await;
    assert!(events.iter().any(|event| event["type"] == "response.text.delta"), "the beta's names");
    drop(tcp);
    assert!(upstream.seen_when(|seen| seen[0].left_early).await[0].left_early);
}

#[tokio::test]
async fn an_unmasked_frame_ends_the_connection() {
    let upstream = healthy().await;
    let (mut tcp, _) = connect(&upstream, "").await;
    event(&mut tcp).await;
    tcp.write_all(b"\x81\x02hi").await.expect("written");
    assert_eq!(tcp.read(&mut [0; 16]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn token_faults_come_before_the_handshake() {
    let upstream =
        ScriptedUpstream::start(Script::new().token("sk-a", TokenScript::status(401))).await.expect("a port");
    let (_, head) = connect(&upstream, "").await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
}

#[tokio::test]
async fn stopping_the_server_ends_conversations() {
    let upstream = healthy().await;
    let (mut tcp, _) = connect(&upstream, "").await;
    event(&mut tcp).await;
    upstream.stop().await;
    assert_eq!(tcp.read(&mut [0; 16]).await.unwrap_or(0), 0);
}

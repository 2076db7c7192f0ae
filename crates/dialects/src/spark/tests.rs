use serde_json::{Value, json};

use crate::codec::Context;
use crate::protocol::Protocol;
use crate::translation::Translation;

fn translation() -> Translation {
    Translation::new(Protocol::OpenAiChat, Protocol::Spark, Context::default()).unwrap()
}

#[test]
fn failures_within_a_good_status_have_a_kind() {
    for (code, status) in [(10013, 400), (11202, 429), (10110, 503), (11200, 403), (10012, 500)] {
        let body = json!({ "code": code, "message": "why", "sid": "s" }).to_string();
        let reply = translation().answer(200, body.as_bytes());
        assert_eq!(reply.status, status, "{code}");
        assert!(String::from_utf8_lossy(&reply.body).contains("why"));
    }
}

#[test]
fn a_stream_without_its_terminator_is_not_whole() {
    let (mut stream, mut out) = (translation().stream(), Vec::new());
    let event = json!({ "code": 0, "sid": "s", "choices": [{ "index": 0, "delta": { "content": "Ki" } }] });
    stream.push(format!("data: {event}\n\n").into(), &mut out);
    stream.finish(&mut out);
    let text = String::from_utf8(out).unwrap();
    let last: Value = serde_json::from_str(text.trim_end().rsplit("data: ").next().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "stream_cut");
}

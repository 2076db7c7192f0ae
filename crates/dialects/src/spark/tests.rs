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

#[test]
fn a_caller_of_openais_keeps_every_field_under_the_names_that_spark_has() {
    let context = Context { model: Some("4.0Ultra".to_owned()), ..Context::default() };
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Spark, context).unwrap();
    let asked = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Hi", "x": 1 }], "stop": "\n\n", "top_k": 4,
        "max_completion_tokens": 9, "stream": true, "tools": [{ "type": "web_search", "web_search": { "enable": true } }],
    });
    let sent = translation.request(asked.to_string().as_bytes()).unwrap();
    assert!(sent.stream && sent.dropped.is_empty());
    let mut wanted = asked;
    let fields = wanted.as_object_mut().unwrap();
    fields.remove("max_completion_tokens");
    fields.extend([("model".to_owned(), json!("4.0Ultra")), ("max_tokens".to_owned(), json!(9))]);
    fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), wanted);
}

use bytes::Bytes;
use claviger_wire::ask::Arrival;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::*;
use crate::Settings;

const TEXT: &str = "The harbour opens at \"seven\".";

fn provider(kind: &str, options: Value) -> Provider {
    let options = options.as_object().cloned().unwrap_or_default();
    let context = ContextFile::new("http://files.example/kb.txt", None, false);
    Provider::build(&Settings { kind: kind.to_owned(), tokens: 1, context, options, ..Settings::default() })
        .expect("a valid entry")
}

fn ask(path: &'static str, body: &str) -> Ask {
    let json = HeaderValue::from_static("application/json");
    Ask::read(Arrival {
        method: Method::POST,
        uri: http::Uri::from_static(path),
        host: String::new(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
        body: Bytes::from(body.to_owned()),
        truncated: false,
    })
    .expect("a good request")
}

/// The body with the text in it, as the provider of this type is given it to prepare.
fn with(kind: &str, path: &'static str, body: &Value) -> Value {
    let options = json!({"qwenEnableCompatible": false});
    let ask = ask(path, &body.to_string());
    let provider = provider(kind, options);
    assert!(provider.wants_context(&ask), "{kind} {path}");
    serde_json::from_slice(&provider.with_context(&ask, None, TEXT).expect("it fits in").body).expect("JSON")
}

fn chat(kind: &str, roles: &[&str]) -> Vec<String> {
    let messages: Vec<Value> = roles.iter().map(|role| json!({"role": role, "content": role})).collect();
    let body = with(kind, "/v1/chat/completions", &json!({"model": "m", "messages": messages}));
    let messages = body["messages"].as_array().expect("messages").iter();
    messages
        .map(|message| format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect()
}

#[test]
fn it_follows_the_instructions_at_the_beginning() {
    let text = format!("system: {TEXT}");
    assert_eq!(chat("deepseek", &["user"]), [text.as_str(), "user: user"]);
    let all = ["system", "developer", "user", "system"];
    let wanted = ["system: system", "developer: developer", text.as_str(), "user: user", "system: system"];
    assert_eq!(chat("openai", &all), wanted);
    assert_eq!(chat("gemini", &["system", "user"]), ["system: system", text.as_str(), "user: user"]);
}

#[test]
fn it_comes_first_for_claude_and_second_for_qwen() {
    let text = format!("system: {TEXT}");
    let joined = format!("{text}\nsystem");
    assert_eq!(chat("claude", &["system", "user"]), [joined.as_str(), "user: user"]);
    let several = ["system: system", "developer: developer", "user: user"];
    assert_eq!(chat("claude", &["system", "developer", "user"])[1..], several);
    assert_eq!(chat("qwen", &["user"]), ["system: You are a helpful assistant.", text.as_str(), "user: user"]);
    assert_eq!(chat("qwen", &["system", "user"]), ["system: system", text.as_str(), "user: user"]);
}

#[test]
fn every_caller_has_it_in_its_own_protocol() {
    let message = |system: &Value| {
        let body =
            json!({"model": "m", "max_tokens": 1, "system": system, "messages": [{"role": "user", "content": "x"}]});
        with("claude", "/v1/messages", &body)["system"].clone()
    };
    assert_eq!(message(&Value::Null), TEXT);
    assert_eq!(message(&json!("Own.")), format!("{TEXT}\nOwn."));
    let block = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(message(&json!([block("Own.")])), json!([block(TEXT), block("Own.")]));
    let identity = "You are Claude Code, Anthropic's official CLI for Claude.";
    assert_eq!(message(&json!([block(identity), block("Own.")])), json!([block(identity), block(TEXT), block("Own.")]));
    let body = json!({"model": "m", "system": "Own.", "messages": [{"role": "user", "content": "x"}]});
    let translated = with("deepseek", "/v1/messages", &body);
    assert_eq!(translated["system"], format!("{TEXT}\nOwn."), "it has a place for such callers");
    let translated = with("moonshot", "/v1/messages", &body);
    assert_eq!((&translated["system"], &translated["messages"][0]["content"]), (&json!("Own."), &json!(TEXT)));
    let contents = json!([{"role": "user", "parts": [{"text": "x"}]}]);
    for name in ["systemInstruction", "system_instruction"] {
        let body = json!({"contents": contents, name: {"parts": [{"text": "Own."}]}});
        let parts = with("gemini", "/v1beta/models/m:generateContent", &body)[name]["parts"].clone();
        assert_eq!(parts, json!([{"text": "Own."}, {"text": TEXT}]));
    }
    let body = with("gemini", "/v1beta/models/m:generateContent", &json!({ "contents": contents }));
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": TEXT}]}));
    let responses = |own: &Value| {
        let body = json!({"model": "m", "input": "x", "instructions": own});
        with("openai", "/v1/responses", &body)["instructions"].clone()
    };
    assert_eq!((responses(&Value::Null), responses(&json!("Own."))), (json!(TEXT), json!(format!("Own.\n\n{TEXT}"))));
}

#[test]
fn all_other_bytes_stay() {
    let body = r#"{ "new": 1.50, "model":"m","messages":[ {"content": "x" ,"role":"user", "odd":1e2} ] }"#;
    let with =
        provider("deepseek", json!({})).with_context(&ask("/v1/chat/completions", body), None, "T").expect("it fits");
    let wanted = r#"{ "new": 1.50, "model":"m","messages":[{"role":"system","content":"T"},{"content": "x" ,"role":"user", "odd":1e2}] }"#;
    assert_eq!(with.body, wanted);
}

#[test]
fn only_conversations_have_it() {
    let embeddings = ask("/v1/embeddings", r#"{"model":"m","input":"x"}"#);
    assert!(!provider("openai", json!({})).wants_context(&embeddings));
    let refused =
        provider("openai", json!({})).with_context(&ask("/v1/chat/completions", r#"{"model":"m"}"#), None, "T");
    assert!(matches!(refused, Err(PrepareError::BadRequest { .. })));
    let mut streamed = ask("/v1/chat/completions", r#"{"model":"m","messages":[]}"#);
    streamed.truncated = true;
    assert!(provider("openai", json!({})).with_context(&streamed, None, "T").is_err());
}

#[test]
fn a_file_is_where_its_url_says_and_at_the_services_port_if_that_names_none() {
    let file = |url, port, query| ContextFile::new(url, port, query).expect("a URL");
    let plain = file("http://files.example/kb.txt?v=2", Some(8080), false);
    assert_eq!((plain.tls, plain.authority.as_str(), plain.path.as_str()), (false, "files.example:8080", "/kb.txt"));
    assert_eq!(file("https://files.example/kb.txt?v=2", Some(443), true).path, "/kb.txt?v=2");
    assert_eq!(file("http://files.example:81/a", Some(8080), true).authority, "files.example:81");
    assert_eq!(ContextFile::new("not a url", None, true), None);
}

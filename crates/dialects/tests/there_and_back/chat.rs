//! What all of them need: OpenAI chat completions made up at random, and the way there.

use claviger_dialects::{Context, Protocol, Translation};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn translation(client: Protocol, upstream: Protocol) -> Translation {
    Translation::new(client, upstream, Context::default()).expect("a pair")
}

/// The request on the other side; nothing may be lost on the way.
pub(crate) fn forth(mut translation: Translation, body: &Value) -> Value {
    let outgoing = translation.request(body.to_string().as_bytes()).expect("a request");
    assert!(outgoing.dropped.is_empty(), "{} lost from {body}", outgoing.dropped);
    serde_json::from_slice(&outgoing.body).expect("JSON")
}

/// Text with all that must be escaped and some that must not.
pub(crate) fn letters() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-zA-Z0-9 \"\\\\\n\t\u{1}éß漢🚢/{}]{1,24}").expect("a pattern")
}

/// The same, never white space alone.
pub(crate) fn text() -> impl Strategy<Value = String> {
    letters().prop_map(|text| text + ".")
}

pub(crate) fn call(at: usize, arguments: &Value) -> Value {
    json!({ "id": format!("call_{at}"), "type": "function",
        "function": { "name": "tide", "arguments": arguments.to_string() } })
}

/// An answer whose input counts at least so many LLM tokens, 700 of them cached.
pub(crate) fn answer(least: u32) -> impl Strategy<Value = Value> {
    let calls = prop::collection::vec(text().prop_map(|text| json!({ "t": text })), 0..3);
    (prop::option::of(text()), text(), calls, least..9000_u32, 1..500_u32).prop_map(
        |(thought, said, calls, input, output)| {
            let list: Vec<Value> = calls.iter().enumerate().map(|(at, arguments)| call(at, arguments)).collect();
            let finish = if list.is_empty() { "length" } else { "tool_calls" };
            let mut message = json!({ "role": "assistant", "content": said, "refusal": null });
            if !list.is_empty() {
                message["tool_calls"] = list.into();
            }
            if let Some(thought) = thought {
                message["reasoning_content"] = thought.into();
            }
            json!({ "id": "a-1", "object": "chat.completion", "created": 0, "model": "m",
                "choices": [{ "index": 0, "message": message, "finish_reason": finish, "logprobs": null }],
                "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                    "prompt_tokens_details": { "cached_tokens": 700 } } })
        },
    )
}

/// Whether the events of an OpenAI stream tell this answer.
pub(crate) fn tells(text: &str, body: &Value) -> Result<(), TestCaseError> {
    let (mut said, mut thought, mut calls, mut last) = (String::new(), String::new(), 0, Value::Null);
    for data in text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        let chunk: Value = serde_json::from_str(data).expect("JSON");
        let delta = &chunk["choices"][0]["delta"];
        said.push_str(delta["content"].as_str().unwrap_or_default());
        thought.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        calls += usize::from(delta["tool_calls"][0]["id"].is_string());
        last = chunk;
    }
    let message = &body["choices"][0]["message"];
    prop_assert_eq!(&said, message["content"].as_str().expect("text"));
    prop_assert_eq!(&thought, message["reasoning_content"].as_str().unwrap_or_default());
    prop_assert_eq!(calls, message["tool_calls"].as_array().map_or(0, Vec::len));
    prop_assert_eq!(&last["choices"][0]["finish_reason"], &body["choices"][0]["finish_reason"]);
    prop_assert_eq!(&last["usage"], &body["usage"]);
    Ok(())
}

use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::CohereV1, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn plain(body: Value) -> (Value, String) {
    sent(body, Context { profile: Profile::default(), ..Context::default() })
}

#[test]
fn the_last_message_is_asked_and_the_rest_is_history() {
    let messages = json!([
        { "role": "system", "content": "s" },
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": "b" },
        { "role": "user", "content": "c" },
    ]);
    let (body, _) = plain(json!({ "model": "m", "messages": messages }));
    assert_eq!((&body["message"], &body["preamble"]), (&json!("c"), &json!("s")));
    let history = json!([{ "role": "USER", "message": "a" }, { "role": "CHATBOT", "message": "b" }]);
    assert_eq!(body["chat_history"], history);
}

#[test]
fn results_repeat_their_calls() {
    let call = json!({ "id": "x", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } });
    let messages = json!([
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "x", "content": "one" },
    ]);
    let (body, _) = plain(json!({ "model": "m", "messages": messages }));
    let call = json!({ "name": "f", "parameters": { "a": 1 } });
    assert_eq!(body["tool_results"], json!([{ "call": call, "outputs": [{ "output": "one" }] }]));
    assert_eq!(body["message"], "");
}

#[test]
fn a_schema_becomes_a_flat_table() {
    let schema = json!({ "type": "object", "required": ["a"], "properties": {
        "a": { "type": "integer", "description": "A" },
        "b": { "type": ["string", "null"] },
        "c": { "anyOf": [] },
    } });
    let tools = json!([{ "type": "function", "function": { "name": "f", "parameters": schema } }]);
    let (body, _) = plain(json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }], "tools": tools }));
    let want = json!({
        "a": { "description": "A", "type": "int", "required": true },
        "b": { "type": "str", "required": false },
        "c": { "type": "dict", "required": false },
    });
    assert_eq!(body["tools"][0]["parameter_definitions"], want);
}

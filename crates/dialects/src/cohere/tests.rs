use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Cohere, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn with(fields: Value) -> (Value, String) {
    let mut body = json!({ "model": "command-a-03-2025", "messages": [{ "role": "user", "content": "Hi" }] });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    sent(body, Context { profile: Profile::default(), ..Context::default() })
}

#[test]
fn of_many_tools_the_one_that_must_be_called_is_offered_alone() {
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name } });
    let choice = json!({ "type": "function", "function": { "name": "g" } });
    let (body, _) = with(json!({ "tools": [tool("f"), tool("g")], "tool_choice": choice }));
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!((&body["tools"][0]["function"]["name"], &body["tool_choice"]), (&json!("g"), &json!("REQUIRED")));
}

#[test]
fn only_models_that_can_think_are_told_to() {
    let (body, dropped) = with(json!({ "reasoning_effort": "low" }));
    assert_eq!((&body["thinking"], dropped.as_str()), (&Value::Null, "reasoning_effort"));
    let (body, dropped) = with(json!({ "model": "command-a-reasoning-08-2025", "reasoning_effort": "none" }));
    assert_eq!((&body["thinking"], dropped.as_str()), (&json!({ "type": "disabled" }), ""));
}

#[test]
fn a_schema_goes_with_the_json_object() {
    let schema = json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": { "type": "object" } } });
    let (body, _) = with(json!({ "response_format": schema }));
    assert_eq!(body["response_format"], json!({ "type": "json_object", "json_schema": { "type": "object" } }));
}

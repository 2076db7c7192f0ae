use serde_json::{Value, json};

use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn sent(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Hunyuan, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn instructions_stand_first_and_alone() {
    let messages = json!([
        { "role": "user", "content": "a" },
        { "role": "system", "content": "x" },
        { "role": "developer", "content": "y" },
    ]);
    let context = Context { profile: Profile::default(), ..Context::default() };
    let (body, _) = sent(json!({ "model": "m", "messages": messages }), context);
    let want = json!([{ "Role": "system", "Content": "x\ny" }, { "Role": "user", "Content": "a" }]);
    assert_eq!(body["Messages"], want);
}

#[test]
fn the_one_tool_to_call_is_told_whole() {
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let choice = json!({ "type": "function", "function": { "name": "f" } });
    let asked = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }], "tools": [tool],
        "tool_choice": choice });
    let (body, _) = sent(asked, Context::default());
    assert_eq!(body["ToolChoice"], "custom");
    assert_eq!(body["CustomTool"], body["Tools"][0]);
    assert!(body["Tools"][0]["Function"]["Parameters"].is_string());
}

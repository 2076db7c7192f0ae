//! Anthropic messages, whole and streamed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, Call, Framing, schema, text};

/// Calls the first tool unless a tool result came last; else echoes the last user message.
pub(crate) fn messages(call: &Call) -> Answer {
    let request = &call.json;
    let prompt = text::count_messages(&request["messages"]);
    let (block, output) = block(call);
    let stop = if block["type"] == "tool_use" { "tool_use" } else { "end_turn" };
    let message = |content: Value, stop: Option<&str>, output: usize| {
        json!({
            "id": format!("msg_{:016x}", call.digest()), "type": "message", "role": "assistant",
            "model": call.model_or("unknown"), "content": content, "stop_reason": stop, "stop_sequence": null,
            "usage": {
                "input_tokens": prompt, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "output_tokens": output,
            },
        })
    };
    if !call.streams() {
        return Answer::json(&message(json!([block]), Some(stop), output));
    }
    let start = json!({ "type": "message_start", "message": message(json!([]), None, 1) });
    Answer::events(events(&start, &block, stop, output), Framing::Anthropic)
}

/// The content block of the answer, and how many tokens it counts as.
fn block(call: &Call) -> (Value, usize) {
    let messages = &call.json["messages"];
    let last = messages.as_array().and_then(|messages| messages.last());
    let has_result = last.is_some_and(|message| {
        message["content"].as_array().into_iter().flatten().any(|part| part["type"] == "tool_result")
    });
    let tool = call.json["tools"].as_array().and_then(|tools| tools.first());
    if let Some(tool) = tool.filter(|_| !has_result && call.json["tool_choice"]["type"] != "none") {
        let input = schema::instance(&tool["input_schema"]);
        let id = format!("toolu_{:016x}", call.digest());
        return (json!({ "type": "tool_use", "id": id, "name": tool["name"], "input": input }), 1);
    }
    let said = text::reply(&text::last_user_text(messages), call.words);
    let output = text::count(&said);
    (json!({ "type": "text", "text": said }), output)
}

fn events(start: &Value, block: &Value, stop: &str, output: usize) -> Vec<Bytes> {
    let delta = |delta: Value| json!({ "type": "content_block_delta", "index": 0, "delta": delta });
    let mut empty = block.clone();
    let deltas: Vec<Value> = match block["text"].as_str() {
        Some(text) => {
            empty["text"] = "".into();
            text::pieces(text).iter().map(|piece| delta(json!({ "type": "text_delta", "text": piece }))).collect()
        }
        None => {
            empty["input"] = json!({});
            vec![delta(json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }))]
        }
    };
    let mut events = vec![
        start.clone(),
        json!({ "type": "content_block_start", "index": 0, "content_block": empty }),
        json!({ "type": "ping" }),
    ];
    events.extend(deltas);
    events.push(json!({ "type": "content_block_stop", "index": 0 }));
    events.push(json!({
        "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null },
        "usage": { "output_tokens": output },
    }));
    events.push(json!({ "type": "message_stop" }));
    events.iter().map(|event| Framing::Anthropic.event(event)).collect()
}

//! Anthropic messages, whole and streamed, and their count.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, Call, Framing, text,
    turn::{self, Asked, Choice, Said, Tool, list, string},
};

/// Answers a message as [`turn::play`] says.
pub(crate) fn messages(call: &Call) -> Answer {
    let asked = asked(&call.json);
    let said = turn::play(&asked, call.words);
    let prompt = text::count_messages(&call.json["messages"]);
    let cached = turn::cached(&asked, prompt);
    let (output, _) = turn::counts(&said);
    let stop = if turn::calls(&said) { "tool_use" } else { "end_turn" };
    let message = |content: Value, stop: Option<&str>, output: usize| {
        json!({
            "id": format!("msg_{:016x}", call.digest()), "type": "message", "role": "assistant",
            "model": call.model_or("unknown"), "content": content, "stop_reason": stop, "stop_sequence": null,
            "usage": {
                "input_tokens": prompt - cached, "cache_creation_input_tokens": 0, "cache_read_input_tokens": cached,
                "output_tokens": output,
            },
        })
    };
    let blocks: Vec<Value> = said.iter().enumerate().map(|(place, said)| block(call, place, said)).collect();
    if !call.streams() {
        return Answer::json(&message(blocks.into(), Some(stop), output));
    }
    let start = json!({ "type": "message_start", "message": message(json!([]), None, 1) });
    Answer::events(events(&start, &blocks, stop, output), Framing::Anthropic)
}

/// `count_tokens`: the words of the messages.
pub(crate) fn count_tokens(call: &Call) -> Answer {
    Answer::json(&json!({ "input_tokens": text::count_messages(&call.json["messages"]) }))
}

fn block(call: &Call, place: usize, said: &Said) -> Value {
    match said {
        Said::Thought(thought) => {
            json!({ "type": "thinking", "thinking": thought, "signature": turn::seal(thought) })
        }
        Said::Text(text) => json!({ "type": "text", "text": text }),
        Said::Call { name, input } => {
            json!({ "type": "tool_use", "id": turn::call_id("toolu_", call, place), "name": name, "input": input })
        }
    }
}

/// Start, a ping after the first block's start, blocks one after the other, stop.
fn events(start: &Value, blocks: &[Value], stop: &str, output: usize) -> Vec<Bytes> {
    let mut events = vec![start.clone()];
    for (index, block) in blocks.iter().enumerate() {
        let mut empty = block.clone();
        let deltas: Vec<Value> = match block["type"].as_str() {
            Some("thinking") => {
                empty["thinking"] = "".into();
                empty["signature"] = "".into();
                let pieces = text::pieces(block["thinking"].as_str().unwrap_or_default());
                let pieces = pieces.into_iter().map(|piece| json!({ "type": "thinking_delta", "thinking": piece }));
                let seal = json!({ "type": "signature_delta", "signature": block["signature"] });
                pieces.chain([seal]).collect()
            }
            Some("text") => {
                empty["text"] = "".into();
                let pieces = text::pieces(block["text"].as_str().unwrap_or_default());
                pieces.into_iter().map(|piece| json!({ "type": "text_delta", "text": piece })).collect()
            }
            _ => {
                empty["input"] = json!({});
                vec![json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() })]
            }
        };
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": empty }));
        if index == 0 {
            events.push(json!({ "type": "ping" }));
        }
        let delta = |delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({ "type": "content_block_stop", "index": index }));
    }
    events.push(json!({
        "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null },
        "usage": { "output_tokens": output },
    }));
    events.push(json!({ "type": "message_stop" }));
    events.iter().map(|event| Framing::Anthropic.event(event)).collect()
}

fn asked(request: &Value) -> Asked {
    let messages: Vec<&Value> = list(&request["messages"]).collect();
    let spoke = messages.iter().rev().find(|one| one["role"] == "user" && !text::plain(&one["content"]).is_empty());
    let said = spoke.map(|message| &message["content"]).unwrap_or(&Value::Null);
    let choice = &request["tool_choice"];
    let formats = [&request["output_config"]["format"], &request["output_format"]];
    Asked {
        text: text::last_user_text(&request["messages"]),
        media: list(said).filter_map(media).collect(),
        results: results(&messages),
        tools: list(&request["tools"])
            .map(|tool| Tool { name: string(&tool["name"]), schema: tool["input_schema"].clone() })
            .collect(),
        choice: match (choice["type"].as_str(), &choice["name"]) {
            (Some("none"), _) => Choice::None,
            (Some("tool"), Value::String(name)) => Choice::Named(name.clone()),
            _ => Choice::Free,
        },
        schema: formats.into_iter().find(|format| format["type"] == "json_schema").map(|one| one["schema"].clone()),
        json_object: false,
        thinks: ["enabled", "adaptive"].iter().any(|kind| request["thinking"]["type"] == *kind),
        remembers: messages.iter().flat_map(|message| list(&message["content"])).any(|block| {
            block["type"] == "thinking"
                && turn::is_sealed(block["thinking"].as_str().unwrap_or_default(), &block["signature"])
        }),
    }
}

fn media(block: &Value) -> Option<String> {
    if block["type"] != "image" && block["type"] != "document" {
        return None;
    }
    let source = &block["source"];
    Some(match source["type"].as_str() {
        Some("url") => turn::link(&source["url"]),
        _ => turn::blob(&source["media_type"], &source["data"]),
    })
}

/// What tools gave, if that came last.
fn results(messages: &[&Value]) -> Vec<(String, String)> {
    let Some(last) = messages.last() else { return Vec::new() };
    let calls = || messages.iter().flat_map(|message| list(&message["content"]));
    list(&last["content"])
        .filter(|block| block["type"] == "tool_result")
        .map(|result| {
            let called = calls().find(|call| call["type"] == "tool_use" && call["id"] == result["tool_use_id"]);
            let mut told = text::plain(&result["content"]);
            for seen in list(&result["content"]).filter_map(media) {
                told.push_str(&format!(" and {seen}"));
            }
            (called.map(|call| string(&call["name"])).unwrap_or_default(), told)
        })
        .collect()
}

//! Chat completions, whole and streamed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, CREATED, Call, Framing, schema, text};

/// What a choice says.
enum Said {
    Text(String),
    Tool { id: String, name: String, arguments: String },
}

/// Answers a chat completion: an instance of the response format, else a call of the first tool unless a tool result
/// came last, else an echo of the last user message.
pub(crate) fn chat(call: &Call) -> Answer {
    let request = &call.json;
    let choices = request["n"].as_u64().unwrap_or(1).clamp(1, 128);
    let said: Vec<Said> = (0..choices).map(|index| said(call, index)).collect();
    let prompt = text::count_messages(&request["messages"]);
    let completion = said.iter().map(|said| text::count(content(said)).max(1)).sum();
    let usage = text::usage(prompt, completion);
    let id = format!("chatcmpl-{:016x}", call.digest());
    if request["stream"].as_bool().unwrap_or(false) {
        return Answer::events(events(call, &id, &said, &usage), Framing::OpenAi);
    }
    let choices: Vec<Value> = said.iter().enumerate().map(|(index, said)| choice(index, said)).collect();
    Answer::json(&json!({
        "id": id, "object": "chat.completion", "created": CREATED, "model": call.model_or("unknown"),
        "choices": choices, "usage": usage, "service_tier": "default", "system_fingerprint": "fp_testkit",
    }))
}

fn said(call: &Call, index: u64) -> Said {
    let request = &call.json;
    let format = &request["response_format"];
    if format["type"] == "json_schema" {
        return Said::Text(schema::instance(&format["json_schema"]["schema"]).to_string());
    }
    if let Some(tool) = tool_to_call(request) {
        let arguments = schema::instance(&tool["function"]["parameters"]).to_string();
        let name = tool["function"]["name"].as_str().unwrap_or_default().to_owned();
        return Said::Tool { id: format!("call_{:016x}{index:02}", call.digest()), name, arguments };
    }
    let mut reply = text::reply(&text::last_user_text(&request["messages"]), call.words);
    if format["type"] == "json_object" {
        return Said::Text(json!({ "reply": reply }).to_string());
    }
    if index > 0 {
        reply.push_str(&format!(" ({})", index + 1));
    }
    Said::Text(reply)
}

fn tool_to_call(request: &Value) -> Option<&Value> {
    let tools: Vec<&Value> = request["tools"].as_array()?.iter().filter(|tool| tool["function"].is_object()).collect();
    let last = request["messages"].as_array().and_then(|messages| messages.last());
    if request["tool_choice"] == "none" || last.is_some_and(|message| message["role"] == "tool") {
        return None;
    }
    let wanted = request["tool_choice"]["function"]["name"].as_str();
    wanted.and_then(|wanted| tools.iter().find(|tool| tool["function"]["name"] == wanted)).or(tools.first()).copied()
}

fn content(said: &Said) -> &str {
    match said {
        Said::Text(text) => text,
        Said::Tool { arguments, .. } => arguments,
    }
}

fn choice(index: usize, said: &Said) -> Value {
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null, "annotations": [] });
    match said {
        Said::Text(text) => message["content"] = text.as_str().into(),
        Said::Tool { id, name, arguments } => {
            message["tool_calls"] =
                json!([{ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } }]);
        }
    }
    json!({ "index": index, "message": message, "logprobs": null, "finish_reason": finish(said) })
}

const fn finish(said: &Said) -> &'static str {
    match said {
        Said::Text(_) => "stop",
        Said::Tool { .. } => "tool_calls",
    }
}

/// Role, words, finish for each choice, usage if asked for, `[DONE]`.
fn events(call: &Call, id: &str, said: &[Said], usage: &Value) -> Vec<Bytes> {
    let wants_usage = call.json["stream_options"]["include_usage"].as_bool().unwrap_or(false);
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": CREATED, "model": call.model_or("unknown"),
            "service_tier": "default", "system_fingerprint": "fp_testkit", "choices": choices,
        });
        if wants_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let mut events = Vec::new();
    for (index, said) in said.iter().enumerate() {
        for (delta, finish) in deltas(said) {
            let choices = json!([{ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish }]);
            events.push(Framing::OpenAi.event(&chunk(choices)));
        }
    }
    if wants_usage {
        let mut last = chunk(json!([]));
        last["usage"] = usage.clone();
        events.push(Framing::OpenAi.event(&last));
    }
    events.push(Framing::OpenAi.frame("", b"[DONE]"));
    events
}

fn deltas(said: &Said) -> Vec<(Value, Option<&'static str>)> {
    let mut deltas = Vec::new();
    match said {
        Said::Text(whole) => {
            deltas.push((json!({ "role": "assistant", "content": "", "refusal": null }), None));
            deltas.extend(text::pieces(whole).into_iter().map(|piece| (json!({ "content": piece }), None)));
        }
        Said::Tool { id, name, arguments } => {
            let call = json!({
                "index": 0, "id": id, "type": "function", "function": { "name": name, "arguments": "" },
            });
            deltas.push((json!({ "role": "assistant", "content": null, "tool_calls": [call] }), None));
            let half = arguments.char_indices().nth(arguments.chars().count() / 2).map_or(0, |(at, _)| at);
            for piece in [&arguments[..half], &arguments[half..]] {
                let call = json!({ "index": 0, "function": { "arguments": piece } });
                deltas.push((json!({ "tool_calls": [call] }), None));
            }
        }
    }
    deltas.push((json!({}), Some(finish(said))));
    deltas
}

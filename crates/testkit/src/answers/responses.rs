//! The responses API: create (whole and streamed), and what was created.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Call, Framing,
    errors::unknown_url,
    shelf::{Item, Shelf},
    text,
    turn::{self, Asked, Choice, Said, Tool, list, string},
};

/// Answers and stores a response; a `previous_response_id` must be one of this account.
pub(crate) fn create(call: &Call, shelf: &mut Shelf) -> Answer {
    let request = &call.json;
    if let Some(previous) = request["previous_response_id"].as_str().filter(|id| shelf.get("resp", id).is_none()) {
        return Answer::status(400).with_json(&json!({ "error": {
            "message": format!("Previous response with id '{previous}' not found."), "type": "invalid_request_error",
            "param": "previous_response_id", "code": "previous_response_not_found",
        } }));
    }
    let id = shelf.id("resp", '_', call.salt());
    let asked = asked(request);
    let said = turn::play(&asked, call.words);
    let items: Vec<Value> = said.iter().enumerate().map(|(place, said)| item(call, place, said)).collect();
    let prompt = text::count_messages(&request["input"]);
    let (output, thoughts) = turn::counts(&said);
    let mut done = response(call, &id);
    done["status"] = "completed".into();
    done["output"] = items.clone().into();
    done["usage"] = json!({
        "input_tokens": prompt, "output_tokens": output, "total_tokens": prompt + output,
        "input_tokens_details": { "cached_tokens": turn::cached(&asked, prompt), "cache_write_tokens": 0 },
        "output_tokens_details": { "reasoning_tokens": thoughts },
    });
    if request["store"] != json!(false) {
        shelf.put(&id, Item { kind: "resp", json: done.clone(), content: Bytes::new() });
    }
    if call.streams() {
        let events = events(&response(call, &id), &items, &done);
        return Answer::events(
            events.iter().map(|event| Framing::Responses.event(event)).collect(),
            Framing::Responses,
        );
    }
    Answer::json(&done)
}

/// A response before it has output.
fn response(call: &Call, id: &str) -> Value {
    let request = &call.json;
    let or =
        |name: &str, default: Value| Some(&request[name]).filter(|value| !value.is_null()).cloned().unwrap_or(default);
    json!({
        "id": id, "object": "response", "created_at": CREATED, "status": "in_progress", "background": false,
        "error": null, "incomplete_details": null, "instructions": request["instructions"],
        "max_output_tokens": request["max_output_tokens"], "model": call.model_or("unknown"), "output": [],
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": request["previous_response_id"],
        "reasoning": or("reasoning", json!({ "effort": null, "summary": null })), "service_tier": "default",
        "store": or("store", json!(true)), "temperature": or("temperature", json!(1)),
        "text": or("text", json!({ "format": { "type": "text" } })),
        "tool_choice": or("tool_choice", json!("auto")), "tools": or("tools", json!([])),
        "top_p": or("top_p", json!(1)), "truncation": or("truncation", json!("disabled")), "usage": null,
        "user": request["user"], "metadata": or("metadata", json!({})),
    })
}

/// One output item.
fn item(call: &Call, place: usize, said: &Said) -> Value {
    let number = call.digest().wrapping_add((place as u64) << 32);
    match said {
        Said::Thought(thought) => {
            let mut item = json!({
                "type": "reasoning", "id": format!("rs_{number:016x}"), "status": "completed",
                "summary": [{ "type": "summary_text", "text": thought }],
            });
            if list(&call.json["include"]).any(|wanted| wanted == "reasoning.encrypted_content") {
                item["encrypted_content"] = turn::seal(thought).into();
            }
            item
        }
        Said::Text(text) => json!({
            "type": "message", "id": format!("msg_{number:016x}"), "status": "completed", "role": "assistant",
            "content": [{ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }],
        }),
        Said::Call { name, input } => json!({
            "type": "function_call", "id": format!("fc_{number:016x}"), "status": "completed",
            "call_id": turn::call_id("call_", call, place), "name": name, "arguments": input.to_string(),
        }),
    }
}

fn asked(request: &Value) -> Asked {
    let items: Vec<&Value> = list(&request["input"]).collect();
    let spoke = items.iter().rev().find(|one| one["role"] == "user" && !text::plain(&one["content"]).is_empty());
    let said = spoke.map(|message| &message["content"]).unwrap_or(&Value::Null);
    let format = &request["text"]["format"];
    let reasoning = &request["reasoning"];
    let functions = list(&request["tools"]).filter(|tool| tool["type"] == "function");
    Asked {
        text: text::last_user_text(&request["input"]),
        media: list(said)
            .filter(|part| part["type"] == "input_image")
            .map(|part| turn::link(&part["image_url"]))
            .collect(),
        results: results(&items),
        tools: functions.map(|tool| Tool { name: string(&tool["name"]), schema: tool["parameters"].clone() }).collect(),
        choice: match (&request["tool_choice"], &request["tool_choice"]["name"]) {
            (choice, _) if choice == "none" => Choice::None,
            (_, Value::String(name)) => Choice::Named(name.clone()),
            _ => Choice::Free,
        },
        schema: (format["type"] == "json_schema").then(|| format["schema"].clone()),
        json_object: format["type"] == "json_object",
        // a model always thinks about as much as `effort` says; only a summary is shown
        thinks: reasoning["summary"].is_string() && reasoning["effort"] != "none",
        remembers: items
            .iter()
            .any(|item| item["type"] == "reasoning" && turn::is_any_seal(&item["encrypted_content"])),
    }
}

/// What functions gave, if that came last.
fn results(items: &[&Value]) -> Vec<(String, String)> {
    let last = items.iter().rev().take_while(|item| item["type"] == "function_call_output");
    let mut results: Vec<(String, String)> = last
        .map(|given| {
            let called = items.iter().find(|one| one["type"] == "function_call" && one["call_id"] == given["call_id"]);
            let mut told = text::plain(&given["output"]);
            for part in list(&given["output"]).filter(|part| part["type"] == "input_image") {
                told.push_str(&format!(" and {}", turn::link(&part["image_url"])));
            }
            (called.map(|call| string(&call["name"])).unwrap_or_default(), told)
        })
        .collect();
    results.reverse();
    results
}

fn events(begun: &Value, items: &[Value], done: &Value) -> Vec<Value> {
    let mut events = vec![
        json!({ "type": "response.created", "response": begun }),
        json!({ "type": "response.in_progress", "response": begun }),
    ];
    for (index, item) in items.iter().enumerate() {
        events.extend(item_events(index, item));
    }
    events.push(json!({ "type": "response.completed", "response": done }));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events
}

/// One item from `added` to `done`.
fn item_events(index: usize, item: &Value) -> Vec<Value> {
    let mut opening = item.clone();
    opening["status"] = "in_progress".into();
    let at = |name: &str, field: &str, value: &Value| {
        let mut event = json!({ "type": name, "item_id": item["id"], "output_index": index });
        match item["type"].as_str() {
            Some("message") => event["content_index"] = 0.into(),
            Some("reasoning") => event["summary_index"] = 0.into(),
            _ => {}
        }
        event[field] = value.clone();
        if name.starts_with("response.output_text") {
            event["logprobs"] = json!([]);
        }
        event
    };
    let mut events = Vec::new();
    match item["type"].as_str() {
        Some("message") => {
            let (text, mut part) = (&item["content"][0]["text"], item["content"][0].clone());
            opening["content"] = json!([]);
            part["text"] = "".into();
            events.push(at("response.content_part.added", "part", &part));
            let pieces = text::pieces(text.as_str().unwrap_or_default());
            events.extend(pieces.into_iter().map(|piece| at("response.output_text.delta", "delta", &piece.into())));
            events.push(at("response.output_text.done", "text", text));
            events.push(at("response.content_part.done", "part", &item["content"][0]));
        }
        Some("reasoning") => {
            let (text, part) = (&item["summary"][0]["text"], json!({ "type": "summary_text", "text": "" }));
            opening["summary"] = json!([]);
            events.push(at("response.reasoning_summary_part.added", "part", &part));
            let pieces = text::pieces(text.as_str().unwrap_or_default());
            let delta = |piece: &str| at("response.reasoning_summary_text.delta", "delta", &piece.into());
            events.extend(pieces.into_iter().map(delta));
            events.push(at("response.reasoning_summary_text.done", "text", text));
            events.push(at("response.reasoning_summary_part.done", "part", &item["summary"][0]));
        }
        _ => {
            opening["arguments"] = "".into();
            events.push(at("response.function_call_arguments.delta", "delta", &item["arguments"]));
            events.push(at("response.function_call_arguments.done", "arguments", &item["arguments"]));
        }
    }
    events.insert(0, json!({ "type": "response.output_item.added", "output_index": index, "item": opening }));
    events.push(json!({ "type": "response.output_item.done", "output_index": index, "item": item }));
    events
}

/// `/responses/ID` and below.
pub(crate) fn stored(call: &Call, shelf: &mut Shelf) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let id = segments.get(1).copied().unwrap_or_default();
    let Some(item) = shelf.get_mut("resp", id) else {
        return Answer::status(404).with_json(&json!({ "error": {
            "message": format!("Response with id '{id}' not found."), "type": "invalid_request_error",
            "param": null, "code": null,
        } }));
    };
    match (call.method.as_str(), &segments[2..]) {
        ("GET", []) => Answer::json(&item.json),
        ("DELETE", []) => {
            shelf.remove("resp", id);
            Answer::json(&json!({ "id": id, "object": "response", "deleted": true }))
        }
        ("POST", ["cancel"]) => {
            item.json["status"] = "cancelled".into();
            Answer::json(&item.json)
        }
        ("GET", ["input_items"]) => Answer::json(&json!({
            "object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false,
        })),
        _ => unknown_url(call),
    }
}

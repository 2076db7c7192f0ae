//! The responses API: create (whole and streamed), and what was created.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Call, Framing,
    errors::unknown_url,
    schema,
    shelf::{Item, Shelf},
    text,
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
    let item = item(call);
    let prompt = text::count_messages(&request["input"]);
    let output = text::count(item["content"][0]["text"].as_str().unwrap_or("one")).max(1);
    let mut done = response(call, &id);
    done["status"] = "completed".into();
    done["output"] = json!([item]);
    done["usage"] = json!({
        "input_tokens": prompt, "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 }, "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": prompt + output,
    });
    if request["store"] != json!(false) {
        shelf.put(&id, Item { kind: "resp", json: done.clone(), content: Bytes::new() });
    }
    if call.streams() {
        let events = events(&response(call, &id), &item, &done);
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

/// The one output item: a function call, or a message.
fn item(call: &Call) -> Value {
    let request = &call.json;
    let format = &request["text"]["format"];
    if format["type"] == "json_schema" {
        return message(call, &schema::instance(&format["schema"]).to_string());
    }
    let last = request["input"].as_array().and_then(|items| items.last());
    let has_result = last.is_some_and(|item| item["type"] == "function_call_output");
    let tool = request["tools"].as_array().into_iter().flatten().find(|tool| tool["type"] == "function");
    if let Some(tool) = tool.filter(|_| !has_result && request["tool_choice"] != "none") {
        return json!({
            "type": "function_call", "id": format!("fc_{:016x}", call.digest()), "status": "completed",
            "call_id": format!("call_{:016x}", call.digest()), "name": tool["name"],
            "arguments": schema::instance(&tool["parameters"]).to_string(),
        });
    }
    message(call, &text::reply(&text::last_user_text(&request["input"]), call.words))
}

fn message(call: &Call, text: &str) -> Value {
    json!({
        "type": "message", "id": format!("msg_{:016x}", call.digest()), "status": "completed", "role": "assistant",
        "content": [{ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }],
    })
}

fn events(begun: &Value, item: &Value, done: &Value) -> Vec<Value> {
    let mut opening = item.clone();
    opening["status"] = "in_progress".into();
    let mut events = vec![
        json!({ "type": "response.created", "response": begun }),
        json!({ "type": "response.in_progress", "response": begun }),
    ];
    let id = &item["id"];
    let at = |name: &str, field: &str, value: &Value| {
        let mut event = json!({ "type": name, "item_id": id, "output_index": 0 });
        if !name.contains("function_call") {
            event["content_index"] = 0.into();
        }
        event[field] = value.clone();
        if name.starts_with("response.output_text") {
            event["logprobs"] = json!([]);
        }
        event
    };
    if let Some(text) = item["content"][0]["text"].as_str() {
        opening["content"] = json!([]);
        events.push(json!({ "type": "response.output_item.added", "output_index": 0, "item": opening }));
        let mut part = item["content"][0].clone();
        part["text"] = "".into();
        events.push(at("response.content_part.added", "part", &part));
        for piece in text::pieces(text) {
            events.push(at("response.output_text.delta", "delta", &piece.into()));
        }
        events.push(at("response.output_text.done", "text", &text.into()));
        events.push(at("response.content_part.done", "part", &item["content"][0]));
    } else {
        opening["arguments"] = "".into();
        events.push(json!({ "type": "response.output_item.added", "output_index": 0, "item": opening }));
        events.push(at("response.function_call_arguments.delta", "delta", &item["arguments"]));
        events.push(at("response.function_call_arguments.done", "arguments", &item["arguments"]));
    }
    events.push(json!({ "type": "response.output_item.done", "output_index": 0, "item": item }));
    events.push(json!({ "type": "response.completed", "response": done }));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
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

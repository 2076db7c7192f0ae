//! What a stream amounts to, by the rules of `compare.py`.

use serde_json::{Value, json};

pub(crate) fn of(stream: &str, format: &str) -> Value {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    match format {
        "anthropic" => anthropic(data),
        _ => openai(data),
    }
}

fn openai<'s>(data: impl Iterator<Item = &'s str>) -> Value {
    let mut out = json!({ "format": "openai.chat", "choices": {}, "done": false });
    for data in data {
        if data == "[DONE]" {
            out["done"] = true.into();
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap_or_default();
        for key in ["error", "usage"] {
            if !chunk[key].is_null() {
                out[key] = chunk[key].clone();
            }
        }
        if out["model"].is_null() {
            out["model"] = chunk["model"].clone();
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            let entry = &mut out["choices"][choice["index"].to_string()];
            if entry.is_null() {
                *entry = json!({});
            }
            let delta = &choice["delta"];
            if delta["role"].is_string() {
                entry["role"] = delta["role"].clone();
            }
            append(&mut entry["content"], &delta["content"]);
            append(&mut entry["reasoning"], &delta["reasoning_content"]);
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                let at = usize::try_from(call["index"].as_u64().unwrap_or(0)).unwrap_or(0);
                if entry["tool_calls"].is_null() {
                    entry["tool_calls"] = json!([]);
                }
                let Some(calls) = entry["tool_calls"].as_array_mut() else { continue };
                while calls.len() <= at {
                    calls.push(json!({}));
                }
                append(&mut calls[at]["id"], &call["id"]);
                append(&mut calls[at]["name"], &call["function"]["name"]);
                append(&mut calls[at]["arguments"], &call["function"]["arguments"]);
            }
            if choice["finish_reason"].is_string() {
                entry["finish_reason"] = choice["finish_reason"].clone();
            }
        }
    }
    out
}

fn append(to: &mut Value, text: &Value) {
    if let Some(text) = text.as_str() {
        *to = Value::from(to.as_str().unwrap_or_default().to_owned() + text);
    }
}

fn anthropic<'s>(data: impl Iterator<Item = &'s str>) -> Value {
    let mut out = json!({ "format": "anthropic", "blocks": [], "started": false, "stopped": false, "usage": {} });
    let (mut open, mut well_formed): (Option<u64>, bool) = (None, true);
    for data in data {
        let event: Value = serde_json::from_str(data).unwrap_or_default();
        let index = event["index"].as_u64().unwrap_or(0);
        let at = usize::try_from(index).unwrap_or(0);
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                out["started"] = true.into();
                out["model"] = event["message"]["model"].clone();
                count(&mut out["usage"], &event["message"]["usage"]);
            }
            "content_block_start" => {
                let block = &event["content_block"];
                let blocks = out["blocks"].as_array().map_or(0, Vec::len);
                well_formed &= open.is_none() && at == blocks;
                open = Some(index);
                let entry = match block["type"].as_str() {
                    Some("tool_use") => json!({ "type": "tool_use", "id": block["id"], "name": block["name"] }),
                    _ => json!({ "type": block["type"], "text": block["text"] }),
                };
                out["blocks"].as_array_mut().map(|blocks| blocks.push(entry)).unwrap_or_default();
            }
            "content_block_delta" => {
                well_formed &= open == Some(index);
                let delta = &event["delta"];
                append(&mut out["blocks"][at]["text"], &delta["text"]);
                append(&mut out["blocks"][at]["text"], &delta["thinking"]);
                append(&mut out["blocks"][at]["input_json"], &delta["partial_json"]);
            }
            "content_block_stop" => {
                well_formed &= open == Some(index);
                open = None;
            }
            "message_delta" => {
                out["stop_reason"] = event["delta"]["stop_reason"].clone();
                count(&mut out["usage"], &event["usage"]);
            }
            "message_stop" => out["stopped"] = true.into(),
            "error" => out["error"] = event["error"].clone(),
            _ => {}
        }
    }
    let is_whole = out["started"] == true && out["stopped"] == true && open.is_none();
    out["well_formed"] = (well_formed && is_whole).into();
    out
}

fn count(to: &mut Value, usage: &Value) {
    for (key, count) in usage.as_object().into_iter().flatten().filter(|(_, count)| count.is_u64()) {
        to[key] = count.clone();
    }
}

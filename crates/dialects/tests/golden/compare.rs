//! The rules of `compare.py`, which lies beside the recordings, as far as bodies go.

use claviger_dialects::Reply;
use serde_json::{Map, Value};

use crate::summary;

/// Fields of answers that differ from run to run.
const IGNORED: [&str; 6] = ["id", "created", "created_at", "system_fingerprint", "logprobs", "signature"];

/// What is wrong with the body sent to the provider (`None`: nothing was sent).
pub(crate) fn request(case: &Value, sent: Option<&[u8]>) -> Vec<String> {
    let mode = case["compare"]["upstream_request"].as_str().unwrap_or("none");
    let better = case["better"].get("upstream_request");
    let Some(sent) = sent else {
        let may_refuse = mode == "none" || better.is_some_and(Value::is_null);
        return if may_refuse { Vec::new() } else { vec!["upstream: no request was sent".to_owned()] };
    };
    let body: Value = serde_json::from_slice(sent).unwrap_or(Value::Null);
    let mut out = Vec::new();
    if mode == "none" {
        return out;
    }
    let null = Value::Null;
    let better = if mode == "recorded" { &null } else { better.unwrap_or(&null) };
    if mode.starts_with("recorded") {
        let recorded = &case["upstream_request"];
        let same = recorded["body_equals_client"] == true;
        let mut want = if same { case["client_request"]["body"].clone() } else { recorded["body"].clone() };
        want = better.get("body").cloned().unwrap_or(want);
        patch(&mut want, &better["body_patch"]);
        merge(&mut want, &better["body_merge"]);
        // Google reads both spellings.
        let is_either = better["body_any_merge"].is_object() || want["contents"].is_array();
        if is_either {
            want = camel(&want);
            merge(&mut want, &better["body_any_merge"]);
        }
        for path in strings(&better["body_without"]) {
            remove(&mut want, path);
        }
        let have = if is_either { camel(&body) } else { body.clone() };
        difference(&norm(&want, ""), &norm(&have, ""), "upstream", false, &mut out);
    } else if let Some(want) = better.get("body") {
        difference(&norm(want, ""), &norm(&body, ""), "upstream", false, &mut out);
    } else {
        for demand in ["body_patch", "body_merge"] {
            difference(&norm(&better[demand], ""), &norm(&body, ""), "upstream", true, &mut out);
        }
        difference(&norm(&better["body_any_merge"], ""), &norm(&camel(&body), ""), "upstream", true, &mut out);
    }
    sent_demands(better, &body, &mut out);
    for text in better["system_contains_all"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let places = ["system", "systemInstruction", "system_instruction"].map(|place| body[place].to_string());
        if !places.iter().any(|place| place.contains(text)) {
            out.push(format!("upstream: {text:?} is not in the system prompt"));
        }
    }
    out
}

fn sent_demands(better: &Value, body: &Value, out: &mut Vec<String>) {
    for path in strings(&better["body_without"]) {
        if !body.pointer(&format!("/{}", path.replace('.', "/"))).is_none_or(Value::is_null) {
            out.push(format!("upstream: {path} must be absent"));
        }
    }
    let text = body.to_string();
    for want in better["must_contain"].as_str().into_iter().chain(strings(&better["must_contain_all"])) {
        if !text.contains(want) {
            out.push(format!("upstream: {want:?} does not occur"));
        }
    }
    if let Some(path) = better["roles_alternate"].as_str() {
        let roles: Vec<&Value> = body[path].as_array().into_iter().flatten().map(|message| &message["role"]).collect();
        if roles.windows(2).any(|pair| pair[0] == pair[1]) {
            out.push("upstream: roles do not alternate".to_owned());
        }
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn merge(want: &mut Value, with: &Value) {
    match with {
        Value::Object(fields) if want.is_object() => {
            fields.iter().for_each(|(key, value)| merge(&mut want[key.as_str()], value));
        }
        Value::Null => {}
        other => *want = other.clone(),
    }
}

fn remove(want: &mut Value, path: &str) {
    let (head, last) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer = if head.is_empty() { String::new() } else { format!("/{}", head.replace('.', "/")) };
    if let Some(fields) = want.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        fields.remove(last);
    }
}

/// Names in snake case become camel case.
fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (camel_word(key), camel(value))).collect(),
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

fn camel_word(word: &str) -> String {
    let mut pieces = word.split('_');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |word, piece| {
        let mut letters = piece.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        word + &head.into_iter().chain(letters).collect::<String>()
    })
}

/// What is wrong with the answer to the caller.
pub(crate) fn reply(case: &Value, reply: &Reply) -> Vec<String> {
    let mode = case["compare"]["client_response"].as_str().unwrap_or("none");
    if mode == "none" {
        return Vec::new();
    }
    let (recorded, better) = (&case["client_response"], &case["better"]["client_response"]);
    let text = String::from_utf8_lossy(&reply.body);
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let mut out = Vec::new();
    if mode.starts_with("recorded") {
        let format = recorded["stream_summary"]["format"].as_str();
        if let Some(format) = format {
            let got = summary::of(&text, format);
            difference(&norm(&recorded["stream_summary"], ""), &norm(&got, ""), "stream", true, &mut out);
        } else {
            let mut want = recorded["body"].clone();
            if mode != "recorded" {
                patch(&mut want, &better["body_patch"]);
                if let Some(first) = want.pointer_mut("/choices/0") {
                    patch(first, &better["choice_patch"]);
                    patch(&mut first["message"], &better["message_patch"]);
                }
            }
            difference(&norm(&want, ""), &norm(&body, ""), "client", true, &mut out);
        }
    }
    if mode.contains("better") {
        demands(better, reply.status, &text, &body, &mut out);
    }
    out
}

fn demands(better: &Value, status: u16, text: &str, body: &Value, out: &mut Vec<String>) {
    if better["status"].as_u64().is_some_and(|want| want != u64::from(status)) {
        out.push(format!("client: status {status}"));
    }
    let class = better["status_class"].as_str().unwrap_or_default();
    if !class.is_empty() && !class.contains(&format!("{}xx", status / 100)) {
        out.push(format!("client: status {status}"));
    }
    if better["json_error"] == true && !body["error"].is_object() {
        out.push("client: no error object".to_owned());
    }
    if better["must_contain"].as_str().is_some_and(|want| !text.contains(want)) {
        out.push(format!("client: {} is missing", better["must_contain"]));
    }
    if better["must_contain_event"].as_str().is_some_and(|want| !text.contains(&format!("event: {want}\n"))) {
        out.push(format!("client: no event {}", better["must_contain_event"]));
    }
    if let Some(format) = better["stream_summary"]["format"].as_str() {
        let got = summary::of(text, format);
        difference(&norm(&better["stream_summary"], ""), &norm(&got, ""), "stream", true, out);
    }
    for key in ["body", "body_patch"] {
        if better[key].is_object() {
            difference(&norm(&better[key], ""), &norm(body, ""), "client", true, out);
        }
    }
    for key in better["body_without"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if body.get(key).is_some() {
            out.push(format!("client: {key} must be absent"));
        }
    }
    if let Some(want) = better["embedding_indices"].as_array() {
        let got: Vec<&Value> = body["data"].as_array().into_iter().flatten().map(|entry| &entry["index"]).collect();
        if want.iter().collect::<Vec<_>>() != got {
            out.push(format!("client: indices {got:?}"));
        }
    }
    let choice = &body["choices"][0];
    for (demand, got) in [("choice_patch", choice), ("message_patch", &choice["message"])] {
        difference(&norm(&better[demand], ""), &norm(got, ""), "client", true, out);
    }
    let calls = choice["message"]["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (at, call) in better["tool_calls"].as_array().into_iter().flatten().enumerate().filter(|_| body.is_object()) {
        let got = calls.get(at).map(|call| norm(&call["function"], "")).unwrap_or_default();
        difference(&norm(call, ""), &got, "client", true, out);
    }
}

fn patch(want: &mut Value, with: &Value) {
    for (key, value) in with.as_object().into_iter().flatten() {
        want[key] = value.clone();
    }
}

/// Null, empty text and (mostly) empty objects count as missing; one text part counts as its text.
fn norm(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(object) => {
            let mut out = Map::new();
            for (inner, value) in object {
                let is_default = inner == "performanceConfig" && value["latency"] == "standard";
                if inner == "index" && object.contains_key("function") || is_default {
                    continue;
                }
                let value = norm(value, inner);
                let keeps_empty = ["input", "args", "inputs", "auto", "any"].contains(&inner.as_str());
                let is_empty = value.is_null() || value == "" || value == Value::Object(Map::new()) && !keeps_empty;
                if !is_empty {
                    out.insert(inner.clone(), value);
                }
            }
            Value::Object(out)
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(|item| norm(item, "")).collect();
            let plain = |part: &Value| part["type"] == "text" && part.as_object().is_some_and(|part| part.len() == 2);
            match items.as_slice() {
                [only] if ["content", "system"].contains(&key) && plain(only) => only["text"].clone(),
                _ => Value::Array(items),
            }
        }
        Value::String(text) if matches!(key, "arguments" | "input_json") => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        // Google reads it in either case.
        Value::String(text) if key == "imageSize" => Value::String(text.to_uppercase()),
        other => other.clone(),
    }
}

fn difference(want: &Value, got: &Value, at: &str, is_subset: bool, out: &mut Vec<String>) {
    match (want, got) {
        (Value::Null, _) if is_subset => {}
        (Value::String(want), got) if want == "<any>" && !got.is_null() => {}
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in want {
                match got.get(key) {
                    _ if is_subset && IGNORED.contains(&key.as_str()) => {}
                    Some(other) => difference(value, other, &format!("{at}.{key}"), is_subset, out),
                    None => out.push(format!("{at}.{key}: missing")),
                }
            }
            if !is_subset {
                let new = got.keys().filter(|key| !want.contains_key(*key));
                out.extend(new.map(|key| format!("{at}.{key}: unexpected")));
            }
        }
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            let pairs = want.iter().zip(got).enumerate();
            pairs.for_each(|(i, (a, b))| difference(a, b, &format!("{at}[{i}]"), is_subset, out));
        }
        (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => {}
        (want, got) if want == got => {}
        (want, got) => out.push(format!("{at}: want {want}, got {got}")),
    }
}

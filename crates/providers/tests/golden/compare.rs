//! The rules by which recorded requests are compared: `compare.py` beside the recordings, as far as requests go.

use base64::Engine as _;
use serde_json::{Map, Value};

/// Headers that count.
const HEADERS: [&str; 6] = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "anthropic-version", "x-app"];

/// A request as it would leave.
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The dialects' own test compares such bodies.
    pub(crate) is_translated: bool,
}

/// What differs between the demands of a case and what would be sent (`None`: nothing).
pub(crate) fn upstream(case: &Value, sent: Option<&Sent>) -> Vec<String> {
    let mode = case["compare"]["upstream_request"].as_str().unwrap_or("none");
    let recorded = &case["upstream_request"];
    let better = &case["better"]["upstream_request"];
    match (mode, sent) {
        ("none", _) => Vec::new(),
        ("better", None) if better.is_null() => Vec::new(),
        (_, None) => vec!["no request was sent".to_owned()],
        ("better", Some(_)) if better.is_null() && case["better"].get("upstream_request").is_some() => {
            vec!["nothing may be sent".to_owned()]
        }
        ("better", Some(sent)) => demands(better, sent, false),
        (mode, Some(sent)) => {
            let better = if mode == "recorded" { &Value::Null } else { better };
            let mut out = as_recorded(case, recorded, better, sent);
            if !sent.is_translated {
                out.extend(demands(better, sent, true));
            }
            out
        }
    }
}

fn as_recorded(case: &Value, recorded: &Value, better: &Value, sent: &Sent) -> Vec<String> {
    let mut out = Vec::new();
    let mut equal = |what: &str, want: &Value, got: &str| {
        if want != got {
            out.push(format!("{what}: want {want}, got {got:?}"));
        }
    };
    let or_better = |key: &str| better.get(key).unwrap_or(&recorded[key]).clone();
    equal("method", &recorded["method"], &sent.method);
    equal("host", &or_better("host"), &sent.host);
    equal("path", &or_better("path"), &sent.path);
    for name in HEADERS {
        if let Some(want) = recorded["headers_set"].get(name) {
            let got = sent.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
            let masked = want.as_str().is_some_and(|want| fits(want, got));
            equal(name, want, if masked { want.as_str().unwrap_or_default() } else { got });
        }
    }
    if sent.is_translated {
        return out;
    }
    let client = &case["client_request"];
    let want = if recorded["body_equals_client"] == true {
        json_of(client).or_else(|| client["body_text"].as_str().and_then(|text| serde_json::from_str(text).ok()))
    } else {
        json_of(recorded)
    };
    if let Some(want) = want {
        let mut want = better.get("body").cloned().unwrap_or(want);
        if let (Some(want), Some(patch)) = (want.as_object_mut(), better["body_patch"].as_object()) {
            patch.iter().for_each(|(key, value)| drop(want.insert(key.clone(), value.clone())));
        }
        let got = serde_json::from_slice(&sent.body).unwrap_or(Value::Null);
        difference(&norm(&want, ""), &norm(&got, ""), "body", &mut out);
    }
    if let Some(want) = recorded["body_base64"].as_str() {
        let want = base64::engine::general_purpose::STANDARD.decode(want).unwrap_or_default();
        if want != sent.body {
            out.push(format!("body: {}", String::from_utf8_lossy(&sent.body)));
        }
    }
    out
}

/// Whether a text with `<any>` and `<date>` in it, which differ from run to run, stands for this one.
fn fits(want: &str, got: &str) -> bool {
    let pieces: Vec<&str> = want.split("<any>").flat_map(|part| part.split("<date>")).collect();
    let mut rest = Some(got);
    for piece in &pieces {
        rest = rest.and_then(|rest| rest.find(piece).map(|at| &rest[at + piece.len()..]));
    }
    pieces.len() > 1 && rest.is_some() && got.starts_with(pieces[0])
}

fn json_of(side: &Value) -> Option<Value> {
    side.get("body").cloned()
}

fn demands(better: &Value, sent: &Sent, over_recorded: bool) -> Vec<String> {
    let mut out = Vec::new();
    let body: Value = serde_json::from_slice(&sent.body).unwrap_or(Value::Null);
    let raw = if body.is_null() { String::from_utf8_lossy(&sent.body).into_owned() } else { body.to_string() };
    if !over_recorded {
        for (key, got) in [("host", &sent.host), ("path", &sent.path)] {
            if better.get(key).is_some_and(|want| want != got.as_str()) {
                out.push(format!("{key}: want {}, got {got}", better[key]));
            }
        }
        if let Some(want) = better.get("body") {
            difference(&norm(want, ""), &norm(&body, ""), "body", &mut out);
        }
        for (key, value) in better["body_patch"].as_object().into_iter().flatten() {
            if norm(value, key) != norm(&body[key], key) {
                out.push(format!("body.{key}: want {value}, got {}", body[key]));
            }
        }
    }
    for path in better["body_without"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if path.split('.').try_fold(&body, |value, step| value.get(step)).is_some() {
            out.push(format!("body.{path}: must be absent"));
        }
    }
    if let Some(text) = better["must_contain"].as_str().filter(|text| !raw.contains(*text)) {
        out.push(format!("{text:?} does not occur"));
    }
    for text in better["headers_absent_values"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if sent.headers.iter().any(|(_, value)| value.contains(text)) {
            out.push(format!("{text:?} must not be sent"));
        }
    }
    out
}

/// Null, empty text and (mostly) empty objects count as missing; one text part counts as its text.
fn norm(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(object) => {
            let mut out = Map::new();
            for (inner, value) in object {
                if inner == "index" && object.contains_key("function") {
                    continue;
                }
                let value = norm(value, inner);
                let keeps_empty = ["input", "args", "inputs", "auto", "any"].contains(&inner.as_str());
                let empty = value.is_null() || value == "" || value == Value::Object(Map::new()) && !keeps_empty;
                if !empty {
                    out.insert(inner.clone(), value);
                }
            }
            Value::Object(out)
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(|item| norm(item, "")).collect();
            match items.as_slice() {
                [only]
                    if ["content", "system"].contains(&key)
                        && only["type"] == "text"
                        && only.as_object().is_some_and(|part| part.len() == 2) =>
                {
                    only["text"].clone()
                }
                _ => Value::Array(items),
            }
        }
        Value::String(text) if key == "arguments" => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        // Google reads it in either case.
        Value::String(text) if key == "imageSize" => Value::String(text.to_uppercase()),
        other => other.clone(),
    }
}

fn difference(want: &Value, got: &Value, at: &str, out: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in want {
                match got.get(key) {
                    Some(other) => difference(value, other, &format!("{at}.{key}"), out),
                    None => out.push(format!("{at}.{key}: missing")),
                }
            }
            out.extend(got.keys().filter(|key| !want.contains_key(*key)).map(|key| format!("{at}.{key}: unexpected")));
        }
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            want.iter().zip(got).enumerate().for_each(|(i, (a, b))| difference(a, b, &format!("{at}[{i}]"), out));
        }
        (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => {}
        (want, got) if want == got => {}
        (want, got) => out.push(format!("{at}: want {want}, got {got}")),
    }
}

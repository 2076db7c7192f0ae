//! The model's name inside the bodies of Gemini's questions, which name it beside the path.
//!
//! "Counting tokens" and "Embeddings" (ai.google.dev, 2026-11): `generateContentRequest.model`, `requests[].model` and
//! `model` must be the one of the path.

use bytes::Bytes;
use serde_json::Value;

use super::{has_text, parse, write};

/// The body with this model wherever it names one; what is none of these bodies stays as it is.
pub(crate) fn renamed(body: &Bytes, model: &str) -> Bytes {
    if !has_text(body, b"\"model\"") {
        return body.clone();
    }
    let Ok(mut value) = parse(body) else { return body.clone() };
    let name = Value::from(format!("models/{model}"));
    let put = |value: Option<&mut Value>| {
        if let Some(value) = value.filter(|value| value.is_string()) {
            *value = name.clone();
        }
    };
    put(value.get_mut("model"));
    put(value.get_mut("generateContentRequest").and_then(|request| request.get_mut("model")));
    for request in value.get_mut("requests").and_then(Value::as_array_mut).into_iter().flatten() {
        put(request.get_mut("model"));
    }
    write(&value)
}

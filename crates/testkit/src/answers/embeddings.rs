//! Embeddings: a vector per input that depends on the input alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Answer, Call, text};
use crate::faults::digest;

/// One vector per input, as floats or base64 of little-endian `f32`.
pub(crate) fn embeddings(call: &Call) -> Answer {
    let request = &call.json;
    let size = request["dimensions"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(8).clamp(1, 4096);
    let inputs: Vec<Value> = match &request["input"] {
        Value::Array(items) if !items.iter().all(Value::is_number) => items.clone(),
        other => vec![other.clone()],
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = vector(input, size);
            let embedding = if request["encoding_format"] == "base64" {
                STANDARD.encode(vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).into()
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let prompt: usize =
        inputs.iter().map(|input| input.as_array().map_or_else(|| text::count(&text::plain(input)), Vec::len)).sum();
    let prompt = prompt.max(1);
    Answer::json(&json!({
        "object": "list", "data": data, "model": call.model_or("unknown"),
        "usage": { "prompt_tokens": prompt, "total_tokens": prompt },
    }))
}

/// Eighths between -1 and 1: exact as `f32` and as JSON.
pub(crate) fn vector(input: &Value, size: usize) -> Vec<f32> {
    let seed = digest(input.to_string().as_bytes());
    (0..size)
        .map(|at| {
            let byte = digest(&(seed ^ at as u64).to_le_bytes()) % 17;
            f32::from(u8::try_from(byte).unwrap_or(0)) / 8.0 - 1.0
        })
        .collect()
}

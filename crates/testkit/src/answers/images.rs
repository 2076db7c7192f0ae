//! Images: always the same pixel.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Answer, CREATED, Call};

/// A PNG of one transparent pixel.
pub(crate) const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0b, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x00, 0x02, 0x00, 0x00, 0x05, 0x00, 0x01, 0xe9, 0xfa, 0xdc, 0xd8, 0x00,
    0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Generations (JSON), edits and variations (multipart or JSON).
pub(crate) fn images(call: &Call) -> Answer {
    let field = |name: &str| match &call.json[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => call.field(name),
    };
    let count = field("n").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).clamp(1, 10);
    let prompt = field("prompt").unwrap_or_default();
    let image = match field("response_format").as_deref() {
        Some("url") => json!({ "url": "http://127.0.0.1/pixel.png", "revised_prompt": prompt }),
        _ => json!({ "b64_json": STANDARD.encode(PIXEL), "revised_prompt": prompt }),
    };
    Answer::json(&json!({
        "created": CREATED, "data": vec![image; count],
        "usage": {
            "input_tokens": 1, "output_tokens": count, "total_tokens": 1 + count,
            "input_tokens_details": { "text_tokens": 1, "image_tokens": 0 },
        },
    }))
}

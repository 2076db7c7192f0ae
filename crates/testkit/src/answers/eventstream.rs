//! Frames of AWS event streams ("Amazon event stream encoding", Smithy 2.0 specification, 2026-11).

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::Value;

/// A frame that carries an event.
pub(crate) fn event(name: &str, payload: &[u8]) -> Bytes {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload)
}

/// A frame that carries an error: its type is the body's `__type`, as in the JSON protocol's errors.
pub(crate) fn exception(body: &Value) -> Bytes {
    let kind = body["__type"].as_str().unwrap_or("internalServerException");
    let mut name: Vec<char> = kind.chars().collect();
    if let Some(first) = name.first_mut() {
        *first = first.to_ascii_lowercase();
    }
    let name: String = name.into_iter().collect();
    let payload = serde_json::json!({ "message": body["message"] }).to_string();
    let headers = [(":exception-type", &*name), (":content-type", "application/json"), (":message-type", "exception")];
    frame(&headers, payload.as_bytes())
}

/// Lengths, their checksum, headers, payload, a checksum of all before it; big-endian.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let mut packed = BytesMut::new();
    for (name, value) in headers {
        packed.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        packed.put_slice(name.as_bytes());
        packed.put_u8(7); // a string
        packed.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        packed.put_slice(value.as_bytes());
    }
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut frame = BytesMut::new();
    frame.put_u32(size(12 + packed.len() + payload.len() + 4));
    frame.put_u32(size(packed.len()));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(&packed);
    frame.put_slice(payload);
    frame.put_u32(crc32fast::hash(&frame));
    frame.freeze()
}

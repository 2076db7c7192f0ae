//! Any request is read or refused, and no credential travels on.
//!
//! Input: lines of target, then headers up to an empty line, then the body.
#![no_main]

use bytes::Bytes;
use claviger_wire::{Arrival, Ask};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (head, body) = match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let Ok(uri) = http::Uri::try_from(lines.next().unwrap_or_default()) else { return };
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let truncated = input.len() % 2 == 1;
    let body = Bytes::copy_from_slice(body);
    let arrival = Arrival { method: Method::POST, uri, host: String::new(), headers, body: body.clone(), truncated };
    if let Ok(ask) = Ask::read(arrival) {
        assert_eq!(ask.body, body);
        for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key", "x-authorization", "connection"] {
            assert!(!ask.headers.contains_key(name));
        }
    }
});

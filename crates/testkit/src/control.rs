//! The control endpoints of the program: read what was seen, replace the script.

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::{
    answers::Answer,
    script::{Script, TokenScript},
    serve::State,
};

/// Answers a request to `/__…`: `GET /__seen`, `POST /__script`, `POST /__token/NAME`, `POST /__reset`.
pub(crate) fn control(state: &State, method: &Method, path: &str, body: &Bytes) -> Answer {
    let done = || Answer::json(&json!({ "ok": true }));
    let bad = |error: &serde_json::Error| Answer::status(400).with_json(&json!({ "error": error.to_string() }));
    match (method, path) {
        (&Method::GET, "/__seen") => match serde_json::to_value(state.log.lock().all()) {
            Ok(seen) => Answer::json(&seen),
            Err(error) => bad(&error),
        },
        (&Method::POST, "/__reset") => {
            state.clear();
            done()
        }
        (&Method::POST, "/__script") => match serde_json::from_slice::<Script>(body) {
            Ok(script) => {
                *state.script.write() = std::sync::Arc::new(script);
                done()
            }
            Err(error) => bad(&error),
        },
        (&Method::POST, _) if path.starts_with("/__token/") => match serde_json::from_slice::<TokenScript>(body) {
            Ok(script) => {
                state.set_token(path.trim_start_matches("/__token/"), script);
                done()
            }
            Err(error) => bad(&error),
        },
        _ => Answer::status(404).with_json(&json!({ "error": "no such control" })),
    }
}

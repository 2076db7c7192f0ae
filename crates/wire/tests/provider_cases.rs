//! Every recorded provider failure must show its error fields, and every failure hidden in a 200 must be seen.

use bytes::Bytes;
use claviger_types::Operation;
use claviger_wire::{fault, sse::Splitter, stream};
use serde_json::Value;

#[test]
fn recorded_failures_show_their_error_fields() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/provider-error-cases.json");
    let Ok(text) = std::fs::read(path) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let mut read = 0;
    for case in &cases {
        let (id, body) = (&case["id"], &case["body"]);
        let events = body.as_str().filter(|text| text.contains("data: "));
        let is_json = body.is_object() || body.is_array();
        if let Some(events) = events {
            let mut splitter = Splitter::default();
            splitter.push(Bytes::copy_from_slice(events.as_bytes())).unwrap();
            let error = std::iter::from_fn(|| splitter.next())
                .find_map(|event| stream::read(Operation::ChatCompletions, &event).error);
            let error = error.unwrap_or_else(|| panic!("{id}: no error in {events}"));
            assert!(fault::in_json(&error).is_some(), "{id}");
        } else if is_json {
            let bytes = body.to_string();
            let fields = fault::in_json(bytes.as_bytes()).unwrap_or_else(|| panic!("{id}: no fields in {body}"));
            assert!(
                !fields.message.is_empty() || !fields.reason.is_empty() || !fields.kind.is_empty(),
                "{id}: {fields:?}"
            );
            if case["status"] == 200 && case["stream"] == false {
                assert!(fault::hidden_in_success(bytes.as_bytes()).is_some(), "{id}: not seen in {body}");
            }
        } else {
            continue;
        }
        read += 1;
    }
    assert!(read > 200, "only {read} cases were read");
}

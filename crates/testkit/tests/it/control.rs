//! The control endpoints, and scripts as JSON.

use claviger_testkit::{FaultKind, Script, ScriptedUpstream, demo_script};
use serde_json::{Value, json};

use crate::client::{chat, get, post, send};

#[tokio::test]
async fn a_script_can_be_replaced_and_what_was_seen_read_over_http() {
    let addr = "127.0.0.1:0".parse().expect("an address");
    let upstream = ScriptedUpstream::start_with_controls(addr, Script::new()).await.expect("a port");
    let addr = upstream.addr();
    let script = json!({ "tokens": { "sk-a": { "faults": [{ "kind": "status", "status": 500, "to": 1 }] } } });
    assert_eq!(send(addr, post("/__script", "", &script)).await.expect("an answer").status, 200);
    assert_eq!(send(addr, chat("sk-a", false)).await.expect("an answer").status, 500);
    assert_eq!(send(addr, post("/__token/sk-b", "", &json!({}))).await.expect("an answer").status, 200);
    assert_eq!(send(addr, chat("sk-b", false)).await.expect("an answer").status, 200);
    let seen = send(addr, get("/__seen", "")).await.expect("an answer").json();
    let tokens: Vec<&Value> = seen.as_array().expect("a list").iter().map(|one| &one["token"]).collect();
    assert_eq!(tokens, [&json!("sk-a"), &json!("sk-b")]);
    send(addr, post("/__reset", "", &json!({}))).await.expect("an answer");
    assert_eq!(send(addr, get("/__seen", "")).await.expect("an answer").json(), json!([]));
    let bad = json!({ "tokens": { "sk-a": { "faults": [{ "kind": "explode" }] } } });
    let refused = send(addr, post("/__script", "", &bad)).await.expect("an answer");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("explode"));
}

#[tokio::test]
async fn without_controls_they_are_paths_like_any_other() {
    let upstream = ScriptedUpstream::start(Script::accepting_all()).await.expect("a port");
    assert_eq!(send(upstream.addr(), get("/__seen", "sk-a")).await.expect("an answer").status, 404);
}

#[test]
fn a_script_survives_json() {
    for script in [demo_script(), Script::accepting_all()] {
        let text = serde_json::to_string(&script).expect("JSON");
        let back: Script = serde_json::from_str(&text).expect("a script");
        assert_eq!((back.tokens, back.unknown_token), (script.tokens, script.unknown_token));
    }
}

#[test]
fn every_fault_has_a_json_form() {
    let faults = json!([
        { "kind": "status", "status": 429, "headers": { "retry-after": "1", "x": ["a", "b"] }, "probability": 0.25 },
        { "kind": "delay_ms", "ms": 5 }, { "kind": "stall_head" }, { "kind": "stall_stream", "after_events": 2 },
        { "kind": "cut", "after_events": 2, "how": "rst" }, { "kind": "reset" }, { "kind": "refuse" },
        { "kind": "drip", "ms_per_byte": 3 }, { "kind": "drip", "bytes_per_ms": 64 }, { "kind": "pace", "ms": 1 },
        { "kind": "malformed_event", "at": 1 }, { "kind": "missing_done" }, { "kind": "error_in_200" },
        { "kind": "error_first_event", "body": { "error": { "code": 1.5 } } }, { "kind": "error_mid_stream" },
        { "kind": "role_only_then_cut" }, { "kind": "empty_stream" }, { "kind": "garbage_body" },
        { "kind": "gzip", "forced": true },
    ]);
    let script: Script = serde_json::from_value(json!({ "default": { "faults": faults } })).expect("a script");
    assert_eq!(script.default.faults[7].kind, FaultKind::Drip { bytes: 1, every_ms: 3 });
    assert_eq!(script.default.faults[8].kind, FaultKind::Drip { bytes: 64, every_ms: 1 });
    let again: Script = serde_json::from_str(&serde_json::to_string(&script).expect("JSON")).expect("a script");
    assert_eq!(again.default, script.default);
}

#[test]
fn a_script_with_a_mistake_is_refused() {
    for (bad, why) in [
        (json!({ "tokenz": {} }), "tokenz"),
        (json!({ "default": { "faults": [{ "kind": "status" }] } }), "needs a status"),
        (json!({ "default": { "faults": [{ "kind": "status", "status": 100 }] } }), "between 200"),
        (json!({ "replies": [{ "body": "a", "chunks": [] }] }), "one of"),
        (json!({ "replies": [{ "headers": { "a b": "c" } }] }), "no header name"),
    ] {
        let error = serde_json::from_value::<Script>(bad).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

//! Runs the recorded requests of Higress' ai-proxy through preparation and compares what would be sent.
//!
//! The recordings lie beside the repository (`../shared/reference/higress-golden`); without them the test says so and
//! passes. Types whose dialect is not translated yet are left out.

#![expect(clippy::expect_used, reason = "a test says what it skips and may fail")]

#[path = "golden/compare.rs"]
mod compare;
#[path = "golden/settings.rs"]
mod settings;

use std::path::Path;

use base64::Engine as _;
use bytes::Bytes;
use claviger_providers::{AnswerEdit, Edited, Provider, Stamp, supported_types};
use claviger_types::{Secret, WallTime};
use claviger_wire::Ask;
use claviger_wire::ask::{Arrival, AskError};
use claviger_wire::sse::Splitter;
use compare::Sent;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

/// Cases that need the file of `context`, which is fetched and inserted elsewhere.
const CONTEXT_FILE: &str = "context-file";

fn recordings(kind: &str) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/higress-golden");
    let text = std::fs::read(folder.join(format!("{kind}.json"))).ok()?;
    Some(serde_json::from_slice(&text).expect("a list of cases"))
}

fn body(side: &Value) -> Bytes {
    if let Some(body) = side.get("body") {
        return Bytes::from(body.to_string());
    }
    if let Some(text) = side["body_base64"].as_str() {
        return Bytes::from(base64::engine::general_purpose::STANDARD.decode(text).expect("base64"));
    }
    Bytes::from(side["body_text"].as_str().unwrap_or_default().to_owned())
}

fn ask(request: &Value) -> Result<Ask, AskError> {
    let mut headers = HeaderMap::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        headers.insert(name, HeaderValue::from_str(value.as_str().expect("text")).expect("a header value"));
    }
    Ask::read(Arrival {
        method: Method::from_bytes(request["method"].as_str().expect("a method").as_bytes()).expect("a method"),
        uri: request["path"].as_str().expect("a path").parse().expect("a request target"),
        host: request["host"].as_str().unwrap_or_default().to_owned(),
        headers,
        body: body(request),
        truncated: false,
    })
}

/// Types that are translated.
fn own_dialect(kind: &str) -> bool {
    matches!(
        kind,
        "bedrock" | "claude" | "cohere" | "deepl" | "dify" | "gemini" | "qwen" | "spark" | "triton" | "vertex"
    )
}

fn send(provider: &Provider, ask: &Ask, token: Option<String>) -> Option<Sent> {
    let mut prepared = provider.prepare(ask, None, Stamp::default()).ok()?;
    provider.authorise(&mut prepared, token.map(Secret::new).as_ref(), WallTime::from_millis(0));
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Some(Sent {
        method: prepared.method.to_string(),
        host: prepared.authority,
        path: prepared.path,
        headers: prepared.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: prepared.body.to_vec(),
        is_translated: prepared.translation.is_some(),
    })
}

#[test]
fn recorded_requests_are_prepared_as_recorded_or_better() {
    let (mut passed, mut all, mut wrong) = (0, 0, Vec::new());
    for kind in supported_types() {
        let Some(cases) = recordings(kind) else {
            println!("skipped: there is no ../shared/reference/higress-golden/{kind}.json");
            continue;
        };
        let (mut ok, mut of) = (0, 0);
        for case in &cases {
            let id = case["id"].as_str().unwrap_or_default();
            if id.starts_with(CONTEXT_FILE) || case["compare"]["upstream_request"] == "none" {
                continue;
            }
            let entry = &case["config"]["provider"];
            let Ok(provider) = Provider::build(&settings::read(entry)) else {
                println!("later: {id}");
                continue;
            };
            let ask = ask(&case["client_request"]).ok();
            // what the dialect has no place for
            let lacks = |ask: &Ask| !provider.supports(ask.operation) && own_dialect(kind);
            if ask.as_ref().is_some_and(lacks) {
                println!("later: {id}");
                continue;
            }
            of += 1;
            let token = settings::token(entry).or_else(|| granted(case));
            let sent = ask.and_then(|ask| send(&provider, &ask, token));
            let differences = compare::upstream(case, sent.as_ref());
            if differences.is_empty() {
                ok += 1;
            } else {
                wrong.push(format!("{id} ({}): {}", case["judgement"], differences.join("; ")));
            }
        }
        println!("{kind}: {ok}/{of}");
        passed += ok;
        all += of;
    }
    println!("{passed} of {all} as recorded or better");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Text and usage of an answer as the client gets it.
fn answered(edit: AnswerEdit, answer: &Value) -> (String, Value) {
    if answer["chunks"].is_null() {
        let whole: Value = serde_json::from_slice(&edit.whole(body(answer))).expect("JSON");
        let text = whole["choices"][0]["message"]["content"].as_str().unwrap_or_default();
        return (text.to_owned(), whole["usage"].clone());
    }
    let mut splitter = Splitter::default();
    for chunk in answer["chunks"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        splitter.push(Bytes::from(chunk.to_owned())).expect("short events");
    }
    let (mut stream, mut sent) = (edit.stream(), Vec::new());
    while let Some(event) = splitter.next() {
        match stream.event(&event) {
            Edited::Same => sent.extend_from_slice(&event.raw),
            Edited::Replace(bytes) => sent.extend_from_slice(&bytes),
            Edited::Drop => {}
        }
    }
    let (mut text, mut usage) = (String::new(), Value::Null);
    for data in String::from_utf8_lossy(&sent).lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: Value = serde_json::from_str(data).unwrap_or_default();
        text.push_str(event["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        usage = Some(event["usage"].clone()).filter(|usage| !usage.is_null()).unwrap_or(usage);
    }
    (text, usage)
}

#[test]
fn recorded_answers_are_edited_as_recorded_or_better() {
    let mut seen = 0;
    for case in supported_types().filter_map(recordings).flatten() {
        let Ok(ask) = ask(&case["client_request"]) else { continue };
        let Ok(provider) = Provider::build(&settings::read(&case["config"]["provider"])) else { continue };
        let answer = &case["upstream_response"];
        let Ok(prepared) = provider.prepare(&ask, None, Stamp::default()) else { continue };
        let Some(edit) = provider.answer_edit(&ask, &prepared).filter(|_| prepared.translation.is_none()) else {
            continue;
        };
        if answer["status"] != 200 || case["compare"]["client_response"] == "none" {
            continue;
        }
        seen += 1;
        let (text, usage) = answered(edit, answer);
        let recorded = &case["client_response"];
        let recorded = if recorded["body_equals_upstream"] == true { answer } else { recorded };
        let better = &case["better"]["client_response"];
        let streams = [better, &case["client_response"]].map(|side| &side["stream_summary"]);
        let wants = [
            &better["message_patch"]["content"],
            &streams[0]["choices"]["0"]["content"],
            &streams[1]["choices"]["0"]["content"],
            &recorded["body"]["choices"][0]["message"]["content"],
        ];
        let want = wants.into_iter().find_map(Value::as_str).unwrap_or_default();
        assert_eq!(text, want, "{}", case["id"]);
        let want = &streams[1]["usage"];
        assert!(want.is_null() || *want == usage, "{}: {usage}", case["id"]);
    }
    println!("{seen} answers as recorded or better");
}

/// The access token that the recorded account was given.
fn granted(case: &Value) -> Option<String> {
    let answer: Value = serde_json::from_str(case["side_calls"][0]["response"]["body_text"].as_str()?).ok()?;
    Some(answer["access_token"].as_str()?.to_owned())
}

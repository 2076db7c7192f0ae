use serde_json::{Value, json};

use super::*;

const ANTHROPICS: &str = r#"{"data":[{"type":"model","id":"claude-x","display_name":"Claude X",
    "created_at":"2025-02-19T01:02:03Z"}],"has_more":false,"first_id":"claude-x","last_id":"claude-x"}"#;
const GOOGLES: &str = r#"{"models":[{"name":"models/gemini-x","displayName":"Gemini X","inputTokenLimit":9}]}"#;
const OPENAIS: &str = r#"{"object":"list","data":[{"id":"gpt-x","object":"model","created":1700000000,
    "owned_by":"openai","tier":"a"},{"id":""}]}"#;

fn listed(body: &str, shape: Shape) -> Value {
    serde_json::from_slice(&list(body.as_bytes(), shape, "who").unwrap()).unwrap()
}

#[test]
fn each_list_is_read_and_written_as_every_other() {
    let want = json!({ "id": "claude-x", "object": "model", "created": 1_739_926_923, "owned_by": "who", "display_name": "Claude X" });
    assert_eq!(listed(ANTHROPICS, Shape::OpenAi), json!({ "object": "list", "data": [want] }));
    let want = json!({ "id": "gemini-x", "object": "model", "created": 0, "owned_by": "who", "display_name": "Gemini X", "inputTokenLimit": 9 });
    assert_eq!(listed(GOOGLES, Shape::OpenAi)["data"], json!([want]));
    let want = json!({ "id": "gpt-x", "object": "model", "created": 1_700_000_000, "owned_by": "openai", "tier": "a" });
    assert_eq!(listed(OPENAIS, Shape::OpenAi)["data"], json!([want]));
    let want = json!({ "type": "model", "id": "gpt-x", "display_name": "gpt-x", "created_at": "2023-11-14T22:13:20Z" });
    let all = json!({ "data": [want], "has_more": false, "first_id": "gpt-x", "last_id": "gpt-x" });
    assert_eq!(listed(OPENAIS, Shape::Anthropic), all);
    let want = json!({ "models": [{ "name": "models/claude-x", "displayName": "Claude X" }] });
    assert_eq!(listed(ANTHROPICS, Shape::Gemini), want);
    let single = one(br#"{"name":"models/gemini-x"}"#, Shape::Anthropic, "").unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&single).unwrap()["id"], "gemini-x");
}

#[test]
fn what_is_no_list_is_none() {
    for body in ["", "[]", "{}", r#"{"data":{}}"#, r#"{"error":{"message":"x"}}"#] {
        assert_eq!(list(body.as_bytes(), Shape::OpenAi, ""), None, "{body}");
        assert_eq!(one(body.as_bytes(), Shape::OpenAi, ""), None, "{body}");
    }
}

#[test]
fn an_empty_list_has_no_ends() {
    assert_eq!(
        listed(r#"{"data":[]}"#, Shape::Anthropic),
        json!({ "data": [], "has_more": false, "first_id": null, "last_id": null })
    );
}

#[test]
fn dates_go_there_and_back() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (1_709_251_200, "2024-03-01T00:00:00Z"),
    ] {
        assert_eq!((date::write(seconds).as_str(), date::read(text)), (text, Some(seconds)));
    }
    assert_eq!(date::read("2024-05-01"), Some(1_714_521_600));
    for wrong in ["", "soon", "2024-13-01", "1969-01-01", "2024-00-00T00:00:00Z"] {
        assert_eq!(date::read(wrong), None, "{wrong}");
    }
    assert_eq!(date::write(u64::MAX), "1970-01-01T00:00:00Z");
}

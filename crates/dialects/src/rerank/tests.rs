use serde_json::{Value, json};

use super::*;

fn translation(provider: Protocol) -> Translation {
    Translation::new(Protocol::OpenAiChat, provider, Context::default()).unwrap()
}

fn asked() -> Value {
    json!({ "model": "m", "query": "safe anchorage", "documents": ["A quay", { "text": "A bay" }, { "title": "x", "text": "y" }], "top_n": 2 })
}

fn sent(provider: Protocol, body: &Value) -> (Value, String) {
    let out = translation(provider).request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn each_provider_gets_its_own_shape() {
    let documents = json!(["A quay", "A bay", r#"{"text":"y","title":"x"}"#]);
    let documents = |sent: &Value| {
        let same = sent[0] == documents[0] && sent[1] == documents[1];
        same && sent[2]
            .as_str()
            .is_some_and(|text| serde_json::from_str::<Value>(text).unwrap() == json!({ "title": "x", "text": "y" }))
    };
    let (qwen, _) = sent(Protocol::Qwen, &asked());
    assert_eq!((&qwen["input"]["query"], &qwen["parameters"]), (&json!("safe anchorage"), &json!({ "top_n": 2 })));
    assert!(documents(&qwen["input"]["documents"]));
    let (cohere, _) = sent(Protocol::Cohere, &asked());
    assert!(documents(&cohere["documents"]) && cohere["top_n"] == 2 && cohere["model"] == "m");
    let (bedrock, _) = sent(
        Protocol::Bedrock,
        &json!({ "model": "cohere.rerank-v3-5:0", "query": "q", "documents": ["a"], "instruct": "b", "x": 1 }),
    );
    assert_eq!(bedrock, json!({ "query": "q", "documents": ["a"], "api_version": 2 }));
}

#[test]
fn what_cannot_be_carried_is_named() {
    let body = json!({ "model": "m", "query": "q", "documents": ["a"], "instruct": "b", "max_tokens_per_doc": 9, "rank_fields": [] });
    assert_eq!(sent(Protocol::Qwen, &body).1, "max_tokens_per_doc, rank_fields");
    assert_eq!(sent(Protocol::Cohere, &body).1, "instruct, rank_fields");
}

#[test]
fn the_answer_has_the_texts_only_if_they_are_wanted() {
    let told = br#"{"output":{"results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}]},"usage":{"total_tokens":7},"request_id":"r"}"#;
    let answer = |with_texts: bool| {
        let mut body = asked();
        body["return_documents"] = json!(with_texts);
        let mut translation = translation(Protocol::Qwen);
        translation.request(body.to_string().as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&translation.answer(200, told).body).unwrap()
    };
    let plain = json!({
        "id": "r", "model": "m", "usage": { "total_tokens": 7 },
        "results": [{ "index": 1, "relevance_score": 0.9 }, { "index": 0, "relevance_score": 0.1 }],
    });
    assert_eq!(answer(false), plain);
    assert_eq!(answer(true)["results"][0]["document"], json!({ "text": "A bay" }));
}

#[test]
fn what_is_missing_is_the_callers_mistake() {
    for field in ["model", "query", "documents"] {
        let mut body = asked();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(translation(Protocol::Qwen).request(body.to_string().as_bytes()).unwrap_err().param, Some(field));
    }
}

#[test]
fn an_answer_without_results_is_none() {
    let reply = translation(Protocol::Cohere).answer(200, b"{}");
    assert_eq!(reply.status, 502);
    assert_eq!(translation(Protocol::Cohere).answer(429, br#"{"message":"slow"}"#).status, 429);
}

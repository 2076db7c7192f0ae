//! Small stateless operations: models, moderations, rerank.

use serde_json::{Value, json};

use super::{Answer, CREATED, Call, text};

/// The models `GET /models` lists; any other name is served too, except `no-such…`.
const MODELS: &[&str] = &["gpt-4o", "gpt-4o-mini", "gpt-5-nano", "text-embedding-3-small", "whisper-1", "tts-1"];

fn card(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "testkit" })
}

pub(crate) fn models() -> Answer {
    let data: Vec<Value> = MODELS.iter().map(|id| card(id)).collect();
    Answer::json(&json!({ "object": "list", "data": data }))
}

pub(crate) fn model(call: &Call) -> Answer {
    let id = call.segments[1..].join("/");
    if id.starts_with("no-such") {
        return Answer::status(404).with_json(&json!({ "error": {
            "message": format!("The model '{id}' does not exist"), "type": "invalid_request_error",
            "param": "model", "code": "model_not_found",
        } }));
    }
    if call.method == http::Method::DELETE {
        return Answer::json(&json!({ "id": id, "object": "model", "deleted": true }));
    }
    Answer::json(&card(&id))
}

/// Flags an input that contains `flag me`.
pub(crate) fn moderations(call: &Call) -> Answer {
    const CATEGORIES: &[&str] = &[
        "harassment",
        "harassment/threatening",
        "hate",
        "hate/threatening",
        "illicit",
        "illicit/violent",
        "self-harm",
        "self-harm/instructions",
        "self-harm/intent",
        "sexual",
        "sexual/minors",
        "violence",
        "violence/graphic",
    ];
    let inputs = match &call.json["input"] {
        Value::Array(items) if items.iter().all(Value::is_string) => items.clone(),
        other => vec![other.clone()],
    };
    let results: Vec<Value> = inputs
        .iter()
        .map(|input| {
            let flagged = text::plain(input).contains("flag me");
            let mut result = json!({
                "flagged": flagged, "categories": {}, "category_scores": {}, "category_applied_input_types": {},
            });
            for category in CATEGORIES {
                let hit = flagged && *category == "harassment";
                result["categories"][category] = hit.into();
                result["category_scores"][category] = json!(if hit { 0.5 } else { 0.125 });
                result["category_applied_input_types"][category] = json!(["text"]);
            }
            result
        })
        .collect();
    Answer::json(&json!({
        "id": format!("modr-{:016x}", call.digest()), "model": call.model_or("omni-moderation-latest"),
        "results": results,
    }))
}

/// Ranks documents by how many words they share with the query, ties in order.
pub(crate) fn rerank(call: &Call) -> Answer {
    let query: Vec<&str> = call.json["query"].as_str().unwrap_or_default().split_whitespace().collect();
    let documents: Vec<&Value> = call.json["documents"].as_array().into_iter().flatten().collect();
    let words = |document: &Value| {
        let text = document.as_str().or_else(|| document["text"].as_str()).unwrap_or_default().to_owned();
        query.iter().filter(|word| text.contains(**word)).count()
    };
    let mut ranked: Vec<(usize, usize)> = documents.iter().enumerate().map(|(at, text)| (at, words(text))).collect();
    ranked.sort_by_key(|(at, shared)| (usize::MAX - shared, *at));
    let top = call.json["top_n"].as_u64().and_then(|top| usize::try_from(top).ok()).unwrap_or(usize::MAX);
    let results: Vec<Value> = ranked
        .into_iter()
        .take(top)
        .map(|(index, shared)| {
            let shared = u32::try_from(shared).unwrap_or(u32::MAX);
            json!({ "index": index, "relevance_score": f64::from(shared) / f64::from(shared + 1) })
        })
        .collect();
    Answer::json(&json!({
        "id": format!("rerank-{:016x}", call.digest()), "model": call.model_or("unknown"), "results": results,
        "meta": { "billed_units": { "search_units": 1 } }, "usage": { "total_tokens": documents.len() },
    }))
}

//! Providers that only stream, for callers who want a whole answer.

use claviger_testkit::{Reply, Running, Script, ScriptedUpstream};
use serde_json::json;

use crate::harness::{Config, Gateway, Provider, launch, post, tokens};

const TEXT: &str = include_str!("../../../dialects/fixtures/coze/streams/text.sse");
const FAILED: &str = include_str!("../../../dialects/fixtures/coze/streams/failed.sse");

async fn before(stream: &str) -> (Running, Gateway) {
    let reply = Reply::new("POST", "/v3/chat", stream.to_owned()).header("content-type", "text/event-stream");
    let provider = ScriptedUpstream::start(Script::accepting_all().reply(reply)).await.unwrap();
    let entry = Provider::of_type("main", "coze", provider.addr()).tokens(&tokens(1));
    (provider, launch(&Config::default().provider(entry)).await)
}

#[tokio::test]
async fn a_whole_answer_is_put_together_from_a_stream() {
    let (provider, gateway) = before(TEXT).await;
    let asked = json!({ "model": "bot-1", "max_tokens": 9, "messages": [{ "role": "user", "content": "Hi" }] });
    let answer = gateway.ask(&post("/v1/chat/completions", &asked)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let whole = answer.json();
    assert_eq!((&whole["object"], &whole["choices"][0]["finish_reason"]), (&json!("chat.completion"), &json!("stop")));
    let text = whole["choices"][0]["message"]["content"].clone();
    assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{whole}");
    assert_eq!(gateway.receipt(&answer).await["usage"]["input"], whole["usage"]["prompt_tokens"]);
    let sent: serde_json::Value = serde_json::from_slice(&provider.seen().pop().unwrap().body).unwrap();
    assert_eq!((&sent["bot_id"], &sent["stream"]), (&json!("bot-1"), &json!(true)));
    let answer = gateway.ask(&post("/v1/messages", &asked)).await;
    assert_eq!(answer.json()["content"][1], json!({ "type": "text", "text": text }), "{}", answer.text());
}

#[tokio::test]
async fn a_stream_that_failed_or_broke_off_is_no_answer() {
    let asked = json!({ "model": "bot-1", "messages": [{ "role": "user", "content": "Hi" }] });
    let cut = TEXT.split_inclusive("\n\n").take(3).collect::<String>();
    for stream in [FAILED, &cut] {
        let (_provider, gateway) = before(stream).await;
        let answer = gateway.ask(&post("/v1/chat/completions", &asked)).await;
        assert!(answer.status >= 400 && answer.json()["error"]["message"].is_string(), "{}", answer.text());
    }
}

#[tokio::test]
async fn other_paths_of_the_providers_pass() {
    let reply = Reply::new("POST", "/v3/chat/cancel", "{\"code\":0}").header("content-type", "application/json");
    let provider = ScriptedUpstream::start(Script::accepting_all().reply(reply)).await.unwrap();
    let entry = Provider::of_type("main", "coze", provider.addr()).tokens(&tokens(1));
    let gateway = launch(&Config::default().provider(entry)).await;
    let answer = gateway.ask(&post("/v3/chat/cancel", &json!({ "chat_id": "1" }))).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"code\":0}"));
}

//! Context files: text from elsewhere in every conversation.

use claviger_testkit::{Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, Provider, Stepped, chat, embed, launch, post, soon, stream, token, tokens};

const TEXT: &str = "Harbour office opens at seven.";

/// Serves the file once, to whoever asks.
async fn serve(files: &Stepped) -> String {
    let mut asked = files.asked().await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", TEXT.len());
    asked.say(&[head.as_bytes(), TEXT.as_bytes()].concat()).await;
    asked.head.lines().next().unwrap().to_owned()
}

fn with_context(id: &str, url: &str, files: &Stepped) -> Provider {
    Provider::at(id, url).line(&format!("context: {{ fileUrl: \"{}/kb/intro.txt\" }}", files.url()))
}

/// The instructions that the provider was sent.
fn instructions(body: &[u8]) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    messages.iter().filter(|message| message["role"] == "system").map(|message| message["content"].clone()).collect()
}

#[tokio::test]
async fn a_file_is_fetched_once_and_stands_in_every_attempt() {
    let script = Script::new().token(token(0), TokenScript::status(500)).token(token(1), TokenScript::healthy());
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let files = Stepped::start().await;
    let main =
        with_context("main", &provider.url(), &files).tokens(&tokens(2)).line("selection: { strategy: priority }");
    let gateway = launch(&Config::default().provider(main)).await;
    let first = chat("hello");
    let (answer, asked) = tokio::join!(gateway.ask(&first), serve(&files));
    assert_eq!((answer.status, asked.as_str()), (200, "get /kb/intro.txt http/1.1"));
    assert_eq!(gateway.ask(&stream("hello again")).await.status, 200);
    let message = json!({"model": "gpt-4o-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(gateway.ask(&post("/v1/messages", &message)).await.status, 200);
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    assert_eq!(gateway.ask(&post("/v1beta/models/gpt-4o-mini:generateContent", &contents)).await.status, 200);
    let seen = provider.seen();
    assert!(seen.len() >= 5, "the first credential failed: {}", seen.len());
    for request in &seen {
        assert_eq!(instructions(&request.body), [TEXT], "{}", request.path);
    }
    assert_eq!(gateway.ask(&embed("hello")).await.status, 200, "what is no conversation goes on as it is");
}

#[tokio::test]
async fn a_file_that_cannot_be_had_harms_no_credential_and_another_tier_serves() {
    let script = Script::new().token(token(0), TokenScript::healthy()).token(token(1), TokenScript::healthy());
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gone = Stepped::start().await;
    let main = with_context("main", &provider.url(), &gone).tokens(&tokens(1));
    drop(gone);
    let other = Provider::at("other", &provider.url()).tokens(&[token(1)]);
    let config = Config::default().provider(main.clone()).provider(other);
    let gateway = launch(&config.tiers("[ [ { provider: main } ], [ { provider: other } ] ]")).await;
    let answer = gateway.ask(&chat("hello")).await;
    assert_eq!((answer.status, answer.header("x-claviger-provider")), (200, Some("other")), "{}", answer.text());
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
    let alone = launch(&Config::default().provider(main)).await;
    let answer = soon("the failure is told", alone.ask(&chat("hello"))).await;
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text());
    assert_eq!((alone.standings().await, provider.count(&token(0))), (vec!["ready".to_owned()], 0));
}

#[tokio::test]
async fn a_reload_keeps_the_text() {
    let provider = ScriptedUpstream::start(Script::new().token(token(0), TokenScript::healthy())).await.unwrap();
    let files = Stepped::start().await;
    let config = Config::default().provider(with_context("main", &provider.url(), &files).tokens(&tokens(1)));
    let gateway = Gateway::start(&config.yaml(), &[]).await;
    let request = chat("hello");
    let (answer, _) = tokio::join!(gateway.ask(&request), serve(&files));
    assert_eq!(answer.status, 200);
    gateway.rewrite(&format!("{}drainTimeout: 3s\n", config.yaml()));
    gateway.signal("HUP");
    gateway.says("configuration reloaded").await;
    drop(files);
    assert_eq!(gateway.ask(&chat("again")).await.status, 200);
    assert_eq!(instructions(&provider.seen()[1].body), [TEXT]);
}

//! Context files: text from elsewhere in every conversation.

use claviger_testkit::{Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, Provider, Stepped, Wire, chat, embed, form, launch, post, soon, stream};
use crate::harness::{token, tokens};

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

#[tokio::test]
async fn a_file_at_moonshot_is_read_with_the_token_of_its_account_and_stands_in_every_attempt() {
    let script = Script::new().healthy([token(0), token(1), token(2)]);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let parts: [(&str, &str, &[u8]); 2] = [("purpose", "", b"file-extract"), ("file", "kb.txt", TEXT.as_bytes())];
    let upload = form("/v1/files", &parts).bearer(&token(1));
    let id = Wire::open(provider.addr()).await.ask(&upload).await.json()["id"].as_str().unwrap().to_owned();
    let main = Provider::of_type("main", "moonshot", provider.addr()).tokens(&tokens(3));
    let gateway = launch(&Config::default().provider(main.line(&format!("moonshotFileId: {id}")))).await;
    for _ in 0..6 {
        let answer = gateway.ask(&chat("hello")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let seen = provider.seen();
    let path = format!("/v1/files/{id}/content");
    let reads: Vec<_> = seen.iter().filter(|one| one.path == path).map(|one| (one.token.clone(), one.status)).collect();
    assert_eq!(reads, [(token(0), Some(404)), (token(1), Some(200))], "until one is let at it, and never again");
    let chats: Vec<_> = seen.iter().filter(|one| one.path == "/v1/chat/completions").collect();
    assert_eq!(chats.len(), 6);
    assert!(chats.iter().all(|one| instructions(&one.body) == [TEXT]));
    assert_eq!(gateway.standings().await, ["ready", "ready", "ready"], "a file that is not theirs harms no credential");
}

#[tokio::test]
async fn without_its_file_moonshot_is_not_asked() {
    let provider = ScriptedUpstream::start(Script::new().healthy([token(0)])).await.unwrap();
    let main = Provider::of_type("main", "moonshot", provider.addr()).tokens(&tokens(1));
    let gateway = launch(&Config::default().provider(main.line("moonshotFileId: file-gone"))).await;
    let answer = gateway.ask(&chat("hello")).await;
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text());
    assert!(provider.seen().iter().all(|one| one.path == "/v1/files/file-gone/content"));
    assert_eq!(gateway.standings().await, ["ready"]);
}

#[tokio::test]
async fn a_rate_at_moonshot_is_no_reason_to_ask_with_the_next_token() {
    let script = Script::new().token(token(0), TokenScript::status(429)).healthy([token(1)]);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let main = Provider::of_type("main", "moonshot", provider.addr()).tokens(&tokens(2));
    let gateway = launch(&Config::default().provider(main.line("moonshotFileId: file-busy"))).await;
    let answer = gateway.ask(&chat("hello")).await;
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text());
    assert_eq!((provider.count(&token(0)), provider.count(&token(1))), (1, 0));
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
}

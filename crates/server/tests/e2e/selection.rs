//! Who is chosen: strategies, limits of the operator, and what providers say they still allow.

use std::collections::BTreeMap;

use claviger_testkit::{Reply, Running, Script, ScriptedUpstream};
use serde_json::json;

use crate::harness::{Config, Gateway, Provider, Stepped, chat, launch, post, stream, token, tokens};

async fn gateway(count: usize, lines: &[&str], route: &[&str]) -> (Running, Gateway) {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(count))).await.unwrap();
    let entry = lines.iter().fold(Provider::at("main", &provider.url()).tokens(&tokens(count)), |p, line| p.line(line));
    let config = route.iter().fold(Config::default().provider(entry), |config, line| config.route(line));
    let gateway = launch(&config).await;
    (provider, gateway)
}

/// How many requests each token got.
fn counts(provider: &Running) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for seen in provider.seen() {
        *counts.entry(seen.token.clone()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn priority_uses_the_first_token_while_it_works() {
    let (provider, gateway) = gateway(3, &["selection: { strategy: priority }"], &[]).await;
    for ask in 0..6 {
        assert_eq!(gateway.ask(&chat(&format!("request {ask}"))).await.status, 200);
    }
    assert_eq!(counts(&provider), BTreeMap::from([(token(0), 6)]));
}

#[tokio::test]
async fn sticky_keeps_a_conversation_with_one_token() {
    let (provider, gateway) = gateway(8, &["selection: { strategy: sticky }"], &[]).await;
    for talk in 0..4 {
        for turn in 1..4 {
            let mut messages = vec![json!({"role": "user", "content": format!("conversation {talk}")})];
            for said in 1..turn {
                messages.push(json!({"role": "assistant", "content": format!("answer {said}")}));
                messages.push(json!({"role": "user", "content": format!("question {said}")}));
            }
            let body = json!({"model": "gpt-4o-mini", "user": format!("user {talk}"), "messages": messages});
            assert_eq!(gateway.ask(&post("/v1/chat/completions", &body)).await.status, 200);
        }
    }
    let by_talk = provider.seen().into_iter().fold(BTreeMap::<String, Vec<String>>::new(), |mut all, seen| {
        all.entry(seen.json()["user"].to_string()).or_default().push(seen.token.clone());
        all
    });
    assert_eq!(by_talk.len(), 4);
    assert!(by_talk.values().all(|tokens| tokens.iter().all(|one| *one == tokens[0])), "{by_talk:?}");
}

#[tokio::test]
async fn a_tokens_own_limit_sends_what_is_more_to_the_next_and_then_back_to_the_caller() {
    let limited = |name: &str, rpm: u32| format!("{{ token: {name}, limits: {{ rpm: {rpm} }} }}");
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let entries = [limited(&token(0), 1), limited(&token(1), 2)];
    let gateway = launch(&Config::one(&provider.url(), &entries).route("maxWait: 300ms")).await;
    for ask in 0..3 {
        assert_eq!(gateway.ask(&chat(&format!("request {ask}"))).await.status, 200);
    }
    let refused = gateway.ask(&chat("one too many")).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    let after: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or(0);
    assert!((30..=61).contains(&after), "{after} s");
    assert_eq!(counts(&provider), BTreeMap::from([(token(0), 1), (token(1), 2)]));
}

#[tokio::test]
async fn a_token_with_one_place_serves_one_after_the_other() {
    let provider = Stepped::start().await;
    let entry = format!("{{ token: {}, limits: {{ concurrency: 1 }} }}", token(0));
    let gateway = launch(&Config::one(&provider.url(), &[entry]).route("maxWait: 20s")).await;
    let request = stream("first");
    let first = gateway.open(&request);
    let (first, _open) = tokio::join!(first, async {
        let mut asked = provider.asked().await;
        asked.begin_stream().await;
        asked.chunk(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n").await;
        asked
    });
    assert_eq!(gateway.in_flight().await, 1);
    drop(first);
    gateway.idle().await;
    let second = chat("second");
    let (answer, _done) = tokio::join!(gateway.ask(&second), async {
        let mut asked = provider.asked().await;
        let body = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"two"}}]}"#;
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        asked.say(format!("{head}{body}").as_bytes()).await;
        asked
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_token_whose_provider_says_that_nothing_is_left_is_not_asked() {
    let answer = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}}]}).to_string();
    let reply = Reply::new("POST", "/v1/chat/completions", answer)
        .header("content-type", "application/json")
        .header("x-ratelimit-limit-requests", "2")
        .header("x-ratelimit-remaining-requests", "0")
        .header("x-ratelimit-reset-requests", "30s");
    let provider = ScriptedUpstream::start(Script::accepting_all().reply(reply)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(4))).await;
    for ask in 0..4 {
        assert_eq!(gateway.ask(&chat(&format!("request {ask}"))).await.status, 200);
    }
    let asked = counts(&provider);
    assert!(asked.len() == 4 && asked.values().all(|count| *count == 1), "{asked:?}");
}

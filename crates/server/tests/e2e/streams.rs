//! Streams: event by event, bytes as they came, ended honestly.

use claviger_testkit::{CutHow, FaultKind, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Ended, Stepped, Wire, chat, launch, post, stream, token, tokens, until};

fn event(text: &str) -> String {
    let delta =
        json!({"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {delta}\n\n")
}

fn wants_usage(text: &str) -> crate::harness::Request {
    let messages = json!([{"role": "user", "content": text}]);
    let options = json!({"include_usage": true});
    let body = json!({"model": "gpt-4o-mini", "messages": messages, "stream": true, "stream_options": options});
    post("/v1/chat/completions", &body)
}

#[tokio::test]
async fn each_event_is_passed_on_before_the_next_is_sent() {
    let provider = Stepped::start().await;
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let mut asking = gateway.wire().await;
    asking.send(&stream("step by step")).await;
    let mut asked = provider.asked().await;
    asked.begin_stream().await;
    asked.chunk(event("word 0").as_bytes()).await;
    let mut answer = asking.streaming().await;
    assert_eq!(answer.event().await.unwrap(), event("word 0"));
    for number in 1..20 {
        let sent = event(&format!("word {number}"));
        asked.chunk(sent.as_bytes()).await;
        // the provider says nothing more until this has arrived
        assert_eq!(answer.event().await.unwrap(), sent);
    }
    asked
        .chunk(b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
        .await;
    asked.end_stream().await;
    assert_eq!(answer.rest().await.last().unwrap(), "data: [DONE]\n\n");
    assert_eq!(answer.ended, Some(Ended::Properly));
}

#[tokio::test]
async fn events_split_anywhere_arrive_whole_and_unchanged() {
    let provider = Stepped::start().await;
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let mut asking = gateway.wire().await;
    asking.send(&wants_usage("split")).await;
    let mut asked = provider.asked().await;
    asked.begin_stream().await;
    let odd =
        ": a comment\n\nevent: named\nid: 7\ndata:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é…🦀\"}}]}\n\n";
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let sent = format!("{odd}{}{end}", event("plain"));
    for byte in sent.as_bytes() {
        asked.chunk(&[*byte]).await;
    }
    asked.end_stream().await;
    let got: String = asking.streaming().await.rest().await.concat();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn bytes_pass_unchanged() {
    let words = TokenScript::healthy().words(200);
    let provider = ScriptedUpstream::start(Script::new().token(token(0), words)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    for request in [chat("the same bytes"), wants_usage("the same bytes")] {
        let direct = Wire::open(provider.addr()).await.ask(&request.clone().bearer(&token(0))).await;
        let through = gateway.ask(&request).await;
        assert_eq!(through.text(), direct.text());
        assert_eq!(through.header("content-type"), direct.header("content-type"));
        let seen = provider.seen();
        let [.., first, second] = seen.as_slice() else { panic!("two requests") };
        assert_eq!(first.body, second.body, "the body that goes up is the caller's own");
    }
}

#[tokio::test]
async fn usage_is_asked_for_and_hidden_from_who_did_not_ask() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(1))).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&stream("count this")).await;
    assert_eq!(provider.seen()[0].json()["stream_options"]["include_usage"], true);
    for event in answer.events() {
        let data: Value = serde_json::from_str(event.trim().trim_start_matches("data: ")).unwrap_or_default();
        assert!(data["usage"].is_null(), "{event}");
        assert!(event.contains("[DONE]") || !data["choices"].as_array().unwrap().is_empty(), "{event}");
    }
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    let receipt = gateway.receipt(&answer).await;
    assert_eq!(
        (receipt["usage"]["input"].as_u64(), receipt["usage"]["output"].as_u64()),
        (Some(2), Some(4)),
        "{receipt}"
    );
    let asked = gateway.ask(&wants_usage("count this")).await;
    let shown = asked.events().iter().filter(|event| event.contains("\"total_tokens\"")).count();
    assert_eq!(shown, 1, "{}", asked.text());
}

/// One provider token that breaks every stream after four events, one healthy that must not be asked then.
async fn breaks(kind: FaultKind) {
    let script = Script::new().token(token(0), TokenScript::broken(kind.clone()).words(30));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1)).route("streamIdleTimeout: 500ms")).await;
    let answer = gateway.ask(&stream("it breaks")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.said(), "You said: it", "{kind:?}");
    assert!(!answer.text().contains("[DONE]"), "{kind:?}: a fake end\n{}", answer.text());
    let errors: Vec<String> = answer.events().into_iter().filter(|event| event.contains("\"error\"")).collect();
    assert_eq!(errors.len(), 1, "{kind:?}: {}", answer.text());
    assert!(answer.text().ends_with(&errors[0]) && errors[0].ends_with("\n\n"), "{kind:?}: the error comes last");
    let error: Value = serde_json::from_str(errors[0].trim().strip_prefix("data: ").unwrap()).unwrap();
    assert!(error["error"]["message"].is_string(), "{error}");
    assert_eq!(answer.ended, Ended::Properly, "{kind:?}");
    assert_eq!(provider.seen().len(), 1, "{kind:?}: never repeated after the first content");
    let receipt = gateway.receipt(&answer).await;
    assert_eq!((receipt["end"].as_str(), receipt["status"].as_u64()), (Some("cut"), Some(200)), "{receipt}");
    gateway.idle().await;
}

#[tokio::test]
async fn a_reset_after_content_ends_with_one_error_event() {
    breaks(FaultKind::Cut { after_events: 4, how: CutHow::Rst }).await;
}

#[tokio::test]
async fn a_closed_connection_after_content_ends_with_one_error_event() {
    breaks(FaultKind::Cut { after_events: 4, how: CutHow::Fin }).await;
}

#[tokio::test]
async fn an_end_without_an_end_mark_after_content_ends_with_one_error_event() {
    breaks(FaultKind::Cut { after_events: 4, how: CutHow::CleanEnd }).await;
}

#[tokio::test]
async fn silence_after_content_ends_with_one_error_event() {
    breaks(FaultKind::StallStream { after_events: 4 }).await;
}

#[tokio::test]
async fn the_providers_own_error_event_is_passed_on_and_nothing_added() {
    breaks(FaultKind::ErrorMidStream { after_events: 4, body: None }).await;
}

#[tokio::test]
async fn a_slow_but_steady_stream_is_not_cut() {
    let paced = TokenScript::healthy().fault(FaultKind::Pace { ms: 120 }).words(12);
    let provider = ScriptedUpstream::start(Script::new().token(token(0), paced)).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(1)).route("streamIdleTimeout: 600ms").route("deadline: 1s");
    let gateway = launch(&config).await;
    let answer = gateway.ask(&stream("slowly")).await;
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_request_at_the_provider() {
    for behaviour in [
        TokenScript::healthy().fault(FaultKind::Pace { ms: 50 }).words(5000),
        TokenScript::broken(FaultKind::StallStream { after_events: 3 }),
        TokenScript::broken(FaultKind::StallHead),
    ] {
        let provider = ScriptedUpstream::start(Script::new().token(token(0), behaviour)).await.unwrap();
        let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
        let mut asking = gateway.wire().await;
        asking.send(&stream("going away").header("x-request-id", "the-leaver")).await;
        provider.seen_when(|seen| !seen.is_empty()).await;
        until("the attempt runs", || async { (gateway.in_flight().await == 1).then_some(()) }).await;
        drop(asking);
        until("the provider sees the client leave", || async { provider.seen()[0].left_early.then_some(()) }).await;
        gateway.idle().await;
        assert_eq!(gateway.receipt_of("the-leaver").await["end"], "client_left");
        assert_eq!(gateway.standings().await, ["ready"], "leaving is not the token's fault");
    }
}

#[tokio::test]
async fn packed_answers_arrive_readable() {
    for forced in [true, false] {
        let packing = TokenScript::healthy().fault(FaultKind::Gzip { forced });
        let provider = ScriptedUpstream::start(Script::new().token(token(0), packing)).await.unwrap();
        let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
        let answer = gateway.ask(&chat("pack this")).await;
        assert_eq!(answer.header("content-encoding"), None);
        assert_eq!(answer.said(), "You said: pack this");
        assert!(gateway.receipt(&answer).await["usage"]["input"].as_u64() > Some(0));
    }
}

#[tokio::test]
async fn a_dripping_stream_arrives_whole() {
    let drip = TokenScript::healthy().fault(FaultKind::Drip { bytes: 7, every_ms: 1 });
    let provider = ScriptedUpstream::start(Script::new().token(token(0), drip)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&stream("drip drop")).await;
    assert_eq!(answer.said(), "You said: drip drop");
}

#[tokio::test]
async fn a_malformed_event_after_content_passes_as_it_came() {
    let broken = TokenScript::broken(FaultKind::MalformedEvent { at: 3 }).words(10);
    let provider = ScriptedUpstream::start(Script::new().token(token(0), broken)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&stream("odd")).await;
    assert!(answer.text().contains("chatcmpl-bro, "), "{}", answer.text());
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
}

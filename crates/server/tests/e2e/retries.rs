//! Whatever goes wrong with some tokens, callers do not see it while another works.

use claviger_testkit::{CutHow, Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::json;

use crate::harness::{Config, Gateway, asked_for, chat, launch, never_twice, stream, token, tokens, until};

/// Whether what a fault shows is believed at once, so that the token is asked a single time.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Fact,
    Guess,
}

/// `broken` of five tokens have the fault and are met first; all requests succeed.
async fn survives(fault: Fault, broken: usize, shows: Shows, streams: &[bool]) {
    let mut script = Script::new().healthy(tokens(5));
    for number in 0..broken {
        script = script.token(token(number), TokenScript::healthy().fault(fault.clone()));
    }
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(5)).route("firstTokenTimeout: 600ms");
    let gateway = launch(&config).await;
    for ask in 0..12 {
        let text = format!("request {ask}");
        let streamed = streams[ask % streams.len()];
        let answer = gateway.ask(&if streamed { stream(&text) } else { chat(&text) }).await;
        assert_eq!(answer.status, 200, "{text}: {}", answer.text());
        assert_eq!(answer.said(), format!("You said: {text}"));
        if streamed {
            assert!(answer.text().ends_with("data: [DONE]\n\n"), "{text}: {}", answer.text());
        }
    }
    never_twice(&provider.seen());
    let met: usize = (0..broken).map(|number| provider.count(&token(number))).sum();
    assert!(met >= 1, "the fault was never met: the test shows nothing");
    for number in 0..broken {
        let count = provider.count(&token(number));
        assert!(shows == Shows::Guess || count <= 1, "a token known to be broken was asked {count} times");
    }
}

macro_rules! survives {
    ($($name:ident: $fault:expr, $shows:ident, $streams:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            survives($fault.into(), 3, Shows::$shows, &$streams).await;
        })*
    };
}

const BOTH: [bool; 2] = [false, true];
const STREAMS: [bool; 1] = [true];
const WHOLE: [bool; 1] = [false];

survives! {
    a_revoked_token_does_not_show: Fault::status(401), Fact, BOTH;
    an_unpaid_token_does_not_show: Fault::status(402), Fact, BOTH;
    a_forbidden_token_does_not_show: Fault::status(403), Fact, BOTH;
    a_token_without_the_model_does_not_show: Fault::status(404), Fact, BOTH;
    a_limited_token_does_not_show: Fault::status(429).header("retry-after", "600"), Fact, BOTH;
    a_spent_token_does_not_show: Fault::status(429).body(json!({"error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}})), Fact, BOTH;
    a_server_error_does_not_show: Fault::status(500), Guess, BOTH;
    a_bad_gateway_does_not_show: Fault::status(502), Guess, BOTH;
    an_overload_does_not_show: Fault::status(503), Guess, BOTH;
    a_gateway_timeout_does_not_show: Fault::status(504), Guess, BOTH;
    an_edge_page_does_not_show: Fault::status(520).body(json!("<html>Web server is returning an unknown error</html>")), Guess, BOTH;
    a_reset_does_not_show: FaultKind::Reset, Guess, BOTH;
    a_closed_connection_does_not_show: FaultKind::Refuse, Guess, BOTH;
    an_error_inside_a_200_does_not_show: FaultKind::ErrorIn200 { body: None }, Guess, BOTH;
    a_dead_key_inside_a_200_does_not_show: FaultKind::ErrorIn200 { body: Some(json!({"error": {
        "message": "Incorrect API key provided", "type": "invalid_request_error", "code": "invalid_api_key"}})) }, Fact, BOTH;
    an_error_as_first_event_does_not_show: FaultKind::ErrorFirstEvent { body: None }, Guess, STREAMS;
    an_error_after_the_role_does_not_show: FaultKind::ErrorMidStream { after_events: 1, body: None }, Guess, STREAMS;
    a_role_and_then_a_cut_does_not_show: FaultKind::RoleOnlyThenCut, Guess, STREAMS;
    an_empty_stream_does_not_show: FaultKind::EmptyStream, Guess, STREAMS;
    a_malformed_first_event_does_not_show: FaultKind::MalformedEvent { at: 0 }, Guess, STREAMS;
    a_garbage_body_does_not_show: FaultKind::GarbageBody, Guess, WHOLE;
    a_body_cut_by_a_reset_does_not_show: FaultKind::Cut { after_events: 0, how: CutHow::Rst }, Guess, BOTH;
    a_body_cut_by_a_close_does_not_show: FaultKind::Cut { after_events: 0, how: CutHow::Fin }, Guess, BOTH;
    a_body_that_ends_too_early_does_not_show: FaultKind::Cut { after_events: 1, how: CutHow::CleanEnd }, Guess, BOTH;
}

/// One of five is silent: a second attempt overtakes it.
async fn hedges(kind: FaultKind) -> (Running, Gateway) {
    let script = Script::new().healthy(tokens(5)).token(token(0), TokenScript::broken(kind));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(5)).route("firstTokenTimeout: 600ms");
    let gateway = launch(&config).await;
    for ask in 0..6 {
        let text = format!("request {ask}");
        let answer = gateway.ask(&stream(&text)).await;
        assert_eq!((answer.status, answer.said()), (200, format!("You said: {text}")));
    }
    assert!(provider.count(&token(0)) >= 1, "the silent token was never met");
    never_twice(&provider.seen());
    until("the silent attempt is cancelled at the provider", || async {
        let seen = provider.seen();
        seen.iter().filter(|seen| seen.token == token(0)).all(|seen| seen.left_early).then_some(())
    })
    .await;
    gateway.idle().await;
    (provider, gateway)
}

#[tokio::test]
async fn silence_before_the_head_is_overtaken_by_a_second_attempt() {
    let (_provider, gateway) = hedges(FaultKind::StallHead).await;
    let hedged = || gateway.receipts().into_iter().find(|receipt| receipt["attempts"].as_array().unwrap().len() > 1);
    let receipt = until("the receipt of a request with two attempts", || std::future::ready(hedged())).await;
    let attempts = &receipt["attempts"];
    assert_eq!(attempts[1]["hedge"], true, "{attempts}");
    assert_eq!(attempts[0]["verdict"], "timeout", "{attempts}");
}

#[tokio::test]
async fn silence_after_the_head_is_overtaken_by_a_second_attempt() {
    hedges(FaultKind::StallStream { after_events: 0 }).await;
}

#[tokio::test]
async fn silence_after_the_role_is_overtaken_by_a_second_attempt() {
    hedges(FaultKind::StallStream { after_events: 1 }).await;
}

#[tokio::test]
async fn a_slow_first_attempt_may_still_win() {
    // the second attempt never answers, the first does after the second began
    let slow = TokenScript::healthy().fault(FaultKind::Delay { ms: 1500 });
    let silent = TokenScript::broken(FaultKind::StallHead);
    let script = Script::new().token(token(0), slow).token(token(1), silent);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(2)).route("firstTokenTimeout: 500ms")).await;
    let answer = gateway.ask(&stream("patience")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "You said: patience"));
    never_twice(&provider.seen());
}

#[tokio::test]
async fn a_stream_without_its_end_mark_passes_as_it_came() {
    let script = Script::new().token(token(0), TokenScript::broken(FaultKind::MissingDone));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&stream("no end mark")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.said(), "You said: no end mark");
    assert!(!answer.text().contains("[DONE]") && !answer.text().contains("error"), "{}", answer.text());
    assert!(answer.text().contains(r#""finish_reason":"stop""#), "{}", answer.text());
    assert_eq!(gateway.receipt(&answer).await["end"], "complete");
    assert_eq!(gateway.standings().await, ["ready"]);
}

#[tokio::test]
async fn what_one_request_learns_the_next_one_knows() {
    let mut script = Script::new().healthy(tokens(20));
    for (number, status) in [401, 402, 403, 429].into_iter().cycle().take(19).enumerate() {
        let fault = Fault::status(status).header("retry-after", "3600");
        script = script.token(token(number), TokenScript::healthy().fault(fault));
    }
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(20))).await;
    let first = gateway.ask(&chat("the first learns")).await;
    assert_eq!(first.status, 200, "nineteen dead tokens hide the twentieth: {}", first.text());
    for ask in 0..10 {
        let answer = gateway.ask(&chat(&format!("later {ask}"))).await;
        assert_eq!(answer.status, 200);
    }
    for number in 0..19 {
        assert!(provider.count(&token(number)) <= 1, "a dead token was asked again");
    }
    never_twice(&provider.seen());
}

#[tokio::test]
async fn what_a_request_learns_about_one_model_does_not_bar_the_others() {
    let missing = TokenScript::healthy().fault(Fault::status(404).model("gpt-4o-mini"));
    let provider = ScriptedUpstream::start(Script::new().token(token(0), missing)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    assert_ne!(gateway.ask(&chat("a model it lacks")).await.status, 200);
    let answer = gateway.ask(&crate::harness::embed("a model it has")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(asked_for(&provider.seen(), "a model it has").len(), 1);
}

#[tokio::test]
async fn many_silent_tokens_do_not_hide_the_one_that_speaks() {
    let silent = TokenScript::broken(FaultKind::StallHead);
    let script = (0..12).fold(Script::new().healthy([token(12)]), |script, n| script.token(token(n), silent.clone()));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(13)).route("firstTokenTimeout: 500ms")).await;
    for request in [stream("first"), chat("second"), stream("third")] {
        let answer = gateway.ask(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    never_twice(&provider.seen());
}

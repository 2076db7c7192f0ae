//! How requests end that nobody can serve, and when they are not repeated.

use claviger_testkit::{Fault, FaultKind, Script, ScriptedUpstream, TokenScript};
use serde_json::json;

use crate::harness::{Config, Provider, asked_for, chat, launch, never_twice, post, stream, token, tokens};

#[tokio::test]
async fn the_callers_mistake_costs_one_attempt_and_passes_unchanged() {
    let said = r#"{"error": {"message": "Unknown parameter: 'x'.",  "type": "invalid_request_error", "code": "unknown_parameter"}}"#;
    let complaint = Fault::status(400).body(json!(said)).header("x-from-provider", "yes");
    let mut script = Script::new();
    for one in tokens(3) {
        script = script.token(one, TokenScript::healthy().fault(complaint.clone()));
    }
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    for (text, request) in [("whole", chat("whole")), ("streamed", stream("streamed"))] {
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.text().as_str()), (400, said));
        assert_eq!(answer.header("x-from-provider"), Some("yes"));
        assert_eq!(answer.attempts(), 1);
        assert_eq!(asked_for(&provider.seen(), text).len(), 1);
        let receipt = gateway.receipt(&answer).await;
        assert_eq!(receipt["end"], "client_error", "{receipt}");
    }
    assert_eq!(gateway.standings().await, ["ready", "ready", "ready"]);
}

#[tokio::test]
async fn a_refusal_by_content_policy_and_one_for_length_are_not_routed_around() {
    let policy = json!({"error": {"message": "Your request was rejected as a result of our safety system.",
        "type": "invalid_request_error", "param": null, "code": "content_policy_violation"}});
    let length = json!({"error": {"message": "This model's maximum context length is 8192 tokens.",
        "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}});
    for body in [policy, length] {
        let fault = Fault::status(400).body(body.clone());
        let script = Script::new().healthy(tokens(3)).token(token(0), TokenScript::healthy().fault(fault));
        let provider = ScriptedUpstream::start(script).await.unwrap();
        let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
        let answers = [gateway.ask(&chat("a")).await, gateway.ask(&chat("b")).await, gateway.ask(&chat("c")).await];
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 400).collect();
        assert_eq!(refused.len(), 1, "the token that says so was asked once");
        assert_eq!(refused[0].json(), body);
        assert_eq!(refused[0].attempts(), 1);
        assert_eq!(gateway.standings().await, ["ready", "ready", "ready"]);
    }
}

#[tokio::test]
async fn with_all_tokens_dead_the_answer_is_immediate_and_honest() {
    let mut script = Script::new();
    for (one, status) in tokens(3).into_iter().zip([401, 402, 403]) {
        script = script.token(one, TokenScript::status(status));
    }
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(3)).route("maxWait: 2s")).await;
    let first = gateway.ask(&chat("first")).await;
    assert_eq!((first.status, first.code().as_str()), (503, "no_credential_available"), "{}", first.text());
    let trail = first.json()["error"]["attempts"].as_array().unwrap().clone();
    assert_eq!(trail.len(), 3, "{}", first.text());
    let verdicts: Vec<&str> = trail.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    for class in ["invalid_credential", "quota_exhausted", "permission"] {
        assert!(verdicts.contains(&class), "{verdicts:?}");
    }
    let after: u64 = first.header("retry-after").expect("when to come back").parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    assert_eq!(first.header("x-should-retry"), Some("false"));
    assert!(tokens(3).iter().all(|token| !first.text().contains(token.as_str())), "the trail is masked");
    let second = gateway.ask(&stream("second")).await;
    assert_eq!((second.status, second.code().as_str()), (503, "no_credential_available"));
    assert!(second.header("retry-after").is_some());
    assert_eq!(provider.seen().len(), 3, "nobody is asked who is known to be dead");
    let receipt = gateway.receipt(&second).await;
    assert_eq!((receipt["end"].as_str(), receipt["wait_ms"].as_u64()), (Some("refused"), Some(0)), "{receipt}");
}

#[tokio::test]
async fn when_all_are_limited_by_rate_it_says_so_and_when_to_come_back() {
    let limited = TokenScript::healthy().fault(Fault::status(429).header("retry-after", "40"));
    let script = Script::new().token(token(0), limited.clone()).token(token(1), limited);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(2)).route("maxWait: 1s")).await;
    for text in ["first", "second"] {
        let answer = gateway.ask(&chat(text)).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "no_credential_available"), "{}", answer.text());
        let after: u64 = answer.header("retry-after").expect("when to come back").parse().unwrap();
        assert!((38..=42).contains(&after), "{after}");
    }
    assert_eq!(provider.seen().len(), 2);
}

#[tokio::test]
async fn a_short_rest_is_waited_for_within_max_wait() {
    let limited = TokenScript::healthy().rate_limit(1, 1200);
    let provider = ScriptedUpstream::start(Script::new().token(token(0), limited)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1)).route("maxWait: 10s")).await;
    assert_eq!(gateway.ask(&chat("goes through")).await.status, 200);
    let waited = gateway.ask(&chat("waits")).await;
    assert_eq!(waited.status, 200, "{}", waited.text());
    let receipt = gateway.receipt(&waited).await;
    assert!(receipt["wait_ms"].as_u64().unwrap() > 0, "{receipt}");
    assert!(waited.header("x-claviger-wait-ms").unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn the_deadline_ends_a_request_that_nobody_answers() {
    let silent = TokenScript::broken(FaultKind::StallHead);
    let script = tokens(3).into_iter().fold(Script::new(), |script, one| script.token(one, silent.clone()));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(3)).route("deadline: 1s")).await;
    for request in [chat("whole"), stream("streamed")] {
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.code().as_str()), (504, "deadline_exceeded"), "{}", answer.text());
        let total = gateway.receipt(&answer).await["total_ms"].as_u64().unwrap();
        assert!(total >= 1000, "{total}");
    }
    gateway.idle().await;
    never_twice(&provider.seen());
}

#[tokio::test]
async fn a_lone_token_is_asked_again_after_a_guess() {
    let shaky = TokenScript::healthy().fault(Fault::status(500).to_request(1));
    let provider = ScriptedUpstream::start(Script::new().token(token(0), shaky)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&chat("again")).await;
    assert_eq!((answer.status, answer.attempts()), (200, 2), "{}", answer.text());
}

#[tokio::test]
async fn a_lone_token_is_not_asked_again_after_a_fact() {
    let provider = ScriptedUpstream::start(Script::new().token(token(0), TokenScript::status(401))).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let answer = gateway.ask(&chat("once")).await;
    assert_eq!((answer.status, answer.attempts()), (503, 1), "{}", answer.text());
    assert_eq!(provider.count(&token(0)), 1);
}

#[tokio::test]
async fn a_lone_token_is_not_asked_again_after_silence() {
    let silent = TokenScript::broken(FaultKind::StallHead);
    let provider = ScriptedUpstream::start(Script::new().token(token(0), silent)).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(1)).route("deadline: 2s").route("firstTokenTimeout: 300ms");
    let gateway = launch(&config).await;
    let answer = gateway.ask(&stream("once")).await;
    assert_eq!(answer.status, 504, "{}", answer.text());
    assert_eq!(provider.count(&token(0)), 1);
}

/// Both tokens fail the first request they get, and only that.
async fn both_shaky(reuse: bool) -> (u16, usize) {
    let shaky = TokenScript::healthy().fault(Fault::status(500).to_request(1));
    let script = Script::new().token(token(0), shaky.clone()).token(token(1), shaky);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let entry = Provider::at("main", &provider.url())
        .tokens(&tokens(2))
        .line(&format!("retryOnFailure: {{ enabled: true, maxRetries: 5, reuseFailedCredentials: {reuse} }}"));
    let gateway = launch(&Config::default().provider(entry)).await;
    let answer = gateway.ask(&chat("shaky")).await;
    (answer.status, asked_for(&provider.seen(), "shaky").len())
}

#[tokio::test]
async fn a_failed_token_is_not_asked_twice_by_one_request() {
    assert_eq!(both_shaky(false).await, (500, 2));
}

#[tokio::test]
async fn a_failed_token_is_asked_again_where_the_operator_wants_it() {
    let (status, asked) = both_shaky(true).await;
    assert_eq!(status, 200);
    assert!(asked >= 3, "{asked}");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    let draw = post("/v1/images/generations", &json!({"model": "gpt-image-1", "prompt": "a cat"}));
    for kind in [FaultKind::Reset, FaultKind::Refuse, FaultKind::GarbageBody] {
        let broken = TokenScript::broken(kind.clone());
        let script = Script::new().token(token(0), broken.clone()).token(token(1), broken);
        let provider = ScriptedUpstream::start(script).await.unwrap();
        let gateway = launch(&Config::one(&provider.url(), &tokens(2))).await;
        let answer = gateway.ask(&draw).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_interrupted"),
            "{kind:?} {}",
            answer.text()
        );
        assert_eq!(provider.seen().len(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_done_by_another_token() {
    let draw = post("/v1/images/generations", &json!({"model": "gpt-image-1", "prompt": "a cat"}));
    for status in [401, 402, 403, 429] {
        let refusing = TokenScript::healthy().fault(Fault::status(status).header("retry-after", "60"));
        let script = Script::new().healthy(tokens(3)).token(token(0), refusing.clone()).token(token(1), refusing);
        let provider = ScriptedUpstream::start(script).await.unwrap();
        let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
        let answer = gateway.ask(&draw).await;
        assert_eq!(answer.status, 200, "{status}: {}", answer.text());
        never_twice(&provider.seen());
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_hammered() {
    let failing = TokenScript::status(500);
    let script = tokens(10).into_iter().fold(Script::new(), |script, one| script.token(one, failing.clone()));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(10)).route("maxWait: 0s")).await;
    for ask in 0..40 {
        let answer = gateway.ask(&chat(&format!("request {ask}"))).await;
        assert!(answer.status >= 500, "{}", answer.status);
    }
    // who may not wait has one attempt each; until it is known that the provider is down, each token is tried once
    let sent = provider.seen().len();
    assert!(sent <= 40 + 20, "40 requests became {sent} at a provider that is down");
    never_twice(&provider.seen());
}

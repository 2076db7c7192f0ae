//! From one provider to the next.

use claviger_testkit::{Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};

use crate::harness::{Config, Gateway, Provider, chat, launch, stream, token, tokens};

const TIERS: &str = "[ [ { provider: first } ], [ { provider: second, model: other-model } ] ]";

/// Two tokens at the first provider that behave so, two healthy ones at the second.
async fn two(behaviour: TokenScript, lines: &[&str]) -> (Running, Running, Gateway) {
    let script = Script::new().token(token(0), behaviour.clone()).token(token(1), behaviour);
    let first = ScriptedUpstream::start(script).await.unwrap();
    let second = ScriptedUpstream::start(Script::new().healthy([token(2), token(3)])).await.unwrap();
    let config = Config::default()
        .provider(Provider::at("first", &first.url()).tokens(&tokens(2)))
        .provider(Provider::at("second", &second.url()).tokens(&[token(2), token(3)]))
        .tiers(TIERS);
    let config = lines.iter().fold(config, |config, line| config.route(line));
    let gateway = launch(&config).await;
    (first, second, gateway)
}

#[tokio::test]
async fn while_the_first_provider_works_the_second_is_not_asked() {
    let (first, second, gateway) = two(TokenScript::healthy(), &[]).await;
    for ask in 0..6 {
        let answer = gateway.ask(&chat(&format!("request {ask}"))).await;
        assert_eq!(answer.header("x-claviger-provider"), Some("first"));
    }
    assert_eq!((first.seen().len(), second.seen().len()), (6, 0));
}

#[tokio::test]
async fn when_all_its_tokens_are_dead_the_second_provider_serves_with_its_own_model() {
    let (first, second, gateway) = two(TokenScript::status(401), &[]).await;
    for request in [chat("one"), stream("two"), chat("three")] {
        let answer = gateway.ask(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-claviger-provider"), Some("second"));
    }
    assert_eq!(first.seen().len(), 2, "each dead token was asked once");
    assert!(second.seen().iter().all(|seen| seen.json()["model"] == "other-model"));
}

#[tokio::test]
async fn when_nobody_listens_there_the_second_provider_serves() {
    let (first, second, gateway) = two(TokenScript::healthy(), &[]).await;
    first.stop().await;
    for ask in 0..6 {
        let text = format!("request {ask}");
        let answer = gateway.ask(&stream(&text)).await;
        assert_eq!((answer.status, answer.said()), (200, format!("You said: {text}")));
    }
    assert_eq!(second.seen().len(), 6);
}

#[tokio::test]
async fn a_silent_first_provider_is_overtaken_by_the_second() {
    let (_first, second, gateway) = two(TokenScript::broken(FaultKind::StallHead), &["firstTokenTimeout: 400ms"]).await;
    for ask in 0..4 {
        let answer = gateway.ask(&stream(&format!("request {ask}"))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(second.seen().len(), 4);
}

#[tokio::test]
async fn a_better_tier_that_is_back_soon_is_waited_for() {
    let (_first, second, gateway) =
        two(TokenScript::healthy().rate_limit(1, 1500), &["patience: 3s", "maxWait: 5s"]).await;
    // two are served, the third learns that both rest
    for ask in 0..3 {
        assert_eq!(gateway.ask(&chat(&format!("learns {ask}"))).await.status, 200);
    }
    let before = second.seen().len();
    let answer = gateway.ask(&chat("knows")).await;
    assert_eq!((answer.status, answer.header("x-claviger-provider")), (200, Some("first")));
    assert_eq!(second.seen().len(), before);
}

#[tokio::test]
async fn a_better_tier_that_is_back_late_is_not_waited_for() {
    let limited = TokenScript::healthy().fault(Fault::status(429).header("retry-after", "30"));
    let (_first, second, gateway) = two(limited, &["patience: 1s", "maxWait: 5s"]).await;
    let answer = gateway.ask(&chat("now")).await;
    assert_eq!((answer.status, answer.header("x-claviger-provider")), (200, Some("second")));
    assert_eq!(gateway.receipt(&answer).await["wait_ms"], 0);
    assert_eq!(second.seen().len(), 1);
}

#[tokio::test]
async fn the_callers_mistake_does_not_reach_the_second_provider() {
    let (_first, second, gateway) = two(TokenScript::status(400), &[]).await;
    assert_eq!(gateway.ask(&chat("wrong")).await.status, 400);
    assert_eq!(second.seen().len(), 0);
}

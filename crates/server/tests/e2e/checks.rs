//! The gateway finds out by itself whether a token that is out works again.

use claviger_testkit::{Fault, FaultKind, Reply, Running, Script, ScriptedUpstream, Seen, TokenScript};

use crate::harness::{Config, Gateway, Provider, chat, get, launch, token, tokens, until};

/// A gateway whose first token behaves like this, between a healthy one and this `failover`.
async fn pair(first: TokenScript, script: Script, failover: &str) -> (Running, Gateway) {
    let provider = ScriptedUpstream::start(script.token(token(0), first).healthy([token(1)])).await.unwrap();
    let entry = Provider::at("main", &provider.url()).tokens(&tokens(2)).line(&format!("failover: {{ {failover} }}"));
    let gateway = launch(&Config::default().provider(entry)).await;
    (provider, gateway)
}

fn is_listing(seen: &Seen) -> bool {
    seen.method == "GET" && seen.path == "/v1/models"
}

fn is_prompt(seen: &Seen) -> bool {
    seen.json()["messages"][0]["content"] == "who are you?"
}

/// What the first token was asked, of one kind.
fn asked(provider: &Running, kind: impl Fn(&Seen) -> bool) -> Vec<Seen> {
    provider.seen().into_iter().filter(|seen| seen.token == token(0) && kind(seen)).collect()
}

fn of_callers(seen: &Seen) -> bool {
    !is_listing(seen) && !is_prompt(seen)
}

/// Asks until the first token's failure is known.
async fn first_is(gateway: &Gateway, state: &str) {
    let mut number = 0;
    until(&format!("the first token is {state}"), || {
        number += 1;
        async move {
            assert_eq!(gateway.ask(&chat(&format!("until {state} {number}"))).await.status, 200);
            (gateway.standings().await[0] == state).then_some(())
        }
    })
    .await;
}

/// Waits without asking anything.
async fn first_becomes_ready(gateway: &Gateway) {
    until("the first token is back", || async { (gateway.standings().await[0] == "ready").then_some(()) }).await;
}

async fn counted(gateway: &Gateway, line: &str) {
    until(&format!("the metrics say {line}"), || async {
        gateway.admin_page(&get("/metrics")).await.text().contains(line).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_restored_comes_back_by_a_listing_and_no_callers_request_meets_it_before() {
    let (provider, gateway) = pair(TokenScript::status(401), Script::new(), "healthCheckInterval: 200").await;
    first_is(&gateway, "quarantined").await;
    until("two listings were refused", || async {
        assert_eq!(gateway.ask(&chat("meanwhile")).await.status, 200);
        (asked(&provider, is_listing).len() >= 2).then_some(())
    })
    .await;
    assert_eq!(asked(&provider, of_callers).len(), 1, "one caller found out, nobody else had to");
    provider.set_token(&token(0), TokenScript::healthy());
    first_becomes_ready(&gateway).await;
    assert_eq!(asked(&provider, of_callers).len(), 1);
    assert!(asked(&provider, is_prompt).is_empty(), "what is billed is not asked unless it was told to");
    until("the token is used again", || async {
        assert_eq!(gateway.ask(&chat("back")).await.status, 200);
        (asked(&provider, of_callers).len() > 1).then_some(())
    })
    .await;
    counted(&gateway, "claviger_checks_total{provider=\"main\",kind=\"listing\",outcome=\"good\"} 1\n").await;
    let others = provider.seen().into_iter().filter(|seen| seen.token == token(1) && is_listing(seen)).count();
    assert_eq!(others, 0, "who is healthy is not checked");
    assert!(gateway.receipts().iter().all(|receipt| receipt["operation"] != "openai/v1/models"), "no receipts");
}

#[tokio::test]
async fn the_prompt_is_sent_where_a_model_for_it_is_named() {
    let failover = "enabled: true, healthCheckModel: gpt-4o-mini, healthCheckInterval: 200";
    let (provider, gateway) = pair(TokenScript::status(401), Script::new(), failover).await;
    first_is(&gateway, "quarantined").await;
    until("a prompt was refused", || std::future::ready(asked(&provider, is_prompt).pop())).await;
    provider.set_token(&token(0), TokenScript::healthy());
    first_becomes_ready(&gateway).await;
    let prompt = asked(&provider, is_prompt).pop().unwrap();
    assert_eq!((prompt.method.as_str(), prompt.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!((prompt.json()["model"].as_str(), prompt.json().get("stream")), (Some("gpt-4o-mini"), None));
    assert!(asked(&provider, is_listing).is_empty());
    assert_eq!(asked(&provider, of_callers).len(), 1);
}

#[tokio::test]
async fn failover_that_is_switched_off_sends_no_prompt() {
    let failover = "enabled: false, healthCheckModel: gpt-4o-mini, healthCheckInterval: 200";
    let (provider, gateway) = pair(TokenScript::status(401), Script::new(), failover).await;
    first_is(&gateway, "quarantined").await;
    until("a listing was asked for", || std::future::ready(asked(&provider, is_listing).pop())).await;
    assert!(asked(&provider, is_prompt).is_empty());
}

#[tokio::test]
async fn as_many_checks_must_pass_as_are_wanted() {
    let failover = "healthCheckInterval: 200, successThreshold: 2";
    let (provider, gateway) = pair(TokenScript::status(401), Script::new(), failover).await;
    first_is(&gateway, "quarantined").await;
    provider.set_token(&token(0), TokenScript::healthy());
    first_becomes_ready(&gateway).await;
    let good = asked(&provider, |seen| is_listing(seen) && seen.status == Some(200)).len();
    assert_eq!(good, 2);
}

#[tokio::test]
async fn a_provider_without_a_listing_is_asked_once_and_then_tried_by_requests() {
    let revoked = TokenScript::default().fault(Fault::status(401).operation("chatcompletions"));
    let script = Script::new().reply(Reply::new("GET", "/v1/models", "no such page").status(404));
    let (provider, gateway) = pair(revoked, script, "healthCheckInterval: 200").await;
    first_is(&gateway, "quarantined").await;
    counted(&gateway, "kind=\"listing\",outcome=\"not_offered\"} 1\n").await;
    provider.set_token(&token(0), TokenScript::healthy());
    first_is(&gateway, "ready").await;
    assert!(asked(&provider, of_callers).len() >= 2, "a request was the probe");
    assert_eq!(asked(&provider, is_listing).len(), 1);
}

#[tokio::test]
async fn a_listing_that_everybody_gets_is_believed_once() {
    let revoked = TokenScript::default().fault(Fault::status(401).operation("chatcompletions"));
    let (provider, gateway) = pair(revoked, Script::new(), "healthCheckInterval: 200").await;
    first_is(&gateway, "quarantined").await;
    first_becomes_ready(&gateway).await;
    first_is(&gateway, "quarantined").await;
    counted(&gateway, "kind=\"listing\",outcome=\"not_offered\"} 1\n").await;
    until("requests are the probes again", || async {
        assert_eq!(gateway.ask(&chat("on and on")).await.status, 200);
        (asked(&provider, of_callers).len() >= 4).then_some(())
    })
    .await;
    assert_eq!(asked(&provider, is_listing).len(), 1);
}

#[tokio::test]
async fn a_check_that_gets_no_answer_ends_in_time() {
    let silent = TokenScript::default()
        .fault(Fault::status(401).operation("chatcompletions"))
        .fault(Fault::from(FaultKind::StallHead).operation("models"));
    let (_provider, gateway) = pair(silent, Script::new(), "healthCheckInterval: 200, healthCheckTimeout: 100").await;
    first_is(&gateway, "quarantined").await;
    counted(&gateway, "kind=\"listing\",outcome=\"timeout\"} 1\n").await;
    assert_ne!(gateway.standings().await[0], "ready");
}

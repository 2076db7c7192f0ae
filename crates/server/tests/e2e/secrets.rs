//! No secret is ever shown.

use claviger_testkit::{Fault, FaultKind, Script, ScriptedUpstream, TokenScript};
use serde_json::json;

use crate::harness::{Config, Gateway, chat, check, get, post, stream, token, tokens};

const CLIENT_KEY: &str = "client-key-9f8e7d6c5b4a3210";
const ADMIN_TOKEN: &str = "admin-token-0a1b2c3d4e5f6789";

/// Fails when `text` shows a secret, or enough of one to guess the rest.
fn clean(what: &str, text: &str) {
    for secret in tokens(12).iter().map(String::as_str).chain([CLIENT_KEY, ADMIN_TOKEN]) {
        let middle = &secret[secret.len() / 4..secret.len() / 4 + secret.len() / 2];
        assert!(!text.contains(middle), "{what} shows a secret: …{middle}… in\n{text}");
    }
}

/// Tokens that fail in every way, one that repeats what it was sent, and one that works.
fn failing() -> Script {
    // providers have been seen to echo the key they were sent
    let echo = |number: usize| {
        let message = format!("Incorrect API key provided: {}. You can find your API key elsewhere.", token(number));
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}})
    };
    Script::new()
        .token(token(0), TokenScript::healthy().fault(Fault::status(401).body(echo(0))))
        .token(token(1), TokenScript::status(402))
        .token(token(2), TokenScript::healthy().fault(Fault::status(403).header("x-key", &token(2))))
        .token(token(3), TokenScript::healthy().fault(Fault::status(429).header("retry-after", "600")))
        .token(token(4), TokenScript::status(500))
        .token(token(5), TokenScript::broken(FaultKind::Reset))
        .token(token(6), TokenScript::broken(FaultKind::GarbageBody))
        .token(token(7), TokenScript::broken(FaultKind::ErrorFirstEvent { body: Some(echo(7)) }))
        .token(token(8), TokenScript::broken(FaultKind::ErrorIn200 { body: Some(echo(8)) }))
        .token(token(9), TokenScript::broken(FaultKind::EmptyStream))
        .token(token(10), TokenScript::healthy())
        .token(token(11), TokenScript::healthy().fault(Fault::status(401).body(echo(11))))
}

fn config(url: &str, tokens: &[String], level: &str) -> String {
    Config::one(url, tokens)
        .top(&format!("clients: [ {{ name: app, key: {CLIENT_KEY} }} ]"))
        .admin(&format!("{{ listen: 127.0.0.1:0, token: {ADMIN_TOKEN} }}"))
        .yaml()
        .replace("log: { format: json }", &format!("log: {{ format: json, level: {level} }}"))
}

async fn pages_are_clean(gateway: &Gateway) {
    for page in ["/state", "/metrics", "/", "/healthz"] {
        let shown = gateway.admin_page(&get(page).bearer(ADMIN_TOKEN)).await;
        assert_eq!(shown.status, 200);
        clean(page, &shown.text());
    }
    clean("standard output", &gateway.stdout());
    clean("standard error", &gateway.stderr());
}

#[tokio::test]
async fn nothing_shows_a_secret_while_tokens_fail_in_every_way() {
    let provider = ScriptedUpstream::start(failing()).await.unwrap();
    let gateway = Gateway::start(&config(&provider.url(), &tokens(12), "trace"), &[]).await;
    for ask in 0..24 {
        let text = format!("request {ask}");
        let request = if ask % 2 == 0 { chat(&text) } else { stream(&text) };
        let answer = gateway.ask(&request.bearer(CLIENT_KEY)).await;
        clean("an answer", &format!("{:?} {}", answer.headers, answer.text()));
    }
    let refused = [
        post("/v1/chat/completions", &json!(["no object", CLIENT_KEY])).bearer(CLIENT_KEY),
        chat("wrong key").bearer(&tokens(1)[0]),
        chat("wrong path").bearer(CLIENT_KEY).method("PUT"),
    ];
    for request in refused {
        let answer = gateway.ask(&request).await;
        clean("a refusal", &format!("{:?} {}", answer.headers, answer.text()));
    }
    pages_are_clean(&gateway).await;
}

#[tokio::test]
async fn nothing_shows_a_secret_when_all_tokens_are_dead() {
    let provider = ScriptedUpstream::start(failing()).await.unwrap();
    let dead: Vec<String> = [0, 1, 2, 3, 11].into_iter().map(token).collect();
    let gateway = Gateway::start(&config(&provider.url(), &dead, "debug"), &[]).await;
    for _ in 0..3 {
        let answer = gateway.ask(&chat("dead").bearer(CLIENT_KEY)).await;
        assert!(answer.status >= 429, "{}", answer.status);
        clean("the trail", &format!("{:?} {}", answer.headers, answer.text()));
    }
    pages_are_clean(&gateway).await;
}

#[tokio::test]
async fn nothing_shows_a_secret_on_reload_and_end() {
    let provider = ScriptedUpstream::start(failing()).await.unwrap();
    let mut gateway = Gateway::start(&config(&provider.url(), &tokens(12), "debug"), &[]).await;
    let fine = config(&provider.url(), &tokens(12), "debug");
    for wrong in [
        fine.replace("apiTokens", "apiTokenz"),
        fine.replace(&format!("- {}", token(3)), &format!("- {{ token: {}, wight: 3 }}", token(3))),
        fine.replace(&format!("- {}", token(3)), &format!("- {{ token: [ {} ] }}", token(3))),
        fine.replace("key: ", "kee: "),
        format!("{fine}\n  broken: [ {}", token(2)),
    ] {
        let before = gateway.stderr().len() + gateway.stdout().len();
        gateway.rewrite(&wrong);
        gateway.signal("HUP");
        let told = || (gateway.stderr().len() + gateway.stdout().len() > before).then_some(());
        crate::harness::until("the gateway complains", || std::future::ready(told())).await;
        for flags in [&[][..], &["--json"]] {
            let (code, said) = check(&wrong, flags);
            assert_eq!(code, Some(2), "{said}");
            clean("`claviger check`", &said);
        }
    }
    gateway.signal("TERM");
    gateway.ended().await;
    clean("standard output", &gateway.stdout());
    clean("standard error", &gateway.stderr());
}

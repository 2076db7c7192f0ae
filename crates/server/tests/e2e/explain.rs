//! Why a token would or would not be chosen, from the admin port and on the command line.

use std::process::Command;

use claviger_testkit::{Fault, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, Provider, chat, get, launch, token, tokens};

/// A dead token, one that rests for a minute, and a healthy one; each was met.
async fn three() -> (Running, Gateway) {
    let limited = TokenScript::default().fault(Fault::status(429).header("retry-after", "60"));
    let script = Script::new().healthy(tokens(3)).token(token(0), TokenScript::status(401)).token(token(1), limited);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    for ask in 0..6 {
        assert_eq!(gateway.ask(&chat(&format!("met {ask}"))).await.status, 200);
    }
    (provider, gateway)
}

fn sentences(found: &Value) -> Vec<String> {
    let all = found["tiers"][0]["credentials"].as_array().unwrap();
    all.iter().map(|one| one["because"].as_str().unwrap().to_owned()).collect()
}

/// Runs `claviger explain` and gives exit code and all output.
fn explain(args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    let done = command.arg("explain").args(args).envs(env.iter().copied()).output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[tokio::test]
async fn the_admin_port_explains_every_token() {
    let (_provider, gateway) = three().await;
    let found = gateway.admin_page(&get("/explain?model=gpt-4o-mini")).await.json();
    assert_eq!((&found["route"], &found["path"]), (&json!("default"), &json!("/v1/chat/completions")));
    let sentences = sentences(&found);
    assert_eq!(sentences[0], "would be chosen next");
    assert!(sentences[1..].iter().any(|text| text.contains("invalid_credential") && text.contains("tries the key")));
    assert!(sentences[1..].iter().any(|text| text.starts_with("rests until ") && text.contains("rate_limited")));
    let all = found["tiers"][0]["credentials"].as_array().unwrap();
    let limited = all.iter().find(|one| one["reason"] == "rate_limited").unwrap();
    assert_eq!(
        (&limited["say"], &limited["place"], &limited["by_probe"]),
        (&json!("resting"), &json!(null), &json!(false))
    );
    assert!(limited["seconds_left"].as_f64().unwrap() > 30.0, "{limited}");
    for token in tokens(3) {
        assert!(!found.to_string().contains(&token), "no secret is shown");
    }
    assert_eq!(gateway.standings().await.len(), 3);
}

#[tokio::test]
async fn the_command_asks_a_running_gateway() {
    let (_provider, gateway) = three().await;
    let admin = gateway.admin().to_string();
    let (code, text) = explain(&["--admin", &admin, "--model", "gpt-4o-mini"], &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("route `default`") && text.contains("would be chosen next"), "{text}");
    assert!(text.contains("rests until ") && !text.contains('\x1b'), "no colours in a pipe: {text}");
    let (code, text) = explain(&["--admin", &admin, "--json"], &[]);
    assert_eq!(code, Some(0), "{text}");
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["tiers"][0]["endpoints"][0]["model"], "gpt-4o-mini", "what is in use");
    let (code, text) = explain(&["--admin", &admin, "--provider", "nobody"], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("there is no provider `nobody`, only `main`"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_what_is_missing() {
    let (code, text) = explain(&["--admin", "127.0.0.1:1"], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no gateway answers at 127.0.0.1:1"), "{text}");
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let locked = Config::one(&provider.url(), &tokens(2)).admin("{ listen: 127.0.0.1:0, token: open-sesame-12 }");
    let gateway = launch(&locked).await;
    assert_eq!(gateway.admin_page(&get("/explain")).await.status, 401);
    let admin = gateway.admin().to_string();
    let (code, text) = explain(&["--admin", &admin], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("CLAVIGER_ADMIN_TOKEN"), "{text}");
    let (code, text) = explain(&["--admin", &admin], &[("CLAVIGER_ADMIN_TOKEN", "open-sesame-12")]);
    assert_eq!(code, Some(0), "{text}");
    // the data port is no admin port
    let (code, text) = explain(&["--admin", &gateway.data().to_string()], &[]);
    assert_eq!(code, Some(1), "{text}");
}

#[tokio::test]
async fn a_configuration_is_explained_without_a_gateway() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(3))).await.unwrap();
    let first = Provider::at("main", &provider.url()).tokens(&tokens(2));
    let second = Provider::at("backup", &provider.url()).tokens(&[token(2)]);
    let config = Config::default().provider(first).provider(second);
    let gateway = launch(&config.tiers("[ [ { provider: main } ], [ { provider: backup, model: gpt-4o } ] ]")).await;
    let file = gateway.file().display().to_string();
    let (code, text) = explain(&["--config", &file, "--model", "o3"], &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("tier 1\nmain o3 (weighted)") && text.contains("tier 2\nbackup gpt-4o (weighted)"), "{text}");
    assert_eq!(provider.seen().len(), 0, "nobody was asked");
    std::fs::write(gateway.file(), "providers: []").unwrap();
    let (code, text) = explain(&["--config", &file], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("the configuration has errors"), "{text}");
}

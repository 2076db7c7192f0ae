//! What was learned about tokens survives a restart, and nothing about the file that holds it can stop the gateway.

use std::os::unix::fs::PermissionsExt as _;

use claviger_testkit::{Fault, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::{Value, json};

use crate::harness::{Config, Gateway, chat, launch, token, tokens, until};

/// A dead token, one that is to rest for a minute, and a healthy one.
async fn provider() -> Running {
    let limited = TokenScript::default().fault(Fault::status(429).header("retry-after", "60"));
    let script = Script::new().healthy(tokens(3)).token(token(0), TokenScript::status(401)).token(token(1), limited);
    ScriptedUpstream::start(script).await.unwrap()
}

async fn learn(gateway: &Gateway) {
    for ask in 0..6 {
        assert_eq!(gateway.ask(&chat(&format!("learn {ask}"))).await.status, 200);
    }
}

fn file(gateway: &Gateway) -> Value {
    let files = gateway.state_files();
    let [file] = &files[..] else { panic!("one state file: {files:?}") };
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Waits until the file holds both facts.
async fn written(gateway: &Gateway) {
    let both = || {
        let files = gateway.state_files();
        // beside it there may be one that is just being written
        let file = files.iter().find(|file| file.extension().is_some_and(|end| end == "json"))?;
        let text = std::fs::read_to_string(file).ok()?;
        (text.contains("invalid_credential") && text.contains("rate_limited")).then_some(())
    };
    until("both facts are in the file", || std::future::ready(both())).await;
}

/// Neither the dead nor the resting token is asked, and the latter rests until the time it was given.
async fn remembers(provider: &Running, gateway: &Gateway, until: &Value) {
    for ask in 0..6 {
        assert_eq!(gateway.ask(&chat(&format!("remembered {ask}"))).await.status, 200);
    }
    assert_eq!((provider.count(&token(0)), provider.count(&token(1))), (1, 1), "nobody asked again");
    let credentials = gateway.credentials().await;
    assert_eq!(
        (&credentials[0]["state"], &credentials[0]["reason"]),
        (&json!("quarantined"), &json!("invalid_credential"))
    );
    let resting = rest(&credentials[1]);
    assert_eq!(resting["reason"], "rate_limited");
    assert_eq!(resting["until"].as_str().unwrap()[..19], until.as_str().unwrap()[..19]);
}

/// The credential's own rest, or that of its one model.
fn rest(credential: &Value) -> Value {
    let model = &credential["models"][0];
    if credential["state"] == "ready" { model.clone() } else { credential.clone() }
}

#[tokio::test]
async fn facts_survive_a_proper_end() {
    let provider = provider().await;
    let mut gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    learn(&gateway).await;
    let until = rest(&gateway.credentials().await[1])["until"].clone();
    gateway.restart("TERM", |gateway| assert_eq!(file(gateway)["facts"].as_array().unwrap().len(), 2)).await;
    remembers(&provider, &gateway, &until).await;
}

#[tokio::test]
async fn facts_survive_a_sudden_end() {
    let provider = provider().await;
    let mut gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    learn(&gateway).await;
    written(&gateway).await;
    let until = rest(&gateway.credentials().await[1])["until"].clone();
    gateway.restart("KILL", |_| ()).await;
    remembers(&provider, &gateway, &until).await;
}

#[tokio::test]
async fn the_file_holds_no_secret_and_is_its_owners_alone() {
    let provider = provider().await;
    let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    learn(&gateway).await;
    written(&gateway).await;
    let files = gateway.state_files();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    for token in tokens(3) {
        // not even the parts that are shown elsewhere
        assert!(!text.contains(&token) && !text.contains(&token[token.len() - 4..]), "{text}");
    }
}

#[tokio::test]
async fn a_broken_file_is_set_aside_with_a_warning() {
    let provider = provider().await;
    let mut gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    learn(&gateway).await;
    let spoil =
        |gateway: &Gateway| std::fs::write(&gateway.state_files()[0], "{\"version\":1,\"written\":12,\"fac").unwrap();
    gateway.restart("TERM", spoil).await;
    gateway.says("the state file is not usable").await;
    gateway.still_serves().await;
    let aside =
        gateway.state_files().into_iter().find(|path| path.to_string_lossy().contains(".json.corrupt-")).unwrap();
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "{\"version\":1,\"written\":12,\"fac");
    gateway.restart("TERM", |_| ()).await;
    assert!(!gateway.stderr().contains("not usable"), "a new one is in its place");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_kept_and_not_read() {
    let provider = provider().await;
    let mut gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    let later =
        |gateway: &Gateway| std::fs::write(&gateway.state_files()[0], "{\"version\":7,\"all\":\"new\"}").unwrap();
    gateway.restart("TERM", later).await;
    gateway.says("it has version 7").await;
    gateway.still_serves().await;
}

#[tokio::test]
async fn a_place_where_nothing_can_be_written_is_told_once() {
    let provider = provider().await;
    // a folder below a file cannot be made
    let config = Config::one(&provider.url(), &tokens(3)).top("stateFile: /dev/null/claviger/facts.json");
    let gateway = launch(&config).await;
    gateway.says("cannot write the state file").await;
    learn(&gateway).await;
    assert_eq!(gateway.stderr().matches("cannot write the state file").count(), 1);
}

#[tokio::test]
async fn a_named_file_is_used_and_none_when_it_is_off() {
    let provider = provider().await;
    let mut gateway = launch(&Config::one(&provider.url(), &tokens(3)).top("stateFile: off")).await;
    learn(&gateway).await;
    let named = gateway.file().with_file_name("facts.json");
    let yaml = Config::one(&provider.url(), &tokens(3)).top(&format!("stateFile: {}", named.display())).yaml();
    gateway
        .restart("TERM", |gateway| {
            assert!(gateway.state_files().is_empty());
            std::fs::write(gateway.file(), &yaml).unwrap();
        })
        .await;
    learn(&gateway).await;
    gateway
        .restart("TERM", |gateway| {
            assert!(gateway.state_files().is_empty());
            assert!(std::fs::read_to_string(&named).unwrap().contains("invalid_credential"));
        })
        .await;
    assert_eq!(gateway.standings().await[0], "quarantined");
}

//! Service accounts as credentials.

use serde_json::json;

use super::*;

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

fn key(email: &str) -> serde_json::Value {
    json!({"type": "service_account", "client_email": email, "private_key_id": "k1", "private_key": PEM})
}

fn own(auth: &serde_json::Value) -> String {
    let provider =
        json!({"id": "v", "type": "vertex", "vertexRegion": "global", "vertexProjectId": "p", "vertexAuthKey": auth});
    json!({ "providers": [provider] }).to_string()
}

#[test]
fn accounts_stand_as_text_as_maps_or_in_files_and_are_credentials() {
    let auth = json!([
        key("a@x").to_string(),
        key("b@x"),
        {"token": key("c@x").to_string(), "name": "third", "weight": 3},
        {"tokenFile": "/run/key", "models": ["gemini-*"]},
        {"token": "${ACCOUNT}"},
    ]);
    let env = |name: &str| (name == "ACCOUNT").then(|| serde_json::to_string_pretty(&key("e@x")).expect("JSON"));
    let read_file = |path: &str| (path == "/run/key").then(|| key("d@x").to_string()).ok_or("absent".to_owned());
    let loaded = load(&Source { name: "f", text: &own(&auth), env: &env, read_file: &read_file });
    assert_eq!(lines(&loaded.problems), Vec::<String>::new());
    let plan = loaded.plan.expect("a plan");
    let credentials = &plan.providers[0].credentials;
    let weights: Vec<u32> = credentials.iter().map(|credential| credential.weight).collect();
    assert_eq!((weights, credentials[2].name.as_deref()), (vec![1, 1, 3, 1, 1], Some("third")));
    assert_eq!(credentials[3].models, ["gemini-*"]);
    assert!(plan.providers[0].provider.signs_in());
    let shown = format!("{plan:?}");
    assert!(!shown.contains("MAA="), "no key is shown");
}

#[test]
fn one_key_laid_out_in_two_ways_is_one_credential() {
    let pretty = serde_json::to_string_pretty(&key("a@x")).expect("JSON");
    let loaded = read(&own(&json!([key("a@x"), pretty])));
    assert!(loaded.problems.iter().any(|problem| problem.code == "duplicate"), "{:?}", loaded.problems);
    assert_eq!(loaded.plan.expect("a plan").providers[0].credentials.len(), 1);
}

#[test]
fn a_key_that_cannot_sign_in_is_an_error_in_our_form_and_a_warning_in_higress() {
    let problems = read(&own(&json!("{\"private_key\": \"hunter2\"}"))).problems;
    let (error, shown) = (&problems[0], format!("{problems:?}"));
    assert_eq!(
        (error.severity, error.code, error.path.as_str()),
        (Severity::Error, "invalid", "providers[0].vertexAuthKey")
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    let provider = json!({"type": "vertex", "vertexAuthKey": "{}", "vertexRegion": "r", "vertexProjectId": "p",
        "vertexAuthServiceName": "s"});
    let loaded = read(&json!({ "provider": provider }).to_string());
    assert!(loaded.problems.iter().any(|problem| problem.severity == Severity::Warning && problem.code == "invalid"));
    assert_eq!(loaded.plan.expect("a plan").providers[0].credentials.len(), 1);
}

#[test]
fn beside_tokens_and_for_other_types_a_key_has_no_effect() {
    let beside = json!({"id": "v", "type": "vertex", "apiTokens": ["token-one"], "vertexAuthKey": key("a@x")});
    let other = json!({"id": "o", "type": "openai", "apiTokens": ["token-one"], "vertexAuthKey": key("a@x")});
    for provider in [beside, other] {
        let loaded = read(&json!({ "providers": [provider] }).to_string());
        assert!(loaded.problems.iter().any(|problem| problem.code == "ignored"), "{:?}", loaded.problems);
        assert_eq!(loaded.plan.expect("a plan").providers[0].credentials.len(), 1);
    }
}

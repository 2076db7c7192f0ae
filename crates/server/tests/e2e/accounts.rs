//! Service accounts at Vertex: they sign in, and share what they get.

use serde_json::{Value, json};

use crate::harness::google::{Google, SignIn, claims, key_file, key_middle};
use crate::harness::{Gateway, Request, chat, get, post, stream, until};

/// A gateway with these accounts and settings, everything really at `google`.
async fn gateway(google: &Google, accounts: &[&str], settings: &Value) -> Gateway {
    Gateway::start(&config(google, accounts, settings).to_string(), &[]).await
}

fn config(google: &Google, accounts: &[&str], settings: &Value) -> Value {
    let mut provider = json!({
        "id": "vertex", "type": "vertex", "vertexRegion": "europe-west4", "vertexProjectId": "acme",
        "vertexAuthKey": accounts.iter().map(|email| key_file(email)).collect::<Vec<_>>(),
        "modelMapping": {"gpt-4o-mini": "gemini-2.5-flash"},
    });
    for (key, value) in settings.as_object().unwrap() {
        provider[key] = value.clone();
    }
    json!({
        "listen": "127.0.0.1:0", "admin": {"listen": "127.0.0.1:0"}, "log": {"format": "json", "level": "trace"},
        "egress": {"connectTo": google.address.to_string(), "tls": false}, "providers": [provider],
    })
}

const PLACE: &str = "/projects/acme/locations/europe-west4/";

#[tokio::test]
async fn many_requests_share_one_sign_in() {
    let google = Google::start(&[]).await;
    let gateway = gateway(&google, &["svc@acme.example"], &json!({})).await;
    google.opens(false);
    let requests: Vec<Request> = (0..20).map(|n| if n % 2 == 0 { chat("hello") } else { stream("hello") }).collect();
    let asking = futures_util::future::join_all(requests.iter().map(|request| gateway.ask(request)));
    let opening = async {
        until("the attempts wait", || async { (gateway.in_flight().await == 20).then_some(()) }).await;
        google.opens(true);
    };
    let (answers, ()) = tokio::join!(asking, opening);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text().contains("ok")), "{answers:?}");
    let sign_ins = google.sign_ins();
    assert_eq!((sign_ins.len(), sign_ins[0].host.as_str()), (1, "oauth2.googleapis.com"));
    let claims = claims(&sign_ins[0].body);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("svc@acme.example"), &json!("https://oauth2.googleapis.com/token"))
    );
    let calls = google.calls();
    assert_eq!(calls.len(), 20);
    for call in &calls {
        assert_eq!(call.host, "europe-west4-aiplatform.googleapis.com");
        assert_eq!(call.authorization, "Bearer ya29.svc@acme.example.1");
        let path = format!("POST /v1{PLACE}publishers/google/models/gemini-2.5-flash:");
        assert!(call.line.starts_with(&path), "{}", call.line);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_and_nobody_hears_of_it() {
    let google = Google::start(&[]).await;
    let gateway = gateway(&google, &["svc@acme.example"], &json!({})).await;
    assert_eq!(gateway.ask(&chat("first")).await.status, 200);
    google.refuses("ya29.svc@acme.example.1");
    let answer = gateway.ask(&chat("second")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let receipt = gateway.receipt(&answer).await;
    assert_eq!(receipt["attempts"].as_array().unwrap().len(), 1, "{receipt}");
    let used: Vec<String> = google.calls().into_iter().map(|call| call.authorization).collect();
    let token = |number| format!("Bearer ya29.svc@acme.example.{number}");
    assert_eq!(used, [token(1), token(1), token(2)]);
    assert_eq!(gateway.standings().await, ["ready"]);
}

#[tokio::test]
async fn an_account_whose_tokens_are_all_refused_is_left_for_another_one() {
    let google = Google::start(&[]).await;
    let gateway =
        gateway(&google, &["bad@acme.example", "good@acme.example"], &json!({"selection": {"strategy": "priority"}}))
            .await;
    google.refuses("ya29.bad@acme.example.1");
    google.refuses("ya29.bad@acme.example.2");
    for _ in 0..3 {
        assert_eq!(gateway.ask(&chat("hello")).await.status, 200);
    }
    let of_bad = google.calls().iter().filter(|call| call.authorization.contains("bad@")).count();
    assert_eq!((of_bad, gateway.standings().await[0].as_str()), (2, "quarantined"));
}

#[tokio::test]
async fn an_account_that_gets_no_token_is_left_for_another_one() {
    let google = Google::start(&[("bad@acme.example", SignIn::Refused("invalid_grant"))]).await;
    let gateway =
        gateway(&google, &["bad@acme.example", "good@acme.example"], &json!({"selection": {"strategy": "priority"}}))
            .await;
    for _ in 0..5 {
        let answer = gateway.ask(&chat("hello")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(google.sign_ins().len(), 2, "one that was refused is not asked again");
    assert_eq!(gateway.standings().await, ["quarantined", "ready"]);
    gateway.says("invalid_grant").await;
}

#[tokio::test]
async fn a_token_endpoint_that_cannot_be_reached_is_no_fact_about_the_account() {
    let google = Google::start(&[("svc@acme.example", SignIn::Cut)]).await;
    let settings = json!({"selection": {"strategy": "priority"}});
    let gateway = gateway(&google, &["svc@acme.example", "good@acme.example"], &settings).await;
    let answer = gateway.ask(&chat("hello")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let receipt = gateway.receipt(&answer).await;
    assert_eq!(receipt["attempts"][0]["verdict"], "connection", "{receipt}");
    assert_ne!(gateway.standings().await[0], "quarantined");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_before_anybody_needs_it() {
    let google = Google::start(&[("svc@acme.example", SignIn::Given(61))]).await;
    let gateway = gateway(&google, &["svc@acme.example"], &json!({})).await;
    assert_eq!(gateway.ask(&chat("first")).await.status, 200);
    until("the token is renewed", || async { (google.sign_ins().len() == 2).then_some(()) }).await;
    assert_eq!(google.calls().len(), 1, "by itself");
}

#[tokio::test]
async fn a_reload_keeps_the_token() {
    let google = Google::start(&[]).await;
    let first = config(&google, &["svc@acme.example"], &json!({}));
    let gateway = Gateway::start(&first.to_string(), &[]).await;
    assert_eq!(gateway.ask(&chat("first")).await.status, 200);
    gateway.rewrite(&config(&google, &["svc@acme.example", "new@acme.example"], &json!({})).to_string());
    gateway.signal("HUP");
    gateway.says("configuration reloaded").await;
    for _ in 0..4 {
        assert_eq!(gateway.ask(&chat("second")).await.status, 200);
    }
    let of_first = google.sign_ins().iter().filter(|asked| claims(&asked.body)["iss"] == "svc@acme.example").count();
    assert_eq!(of_first, 1);
}

/// What Vertex is asked when the gateway is asked this.
async fn asked(settings: &Value, request: &Request) -> (String, String, String) {
    let google = Google::start(&[]).await;
    let gateway = gateway(&google, &["svc@acme.example"], settings).await;
    let answer = gateway.ask(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let call = google.calls().pop().unwrap();
    assert_eq!(call.authorization, "Bearer ya29.svc@acme.example.1");
    (call.line, call.host, call.body)
}

#[tokio::test]
async fn every_way_to_ask_vertex_is_signed_in() {
    let message = json!({"model": "claude-sonnet-4", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let (line, _, body) = asked(&json!({}), &post("/v1/messages", &message)).await;
    assert_eq!(line, format!("POST /v1{PLACE}publishers/anthropic/models/claude-sonnet-4:rawPredict"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["anthropic_version"], &body["model"]), (&json!("vertex-2023-10-16"), &Value::Null));
    let compatible = json!({"vertexOpenAICompatible": true, "vertexRegion": "global",
        "modelMapping": {"*": "google/gemini-2.5-flash"}});
    let (line, host, body) = asked(&compatible, &chat("hi")).await;
    assert_eq!(line, "POST /v1beta1/projects/acme/locations/global/endpoints/openapi/chat/completions");
    assert_eq!(host, "aiplatform.googleapis.com");
    assert!(body.contains("google/gemini-2.5-flash"), "{body}");
    let raw = format!("/v1{PLACE}publishers/google/models/gemini-2.5-pro:generateContent");
    let original = json!({"protocol": "original"});
    let (line, host, body) = asked(&original, &post(&raw, &json!({"contents": []}))).await;
    assert_eq!((line, host.as_str()), (format!("POST {raw}"), "europe-west4-aiplatform.googleapis.com"));
    assert_eq!(body, r#"{"contents":[]}"#);
    let models = format!("/v1beta1{PLACE}models");
    assert_eq!(asked(&original, &get(&models)).await.0, format!("GET {models}"));
}

#[tokio::test]
async fn neither_key_nor_token_is_ever_shown() {
    let google = Google::start(&[("bad@acme.example", SignIn::Refused("invalid_grant"))]).await;
    let gateway = gateway(&google, &["bad@acme.example", "svc@acme.example"], &json!({})).await;
    let mut shown = String::new();
    for _ in 0..8 {
        let answer = gateway.ask(&chat("hello")).await;
        shown.push_str(&format!("{:?} {}", answer.headers, answer.text()));
    }
    google.refuses("ya29.svc@acme.example.1");
    google.refuses("ya29.svc@acme.example.2");
    for _ in 0..2 {
        let answer = gateway.ask(&chat("hello")).await;
        shown.push_str(&format!("{:?} {}", answer.headers, answer.text()));
    }
    for page in ["/state", "/metrics", "/"] {
        shown.push_str(&gateway.admin_page(&get(page)).await.text());
    }
    shown.push_str(&gateway.stdout());
    shown.push_str(&gateway.stderr());
    for secret in [key_middle().as_str(), "ya29.", "PRIVATE KEY", "assertion=", "eyJ"] {
        assert!(!shown.contains(secret), "{secret} is shown in\n{shown}");
    }
    assert!(shown.contains("svc@acme.example…0123"), "accounts are named by their address");
}

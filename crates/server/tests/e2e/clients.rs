//! Who may call: client keys at the data port, a token at the admin port.

use claviger_testkit::{Script, ScriptedUpstream};

use crate::harness::{Config, Gateway, chat, check, get, tokens};

const KEY_A: &str = "app-a-3f9c27d1e84b";
const KEY_B: &str = "app-b-77aa01fe55cc";
/// SHA-256 of `KEY_B`.
const DIGEST_B: &str = "64f09fd6081198a9cf2a4d065a84f902e7f0e364b50a8891d44b16986c8ab95b";

async fn guarded() -> (claviger_testkit::Running, Gateway) {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let clients =
        format!("clients: [ {{ name: app-a, key: \"${{E2E_APP_A}}\" }}, {{ name: app-b, keySha256: {DIGEST_B} }} ]");
    let config = Config::one(&provider.url(), &tokens(2)).top(&clients);
    let gateway = Gateway::start(&config.yaml(), &[("E2E_APP_A", KEY_A)]).await;
    (provider, gateway)
}

#[tokio::test]
async fn a_known_key_opens_in_any_of_the_four_headers() {
    let (provider, gateway) = guarded().await;
    for (key, name) in [(KEY_A, "app-a"), (KEY_B, "app-b")] {
        for header in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
            let value = if header == "authorization" { format!("Bearer {key}") } else { key.to_owned() };
            let answer = gateway.ask(&chat("open").header(header, &value)).await;
            assert_eq!(answer.status, 200, "{header}: {}", answer.text());
            assert_eq!(gateway.receipt(&answer).await["client"], name);
        }
    }
    for seen in provider.seen() {
        let shown = format!("{seen:?}");
        assert!(!shown.contains(KEY_A) && !shown.contains(KEY_B), "a client key went up: {shown}");
        assert!(tokens(2).contains(&seen.token));
    }
}

#[tokio::test]
async fn without_a_known_key_nothing_is_asked() {
    let (provider, gateway) = guarded().await;
    let longer = format!("{KEY_A}x");
    for wrong in
        ["", "Bearer ", "Bearer wrong", "Basic YTpi", &format!("Bearer {longer}"), &format!("Bearer {DIGEST_B}")]
    {
        let request = if wrong.is_empty() { chat("no") } else { chat("no").header("authorization", wrong) };
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"), "{wrong}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
    }
    assert_eq!(gateway.ask(&get("/v1/models")).await.status, 401);
    assert_eq!(provider.seen().len(), 0);
}

#[tokio::test]
async fn a_refused_key_is_told_in_the_callers_dialect() {
    let (_provider, gateway) = guarded().await;
    let anthropic = gateway.ask(&crate::harness::post("/v1/messages", &serde_json::json!({}))).await;
    assert_eq!((anthropic.status, &anthropic.json()["type"]), (401, &serde_json::json!("error")));
}

#[tokio::test]
async fn the_admin_port_asks_for_its_token_where_one_is_set() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(1))).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(1)).admin("{ listen: 127.0.0.1:0, token: \"${E2E_ADMIN}\" }");
    let gateway = Gateway::start(&config.yaml(), &[("E2E_ADMIN", "admin-5c1d77e0b2")]).await;
    for open in ["/healthz", "/readyz"] {
        assert_eq!(gateway.admin_page(&get(open)).await.status, 200, "{open}");
    }
    for page in ["/state", "/metrics", "/", "/nothing"] {
        assert_eq!(gateway.admin_page(&get(page)).await.status, 401, "{page}");
        assert_eq!(gateway.admin_page(&get(page).bearer("wrong")).await.status, 401, "{page}");
    }
    for page in ["/state", "/metrics"] {
        assert_eq!(gateway.admin_page(&get(page).bearer("admin-5c1d77e0b2")).await.status, 200, "{page}");
    }
    // a client key or a provider's token opens nothing there
    assert_eq!(gateway.admin_page(&get("/state").bearer(&tokens(1)[0])).await.status, 401);
}

#[tokio::test]
async fn the_admin_port_only_reads() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(1))).await.unwrap();
    let gateway = crate::harness::launch(&Config::one(&provider.url(), &tokens(1))).await;
    assert_eq!(gateway.admin_page(&get("/state").method("POST")).await.status, 405);
    assert_eq!(gateway.admin_page(&get("/nothing")).await.status, 404);
    // and is not the data port
    assert_eq!(gateway.admin_page(&get("/v1/models")).await.status, 404);
}

#[test]
fn without_keys_only_loopback_is_bound() {
    let config = Config::one("http://127.0.0.1:9", &tokens(1)).listen("0.0.0.0:0");
    let (code, said) = check(&config.yaml(), &[]);
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = check(&config.clone().top("clients: open").yaml(), &[]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = check(&config.top("clients: open").admin("{ listen: 0.0.0.0:0 }").yaml(), &[]);
    assert_eq!(code, Some(2), "an open admin port: {said}");
}

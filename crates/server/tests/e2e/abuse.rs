//! Requests that are wrong: a clear answer in OpenAI's shape or a closed connection, and nobody else is disturbed.

use claviger_testkit::{Running, Script, ScriptedUpstream};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Config, Gateway, Request, chat, form, get, launch, post, post_bytes, soon, tokens, until,
};

/// Two healthy tokens behind small limits.
pub(crate) async fn guarded() -> (Running, Gateway) {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let limits = "limits: { maxBody: 65536, maxHeaderBytes: 16384, headerTimeout: 600ms, bodyIdleTimeout: 600ms }";
    let config = Config::one(&provider.url(), &tokens(2)).top(limits).route("match: { models: [\"*\"] }");
    (provider, launch(&config).await)
}

/// Nothing of what was tried reached a provider or counted against a token; an ordinary request is served.
pub(crate) async fn unharmed(provider: &Running, gateway: &Gateway) {
    gateway.still_serves().await;
    for seen in provider.seen() {
        let text = seen.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        assert_eq!(text, "are you there", "it went up: {} {} {:?}", seen.method, seen.path, seen.body);
    }
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
    assert_eq!(gateway.in_flight().await, 0);
}

/// A 4xx of the gateway, as OpenAI's SDKs expect it.
pub(crate) fn refused(what: &str, answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    let error = &answer.json()["error"];
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {error}");
    assert!(error["code"].is_string() && error["type"].is_string() && error.get("param").is_some(), "{what}: {error}");
}

fn body(text: &[u8]) -> Request {
    post_bytes("/v1/chat/completions", "application/json", text)
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused() {
    let (provider, gateway) = guarded().await;
    let deep = [b"{\"model\":\"m\",\"x\":".as_slice(), &b"[".repeat(30_000)].concat();
    let wrong: [(&str, &[u8]); 14] = [
        ("no JSON", b"hello"),
        ("cut JSON", br#"{"model": "m", "messages": [{"role": "us"#),
        ("two values", br#"{"model": "m"} {"model": "n"}"#),
        ("a trailing comma", br#"{"model": "m",}"#),
        ("a comment", br#"{"model": "m" /* x */}"#),
        ("invalid UTF-8", b"{\"model\": \"m\xff\xfe\", \"messages\": []}"),
        ("a lone surrogate as bytes", b"{\"model\": \"m\xed\xa0\x80\"}"),
        ("a list", br#"[{"model": "m"}]"#),
        ("a string", br#""model""#),
        ("null", b"null"),
        ("no body", b""),
        ("two models", br#"{"model": "m", "messages": [], "model": "n"}"#),
        ("a model that is no string", br#"{"model": {"a": 1}, "messages": []}"#),
        ("nested without end", &deep),
    ];
    for (what, text) in wrong {
        let answer = gateway.ask(&body(text)).await;
        refused(what, &answer, 400);
        assert_eq!(answer.code(), "invalid_request", "{what}");
        assert!(!answer.text().contains("hello"), "{what}: the body is not repeated");
    }
    let escaped = body(b"{\"model\": \"m\", \"mod\\u0065l\": \"n\", \"messages\": []}");
    refused("two models, one escaped", &gateway.ask(&escaped).await, 400);
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn forms_that_are_wrong_are_refused() {
    let (provider, gateway) = guarded().await;
    let path = "/v1/audio/transcriptions";
    let file: (&str, &str, &[u8]) = ("file", "a.wav", b"x");
    let mut cut = form(path, &[("model", "", b"whisper-1"), file]);
    cut.body.truncate(cut.body.len() / 2);
    let wrong = [
        ("no boundary", post_bytes(path, "multipart/form-data", "x")),
        ("an empty boundary", post_bytes(path, "multipart/form-data; boundary=", "x")),
        ("a boundary that never comes", post_bytes(path, "multipart/form-data; boundary=abc", "--abd\r\n\r\n")),
        ("a form that breaks off", cut),
        ("two models", form(path, &[("model", "", b"m"), file, ("model", "", b"n")])),
    ];
    for (what, request) in wrong {
        refused(what, &gateway.ask(&request).await, 400);
    }
    let text = post_bytes("/v1/chat/completions", "text/plain", r#"{"model": "m"}"#);
    refused("text where JSON is due", &gateway.ask(&text).await, 415);
    let chat = form("/v1/chat/completions", &[("model", "", b"m")]);
    refused("a form where JSON is due", &gateway.ask(&chat).await, 415);
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let (provider, gateway) = guarded().await;
    let large = body(&[b"{\"model\": \"", "x".repeat(70_000).as_bytes(), b"\"}"].concat());
    let answer = gateway.ask(&large).await;
    refused("an announced large body", &answer, 413);
    assert_eq!(answer.code(), "request_too_large");
    let mut wire = gateway.wire().await;
    wire.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n").await;
    wire.write(b"transfer-encoding: chunked\r\n\r\n").await;
    for _ in 0..20 {
        wire.write(format!("1000\r\n{}\r\n", "[".repeat(0x1000)).as_bytes()).await;
    }
    wire.write(b"0\r\n\r\n").await;
    if let Some(answer) = soon("an answer or a close", wire.answer()).await {
        refused("a chunked large body", &answer, 413);
    }
    let mut wire = gateway.wire().await;
    wire.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999999999\r\n\r\n{").await;
    if let Some(answer) = soon("an answer or a close", wire.answer()).await {
        refused("an absurd length", &answer, 413);
    }
    let headers = (0..300).fold(chat("heads"), |request, n| request.header(&format!("x-{n}"), &"y".repeat(200)));
    let long = get(&format!("/v1/models?{}", "q".repeat(70_000)));
    for request in [chat("one head").header("x-long", &"y".repeat(70_000)), headers, long] {
        let mut wire = gateway.wire().await;
        wire.send(&request).await;
        if let Some(answer) = soon("an answer or a close", wire.answer()).await {
            assert!((400..500).contains(&answer.status), "{}", answer.status);
        }
    }
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn wrong_methods_models_and_paths_are_told_apart() {
    let provider = ScriptedUpstream::start(Script::new().healthy(tokens(2))).await.unwrap();
    let config = Config::one(&provider.url(), &tokens(2)).route("match: { models: [\"gpt-*\"] }");
    let gateway = launch(&config).await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "BREW"] {
        let answer = gateway.ask(&get("/v1/chat/completions").method(method)).await;
        refused(method, &answer, 405);
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
    let other = post("/v1/chat/completions", &json!({"model": "claude-9", "messages": []}));
    let answer = gateway.ask(&other).await;
    refused("a model without a route", &answer, 404);
    assert_eq!((answer.code().as_str(), &answer.json()["error"]["param"]), ("model_not_found", &json!("model")));
    for path in ["/metrics", "/state", "/v2/chat", "//v1//chat", "/v1/../state"] {
        refused(path, &gateway.ask(&get(path)).await, 404);
    }
    assert_eq!(gateway.ask(&chat("/v1")).await.status, 200);
    unharmed_except(&provider, &gateway, "/v1").await;
}

async fn unharmed_except(provider: &Running, gateway: &Gateway, text: &str) {
    let others = provider.seen().into_iter().filter(|seen| seen.json()["messages"][0]["content"] != text).count();
    assert_eq!(others, 0);
    assert_eq!(gateway.standings().await, ["ready", "ready"]);
}

#[tokio::test]
async fn who_sends_slowly_is_let_go() {
    let (provider, gateway) = guarded().await;
    let mut wire = gateway.wire().await;
    wire.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow").await;
    let mut body = gateway.wire().await;
    body.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n").await;
    body.write(b"content-length: 1000\r\n\r\n{\"model\":").await;
    // while they dawdle, others are served
    gateway.still_serves().await;
    let answer = soon("the slow body is answered", body.answer()).await.expect("an answer");
    refused("a slow body", &answer, 408);
    assert!(body.rest().await.is_empty(), "the connection is closed");
    let left = soon("the slow head is let go", wire.rest()).await;
    assert!(left.is_empty() || left.starts_with(b"HTTP/1.1 408"), "{left:?}");
    // a trickle that never ends: each byte comes in time, the head never does
    let mut wire = gateway.wire().await;
    wire.write(b"GET /v1/models HTTP/1.1\r\nx-slow: ").await;
    let trickle = async {
        loop {
            wire.write(b"y").await;
            if tokio::time::timeout(std::time::Duration::from_millis(100), wire.rest()).await.is_ok() {
                return;
            }
        }
    };
    soon("the trickle is let go", trickle).await;
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn who_closes_early_disturbs_nobody() {
    let (provider, gateway) = guarded().await;
    let whole = chat("half closed").bytes("x");
    for end in [1, 20, whole.len() / 2, whole.len() - 1] {
        let mut wire = gateway.wire().await;
        wire.write(&whole[..end]).await;
        wire.half_close().await;
        if let Some(answer) = soon("an answer or a close", wire.answer()).await {
            assert!((400..500).contains(&answer.status), "{end}: {}", answer.status);
        }
        drop(gateway.wire().await);
    }
    unharmed(&provider, &gateway).await;
    // whoever says all and then closes its side still gets the answer
    let mut wire = gateway.wire().await;
    wire.write(&whole).await;
    wire.half_close().await;
    if let Some(answer) = soon("an answer or a close", wire.answer()).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    until("nothing runs", || async { (gateway.in_flight().await == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_callers_credentials_stay_here() {
    let (provider, gateway) = guarded().await;
    let names = [
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "proxy-authorization",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
        "forwarded",
        "x-authorization",
        "x-hi-original-auth",
    ];
    let request = names.iter().fold(chat("are you there"), |request, name| request.header(name, "callers-own-secret"));
    let request = request
        .bearer("callers-own-secret")
        .header("cookie-like", "kept")
        .header("connection", "x-hop")
        .header("x-hop", "callers-own-secret")
        .header("te", "trailers")
        .header("accept-encoding", "br");
    assert_eq!(gateway.ask(&request).await.status, 200);
    let seen = provider.seen().pop().unwrap();
    assert!(!format!("{seen:?}").contains("callers-own-secret"), "{:?}", seen.headers);
    assert!(tokens(2).contains(&seen.token));
    assert_eq!(seen.header("cookie-like"), Some("kept"), "what is no credential travels on");
    assert_eq!(seen.header("te"), None);
    assert_ne!(seen.header("accept-encoding"), Some("br"), "only what can be undone is offered");
    let host = provider.addr().to_string();
    assert_eq!(seen.host, host);
    unharmed(&provider, &gateway).await;
}

#[tokio::test]
async fn deep_and_wide_but_valid_bodies_pass() {
    let (provider, gateway) = guarded().await;
    let mut nested = Value::Null;
    for _ in 0..100 {
        nested = json!([nested]);
    }
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "are you there"}], "x": nested,
        "big": 123_456_789_012_345_678_901_234_567_890_f64, "unicode": "\u{0}\u{1f980}"});
    let request = post("/v1/chat/completions", &request);
    assert_eq!(gateway.ask(&request).await.status, 200);
    assert_eq!(provider.seen()[0].body.as_ref(), request.body.as_slice());
    unharmed(&provider, &gateway).await;
}

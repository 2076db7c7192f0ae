//! Tokens, rates, quotas, concurrency, and what is remembered.

use claviger_testkit::{FaultKind, Script, ScriptedUpstream, TokenScript};

use crate::client::{chat, open, send};

#[tokio::test]
async fn an_unknown_token_is_refused_as_openai_does_or_accepted_by_the_script() {
    let upstream = ScriptedUpstream::start(Script::new()).await.expect("a port");
    let reply = send(upstream.addr(), chat("sk-unknown-secret", false)).await.expect("an answer");
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (401, &"invalid_api_key".into()));
    assert!(!reply.text().contains("secret"));
    upstream.set_script(Script::accepting_all());
    assert_eq!(send(upstream.addr(), chat("sk-unknown-secret", false)).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_token_may_come_in_each_of_three_headers() {
    let upstream = ScriptedUpstream::start(Script::new().healthy(["sk-a"])).await.expect("a port");
    for name in ["x-api-key", "api-key"] {
        let mut request = chat("", false);
        request.headers_mut().remove("authorization");
        request.headers_mut().insert(name, "sk-a".parse().expect("a value"));
        assert_eq!(send(upstream.addr(), request).await.expect("an answer").status, 200, "{name}");
    }
    assert_eq!(upstream.count("sk-a"), 2);
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let script = Script::new().token("sk-a", TokenScript::healthy().rate_limit(1, 60_000));
    let upstream = ScriptedUpstream::start(script).await.expect("a port");
    let first = send(upstream.addr(), chat("sk-a", false)).await.expect("an answer");
    assert_eq!((first.status, first.header("x-ratelimit-remaining-requests")), (200, "0"));
    let second = send(upstream.addr(), chat("sk-a", false)).await.expect("an answer");
    assert_eq!((second.status, second.header("retry-after")), (429, "60"));
    assert_eq!(upstream.seen()[1].fault, Some("rate_limit"));
}

#[tokio::test]
async fn a_quota_ends_and_is_shared_by_an_account() {
    let shared = || TokenScript::healthy().quota(1).account("acme");
    let upstream =
        ScriptedUpstream::start(Script::new().token("sk-a", shared()).token("sk-b", shared())).await.expect("a port");
    assert_eq!(send(upstream.addr(), chat("sk-a", false)).await.expect("an answer").status, 200);
    let spent = send(upstream.addr(), chat("sk-b", false)).await.expect("an answer");
    assert_eq!((spent.status, &spent.json()["error"]["code"]), (429, &"insufficient_quota".into()));
    upstream.clear();
    assert_eq!(send(upstream.addr(), chat("sk-b", false)).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn requests_over_the_concurrency_are_refused_until_one_leaves() {
    let stalled = TokenScript::broken(FaultKind::StallStream { after_events: 1 }).concurrency(1);
    let upstream = ScriptedUpstream::start(Script::new().token("sk-a", stalled)).await.expect("a port");
    let held = open(upstream.addr(), chat("sk-a", true)).await.expect("a head");
    assert_eq!(send(upstream.addr(), chat("sk-a", false)).await.expect("an answer").status, 429);
    drop(held);
    upstream.seen_when(|seen| seen[0].left_early).await;
    upstream.set_token("sk-a", TokenScript::healthy().concurrency(1));
    assert_eq!(send(upstream.addr(), chat("sk-a", false)).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn what_was_asked_is_remembered_as_sent() {
    let upstream = ScriptedUpstream::start(Script::new().healthy(["sk-a"])).await.expect("a port");
    let mut request = chat("sk-a", false);
    request.headers_mut().insert("x-extra", "1".parse().expect("a value"));
    send(upstream.addr(), request).await.expect("an answer");
    let seen = upstream.seen_when(|seen| seen[0].finished).await;
    let one = &seen[0];
    assert_eq!(
        (one.method.as_str(), one.path.as_str(), one.host.as_str()),
        ("POST", "/v1/chat/completions", "upstream")
    );
    assert_eq!((one.token.as_str(), one.number, one.status, one.fault), ("sk-a", 1, Some(200), None));
    assert_eq!((one.header("x-extra"), &one.json()["model"], one.left_early), (Some("1"), &"gpt-4o".into(), false));
}

#[tokio::test]
async fn stopping_frees_the_port() {
    let upstream = ScriptedUpstream::start(Script::accepting_all()).await.expect("a port");
    let addr = upstream.addr();
    upstream.stop().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    ScriptedUpstream::start_on(addr, Script::accepting_all()).await.expect("the same port");
}

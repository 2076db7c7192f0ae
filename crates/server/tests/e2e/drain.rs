//! SIGTERM: what was accepted is answered, then the process ends.

use claviger_testkit::{FaultKind, Script, ScriptedUpstream, TokenScript};
use tokio::net::TcpStream;

use crate::harness::{Config, Ended, Gateway, Wire, chat, get, launch, stream, token, tokens, until};

async fn slow(behaviour: TokenScript) -> (claviger_testkit::Running, Gateway) {
    let provider = ScriptedUpstream::start(Script::new().token(token(0), behaviour)).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1)).top("drainTimeout: 20s")).await;
    (provider, gateway)
}

#[tokio::test]
async fn requests_in_flight_are_answered_and_readiness_says_no() {
    let (provider, mut gateway) = slow(TokenScript::healthy().fault(FaultKind::Delay { ms: 1200 })).await;
    assert_eq!(gateway.admin_page(&get("/readyz")).await.status, 200);
    let mut asking = Vec::new();
    for number in 0..20 {
        let mut wire = gateway.wire().await;
        let text = format!("number {number}");
        wire.send(&if number % 2 == 0 { chat(&text) } else { stream(&text) }).await;
        asking.push((text, wire));
    }
    provider.seen_when(|seen| seen.len() == 20).await;
    gateway.signal("TERM");
    until("readiness says no", || async { (gateway.admin_page(&get("/readyz")).await.status == 503).then_some(()) })
        .await;
    assert_eq!(gateway.admin_page(&get("/healthz")).await.status, 200, "draining is not being ill");
    for (text, mut wire) in asking {
        let answer = wire.answer().await.expect("an answer");
        assert_eq!((answer.status, answer.said(), answer.ended), (200, format!("You said: {text}"), Ended::Properly));
    }
    assert!(gateway.ended().await.success());
    written(&gateway, 20).await;
}

/// So many receipts are written. What the gateway wrote is read beside it, and may arrive after it has ended.
async fn written(gateway: &Gateway, count: usize) {
    let all = || std::future::ready((gateway.receipts().len() == count).then_some(()));
    until("every receipt is written", all).await;
}

#[tokio::test]
async fn a_stream_in_flight_runs_to_its_end() {
    let paced = TokenScript::healthy().fault(FaultKind::Pace { ms: 40 }).words(30);
    let (_provider, mut gateway) = slow(paced).await;
    let mut streaming = gateway.open(&stream("to the end")).await;
    streaming.event().await.expect("the first event");
    gateway.signal("TERM");
    gateway.says("draining").await;
    assert!(!gateway.has_ended());
    let rest = streaming.rest().await;
    assert_eq!(rest.last().map(String::as_str), Some("data: [DONE]\n\n"));
    assert_eq!(streaming.ended, Some(Ended::Properly));
    assert!(gateway.ended().await.success());
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up_and_new_ones_are_refused() {
    let (_provider, mut gateway) = slow(TokenScript::healthy()).await;
    let mut kept = gateway.wire().await;
    assert_eq!(kept.ask(&chat("kept")).await.status, 200);
    let (data, _silent) = (gateway.data(), gateway.wire().await);
    gateway.signal("TERM");
    assert!(gateway.ended().await.success());
    assert!(kept.rest().await.is_empty());
    assert!(TcpStream::connect(data).await.is_err());
}

#[tokio::test]
async fn sigint_ends_it_as_well() {
    let (_provider, mut gateway) = slow(TokenScript::healthy()).await;
    gateway.signal("INT");
    assert!(gateway.ended().await.success());
}

/// Asks on kept connections until the gateway closes them; counts answers and requests that were lost.
async fn load(data: std::net::SocketAddr, number: usize) -> (usize, usize) {
    let (mut answered, mut lost) = (0, 0);
    for round in 0.. {
        let Ok(tcp) = TcpStream::connect(data).await else { break };
        let mut wire = Wire::over(tcp, "gateway");
        let text = format!("client {number} round {round}");
        wire.send(&if round % 2 == 0 { chat(&text) } else { stream(&text) }).await;
        match wire.answer().await {
            Some(answer) if answer.status == 200 && answer.ended == Ended::Properly => answered += 1,
            Some(_) => lost += 1,
            // the kernel took the connection, the program never did: nobody accepted the request
            None => break,
        }
    }
    (answered, lost)
}

#[tokio::test]
async fn under_load_no_accepted_request_is_lost() {
    let (provider, mut gateway) = slow(TokenScript::healthy().fault(FaultKind::Delay { ms: 20 })).await;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..16 {
        clients.spawn(load(gateway.data(), number));
    }
    provider.seen_when(|seen| seen.len() >= 100).await;
    gateway.signal("TERM");
    let counts = clients.join_all().await;
    let answered: usize = counts.iter().map(|(answered, _)| answered).sum();
    assert_eq!(counts.iter().map(|(_, lost)| lost).sum::<usize>(), 0);
    assert!(gateway.ended().await.success());
    assert_eq!(answered, provider.seen().len(), "all that reached the provider reached its caller");
    written(&gateway, answered).await;
}

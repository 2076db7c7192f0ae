//! Each fault, seen from the other end of the wire.

use std::time::Duration;

use claviger_testkit::{CutHow, Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Ended, Reply, chat, open, send, send_h2};

async fn broken(fault: impl Into<Fault>) -> Running {
    let script = Script::new().token("sk-a", TokenScript::healthy().fault(fault));
    ScriptedUpstream::start(script).await.expect("a port")
}

async fn streamed(fault: impl Into<Fault>) -> Result<Reply, Ended> {
    let upstream = broken(fault).await;
    send(upstream.addr(), chat("sk-a", true)).await
}

async fn whole(fault: impl Into<Fault>) -> Result<Reply, Ended> {
    let upstream = broken(fault).await;
    send(upstream.addr(), chat("sk-a", false)).await
}

#[tokio::test]
async fn a_status_comes_with_its_headers_and_openais_body() {
    let reply = whole(Fault::status(429).header("retry-after", "30")).await.expect("an answer");
    assert_eq!((reply.status, reply.header("retry-after")), (429, "30"));
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_status_body_may_be_json_or_any_text() {
    let reply = whole(Fault::status(503).body(json!({ "oops": 1 }))).await.expect("an answer");
    assert_eq!((reply.status, reply.json()), (503, json!({ "oops": 1 })));
    let reply = whole(Fault::status(502).body(json!("<html>bad gateway</html>"))).await.expect("an answer");
    assert_eq!((reply.status, reply.text()), (502, "<html>bad gateway</html>"));
}

#[tokio::test]
async fn a_delay_comes_before_the_head_and_the_answer_follows() {
    let start = Instant::now();
    let reply = whole(FaultKind::Delay { ms: 40 }).await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(40));
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_stalled_head_never_comes_and_the_leaving_client_is_seen() {
    let upstream = broken(FaultKind::StallHead).await;
    let asking = tokio::spawn(open(upstream.addr(), chat("sk-a", true)));
    upstream.seen_when(|seen| seen.len() == 1).await;
    asking.abort();
    upstream.seen_when(|seen| seen[0].left_early).await;
    let asking = tokio::spawn(send_h2(upstream.addr(), chat("sk-a", true)));
    upstream.seen_when(|seen| seen.len() == 2).await;
    asking.abort();
    let seen = upstream.seen_when(|seen| seen[1].left_early).await;
    assert_eq!((seen[0].status, seen[1].status, seen[1].fault), (None, None, Some("stall_head")));
}

#[tokio::test]
async fn a_stalled_stream_sends_its_events_and_then_nothing() {
    let upstream = broken(FaultKind::StallStream { after_events: 2 }).await;
    let mut response = open(upstream.addr(), chat("sk-a", true)).await.expect("a head");
    let mut got = Vec::new();
    while got.windows(2).filter(|pair| pair == b"\n\n").count() < 2 {
        let frame = response.body_mut().frame().await.expect("more").expect("no error");
        got.extend_from_slice(&frame.into_data().expect("data"));
    }
    let more = tokio::time::timeout(Duration::from_millis(30), response.body_mut().frame()).await;
    assert!(more.is_err(), "silence");
    drop(response);
    let seen = upstream.seen_when(|seen| seen[0].left_early).await;
    assert_eq!((seen[0].status, seen[0].finished), (Some(200), false));
}

#[tokio::test]
async fn a_cut_ends_in_a_reset_a_close_or_a_false_end() {
    for (how, cut) in [(CutHow::Rst, Some(Ended::Reset)), (CutHow::Fin, Some(Ended::Closed)), (CutHow::CleanEnd, None)]
    {
        let reply = streamed(FaultKind::Cut { after_events: 3, how }).await.expect("a head");
        assert_eq!((reply.events().len(), reply.cut), (3, cut), "{how:?}");
        let reply = whole(FaultKind::Cut { after_events: 3, how }).await.expect("a head");
        assert!(serde_json::from_slice::<Value>(&reply.body).is_err() && !reply.body.is_empty(), "half: {how:?}");
    }
}

#[tokio::test]
async fn reset_and_refuse_end_the_connection_before_any_answer() {
    assert_eq!(whole(FaultKind::Reset).await.expect_err("no answer"), Ended::Reset);
    assert_eq!(whole(FaultKind::Refuse).await.expect_err("no answer"), Ended::Closed);
}

#[tokio::test]
async fn on_http2_a_fault_hits_its_stream_alone() {
    let script = Script::new()
        .token("sk-a", TokenScript::broken(FaultKind::Reset))
        .token("sk-b", TokenScript::broken(FaultKind::Cut { after_events: 2, how: CutHow::Fin }))
        .healthy(["sk-c"]);
    let upstream = ScriptedUpstream::start(script).await.expect("a port");
    assert!(send_h2(upstream.addr(), chat("sk-a", true)).await.is_err());
    let cut = send_h2(upstream.addr(), chat("sk-b", true)).await.expect("a head");
    assert_eq!((cut.events().len(), cut.cut.is_some()), (2, true));
    let fine = send_h2(upstream.addr(), chat("sk-c", true)).await.expect("an answer");
    assert_eq!((fine.said().as_str(), fine.cut), ("You said: one two", None));
    assert_eq!(upstream.seen()[2].version, "HTTP/2.0");
}

#[tokio::test]
async fn a_drip_takes_its_time_and_loses_nothing() {
    let start = Instant::now();
    let reply = whole(FaultKind::Drip { bytes: 100, every_ms: 5 }).await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(reply.json()["object"], "chat.completion");
}

#[tokio::test]
async fn pace_waits_between_events() {
    let start = Instant::now();
    let reply = streamed(FaultKind::Pace { ms: 5 }).await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(5 * (reply.events().len() as u64 - 1)));
    assert_eq!(reply.said(), "You said: one two");
}

#[tokio::test]
async fn a_malformed_event_is_no_json_and_the_others_are() {
    let reply = streamed(FaultKind::MalformedEvent { at: 2 }).await.expect("an answer");
    let bad: Vec<usize> = (0..reply.events().len())
        .filter(|at| reply.events()[*at] != "[DONE]" && serde_json::from_str::<Value>(reply.events()[*at]).is_err())
        .collect();
    assert_eq!(bad, [2]);
}

#[tokio::test]
async fn a_missing_done_is_missing() {
    let reply = streamed(FaultKind::MissingDone).await.expect("an answer");
    assert_eq!(reply.said(), "You said: one two");
    assert!(!reply.text().contains("[DONE]") && reply.cut.is_none());
}

#[tokio::test]
async fn an_error_in_a_200_is_json_also_for_a_stream() {
    let reply = streamed(FaultKind::ErrorIn200 { body: None }).await.expect("an answer");
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.json()["error"]["type"], "server_error");
}

#[tokio::test]
async fn an_error_event_comes_first_or_after_content() {
    let body = Some(json!({ "error": { "code": "busy" } }));
    let reply = streamed(FaultKind::ErrorFirstEvent { body: body.clone() }).await.expect("an answer");
    assert_eq!(reply.events(), [r#"{"error":{"code":"busy"}}"#]);
    let reply = streamed(FaultKind::ErrorMidStream { after_events: 3, body }).await.expect("an answer");
    assert_eq!((reply.events().len(), reply.events()[3]), (4, r#"{"error":{"code":"busy"}}"#));
}

#[tokio::test]
async fn a_role_alone_then_a_cut() {
    let reply = streamed(FaultKind::RoleOnlyThenCut).await.expect("a head");
    assert_eq!((reply.events().len(), reply.said().as_str(), reply.cut), (1, "", Some(Ended::Closed)));
}

#[tokio::test]
async fn an_empty_stream_has_no_byte() {
    let reply = streamed(FaultKind::EmptyStream).await.expect("an answer");
    assert_eq!((reply.status, reply.body.len(), reply.cut), (200, 0, None));
    assert!(reply.header("content-type").starts_with("text/event-stream"));
}

#[tokio::test]
async fn garbage_claims_to_be_json() {
    let reply = whole(FaultKind::GarbageBody).await.expect("an answer");
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
}

#[tokio::test]
async fn gzip_asks_the_client_unless_forced() {
    let plain = whole(FaultKind::Gzip { forced: false }).await.expect("an answer");
    assert_eq!(plain.header("content-encoding"), "");
    let packed = whole(FaultKind::Gzip { forced: true }).await.expect("an answer");
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.text());
    let upstream = broken(FaultKind::Gzip { forced: false }).await;
    let mut asked = chat("sk-a", false);
    asked.headers_mut().insert("accept-encoding", "br, gzip;q=0.5".parse().expect("a value"));
    assert_eq!(send(upstream.addr(), asked).await.expect("an answer").header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_fault_spares_requests_outside_its_numbers_and_other_operations() {
    let upstream = broken(Fault::status(500).from_request(2).to_request(3).operation("chatcompletions")).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(send(upstream.addr(), chat("sk-a", false)).await.expect("an answer").status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    let other = broken(Fault::status(500).operation("embeddings")).await;
    assert_eq!(send(other.addr(), chat("sk-a", false)).await.expect("an answer").status, 200);
    let model = broken(Fault::status(500).model("gpt-4*")).await;
    assert_eq!(send(model.addr(), chat("sk-a", false)).await.expect("an answer").status, 500);
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let script =
            Script::new().seed(seed).token("sk-a", TokenScript::healthy().fault(Fault::status(500).probability(0.5)));
        let upstream = ScriptedUpstream::start(script).await.expect("a port");
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(send(upstream.addr(), chat("sk-a", false)).await.expect("an answer").status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

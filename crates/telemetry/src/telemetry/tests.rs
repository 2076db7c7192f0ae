use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use claviger_types::{Secret, Usage, WallTime};
use parking_lot::Mutex;

use super::*;
use crate::receipt::{AttemptLine, End};
use crate::settings::{Level, LogFormat};

const WITHIN: Duration = Duration::from_secs(10);
const DEAD: &str = "sk-proj-0123456789abcdefdead";
const GOOD: &str = "sk-proj-fedcba9876543210a1b2";

/// An output that can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).expect("UTF-8")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn telemetry(format: LogFormat) -> (Telemetry, Shared) {
    let output = Shared::default();
    let log = LogSettings { format, receipts: true, level: Level::Info };
    (Telemetry::with_output(log, Box::new(output.clone())), output)
}

fn attempt(secret: &str, verdict: &'static str, ms: u64) -> AttemptLine {
    AttemptLine {
        provider: "main".to_owned(),
        credential: Secret::new(secret).masked(),
        model: Some("gpt-4o".to_owned()),
        verdict,
        scope: (verdict != "good").then_some("token"),
        status: Some(if verdict == "good" { 200 } else { 401 }),
        ms,
        first_content_ms: None,
        probe: false,
        rule: "openai/401",
        hedge: false,
    }
}

fn receipt() -> Receipt {
    Receipt {
        at: WallTime::from_millis(1_795_608_001_123),
        request_id: "req-1".to_owned(),
        client: None,
        route: None,
        operation: "openai/v1/chatcompletions",
        dialect: "openai",
        model: Some("gpt-4o".to_owned()),
        upstream_model: Some("gpt-4o".to_owned()),
        stream: false,
        status: 200,
        end: End::Complete,
        provider: Some("main".to_owned()),
        credential: Some(Secret::new(GOOD).masked()),
        attempts: vec![attempt(DEAD, "invalid_credential", 12), attempt(GOOD, "good", 333)],
        wait_ms: 0,
        first_content_ms: None,
        total_ms: 345,
        usage: Usage { input: 12, output: 34, ..Usage::default() },
        dropped: Vec::new(),
        body_streamed: false,
        bytes_in: 100,
        bytes_out: 200,
        error: None,
    }
}

#[test]
fn one_call_gives_the_line_and_the_metrics() {
    let (telemetry, output) = telemetry(LogFormat::Human);
    telemetry.record(&receipt());
    assert!(telemetry.flush(WITHIN));
    assert_eq!(
        output.text(),
        "12:00:01.123 200 chatcompletions gpt-4o 345ms main/sk-…a1b2 attempts=2 \
         [main/sk-…dead invalid_credential 12ms] usage=12+34 id=req-1\n"
    );
    let metrics = telemetry.encode();
    for line in [
        r#"claviger_requests_total{route="none",operation="openai/v1/chatcompletions",status="2xx",end="complete"} 1"#,
        r#"claviger_request_seconds_sum{route="none",operation="openai/v1/chatcompletions"} 0.345"#,
        r#"claviger_attempts_total{provider="main",verdict="invalid_credential"} 1"#,
        r#"claviger_attempts_total{provider="main",verdict="good"} 1"#,
        r"claviger_attempts_per_request_sum 2.0",
        r#"claviger_wait_seconds_bucket{le="0.0"} 1"#,
        r#"claviger_usage_total{provider="main",kind="input"} 12"#,
        r#"claviger_usage_total{provider="main",kind="output"} 34"#,
        r"claviger_log_lines_dropped_total 0",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} is not in\n{metrics}");
    }
    assert!(metrics.contains("claviger_build_info{version=\"") && metrics.ends_with("# EOF\n"));
}

#[test]
fn the_json_line_is_one_object_with_the_same_facts() {
    let (telemetry, output) = telemetry(LogFormat::Json);
    telemetry.record(&Receipt { route: Some("gpt".to_owned()), first_content_ms: Some(40), ..receipt() });
    assert!(telemetry.flush(WITHIN));
    let line = output.text();
    assert_eq!(line.matches('\n').count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(value["at"], "2026-11-25T12:00:01.123Z");
    assert_eq!(value["end"], "complete");
    assert_eq!(value["route"], "gpt");
    assert_eq!(value["attempts"][0]["verdict"], "invalid_credential");
    assert_eq!(value["usage"]["output"], 34);
    assert_eq!(value.get("error"), None);
    assert!(telemetry.encode().contains("claviger_first_content_seconds_count{route=\"gpt\""));
}

#[test]
fn what_went_wrong_is_on_the_human_line() {
    let (telemetry, output) = telemetry(LogFormat::Human);
    telemetry.record(&Receipt {
        client: Some("app-a".to_owned()),
        route: Some("gpt".to_owned()),
        upstream_model: None,
        stream: true,
        status: 503,
        end: End::Refused,
        provider: None,
        credential: None,
        attempts: Vec::new(),
        wait_ms: 5,
        usage: Usage::default(),
        body_streamed: true,
        error: Some("no_credential_available"),
        ..receipt()
    });
    assert!(telemetry.flush(WITHIN));
    assert_eq!(
        output.text(),
        "12:00:01.123 503 refused chatcompletions(stream) gpt-4o 345ms attempts=0 error=no_credential_available \
         wait=5ms body=streamed client=app-a route=gpt id=req-1\n"
    );
}

#[test]
fn no_secret_appears_in_lines_or_metrics() {
    for format in [LogFormat::Human, LogFormat::Json] {
        let (telemetry, output) = telemetry(format);
        telemetry.record(&receipt());
        telemetry.set_pool(&[CredentialGauge {
            provider: "main".to_owned(),
            credential: Secret::new(DEAD).masked(),
            state: "quarantined",
            in_flight: 0,
        }]);
        assert!(telemetry.flush(WITHIN));
        let told = output.text() + &telemetry.encode();
        assert!(told.contains("sk-…dead") && told.contains("sk-…a1b2"));
        for secret in [DEAD, GOOD] {
            assert!(!told.contains(&secret[..12]) && !told.contains(&secret[8..]), "{told}");
        }
    }
}

#[test]
fn text_from_callers_makes_neither_labels_nor_lines() {
    let (telemetry, output) = telemetry(LogFormat::Human);
    telemetry.record(&receipt());
    let series = telemetry.encode().lines().count();
    for n in 0..500 {
        let model = format!("model-{n}\n12:00:00.000 200 forged\u{1b}[2J{}", "x".repeat(10_000));
        telemetry.record(&Receipt { model: Some(model), request_id: format!("id\r\n{n}"), ..receipt() });
    }
    assert!(telemetry.flush(WITHIN));
    assert_eq!(telemetry.encode().lines().count(), series);
    let text = output.text();
    assert_eq!(text.lines().count(), 501);
    assert!(!text.contains('\u{1b}') && !text.contains('\r'));
    assert!(text.lines().all(|line| line.chars().count() < 400));
}

#[test]
fn every_end_and_status_has_its_label() {
    let (telemetry, _) = telemetry(LogFormat::Human);
    for (end, status) in End::ALL.into_iter().zip([200, 404, 429, 503, 200, 0]) {
        telemetry.record(&Receipt { end, status, ..receipt() });
    }
    let metrics = telemetry.encode();
    for labels in [
        r#"status="2xx",end="complete""#,
        r#"status="4xx",end="client_error""#,
        r#"status="4xx",end="refused""#,
        r#"status="5xx",end="failed""#,
        r#"status="2xx",end="cut""#,
        r#"status="none",end="client_left""#,
    ] {
        assert!(metrics.contains(labels), "{labels}");
    }
}

#[test]
fn without_receipts_the_metrics_stay() {
    let output = Shared::default();
    let log = LogSettings { receipts: false, ..LogSettings::default() };
    let telemetry = Telemetry::with_output(log, Box::new(output.clone()));
    telemetry.record(&receipt());
    assert!(telemetry.flush(WITHIN));
    assert_eq!(output.text(), "");
    assert!(telemetry.encode().contains("end=\"complete\"} 1\n"));
}

#[test]
fn gauges_follow_requests_connections_reloads_and_the_pool() {
    let (telemetry, _) = telemetry(LogFormat::Human);
    let gauge = |state, in_flight| CredentialGauge {
        provider: "main".to_owned(),
        credential: "team \"b\"".to_owned(),
        state,
        in_flight,
    };
    let guard = telemetry.in_flight();
    telemetry.connection_opened();
    telemetry.connection_opened();
    telemetry.connection_closed();
    telemetry.reloaded(true);
    telemetry.reloaded(false);
    telemetry.set_pool(&[gauge("resting", 3)]);
    let metrics = telemetry.encode();
    for line in [
        "claviger_in_flight 1",
        "claviger_connections 1",
        r#"claviger_reloads_total{result="ok"} 1"#,
        r#"claviger_reloads_total{result="failed"} 1"#,
        r#"claviger_credential_state{provider="main",credential="team \"b\"",state="ready"} 0"#,
        r#"claviger_credential_state{provider="main",credential="team \"b\"",state="resting"} 1"#,
        r#"claviger_credential_in_flight{provider="main",credential="team \"b\""} 3"#,
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} is not in\n{metrics}");
    }
    drop(guard);
    telemetry.set_pool(&[]);
    let metrics = telemetry.encode();
    assert!(metrics.contains("claviger_in_flight 0\n") && !metrics.contains("credential_state{"));
}

/// An output that takes nothing until its other end is dropped.
struct Stalled(Receiver<()>);

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stalled_log_drops_lines_and_counts_them_and_delays_nobody() {
    let (release, stalled) = sync_channel(0);
    let telemetry = Telemetry::with_output(LogSettings::default(), Box::new(Stalled(stalled)));
    for _ in 0..20_000 {
        telemetry.record(&receipt());
    }
    assert!(!telemetry.flush(Duration::from_millis(1)));
    let dropped = |text: String| {
        let line = text.lines().find(|l| l.starts_with("claviger_log_lines_dropped_total")).map(str::to_owned);
        line.and_then(|l| l.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok())).expect("the counter")
    };
    assert!(dropped(telemetry.encode()) > 0);
    drop(release);
    assert!(telemetry.flush(WITHIN));
}

/// An output whose reader is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_is_gone_ends_nothing() {
    let telemetry = Telemetry::with_output(LogSettings::default(), Box::new(Gone));
    telemetry.record(&receipt());
    assert!(telemetry.flush(WITHIN));
    assert!(telemetry.encode().contains("claviger_log_lines_dropped_total 1\n"));
}

//! What it costs to read a failure: `cargo bench -p claviger-providers`.

#![expect(clippy::expect_used, reason = "a benchmark may fail")]

use claviger_providers::{Classifier, Failure, Reading, Recorded};
use claviger_types::WallTime;
use divan::{Bencher, black_box, counter::ItemsCount};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

fn main() {
    divan::main();
}

fn rules(name: &str) -> Classifier {
    Classifier::named(name).expect("it is known")
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("date", "Tue, 10 Mar 2026 23:00:00 GMT"),
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-limit-tokens", "200000"),
        ("x-ratelimit-remaining-tokens", "199000"),
        ("x-ratelimit-reset-tokens", "300ms"),
        ("x-request-id", "req_0123456789"),
        ("cf-ray", "0000000000000000-XXX"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

fn read(rules: &Classifier, status: u16, headers: &HeaderMap, body: &[u8]) -> Reading {
    let wall = WallTime::from_millis(1_773_183_600_000);
    rules.read(&Failure::Status { status, headers, body, wall })
}

/// A code of the provider's own and ten headers.
#[divan::bench]
fn rate_limit(bencher: Bencher<'_, '_>) {
    let (rules, headers) = (rules("openai"), headers());
    let body = br#"{"error":{"message":"Rate limit reached for gpt-x in organization org-EXAMPLE on requests per min (RPM): Limit 500, Used 500, Requested 1.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
    bencher.bench(|| read(&rules, 429, &headers, black_box(body)));
}

/// Nested details of Google.
#[divan::bench]
fn google_details(bencher: Bencher<'_, '_>) {
    let (rules, headers) = (rules("gemini"), headers());
    let body = br#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"20"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"18s"}]}}"#;
    bencher.bench(|| read(&rules, 429, &headers, black_box(body)));
}

/// No rule but the status fits: all of them are tried.
#[divan::bench]
fn status_alone(bencher: Bencher<'_, '_>) {
    let (rules, headers) = (rules("generic"), headers());
    let body =
        br#"{"error":{"message":"Something the program has never seen before happened to this request, sorry."}}"#;
    bencher.bench(|| read(&rules, 400, &headers, black_box(body)));
}

/// The error, and the request beside it: 64 KiB that are passed over.
#[divan::bench]
fn echoed_prompt(bencher: Bencher<'_, '_>) {
    let (rules, headers) = (rules("vllm"), headers());
    let prompt = "insufficient balance, rate limit, invalid api key; ".repeat(1300);
    let body = serde_json::json!({"detail": [{"msg": "Input should be 'user'", "input": prompt}]}).to_string();
    bencher.bench(|| read(&rules, 422, &headers, black_box(body.as_bytes())));
}

/// A page of an edge.
#[divan::bench]
fn page(bencher: Bencher<'_, '_>) {
    let (rules, headers) = (rules("openai"), headers());
    let body =
        format!("<!DOCTYPE html><html><title>502 Bad Gateway</title><body>{}</body></html>", "<p>x</p>".repeat(800));
    bencher.bench(|| read(&rules, 502, &headers, black_box(body.as_bytes())));
}

/// Every recorded case, each by its provider's rules.
#[divan::bench]
fn collection(bencher: Bencher<'_, '_>) {
    let cases: Vec<Value> = serde_json::from_slice(include_bytes!("../tests/cases.json")).expect("a list");
    let cases: Vec<(Classifier, Recorded)> = cases
        .iter()
        .map(|case| (rules(case["provider"].as_str().unwrap_or_default()), Recorded::from_case(case)))
        .collect();
    bencher
        .counter(ItemsCount::new(cases.len()))
        .bench(|| cases.iter().filter_map(|(rules, recorded)| rules.read_recorded(black_box(recorded))).count());
}

/// What is left, from the headers of a good answer.
#[divan::bench]
fn allowance(bencher: Bencher<'_, '_>) {
    let settings = claviger_providers::Settings { kind: "openai".to_owned(), tokens: 1, ..Default::default() };
    let provider = claviger_providers::Provider::build(&settings).expect("a valid entry");
    let headers = headers();
    bencher.bench(|| provider.allowance(black_box(&headers), WallTime::from_millis(1_773_183_600_000)));
}

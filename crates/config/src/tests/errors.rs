//! `errorRules` and the status patterns: what is read, and how what is wrong is told.

use claviger_providers::Failure;
use claviger_types::{Class, Scope, WallTime};
use http::HeaderMap;

use super::*;

fn verdict(entry: &str, status: u16, body: &str) -> claviger_types::Verdict {
    let plan = plan(&format!("providers:\n  - {{ type: openai, apiTokens: [t-1, t-2], {entry} }}\n"));
    let (headers, body) = (HeaderMap::new(), body.as_bytes());
    let failure = Failure::Status { status, headers: &headers, body, wall: WallTime::default() };
    plan.providers[0].provider.classify(&failure)
}

#[test]
fn an_operators_rule_is_tried_first() {
    let rules = "errorRules: [{ status: [4xx], says: [\"seat limit\"], class: quota_exhausted, scope: account }]";
    let seats = verdict(rules, 400, r#"{"error":{"message":"Seat limit reached"}}"#);
    assert_eq!((seats.class, seats.scope, seats.rule), (Class::QuotaExhausted, Scope::Account, "errorRules[0]"));
    assert_eq!(verdict(rules, 400, r#"{"error":{"message":"other"}}"#).class, Class::BadRequest);
}

#[test]
fn status_patterns_are_honoured_as_written() {
    let bad = r#"{"error":{"message":"bad"}}"#;
    assert_eq!(verdict("failover: { failoverOnStatus: [\"400\"] }", 400, bad).scope, Scope::Token);
    assert_eq!(verdict("failover: { failoverOnStatus: [\"4..\"] }", 400, bad).scope, Scope::Request);
    assert_eq!(verdict("failover: { failoverOnStatus: [\"429\"] }", 500, bad).scope, Scope::Request);
    assert!(!verdict("retryOnFailure: { retryOnStatus: [\"429\"] }", 500, bad).retry_elsewhere);
    assert!(verdict("retryOnFailure: { retryOnStatus: [] }", 500, bad).retry_elsewhere);
}

#[test]
fn a_wrong_rule_is_told_with_its_line() {
    let text = "\
providers:
  - type: openai
    apiTokens: [t-1, t-2]
    errorRules:
      - { status: [429], class: rate_limit }
      - { status: [42], class: rate_limited, scop: token }
      - { class: overloaded }
      - { status: [5xx], class: overloaded }
      - { status: [500, 503], says: [busy], class: server_error }
      - { status: [429], says: [\"Busy\"], class: server_error }
      - { code: [x] }
";
    assert_eq!(
        brief(text),
        [
            "E 5 invalid providers[0].errorRules[0].class",
            "E 6 invalid providers[0].errorRules[1].status",
            "E 6 unknown_key providers[0].errorRules[1].scop",
            "E 7 unreachable providers[0].errorRules[2]",
            "E 9 unreachable providers[0].errorRules[4]",
            "E 10 invalid providers[0].errorRules[5].says",
            "E 11 missing providers[0].errorRules[6].class",
        ]
    );
}

#[test]
fn a_pattern_that_higress_reads_wider_is_told() {
    let with = |pattern: &str| {
        let failover = format!("failover: {{ failoverOnStatus: [\"{pattern}\"] }}");
        brief(&format!("providers:\n  - type: openai\n    apiTokens: [t-1, t-2]\n    {failover}\n"))
    };
    assert_eq!(with("4.*"), ["W 4 ignored providers[0].failover.failoverOnStatus[0]"]);
    assert_eq!(with("4.."), Vec::<String>::new());
}

use claviger_types::{Class, Scope};
use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::Settings;

fn openai() -> Provider {
    let settings = Settings { kind: "openai".to_owned(), tokens: 1, ..Settings::default() };
    Provider::build(&settings).expect("a valid entry")
}

fn answer(status: u16, body: &str) -> Verdict {
    let headers = HeaderMap::new();
    openai().classify(&Failure::Status { status, headers: &headers, body: body.as_bytes(), wall: WallTime::default() })
}

#[test]
fn a_prompt_echoed_in_the_body_decides_nothing() {
    let body = r#"{"error":{"message":"bad","type":"x"},"input":"insufficient balance, overloaded, rate limit"}"#;
    assert_eq!(answer(400, body).class, Class::BadRequest);
}

#[test]
fn words_of_the_caller_quoted_in_the_message_harm_no_credential() {
    for message in ["unknown role `insufficient balance`", "bad value 'incorrect api key provided'"] {
        let body = serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}}).to_string();
        assert_eq!(answer(400, &body).class, Class::BadRequest, "{message}");
    }
    let body = r#"{"error":{"message":"your organization has been disabled is no role","param":"messages[0].role"}}"#;
    assert_eq!(answer(400, body).class, Class::BadRequest);
}

#[test]
fn an_inner_status_is_believed_inside_a_5xx_only() {
    assert_eq!(answer(500, r#"{"error":{"code":429,"message":"slow"}}"#).class, Class::RateLimited);
    assert_eq!(answer(400, r#"{"error":{"code":503,"message":"slow"}}"#).class, Class::BadRequest);
}

#[test]
fn exhausted_credit_does_not_make_a_key_invalid() {
    let body = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":401}}"#;
    assert_eq!(answer(401, body).class, Class::QuotaExhausted);
}

#[test]
fn a_page_of_an_edge_does_not_blame_the_key() {
    let refused = answer(403, "<html><title>403 Forbidden</title></html>");
    assert_eq!((refused.class, refused.scope), (Class::Permission, Scope::Provider));
    assert_eq!(answer(503, "<!DOCTYPE html><title>Just a moment...</title>").class, Class::Connection);
    assert_eq!(answer(401, "<html>no</html>").class, Class::InvalidCredential);
}

#[test]
fn an_error_in_an_answer_of_success_that_says_nothing_is_the_servers() {
    let headers = HeaderMap::new();
    let failure =
        Failure::Embedded { body: br#"{"error":{"message":"?"}}"#, headers: &headers, wall: WallTime::default() };
    assert_eq!(openai().classify(&failure).class, Class::ServerError);
}

proptest! {
    #[test]
    fn any_answer_gets_a_verdict(status: u16, body in proptest::collection::vec(any::<u8>(), 0..200), after in ".{0,20}") {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&after) {
            headers.insert("retry-after", value.clone());
            headers.insert("x-ratelimit-remaining-x", HeaderValue::from_static("0"));
            headers.insert("x-ratelimit-reset-x", value);
        }
        let wall = WallTime::from_millis(u64::from(status));
        openai().classify(&Failure::Status { status, headers: &headers, body: &body, wall });
        openai().classify(&Failure::Embedded { headers: &headers, body: &body, wall });
    }

    #[test]
    fn any_json_gets_a_verdict(message in ".{0,60}", code in ".{0,12}", status in 200_u16..600) {
        let body = serde_json::json!([{"error": {"message": message, "code": code, "details": [{"retryDelay": message}]}}]);
        answer(status, &body.to_string());
        answer(status, &serde_json::json!({"error": message}).to_string());
    }
}

#[test]
fn a_limit_that_is_over_in_days_only_is_an_allowance() {
    let body = |seconds: u32| format!(r#"{{"error":{{"code":"rate_limit_exceeded","resets_in_seconds":{seconds}}}}}"#);
    assert_eq!(answer(429, &body(86_400)).class, Class::RateLimited);
    assert_eq!(answer(429, &body(500_000)).class, Class::QuotaExhausted);
}

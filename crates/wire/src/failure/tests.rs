use super::*;
use crate::sse::Event;

fn failure(attempts: &[AttemptNote]) -> Failure<'_> {
    Failure {
        status: 503,
        code: "no_credential_available",
        kind: FailureKind::Overloaded,
        message: "all \"2\" rest",
        param: None,
        attempts,
    }
}

fn note() -> AttemptNote {
    let (provider, credential) = ("main".to_owned(), "sk-…a1b2".to_owned());
    AttemptNote { provider, credential, verdict: "rate_limited", status: Some(429), ms: 12 }
}

#[test]
fn each_dialect_gets_its_own_error_shape() {
    let cases = [
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"all \"2\" rest","type":"server_error","param":null,"code":"no_credential_available"}}"#,
        ),
        (
            Dialect::Anthropic,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"all \"2\" rest","code":"no_credential_available"}}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"error":{"code":503,"message":"all \"2\" rest","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"no_credential_available","domain":"claviger"}]}}"#,
        ),
    ];
    for (dialect, expected) in cases {
        assert_eq!(body(dialect, &failure(&[])), expected);
    }
}

#[test]
fn the_trail_stands_in_every_shape() {
    let trail = [note(), AttemptNote { status: None, ..note() }];
    let shown = r#""attempts":[{"provider":"main","credential":"sk-…a1b2","verdict":"rate_limited","status":429,"ms":12},{"provider":"main","credential":"sk-…a1b2","verdict":"rate_limited","ms":12}]"#;
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        let body = String::from_utf8(body(dialect, &failure(&trail)).to_vec()).unwrap();
        assert!(body.contains(shown), "{body}");
    }
}

#[test]
fn a_stream_ends_in_the_dialects_error_event() {
    let event = |dialect, operation| stream_event(dialect, operation, None, &failure(&[]));
    assert!(event(Dialect::OpenAi, Operation::ChatCompletions).starts_with(b"data: {\"error\":{\"message\""));
    assert!(
        event(Dialect::OpenAi, Operation::Responses).starts_with(b"event: error\ndata: {\"type\":\"error\",\"code\"")
    );
    assert!(
        event(Dialect::Anthropic, Operation::AnthropicMessages).starts_with(b"event: error\ndata: {\"type\":\"error\"")
    );
    assert!(
        event(Dialect::Gemini, Operation::GeminiStreamGenerateContent).starts_with(b"data: {\"error\":{\"code\":503")
    );
}

fn event(text: &'static str) -> Event {
    Event::new(Bytes::from_static(text.as_bytes()))
}

#[test]
fn an_error_in_responses_has_the_number_after_the_last_event() {
    let last = event("event: response.output_text.delta\ndata: {\"sequence_number\":7,\"delta\":\"x\"}\n\n");
    let number =
        |event: &Event| serde_json::from_str::<serde_json::Value>(&event.data()).unwrap()["sequence_number"].clone();
    let own = stream_event(Dialect::OpenAi, Operation::Responses, Some(&last), &failure(&[]));
    assert_eq!(number(&Event::new(own)), 8);
    let theirs = event("event: error\ndata: {\"type\":\"error\",\"message\":\"m\"}\n\n");
    let told = numbered(&theirs, &last).unwrap();
    assert_eq!(told.raw, "event: error\ndata: {\"type\":\"error\",\"message\":\"m\",\"sequence_number\":8}\n\n");
    let has_one = event("data: {\"type\":\"error\",\"sequence_number\":3}\n\n");
    assert_eq!(numbered(&has_one, &last), None, "theirs stays");
    let unnumbered = event("data: {\"delta\":\"x\"}\n\n");
    assert_eq!(numbered(&theirs, &unnumbered), None, "who numbers nothing is not helped by one number");
    assert_eq!(
        number(&Event::new(stream_event(Dialect::OpenAi, Operation::Responses, Some(&unnumbered), &failure(&[])))),
        serde_json::Value::Null
    );
}

#[test]
fn we_read_our_own_errors_as_errors() {
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        let fields = crate::fault::in_json(&body(dialect, &failure(&[]))).unwrap();
        assert_eq!(fields.message, "all \"2\" rest");
        for operation in [Operation::ChatCompletions, Operation::Responses] {
            let event = stream_event(dialect, operation, None, &failure(&[]));
            assert!(event.ends_with(b"\n\n"));
            assert!(crate::stream::read(operation, &Event::new(event)).error.is_some());
        }
    }
}

use super::*;

fn translation() -> Translation {
    Translation::new(Protocol::OpenAiChat, Protocol::Anthropic, Context::default()).unwrap()
}

#[test]
fn the_same_dialect_on_both_sides_is_not_translated() {
    for protocol in Protocol::ALL {
        assert!(Translation::new(*protocol, *protocol, Context::default()).is_none());
        assert_eq!(Protocol::from_name(protocol.name()), Some(*protocol));
    }
}

#[test]
fn a_mistake_of_the_callers_is_answered_in_its_own_dialect_and_repeats_nothing() {
    for body in
        ["", "[]", "{\"model\":\"m\"", "\"secret\"", "{\"model\":1,\"messages\":\"secret\"}", "{\"messages\":[]}"]
    {
        let refused = translation().request(body.as_bytes()).unwrap_err();
        let reply = translation().refusal(&refused);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 400);
        assert!(text.contains("\"invalid_request_error\"") && !text.contains("secret"), "{text}");
    }
    assert!(translation().request(b"{\"model\":\"\xff\"}").is_err());
}

#[test]
fn the_providers_name_of_the_model_is_sent() {
    let context = Context { model: Some("claude-x".to_owned()), ..Context::default() };
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Anthropic, context).unwrap();
    let out = translation.request(br#"{"model":"alias","messages":[]}"#).unwrap();
    assert!(out.body.starts_with(br#"{"model":"claude-x""#));
    assert_eq!((out.operation, out.stream), (Operation::AnthropicMessages, false));
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failure_and_not_an_empty_answer() {
    for body in ["", "<html>", "{}", "[1]"] {
        let reply = translation().answer(200, body.as_bytes());
        assert_eq!(reply.status, 502);
        assert!(String::from_utf8_lossy(&reply.body).contains("invalid_upstream_answer"));
        let mut out = Vec::new();
        translation().answer_as_stream(body.as_bytes(), &mut out);
        assert!(out.starts_with(b"data: {\"error\""));
    }
}

#[test]
fn a_failure_keeps_its_status_and_message() {
    let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"#;
    let reply = translation().answer(429, body);
    assert_eq!(reply.status, 429);
    assert!(String::from_utf8_lossy(&reply.body).contains("Slow down"));
    assert_eq!(translation().answer(503, b"<html>busy</html>").status, 503);
}

#[test]
fn a_stream_that_was_ended_from_outside_says_nothing_more() {
    let (mut stream, mut out) = (translation().stream(), Vec::new());
    stream.fail(cut(), &mut out);
    assert!(stream.has_ended());
    let length = out.len();
    stream.push(Bytes::from_static(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), &mut out);
    stream.finish(&mut out);
    assert_eq!(out.len(), length);
}

#[test]
fn what_the_provider_said_in_the_middle_is_kept_for_judgement() {
    let (mut stream, mut out) = (translation().stream(), Vec::new());
    let said =
        b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"}}\n\n";
    stream.push(Bytes::from_static(said), &mut out);
    let failure = String::from_utf8_lossy(stream.failure().unwrap()).into_owned();
    assert!(failure.contains("overloaded_error") && failure.contains("Busy"), "{failure}");
    let mut broken_off = translation().stream();
    broken_off.finish(&mut out);
    assert!(broken_off.failure().is_none());
}

#[test]
fn tokens_are_counted_in_the_callers_shape() {
    let counting = Translation::new(Protocol::Anthropic, Protocol::OpenAiChat, Context::default()).unwrap();
    let reply = counting.token_count(br#"{"model":"m","messages":[{"role":"user","content":"Hi there"}]}"#).unwrap();
    assert!(reply.body.starts_with(b"{\"input_tokens\":"));
}

#[test]
fn conversations_are_tidied_where_neither_side_speaks_openai_chat() {
    let hygiene = Hygiene { commands: vec!["/new".to_owned()], merges: true, promotes: true };
    let profile = crate::Profile { hygiene: Some(Arc::new(hygiene)), ..crate::Profile::default() };
    let context = Context { profile, ..Context::default() };
    let mut translation = Translation::new(Protocol::Anthropic, Protocol::Gemini, context).unwrap();
    let body = serde_json::json!({"model": "m", "max_tokens": 9, "system": "s", "messages": [
        {"role": "user", "content": "old"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "/new"},
        {"role": "user", "content": "b"}, {"role": "user", "content": "c"},
    ]});
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&out.body).unwrap();
    assert_eq!(sent["contents"], serde_json::json!([{"role": "user", "parts": [{"text": "b"}, {"text": "c"}]}]));
    assert_eq!(sent["systemInstruction"]["parts"][0]["text"], "s");
    let thought =
        r#"{"candidates":[{"content":{"parts":[{"text":"It is 7.","thought":true}]},"finishReason":"STOP"}]}"#;
    let answer: serde_json::Value = serde_json::from_slice(&translation.answer(200, thought.as_bytes()).body).unwrap();
    assert_eq!(answer["content"], serde_json::json!([{"type": "text", "text": "It is 7."}]));
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    stream.push(Bytes::from(format!("data: {thought}\n\n")), &mut out);
    stream.finish(&mut out);
    let told = String::from_utf8(out).unwrap();
    assert!(told.contains(r#"{"type":"text_delta","text":"It is 7."}"#), "{told}");
    assert_eq!(told.matches("message_stop").count(), 2, "one event, which names itself twice: {told}");
}

#[test]
fn what_only_the_caller_s_dialect_knows_is_named_when_it_is_left_out() {
    let named = |caller: Protocol, provider: Protocol, body: &str| {
        let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
        let mut translation = Translation::new(caller, provider, context).unwrap();
        translation.request(body.as_bytes()).unwrap().dropped.to_string()
    };
    let claude = r#"{"model":"m","max_tokens":9,"tools":[{"name":"f","input_schema":{"type":"object"},"defer_loading":true}],
        "messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"a","citations":[
        {"type":"char_location","cited_text":"q","document_index":0,"start_char_index":0,"end_char_index":1}]}]},
        {"role":"user","content":[{"type":"text","text":"y","cache_control":{"type":"ephemeral"}}]}]}"#;
    for provider in [Protocol::Hunyuan, Protocol::MiniMaxPro, Protocol::CohereV1] {
        let all = "messages.cache_control, messages.citations, tools.defer_loading";
        let left_out = named(Protocol::Anthropic, provider, claude);
        assert_eq!(left_out.trim_start_matches("max_tokens, "), all, "{provider:?}");
    }
    let search = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[
        {"type":"web_search_20250305","name":"web_search","max_uses":2,"allowed_domains":["a.test"]}]}"#;
    for provider in [Protocol::Gemini, Protocol::Qwen, Protocol::Hunyuan] {
        let left_out = named(Protocol::Anthropic, provider, search);
        assert_eq!(
            left_out.trim_start_matches("max_tokens, "),
            "tools.allowed_domains, tools.max_uses",
            "{provider:?}"
        );
    }
    let alone = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"}]},{"role":"user","content":"y"}]}"#;
    assert_eq!(named(Protocol::Anthropic, Protocol::OpenAiChat, alone), "messages.thinking");
    let gemini = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}],"tools":[{"googleSearch":{"timeRangeFilter":{}}}],
        "generationConfig":{"responseMimeType":"text/x.enum"}}"#;
    let all = "responseMimeType, tools.googleSearch.timeRangeFilter";
    assert_eq!(named(Protocol::Gemini, Protocol::Anthropic, gemini), all);
    let chat = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":
        {"url":"https://x.test/a.png","detail":"low"}}]}]}"#;
    for provider in [Protocol::Anthropic, Protocol::Hunyuan] {
        assert_eq!(named(Protocol::OpenAiChat, provider, chat), "messages.image_url.detail", "{provider:?}");
    }
}

#[test]
fn a_failure_in_a_line_of_plain_text_keeps_its_words_and_a_page_does_not() {
    let translation = Translation::new(Protocol::Anthropic, Protocol::OpenAiChat, Context::default()).unwrap();
    let told = |body: &str| String::from_utf8_lossy(&translation.answer(503, body.as_bytes()).body).into_owned();
    assert!(told("no healthy upstream\n").contains(r#""message":"no healthy upstream""#));
    assert!(told("<html>down</html>").contains("status 503 and no reason"));
}

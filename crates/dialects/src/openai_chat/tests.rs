use bytes::Bytes;
use serde_json::{Value, json};

use crate::codec::{CacheForm, Context, Profile, ReasoningForm, ThoughtsBack};
use crate::protocol::Protocol;
use crate::translation::Translation;

fn translation(profile: Profile) -> Translation {
    let context = Context { profile, ..Context::default() };
    Translation::new(Protocol::Anthropic, Protocol::OpenAiChat, context).unwrap()
}

/// What an Anthropic caller's request becomes, and what was dropped.
fn written(fields: Value, profile: Profile) -> (Value, String) {
    let mut body = json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "Hi" }] });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    let out = translation(profile).request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

#[test]
fn providers_are_told_how_much_to_think_in_their_own_way() {
    let thinking = json!({ "thinking": { "type": "enabled", "budget_tokens": 5000 } });
    let of = |form| Profile { reasoning_form: form, ..Profile::default() };
    assert_eq!(written(thinking.clone(), of(ReasoningForm::Effort)).0["reasoning_effort"], "medium");
    assert_eq!(written(thinking.clone(), of(ReasoningForm::Budget)).0["reasoning"], json!({ "max_tokens": 5000 }));
    assert_eq!(written(thinking, of(ReasoningForm::Switch)).0["thinking"], json!({ "type": "enabled" }));
    let off = json!({ "thinking": { "type": "disabled" } });
    assert_eq!(written(off.clone(), of(ReasoningForm::Switch)).0["thinking"], json!({ "type": "disabled" }));
    assert!(written(off, of(ReasoningForm::Effort)).0.get("reasoning_effort").is_none());
}

#[test]
fn earlier_thoughts_go_back_as_the_provider_wants_them() {
    let said = json!([{ "type": "thinking", "thinking": "t", "signature": "s" }, { "type": "text", "text": "a" }]);
    let messages = json!({ "messages": [{ "role": "assistant", "content": said }] });
    let of = |back| Profile { thoughts_back: back, ..Profile::default() };
    let (body, dropped) = written(messages.clone(), of(ThoughtsBack::No));
    assert_eq!((body["messages"][0].as_object().unwrap().len(), dropped.as_str()), (2, "messages.thinking"));
    let (body, _) = written(messages.clone(), of(ThoughtsBack::Content));
    assert_eq!(body["messages"][0]["reasoning_content"], "t");
    let (body, _) = written(messages, of(ThoughtsBack::Details));
    assert_eq!(body["messages"][0]["reasoning_details"][0]["signature"], "s");
}

#[test]
fn the_limit_has_the_name_the_model_knows() {
    for (model, key) in
        [("gpt-4o", "max_tokens"), ("o3-mini", "max_completion_tokens"), ("openai/gpt-5.2", "max_completion_tokens")]
    {
        assert_eq!(written(json!({ "model": model }), Profile::default()).0[key], 9, "{model}");
    }
}

#[test]
fn results_of_tools_stand_before_what_else_is_said() {
    let content =
        json!([{ "type": "text", "text": "So?" }, { "type": "tool_result", "tool_use_id": "c", "content": "1" }]);
    let (body, _) = written(json!({ "messages": [{ "role": "user", "content": content }] }), Profile::default());
    assert_eq!(
        body["messages"],
        json!([{ "role": "tool", "tool_call_id": "c", "content": "1" }, { "role": "user", "content": "So?" }])
    );
}

/// The stream an Anthropic caller gets of these chunks.
fn streamed(chunks: &[Value]) -> String {
    let (mut stream, mut out) = (translation(Profile::default()).stream(), Vec::new());
    for chunk in chunks {
        stream.push(Bytes::from(format!("data: {chunk}\n\n")), &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

fn chunk(delta: Value, finish: Value) -> Value {
    json!({ "id": "c", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

#[test]
fn calls_are_told_apart_though_the_provider_counts_badly() {
    let call = |id: &str, name: &str, index: Value| json!({ "tool_calls": [{ "index": index, "id": id, "function": { "name": name, "arguments": "{}" } }] });
    // The same index for both, no index at all, and the id repeated with each piece.
    for index in [json!(0), Value::Null] {
        let out = streamed(&[
            chunk(call("a", "f", index.clone()), Value::Null),
            chunk(call("b", "g", index.clone()), Value::Null),
            chunk(json!({}), json!("stop")),
        ]);
        assert_eq!(out.matches("\"tool_use\",\"id\"").count(), 2, "{out}");
        assert!(out.contains("\"stop_reason\":\"tool_use\""), "{out}");
    }
    let piece = |text: &str| json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "f", "arguments": text } }] });
    let out = streamed(&[chunk(piece("{\"a\""), Value::Null), chunk(piece(":1}"), json!("tool_calls"))]);
    assert_eq!(out.matches("\"tool_use\",\"id\"").count(), 1, "{out}");
}

#[test]
fn an_empty_word_or_the_word_null_is_no_end() {
    let out = streamed(&[
        chunk(json!({ "role": "assistant", "content": "a" }), json!("")),
        chunk(json!({ "content": "b" }), json!("null")),
    ]);
    assert!(out.contains("event: error") && !out.contains("message_stop"), "{out}");
}

#[test]
fn a_stream_without_its_terminator_is_whole_after_the_finish_reason() {
    let out = streamed(&[chunk(json!({ "content": "a" }), json!("stop"))]);
    assert!(out.contains("message_stop") && !out.contains("event: error"), "{out}");
}

#[test]
fn usage_is_found_where_providers_put_it() {
    let usage = json!({ "prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12 });
    let mut in_choice = chunk(json!({ "content": "a" }), json!("stop"));
    in_choice["choices"][0]["usage"] = usage.clone();
    let mut of_groq = chunk(json!({ "content": "a" }), json!("stop"));
    of_groq["x_groq"] = json!({ "usage": usage });
    for chunk in [in_choice, of_groq] {
        let out = streamed(&[chunk]);
        assert!(out.contains("\"usage\":{\"input_tokens\":5,\"output_tokens\":7}"), "{out}");
    }
}

#[test]
fn the_older_form_of_functions_is_read() {
    let body = json!({ "model": "m", "functions": [{ "name": "f", "parameters": {} }], "function_call": { "name": "f" },
        "messages": [{ "role": "assistant", "content": null, "function_call": { "name": "f", "arguments": "{\"a\":1}" } },
            { "role": "function", "name": "f", "content": "2" }] });
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Anthropic, Context::default()).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    let body: Value = serde_json::from_slice(&out.body).unwrap();
    assert_eq!(
        body["messages"][0]["content"][0],
        json!({ "type": "tool_use", "id": "f", "name": "f", "input": { "a": 1 } })
    );
    assert_eq!(body["messages"][1]["content"][0]["tool_use_id"], "f");
    assert_eq!(body["tool_choice"], json!({ "type": "tool", "name": "f" }));
}

#[test]
fn a_caller_that_did_not_ask_for_usage_gets_no_empty_list() {
    let stream = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    for wants in [true, false] {
        let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Anthropic, Context::default()).unwrap();
        let body =
            json!({ "model": "m", "messages": [], "stream": true, "stream_options": { "include_usage": wants } });
        translation.request(body.to_string().as_bytes()).unwrap();
        let mut out = Vec::new();
        translation.stream().push(Bytes::from(stream), &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.contains("\"choices\":[]"), wants, "{out}");
        assert!(out.contains("\"total_tokens\":7") && out.ends_with("data: [DONE]\n\n"), "{out}");
    }
}

#[test]
fn cache_marks_have_the_providers_form() {
    let marked = json!([{ "type": "text", "text": "a", "cache_control": { "type": "ephemeral", "ttl": "1h" } }]);
    let messages = json!({ "messages": [{ "role": "user", "content": marked }] });
    let of = |form| Profile { cache_form: form, ..Profile::default() };
    let part = |form| written(messages.clone(), of(form)).0["messages"][0]["content"][0].clone();
    assert_eq!(part(CacheForm::CacheControl)["cache_control"], json!({ "type": "ephemeral", "ttl": "1h" }));
    assert_eq!(part(CacheForm::Breakpoint)["prompt_cache_breakpoint"], json!({ "mode": "explicit", "ttl": "12h" }));
    let (body, dropped) = written(messages.clone(), of(CacheForm::No));
    assert_eq!((&body["messages"][0]["content"], dropped.as_str()), (&json!("a"), "messages.cache_control"));
}

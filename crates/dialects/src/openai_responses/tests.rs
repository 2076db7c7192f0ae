use serde_json::{Value, json};

use super::*;
use crate::codec::Sink;
use crate::model::{
    CallKind, Choice, Delta, Event, FaultKind, Finish, Opening, Part, TextPart, Thinking, ToolCall, Vendor,
};
use crate::protocol::Protocol;
use crate::text::Text;
use crate::translation::{Outgoing, Translation};

fn context() -> Context {
    Context { now: 1, nonce: 7, ..Context::default() }
}

/// A request of another dialect, for a provider of this one.
fn sent(client: Protocol, body: &Value) -> (Value, Outgoing) {
    let mut translation = Translation::new(client, Protocol::OpenAiResponses, context()).unwrap();
    let outgoing = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing)
}

fn chat(fields: &Value) -> (Value, Outgoing) {
    let mut body = json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi"}]});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    sent(Protocol::OpenAiChat, &body)
}

fn refused(fields: &Value) -> Option<Refused> {
    let mut body = json!({"model": "m", "input": "Hi"});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    OpenAiResponses.read_request(&body.to_string(), &context()).err()
}

#[test]
fn what_only_openai_stores_is_refused_and_what_asks_for_nothing_is_not() {
    for (field, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({"id": "pmpt_1"})),
        ("background", json!(true)),
    ] {
        assert_eq!(refused(&json!({field: value})).unwrap().param, Some(field));
    }
    for item in [json!({"type": "item_reference", "id": "msg_1"}), json!({"id": "msg_1"})] {
        assert!(refused(&json!({"input": [item]})).unwrap().message.contains("send the items themselves"));
    }
    assert!(refused(&json!({"input": [{"type": "compaction", "encrypted_content": "x"}]})).is_some());
    let harmless = json!({"previous_response_id": null, "conversation": "", "background": false, "store": false,
        "truncation": "disabled", "include": ["reasoning.encrypted_content"],
        "stream_options": {"include_obfuscation": false}});
    assert!(refused(&harmless).is_none());
    let body = format!(r#"{{"model":"m","input":"Hi",{}"#, &harmless.to_string()[1..]);
    assert!(OpenAiResponses.read_request(&body, &context()).unwrap().extras.is_empty());
}

#[test]
fn fields_of_the_wrong_shape_are_refused_by_name() {
    for (field, value) in [
        ("include", json!("reasoning.encrypted_content")),
        ("tool_choice", json!({"type": "function"})),
        ("tool_choice", json!("sometimes")),
        ("input", Value::Null),
    ] {
        assert_eq!(refused(&json!({field: value})).unwrap().param, Some(field));
    }
    assert!(refused(&json!({"text": {"format": {"type": "json_schema", "name": "n"}}})).is_some());
    assert!(refused(&json!({"tools": [{"name": "f"}]})).is_some());
}

#[test]
fn items_of_the_model_that_follow_each_other_are_one_message() {
    let body = json!({"model": "m", "input": [
        {"role": "user", "content": "a"},
        {"type": "reasoning", "summary": [], "encrypted_content": "x"},
        {"role": "assistant", "content": "b"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "d"},
        {"type": "function_call_output", "call_id": "e", "output": ""},
        {"role": "user", "content": [{"type": "input_text", "text": "g"}]},
    ]});
    let body = body.to_string();
    let context = context();
    let request = OpenAiResponses.read_request(&body, &context).unwrap();
    let lengths: Vec<usize> = request.messages.iter().map(|message| message.parts.len()).collect();
    assert_eq!(lengths, [1, 3, 2, 1]);
}

#[test]
fn functions_are_not_strict_unless_it_was_said() {
    let function = |strict: Value| json!({"type": "function", "function": {"name": "f", "strict": strict}});
    let (body, _) = chat(&json!({"tools": [function(Value::Null), function(json!(true))], "temperature": 0}));
    assert_eq!(body["tools"][0]["strict"], false);
    assert_eq!(body["tools"][1]["strict"], true);
    assert_eq!(body["temperature"], 0);
    assert_eq!(body["store"], false);
}

#[test]
fn a_limit_below_the_least_is_raised_and_noted() {
    let (body, outgoing) = chat(&json!({"max_tokens": 1}));
    assert_eq!(body["max_output_tokens"], 16);
    assert_eq!(outgoing.dropped.to_string(), "max_tokens");
}

#[test]
fn effort_is_said_in_words_the_model_knows() {
    let effort = |model: &str, effort: &str| chat(&json!({"model": model, "reasoning_effort": effort})).0;
    assert_eq!(effort("gpt-5.2", "xhigh")["reasoning"]["effort"], "xhigh");
    assert_eq!(effort("gpt-5", "xhigh")["reasoning"]["effort"], "high");
    assert_eq!(effort("gpt-5", "none")["reasoning"]["effort"], "none");
    assert_eq!(effort("o3", "low")["include"], json!(["reasoning.encrypted_content"]));
    let (body, outgoing) = chat(&json!({"reasoning_effort": "low"}));
    assert!(body.get("reasoning").is_none());
    assert_eq!(outgoing.dropped.to_string(), "reasoning_effort");
}

#[test]
fn cache_marks_go_to_models_that_take_them() {
    let body = |model: &str| {
        json!({"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}]}]})
    };
    let (marked, outgoing) = sent(Protocol::Anthropic, &body("gpt-5.6"));
    assert_eq!(marked["input"][0]["content"][0]["prompt_cache_breakpoint"], json!({"mode": "explicit"}));
    assert!(outgoing.dropped.is_empty());
    let (plain, outgoing) = sent(Protocol::Anthropic, &body("gpt-5.1"));
    assert_eq!(plain["input"][0]["content"], "long");
    assert_eq!(outgoing.dropped.to_string(), "messages.cache_control");
}

#[test]
fn thoughts_go_back_only_before_what_they_led_to() {
    let seal = "clv1|openai-responses-v1|rs_1|gAAA";
    let thinking = json!({"type": "thinking", "thinking": "", "signature": seal});
    let said = |content: Value| {
        json!({"model": "gpt-5", "max_tokens": 50, "messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": content}, {"role": "user", "content": "b"}]})
    };
    let (kept, outgoing) = sent(Protocol::Anthropic, &said(json!([thinking, {"type": "text", "text": "c"}])));
    let item = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
    assert_eq!(kept["input"][1], item);
    assert!(outgoing.dropped.is_empty());
    let (left, outgoing) = sent(Protocol::Anthropic, &said(json!([{"type": "text", "text": "c"}, thinking])));
    assert_eq!(left["input"].as_array().unwrap().len(), 3);
    assert_eq!(outgoing.dropped.to_string(), "messages.thinking");
}

/// An answer with every seal there is.
fn sealed() -> Answer<'static> {
    let text = |text: &'static str| Text::fixed(text);
    let thinking = |said, signature, hidden, vendor| {
        Part::Thinking(Thinking { text: text(said), signature, hidden, id: None, vendor: Some(vendor) })
    };
    let call = |id, signature| {
        let (id, name, arguments) = (text(id), text("f"), text("{}"));
        Part::ToolCall(ToolCall { id, name, arguments, kind: CallKind::Function, cache: None, signature })
    };
    let parts = vec![
        thinking("a", Some(text("s1")), None, Vendor::Anthropic),
        thinking("", None, Some(text("h|1")), Vendor::Anthropic),
        thinking("b", Some(text("s2")), None, Vendor::Google),
        thinking("c", None, Some(text("h2")), Vendor::OpenAi),
        Part::Text(TextPart { text: text("d"), signature: Some(text("s3")), ..TextPart::default() }),
        call("c1", Some(text("s4"))),
        call("c2", None),
    ];
    Answer {
        choices: vec![Choice { parts, finish: Some(Finish::ToolCalls), ..Choice::default() }],
        ..Answer::default()
    }
}

fn assert_sealed(output: &Value) {
    let body = json!({"model": "m", "input": output}).to_string();
    let context = context();
    let request = OpenAiResponses.read_request(&body, &context).unwrap();
    let Answer { choices, .. } = sealed();
    let seals = |part: &Part<'_>| match part {
        Part::Thinking(thinking) => {
            let owned = |seal: &Option<Text<'_>>| seal.as_ref().map(ToString::to_string);
            (thinking.text.to_string(), owned(&thinking.signature), owned(&thinking.hidden), thinking.vendor)
        }
        Part::Text(text) => (text.text.to_string(), text.signature.as_ref().map(ToString::to_string), None, None),
        Part::ToolCall(call) => (call.id.to_string(), call.signature.as_ref().map(ToString::to_string), None, None),
        Part::Refusal(_) | Part::Media(_) | Part::ToolResult(_) | Part::Opaque(_) => unreachable!("none was sent"),
    };
    let got: Vec<_> = request.messages[0].parts.iter().map(seals).collect();
    let want: Vec<_> = choices[0].parts.iter().map(seals).collect();
    assert_eq!(got, want);
}

#[test]
fn seals_of_every_vendor_come_back_as_they_were() {
    let asked = Asked { nonce: 7, ..Asked::default() };
    let mut out = Vec::new();
    OpenAiResponses.write_answer(&sealed(), &asked, &mut out);
    let answer: Value = serde_json::from_slice(&out).unwrap();
    assert_sealed(&answer["output"]);
}

#[test]
fn seals_of_every_vendor_come_back_from_streams_too() {
    let asked = Asked { nonce: 7, ..Asked::default() };
    let (mut writer, mut out) = (OpenAiResponses.stream_writer(&asked), Vec::new());
    // A whole answer told as a stream leaves the seal of a text out: Gemini's streams tell it as an event.
    crate::replay::replay(&sealed(), &mut |event| {
        if let Event::Close { choice, part: 4 } = event {
            writer.write(Event::Delta { choice, part: 4, delta: Delta::Signature(Text::fixed("s3")) }, &mut out);
        }
        writer.write(event, &mut out);
    });
    let stream = String::from_utf8(out).unwrap();
    let last = stream.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_sealed(&last["response"]["output"]);
}

#[test]
fn a_call_that_was_cut_is_not_complete() {
    let call = |id: &'static str, arguments: &'static str| {
        let (id, name, arguments) = (Text::fixed(id), Text::fixed("f"), Text::fixed(arguments));
        Part::ToolCall(ToolCall { id, name, arguments, kind: CallKind::Function, cache: None, signature: None })
    };
    let parts = vec![call("a", "{}"), call("b", "{\"x")];
    let choice = Choice { parts, finish: Some(Finish::Length), ..Choice::default() };
    let answer = Answer { choices: vec![choice], ..Answer::default() };
    let (mut whole, mut out) = (Vec::new(), Vec::new());
    OpenAiResponses.write_answer(&answer, &Asked::default(), &mut whole);
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    let mut writer = OpenAiResponses.stream_writer(&Asked::default());
    crate::replay::replay(&answer, &mut |event| writer.write(event, &mut out));
    let stream = String::from_utf8(out).unwrap();
    let last = stream.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let told: Value = serde_json::from_str(last).unwrap();
    for output in [&whole["output"], &told["response"]["output"]] {
        assert_eq!((&output[0]["status"], &output[1]["status"]), (&json!("completed"), &json!("incomplete")));
    }
}

/// What a stream of these events is read as, shortly.
fn read(events: &[Value]) -> Vec<String> {
    let mut reader = OpenAiResponses.stream_reader(&Asked::default());
    let mut told = Vec::new();
    let sink: Sink<'_> = &mut |event| {
        told.push(match event {
            Event::Start(start) => format!("start {}", start.id.as_deref().unwrap_or("?")),
            Event::Open { part, opening: Opening::Text, .. } => format!("{part} text"),
            Event::Open { part, opening: Opening::Thinking { .. }, .. } => format!("{part} thinking"),
            Event::Open { part, opening: Opening::ToolCall { id, name, .. }, .. } => format!("{part} {name} {id}"),
            Event::Open { part, .. } => format!("{part} other"),
            Event::Delta { part, delta: Delta::Text(text) | Delta::Arguments(text), .. } => format!("{part} + {text}"),
            Event::Delta { part, delta: Delta::Hidden(seal), .. } => format!("{part} sealed {seal}"),
            Event::Delta { part, .. } => format!("{part} more"),
            Event::Close { part, .. } => format!("{part} closed"),
            Event::Finish { finish, .. } => format!("{finish:?}"),
            Event::Usage(usage) => format!("{} tokens", usage.sum()),
            Event::Ping => "ping".to_owned(),
            Event::Fault(fault) => format!("{:?} {}: {}", fault.kind, fault.status, fault.message.as_str()),
            Event::End => "end".to_owned(),
        });
    };
    for event in events {
        reader.push(format!("data: {event}\n\n").into(), sink);
    }
    reader.push("data: [DONE]\n\n".into(), sink);
    reader.finish(sink);
    told
}

#[test]
fn items_are_known_by_their_place_even_if_their_ids_change() {
    let message = json!({"type": "message", "id": "b", "content": [{"type": "output_text", "text": "Hi"}]});
    let told = read(&[
        json!({"type": "response.created", "response": {"id": "resp_1"}}),
        json!({"type": "response.output_text.delta", "output_index": 0, "item_id": "a", "delta": "Hi"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message}),
        json!({"type": "response.output_text.delta", "output_index": 0, "item_id": "c", "delta": "late"}),
        json!({"type": "response.completed", "response": {"output": [message]}}),
        json!({"type": "response.completed", "response": {}}),
    ]);
    assert_eq!(told, ["start resp_1", "0 text", "0 + Hi", "0 closed", "Stop", "end"]);
}

#[test]
fn what_was_not_told_in_pieces_is_told_at_the_end_of_the_item() {
    let told = read(&[
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "reasoning", "id": "rs_1",
            "summary": [{"text": "a"}, {"text": "b"}], "encrypted_content": "x"}}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call",
            "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": {"type": "function_call",
            "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}}),
        json!({"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 2}}}),
    ]);
    let want = [
        "start ?",
        "0 thinking",
        "0 + a\n\nb",
        "0 sealed x",
        "0 closed",
        "1 f c",
        "1 + {}",
        "1 closed",
        "ToolCalls",
        "3 tokens",
        "end",
    ];
    assert_eq!(told, want);
}

#[test]
fn a_stream_without_a_closing_event_does_not_end() {
    let told = read(&[json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"})]);
    assert_eq!(told, ["start ?", "0 text", "0 + Hi"]);
}

#[test]
fn failures_in_streams_are_told_by_their_code() {
    let failed = |code: &str| {
        let error = json!({"code": code, "message": "no"});
        read(&[json!({"type": "response.failed", "response": {"status": "failed", "error": error}})])
    };
    assert_eq!(failed("rate_limit_exceeded"), ["RateLimit 429: no"]);
    assert_eq!(failed("server_error"), ["Server 500: no"]);
    assert_eq!(failed("invalid_image_format"), ["InvalidRequest 400: no"]);
    let flat = json!({"type": "error", "code": "context_length_exceeded", "message": "too long", "param": "input"});
    assert_eq!(read(&[flat]), ["InvalidRequest 400: too long"]);
    let nested = json!({"type": "error", "error": {"type": "insufficient_quota", "message": "pay"}});
    assert_eq!(read(&[nested]), ["Billing 402: pay"]);
}

#[test]
fn the_field_at_fault_reaches_the_caller() {
    let body = br#"{"error":{"message":"m","type":"invalid_request_error","param":"model","code":"c"}}"#;
    let fault = OpenAiResponses.read_fault(400, body);
    assert_eq!((fault.kind, fault.param.as_deref()), (FaultKind::InvalidRequest, Some("model")));
}

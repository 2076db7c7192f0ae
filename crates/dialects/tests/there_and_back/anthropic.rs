//! By way of Anthropic.

use bytes::Bytes;
use claviger_dialects::Protocol;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::chat::{answer, call, forth, tells, text, translation};

fn user() -> impl Strategy<Value = Value> {
    let picture = Just(json!({ "type": "image_url", "image_url": { "url": "data:image/gif;base64,R0lGOA==" } }));
    let remote =
        text().prop_map(|t| json!({ "type": "image_url", "image_url": { "url": format!("https://a.test/{t}") } }));
    let words = text().prop_map(|text| json!({ "type": "text", "text": text }));
    let part = prop_oneof![4 => words, 1 => picture, 1 => remote];
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts| json!({ "role": "user", "content": parts }));
    prop_oneof![text().prop_map(|text| json!({ "role": "user", "content": text })), parts]
}

/// A turn of the assistant's; with calls, their results follow.
fn assistant() -> impl Strategy<Value = Vec<Value>> {
    let argument =
        (text(), any::<i32>(), any::<bool>()).prop_map(|(t, n, b)| json!({ "t": t, "n": n, "b": [b, null] }));
    let calls = prop::collection::vec((argument, text()), 0..3);
    (text(), calls, any::<bool>()).prop_map(|(said, calls, mute)| {
        let id = |at: usize| format!("call_{at}");
        let list: Vec<Value> = calls.iter().enumerate().map(|(at, (arguments, _))| call(at, arguments)).collect();
        let mut first = json!({ "role": "assistant", "content": said });
        if !list.is_empty() {
            first["tool_calls"] = list.into();
            if mute {
                first["content"] = Value::Null;
            }
        }
        let results = calls
            .iter()
            .enumerate()
            .map(|(at, (_, result))| json!({ "role": "tool", "tool_call_id": id(at), "content": result }));
        std::iter::once(first).chain(results).collect()
    })
}

fn chat_request() -> impl Strategy<Value = Value> {
    let turns = prop::collection::vec((user(), assistant()), 0..4);
    let settings = (0.0..1.0_f64, any::<bool>(), prop::collection::vec(text(), 0..3), 1..9000_u32, 0..4_usize);
    (text(), turns, user(), settings, any::<bool>()).prop_map(|(system, turns, last, settings, stream)| {
        let (temperature, parallel, stop, most, choice) = settings;
        let mut messages = vec![json!({ "role": "system", "content": system })];
        for (asked, said) in turns {
            messages.push(asked);
            messages.extend(said);
        }
        messages.push(last);
        let choices = [json!("auto"), json!("none"), json!("required"), json!({ "type": "function", "function": { "name": "tide" } })];
        let schema = json!({ "type": "object", "properties": { "t": { "type": "string" } } });
        let mut body = json!({ "model": "m", "messages": messages, "temperature": temperature, "max_tokens": most,
            "tools": [{ "type": "function", "function": { "name": "tide", "description": system, "parameters": schema } }],
            "tool_choice": choices[choice], "user": "u" });
        if !stop.is_empty() {
            body["stop"] = stop.into();
        }
        // With `none` nothing is said about parallel calls there.
        if choice != 1 {
            body["parallel_tool_calls"] = parallel.into();
        }
        if stream {
            body["stream"] = true.into();
            body["stream_options"] = json!({ "include_usage": true });
        }
        body
    })
}

/// The same for bodies that mean the same: content as a list, arguments as JSON, neighbours of one role together.
fn meaning(mut body: Value) -> Value {
    let mut said: Vec<Value> = Vec::new();
    for message in body["messages"].as_array_mut().into_iter().flatten() {
        let content = match message["content"].take() {
            Value::String(text) => json!([{ "type": "text", "text": text }]),
            Value::Null => json!([]),
            list => list,
        };
        message["content"] = content;
        for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().expect("text");
            call["function"]["arguments"] = serde_json::from_str(arguments).expect("JSON");
        }
        said.push(message.clone());
    }
    body["messages"] = said.into();
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_of_openai_chat_comes_back_from_anthropic(body in chat_request()) {
        let there = forth(translation(Protocol::OpenAiChat, Protocol::Anthropic), &body);
        let back = forth(translation(Protocol::Anthropic, Protocol::OpenAiChat), &there);
        prop_assert_eq!(meaning(back), meaning(body));
    }

    #[test]
    fn an_answer_of_openai_chat_comes_back_from_anthropic(body in answer(768)) {
        let there = translation(Protocol::Anthropic, Protocol::OpenAiChat).answer(200, body.to_string().as_bytes());
        let back = translation(Protocol::OpenAiChat, Protocol::Anthropic).answer(200, &there.body);
        prop_assert_eq!(serde_json::from_slice::<Value>(&back.body).expect("JSON"), body);
    }

    #[test]
    fn an_answer_told_as_a_stream_is_the_same_answer(body in answer(768)) {
        let mut to_anthropic = Vec::new();
        let there = translation(Protocol::Anthropic, Protocol::OpenAiChat);
        there.answer_as_stream(body.to_string().as_bytes(), &mut to_anthropic);
        let mut stream = translation(Protocol::OpenAiChat, Protocol::Anthropic).stream();
        let mut chunks = Vec::new();
        stream.push(Bytes::from(to_anthropic), &mut chunks);
        prop_assert!(stream.has_ended());
        tells(&String::from_utf8(chunks).expect("UTF-8"), &body)?;
    }
}

//! By way of Gemini.

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::chat::{answer, call, forth, tells, text};

fn translation(client: Protocol, upstream: Protocol, array_stream: bool) -> Translation {
    let context = Context { named_model: Some("m".to_owned()), array_stream, ..Context::default() };
    Translation::new(client, upstream, context).expect("a pair")
}

fn user() -> impl Strategy<Value = Value> {
    let picture = Just(json!({ "type": "image_url", "image_url": { "url": "data:image/gif;base64,R0lGOA==" } }));
    let remote = text()
        .prop_map(|text| json!({ "type": "image_url", "image_url": { "url": format!("https://a.test/{text}") } }));
    let words = text().prop_map(|text| json!({ "type": "text", "text": text }));
    let part = prop_oneof![4 => words, 1 => picture, 1 => remote];
    prop::collection::vec(part, 1..4).prop_map(|parts| json!({ "role": "user", "content": parts }))
}

/// What the assistant says and calls, and what the calls give. Several calls have one name: order must tell them apart.
fn turn() -> impl Strategy<Value = (Value, String, Vec<(Value, String)>)> {
    let arguments = (text(), any::<i32>()).prop_map(|(text, number)| json!({ "t": text, "n": [number, null] }));
    (user(), text(), prop::collection::vec((arguments, text()), 0..3))
}

/// A conversation; calls are numbered through, as readers of Gemini do.
fn request() -> impl Strategy<Value = Value> {
    let settings = (0.0..2.0_f64, prop::collection::vec(text(), 1..5), 1..9000_u32, 0..4_usize, any::<u32>());
    (text(), prop::collection::vec(turn(), 0..4), user(), settings).prop_map(|(system, turns, last, settings)| {
        let (temperature, stop, most, choice, seed) = settings;
        let mut messages = vec![json!({ "role": "system", "content": [{ "type": "text", "text": system }] })];
        let mut number = 0;
        for (asked, said, calls) in turns {
            messages.push(asked);
            let list: Vec<Value> = calls.iter().zip(number..).map(|((arguments, _), at)| call(at, arguments)).collect();
            let mut message = json!({ "role": "assistant", "content": said });
            if !list.is_empty() {
                message["tool_calls"] = list.into();
            }
            messages.push(message);
            for (_, result) in calls {
                messages.push(json!({ "role": "tool", "tool_call_id": format!("call_{number}"), "content": result }));
                number += 1;
            }
        }
        messages.push(last);
        let named = json!({ "type": "function", "function": { "name": "tide" } });
        let choices = [json!("auto"), json!("none"), json!("required"), named];
        let schema = json!({ "type": "object", "properties": { "t": { "type": "string" } }, "required": ["t"] });
        let function = json!({ "name": "tide", "description": system, "parameters": schema });
        json!({ "model": "m", "messages": messages, "temperature": temperature, "top_p": 0, "seed": seed, "stop": stop,
            "presence_penalty": -0.5, "frequency_penalty": 0, "max_tokens": most, "n": 2, "logprobs": true,
            "top_logprobs": 3, "tools": [{ "type": "function", "function": function }], "tool_choice": choices[choice] })
    })
}

/// The same for bodies that mean the same: content as a list, arguments as JSON, the default choice unsaid.
fn meaning(mut body: Value) -> Value {
    for message in body["messages"].as_array_mut().into_iter().flatten() {
        if let Some(text) = message["content"].as_str() {
            message["content"] = json!([{ "type": "text", "text": text }]);
        }
        for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().expect("text");
            call["function"]["arguments"] = serde_json::from_str(arguments).expect("JSON");
        }
    }
    if body["tool_choice"] == "auto" || body["tool_choice"].is_null() {
        body["tool_choice"] = Value::Null;
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back_from_gemini(body in request()) {
        let there = forth(translation(Protocol::OpenAiChat, Protocol::Gemini, false), &body);
        let back = forth(translation(Protocol::Gemini, Protocol::OpenAiChat, false), &there);
        prop_assert_eq!(meaning(back), meaning(body));
    }

    #[test]
    fn an_answer_comes_back_from_gemini(body in answer(701)) {
        let there = translation(Protocol::Gemini, Protocol::OpenAiChat, false).answer(200, body.to_string().as_bytes());
        let back = translation(Protocol::OpenAiChat, Protocol::Gemini, false).answer(200, &there.body);
        prop_assert_eq!(serde_json::from_slice::<Value>(&back.body).expect("JSON"), body);
    }

    #[test]
    fn an_answer_told_as_a_stream_is_the_same_answer(body in answer(701), is_array: bool) {
        let mut told = Vec::new();
        let there = translation(Protocol::Gemini, Protocol::OpenAiChat, is_array);
        there.answer_as_stream(body.to_string().as_bytes(), &mut told);
        let (mut stream, mut chunks) = (translation(Protocol::OpenAiChat, Protocol::Gemini, false).stream(), Vec::new());
        stream.push(Bytes::from(told), &mut chunks);
        stream.finish(&mut chunks);
        let told = String::from_utf8(chunks).expect("UTF-8");
        tells(&told, &body)?;
        prop_assert!(told.ends_with("data: [DONE]\n\n"));
    }
}

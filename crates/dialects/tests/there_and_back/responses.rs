//! By way of OpenAI's responses.

use claviger_dialects::Protocol;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::chat::{forth, letters as text, translation};

const CHAT: Protocol = Protocol::OpenAiChat;
const RESPONSES: Protocol = Protocol::OpenAiResponses;

fn user() -> impl Strategy<Value = Value> {
    let picture = |url: String| json!({"type": "image_url", "image_url": {"url": url, "detail": "auto"}});
    let part = prop_oneof![
        4 => text().prop_map(|text| json!({"type": "text", "text": text})),
        1 => Just(picture("data:image/gif;base64,R0lGOA==".to_owned())),
        1 => text().prop_map(move |path| picture(format!("https://a.test/{path}"))),
        1 => Just(json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVA="}})),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| json!({"role": "user", "content": parts}))
}

/// Calls of a function and of a custom tool, in this order.
fn calls(arguments: &[String]) -> Vec<Value> {
    let call = |(at, text): (usize, &String)| match at % 2 {
        0 => json!({"id": format!("call_{at}"), "type": "function",
            "function": {"name": "tide", "arguments": json!({"t": text}).to_string()}}),
        _ => json!({"id": format!("call_{at}"), "type": "custom", "custom": {"name": "sql", "input": text}}),
    };
    arguments.iter().enumerate().map(call).collect()
}

/// A turn of the assistant's; with calls, their results follow.
fn assistant() -> impl Strategy<Value = Vec<Value>> {
    (prop::option::of(text()), prop::collection::vec(text(), 0..4)).prop_map(|(said, arguments)| {
        let calls = calls(&arguments);
        let results = calls.iter().zip(&arguments);
        let results = results.map(|(call, text)| json!({"role": "tool", "tool_call_id": call["id"], "content": text}));
        let results: Vec<Value> = results.collect();
        let mut first = json!({"role": "assistant", "content": said});
        match calls.is_empty() {
            true => first["content"] = said.unwrap_or_else(|| "Yes.".to_owned()).into(),
            false => first["tool_calls"] = calls.into(),
        }
        std::iter::once(first).chain(results).collect()
    })
}

fn request() -> impl Strategy<Value = Value> {
    let turns = prop::collection::vec((user(), assistant()), 0..4);
    let settings = (0.0..2.0_f64, any::<bool>(), 16..9000_u32, 0..5_usize, 0..3_usize);
    (text(), turns, user(), settings, any::<bool>()).prop_map(|(system, turns, last, settings, stream)| {
        let (temperature, flag, most, choice, form) = settings;
        let mut messages = vec![json!({"role": "system", "content": system}), json!({"role": "developer", "content": "Be brief."})];
        for (asked, said) in turns {
            messages.push(asked);
            messages.extend(said);
        }
        messages.push(last);
        let schema = json!({"type": "object", "properties": {"t": {"type": "string"}}});
        let grammar = json!({"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /.+/"}});
        let named = |kind: &str, name: &str| json!({"type": kind, kind: {"name": name}});
        let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("function", "tide"), named("custom", "sql")]}});
        let choices = [json!("auto"), json!("required"), named("function", "tide"), named("custom", "sql"), allowed];
        let mut body = json!({"model": "m", "messages": messages, "temperature": temperature, "top_p": 0,
            "max_tokens": most, "user": "u", "metadata": {"k": "v"}, "service_tier": "flex", "verbosity": "low",
            "reasoning_effort": "low", "prompt_cache_key": "p", "parallel_tool_calls": flag,
            "tool_choice": choices[choice], "logprobs": true, "top_logprobs": 2, "tools": [
                {"type": "function", "function": {"name": "tide", "description": system, "parameters": schema, "strict": flag}},
                {"type": "custom", "custom": {"name": "sql", "description": "Runs SQL.", "format": grammar}}]});
        match form {
            0 => {}
            1 => body["response_format"] = json!({"type": "json_object"}),
            _ => body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": flag}}),
        }
        if stream {
            body["stream"] = true.into();
            body["stream_options"] = json!({"include_usage": true});
        }
        body
    })
}

/// The same for bodies that mean the same: content as a list.
fn meaning(mut body: Value) -> Value {
    for message in body["messages"].as_array_mut().into_iter().flatten() {
        message["content"] = match message["content"].take() {
            Value::String(text) => json!([{"type": "text", "text": text}]),
            Value::Null => json!([]),
            list => list,
        };
    }
    body
}

fn answer() -> impl Strategy<Value = Value> {
    let said = (prop::option::of(text()), text(), prop::collection::vec(text(), 0..4));
    (said, 1..9000_u32, 1..500_u32).prop_map(|((thought, said, arguments), input, output)| {
        let calls = calls(&arguments);
        let finish = if calls.is_empty() { "length" } else { "tool_calls" };
        let mut message = json!({"role": "assistant", "content": said, "refusal": null});
        if let Some(thought) = thought {
            message["reasoning_content"] = thought.into();
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        json!({"id": "a-1", "object": "chat.completion", "created": 5, "model": "m", "service_tier": "default",
            "choices": [{"index": 0, "message": message, "finish_reason": finish,
                "logprobs": {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}}],
            "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 2}}})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_of_openai_chat_comes_back_from_responses(body in request()) {
        let there = forth(translation(CHAT, RESPONSES), &body);
        let back = forth(translation(RESPONSES, CHAT), &there);
        prop_assert_eq!(meaning(back), meaning(body));
    }

    #[test]
    fn an_answer_of_openai_chat_comes_back_from_responses(body in answer()) {
        let there = translation(RESPONSES, CHAT).answer(200, body.to_string().as_bytes());
        let back = translation(CHAT, RESPONSES).answer(200, &there.body);
        prop_assert_eq!(serde_json::from_slice::<Value>(&back.body).expect("JSON"), body);
    }

    #[test]
    fn a_stream_of_responses_is_read_as_the_answer_it_was_written_from(body in answer()) {
        let mut stream = Vec::new();
        translation(RESPONSES, CHAT).answer_as_stream(body.to_string().as_bytes(), &mut stream);
        let (mut reading, mut chunks) = (translation(CHAT, RESPONSES).stream(), Vec::new());
        reading.push(stream.into(), &mut chunks);
        prop_assert!(reading.has_ended());
        let (mut said, mut thought, mut arguments, mut finish) = (String::new(), String::new(), String::new(), Value::Null);
        let text = String::from_utf8(chunks).expect("UTF-8");
        for data in text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
            let choice = serde_json::from_str::<Value>(data).expect("JSON")["choices"][0].take();
            said += choice["delta"]["content"].as_str().unwrap_or_default();
            thought += choice["delta"]["reasoning_content"].as_str().unwrap_or_default();
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                arguments += call["function"]["arguments"].as_str().unwrap_or_default();
                arguments += call["custom"]["input"].as_str().unwrap_or_default();
            }
            if choice["finish_reason"].is_string() {
                finish = choice["finish_reason"].clone();
            }
        }
        let message = &body["choices"][0]["message"];
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        let want: String = calls.filter_map(|call| call["function"]["arguments"].as_str().or(call["custom"]["input"].as_str())).collect();
        prop_assert_eq!(said, message["content"].as_str().unwrap_or_default());
        prop_assert_eq!(thought, message["reasoning_content"].as_str().unwrap_or_default());
        prop_assert_eq!(arguments, want);
        prop_assert_eq!(finish, body["choices"][0]["finish_reason"].clone());
    }
}

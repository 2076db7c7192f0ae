use bytes::Bytes;
use serde_json::{Value, json};

use super::family::Version;
use super::foreign::without_foreign_thoughts;
use crate::codec::{Context, Profile};
use crate::protocol::Protocol;
use crate::translation::Translation;

/// What an OpenAI caller's request becomes, and what was dropped.
fn written(body: Value, context: Context) -> (Value, String) {
    let mut translation = Translation::new(Protocol::OpenAiChat, Protocol::Anthropic, context).unwrap();
    let out = translation.request(body.to_string().as_bytes()).unwrap();
    (serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn with(fields: Value) -> (Value, String) {
    let mut body = json!({ "model": "claude-sonnet-4-5", "messages": [{ "role": "user", "content": "Hi" }] });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    written(body, Context::default())
}

#[test]
fn versions_are_read_from_all_forms_of_names() {
    let adaptive =
        ["claude-opus-4-6", "claude-sonnet-4-6-20260217", "global.anthropic.claude-opus-4-7-v1:0", "claude-haiku-5"];
    for name in adaptive {
        assert!(Version::of(name).thinks_adaptively(), "{name}");
    }
    let older = [
        "claude-opus-4-1-20250805",
        "claude-3-7-sonnet-latest",
        "claude-sonnet-4-20250514",
        "claude-sonnet-4@20250514",
        "gpt-4o",
    ];
    for name in older {
        assert!(!Version::of(name).thinks_adaptively(), "{name}");
    }
    assert!(Version::of("claude-opus-4-1").takes_schema() && !Version::of("claude-sonnet-4-20250514").takes_schema());
    for name in ["claude-opus-5-5", "claude-fable-5-1", "anthropic.claude-mythos-5-2-v1:0"] {
        assert!(Version::of(name).always_thinks() && !Version::of(name).can_be_forced(), "{name}");
    }
    for name in ["claude-opus-5", "claude-sonnet-5-5", "claude-haiku-5-5"] {
        assert!(!Version::of(name).always_thinks() && Version::of(name).can_be_forced(), "{name}");
    }
    assert!(Version::of("claude-opus-4-7").has_extra_high() && !Version::of("claude-opus-4-6").has_extra_high());
}

#[test]
fn the_budget_stays_below_the_limit() {
    let plan = |limit: Value| {
        let (body, _) = with(json!({ "reasoning_effort": "high", "max_tokens": limit }));
        (body["thinking"]["budget_tokens"].as_u64().unwrap(), body["max_tokens"].as_u64().unwrap())
    };
    assert_eq!(plan(json!(20000)), (16384, 20000));
    assert_eq!(plan(json!(8000)), (6000, 8000));
    assert_eq!(plan(json!(1100)), (1024, 1100));
    assert_eq!(plan(json!(100)), (1024, 1124));
    assert_eq!(plan(Value::Null), (16384, 16384 + 4096));
}

#[test]
fn newer_models_are_given_an_effort_instead_of_a_budget() {
    let (body, _) = with(json!({ "model": "claude-opus-4-7", "reasoning_effort": "xhigh", "temperature": 0.2 }));
    assert_eq!(body["thinking"], json!({ "type": "adaptive", "display": "summarized" }));
    assert_eq!(body["output_config"], json!({ "effort": "xhigh" }));
    assert!(body.get("temperature").is_none());
    let (body, _) = with(json!({ "model": "claude-opus-4-7", "reasoning_effort": "none" }));
    assert_eq!(body["thinking"], json!({ "type": "disabled" }));
}

#[test]
fn a_forced_call_leaves_no_room_for_thoughts() {
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    let (body, dropped) = with(json!({ "reasoning_effort": "low", "tools": tools, "tool_choice": "required" }));
    assert!(body.get("thinking").is_none());
    assert_eq!((body["tool_choice"]["type"].as_str(), dropped.as_str()), (Some("any"), "reasoning_effort"));
}

#[test]
fn models_that_cannot_be_forced_or_stopped_are_not() {
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    let named = json!({ "type": "function", "function": { "name": "f" } });
    let (body, dropped) =
        with(json!({ "model": "claude-opus-5-5", "reasoning_effort": "none", "tools": tools, "tool_choice": named }));
    assert!(body.get("thinking").is_none());
    assert_eq!((&body["tool_choice"], dropped.as_str()), (&json!({ "type": "auto" }), "reasoning_effort, tool_choice"));
    // Where it can be forced, it must not think meanwhile.
    let (body, dropped) = with(json!({ "model": "claude-opus-5", "tools": tools, "tool_choice": named }));
    assert_eq!((&body["thinking"], dropped.as_str()), (&json!({ "type": "disabled" }), ""));
}

#[test]
fn newer_models_take_no_sampling() {
    let (body, dropped) = with(json!({ "model": "claude-sonnet-5", "temperature": 0.2, "top_p": 0.99, "top_k": 5 }));
    assert!(body.get("temperature").is_none() && body.get("top_p").is_none() && body.get("top_k").is_none());
    assert_eq!(dropped, "temperature, top_k, top_p");
}

#[test]
fn a_turn_that_began_without_sealed_thoughts_goes_on_without() {
    let call = json!([{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }]);
    let turn = |thought: Value| {
        json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "tool_calls": call, "reasoning_details": thought },
            { "role": "tool", "tool_call_id": "c", "content": "1" }])
    };
    let (body, _) = with(json!({ "reasoning_effort": "low", "messages": turn(json!([])) }));
    assert!(body.get("thinking").is_none());
    let sealed = json!([{ "type": "reasoning.text", "text": "t", "signature": "s", "format": "anthropic-claude-v1" }]);
    let (body, _) = with(json!({ "reasoning_effort": "low", "messages": turn(sealed) }));
    assert_eq!(body["thinking"]["budget_tokens"], 1024);
    assert_eq!(body["messages"][1]["content"][0], json!({ "type": "thinking", "thinking": "t", "signature": "s" }));
}

#[test]
fn claude_code_says_its_sentence_first_and_once() {
    let context = || Context { profile: Profile { claude_code: true, ..Profile::default() }, ..Context::default() };
    let ask = |system: &str| {
        let messages = json!([{ "role": "system", "content": system }, { "role": "user", "content": "Hi" }]);
        written(json!({ "model": "m", "messages": messages }), context()).0["system"].clone()
    };
    let sentence = "You are Claude Code, Anthropic's official CLI for Claude.";
    let system = ask("Be brief.");
    assert_eq!((&system[0]["text"], &system[1]["text"]), (&json!(sentence), &json!("Be brief.")));
    assert_eq!(ask(sentence).as_array().unwrap().len(), 1);
}

#[test]
fn temperatures_above_one_are_capped_and_said_to_be() {
    let (body, dropped) = with(json!({ "temperature": 1.7 }));
    assert_eq!((body["temperature"].as_f64(), dropped.as_str()), (Some(1.0), "temperature"));
    let (body, dropped) = with(json!({ "temperature": 1.0 }));
    assert_eq!((body["temperature"].as_f64(), dropped.as_str()), (Some(1.0), ""));
}

#[test]
fn unknown_fields_are_named() {
    let (_, dropped) = with(json!({ "brand_new": 1, "n": 1, "logprobs": false, "evil\r\nx": true }));
    assert_eq!(dropped, "brand_new, evilx");
}

#[test]
fn foreign_thoughts_are_taken_out_of_what_passes() {
    let body = |blocks: Value| {
        let messages =
            json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "content": blocks, "odd": 1 }]);
        Bytes::from(json!({ "model": "m", "messages": messages, "more": [1.0] }).to_string())
    };
    let text = json!({ "type": "text", "text": "t" });
    let thought = |signature: &str| json!({ "type": "thinking", "thinking": "x", "signature": signature });
    assert_eq!(without_foreign_thoughts(&body(json!([thought("EqQB"), text]))), None);
    assert_eq!(without_foreign_thoughts(&body(json!([text]))), None);
    for foreign in ["", "clv1|openai-responses-v1|rs|data"] {
        let cleaned = without_foreign_thoughts(&body(json!([thought(foreign), text]))).unwrap();
        assert_eq!(cleaned, body(json!([text])));
    }
    let alone = without_foreign_thoughts(&body(json!([thought("")]))).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&alone).unwrap()["messages"].as_array().unwrap().len(), 1);
}

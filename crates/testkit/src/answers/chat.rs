//! Chat completions, whole and streamed.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Call, Framing, text,
    turn::{self, Asked, Choice, Said, Tool, list, string},
};

/// Answers a chat completion as [`turn::play`] says; the thought as `reasoning_content`, as most compatible providers do.
pub(crate) fn chat(call: &Call) -> Answer {
    let request = &call.json;
    let choices = request["n"].as_u64().unwrap_or(1).clamp(1, 128);
    let asked = asked(request);
    let said: Vec<Vec<Said>> = (0..choices).map(|index| numbered(turn::play(&asked, call.words), index)).collect();
    let prompt = text::count_messages(&request["messages"]);
    let counts = said.iter().map(|said| turn::counts(said));
    let (completion, thoughts) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let mut usage = text::usage(prompt, completion);
    usage["completion_tokens_details"]["reasoning_tokens"] = thoughts.into();
    usage["prompt_tokens_details"]["cached_tokens"] = turn::cached(&asked, prompt).into();
    let id = format!("chatcmpl-{:016x}", call.digest());
    if call.streams() {
        return Answer::events(events(call, &id, &said, &usage), Framing::OpenAi);
    }
    let choices: Vec<Value> = said.iter().enumerate().map(|(index, said)| choice(call, index, said)).collect();
    Answer::json(&json!({
        "id": id, "object": "chat.completion", "created": CREATED, "model": call.model_or("unknown"),
        "choices": choices, "usage": usage, "service_tier": "default", "system_fingerprint": "fp_testkit",
    }))
}

/// Tells the further answers of one request from the first.
fn numbered(mut said: Vec<Said>, index: u64) -> Vec<Said> {
    if let (Some(Said::Text(text)), 1..) = (said.last_mut(), index)
        && !text.starts_with('{')
    {
        text.push_str(&format!(" ({})", index + 1));
    }
    said
}

fn asked(request: &Value) -> Asked {
    let messages: Vec<&Value> = list(&request["messages"]).collect();
    let spoke = messages.iter().rev().find(|one| one["role"] == "user" && !text::plain(&one["content"]).is_empty());
    let said = spoke.map(|message| &message["content"]).unwrap_or(&Value::Null);
    let format = &request["response_format"];
    let functions = list(&request["tools"]).map(|tool| &tool["function"]).filter(|function| function.is_object());
    Asked {
        text: text::last_user_text(&request["messages"]),
        media: list(said).filter_map(media).collect(),
        results: results(&messages),
        tools: functions
            .map(|function| Tool { name: string(&function["name"]), schema: function["parameters"].clone() })
            .collect(),
        choice: match (&request["tool_choice"], &request["tool_choice"]["function"]["name"]) {
            (choice, _) if choice == "none" => Choice::None,
            (_, Value::String(name)) => Choice::Named(name.clone()),
            _ => Choice::Free,
        },
        schema: (format["type"] == "json_schema").then(|| format["json_schema"]["schema"].clone()),
        json_object: format["type"] == "json_object",
        thinks: request["reasoning_effort"].as_str().is_some_and(|effort| effort != "none" && effort != "minimal"),
        remembers: false,
    }
}

fn media(part: &Value) -> Option<String> {
    match part["type"].as_str()? {
        "image_url" => Some(turn::link(&part["image_url"]["url"])),
        "input_audio" => {
            let mime = format!("audio/{}", part["input_audio"]["format"].as_str().unwrap_or_default());
            Some(turn::blob(&mime.into(), &part["input_audio"]["data"]))
        }
        "file" => Some(turn::link(&part["file"]["file_data"])),
        _ => None,
    }
}

/// What tools gave, if that came last. Pictures of theirs follow in a message of the user's without words.
fn results(messages: &[&Value]) -> Vec<(String, String)> {
    let calls = || messages.iter().flat_map(|message| list(&message["tool_calls"]));
    let (messages, shown) = match messages.split_last() {
        Some((last, before)) if last["role"] == "user" && text::plain(&last["content"]).is_empty() => {
            (before, list(&last["content"]).filter_map(media).collect())
        }
        Some(_) | None => (messages, Vec::new()),
    };
    let last = messages.iter().rev().take_while(|message| message["role"] == "tool");
    let mut results: Vec<(String, String)> = last
        .map(|message| {
            let called = calls().find(|call| call["id"] == message["tool_call_id"]);
            let name = called.map(|call| string(&call["function"]["name"])).unwrap_or_default();
            (name, text::plain(&message["content"]))
        })
        .collect();
    results.reverse();
    if let Some((_, told)) = results.last_mut() {
        shown.iter().for_each(|seen| told.push_str(&format!(" and {seen}")));
    }
    results
}

/// The text, the thought, and the calls with their ids: what a message says, whole.
fn choice(call: &Call, index: usize, said: &[Said]) -> Value {
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null, "annotations": [] });
    for said in said {
        match said {
            Said::Thought(thought) => message["reasoning_content"] = thought.as_str().into(),
            Said::Text(text) => message["content"] = text.as_str().into(),
            Said::Call { .. } => {}
        }
    }
    if turn::calls(said) {
        message["tool_calls"] = calls(call, index, said).map(|(_, call)| call).collect();
    }
    json!({ "index": index, "message": message, "logprobs": null, "finish_reason": finish(said) })
}

/// The calls in order, each with the text of its arguments.
fn calls<'a>(call: &Call, index: usize, said: &'a [Said]) -> impl Iterator<Item = (String, Value)> + use<'a> {
    let digest = call.digest();
    let called = said.iter().filter_map(|said| match said {
        Said::Call { name, input } => Some((name, input.to_string())),
        Said::Text(_) | Said::Thought(_) => None,
    });
    called.enumerate().map(move |(place, (name, arguments))| {
        let id = format!("call_{digest:016x}{:02}", index + place);
        let function = json!({ "name": name, "arguments": arguments });
        (arguments, json!({ "id": id, "type": "function", "function": function }))
    })
}

fn finish(said: &[Said]) -> &'static str {
    if turn::calls(said) { "tool_calls" } else { "stop" }
}

/// Role, words, finish for each choice, usage if asked for, `[DONE]`.
fn events(call: &Call, id: &str, said: &[Vec<Said>], usage: &Value) -> Vec<Bytes> {
    let wants_usage = call.json["stream_options"]["include_usage"].as_bool().unwrap_or(false);
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": CREATED, "model": call.model_or("unknown"),
            "service_tier": "default", "system_fingerprint": "fp_testkit", "choices": choices,
        });
        if wants_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let mut events = Vec::new();
    for (index, said) in said.iter().enumerate() {
        for (delta, finish) in deltas(call, index, said) {
            let choices = json!([{ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish }]);
            events.push(Framing::OpenAi.event(&chunk(choices)));
        }
    }
    if wants_usage {
        let mut last = chunk(json!([]));
        last["usage"] = usage.clone();
        events.push(Framing::OpenAi.event(&last));
    }
    events.push(Framing::OpenAi.frame("", b"[DONE]"));
    events
}

/// The role first, with the first call if nothing comes before it.
fn deltas(call: &Call, index: usize, said: &[Said]) -> Vec<(Value, Option<&'static str>)> {
    let mut deltas = Vec::new();
    for said in said {
        match said {
            Said::Thought(thought) => {
                deltas.extend(text::pieces(thought).into_iter().map(|piece| json!({ "reasoning_content": piece })));
            }
            Said::Text(whole) => {
                deltas.extend(text::pieces(whole).into_iter().map(|piece| json!({ "content": piece })));
            }
            Said::Call { .. } => {}
        }
    }
    let calls: Vec<(String, Value)> = calls(call, index, said).collect();
    for (place, (arguments, call)) in calls.iter().enumerate() {
        let mut start = call.clone();
        start["index"] = place.into();
        start["function"]["arguments"] = "".into();
        deltas.push(json!({ "tool_calls": [start] }));
        for piece in text::halves(arguments) {
            deltas.push(json!({ "tool_calls": [{ "index": place, "function": { "arguments": piece } }] }));
        }
    }
    let opening = match said.first() {
        Some(Said::Call { .. }) => {
            let mut first = deltas.remove(0);
            first["role"] = "assistant".into();
            first["content"] = Value::Null;
            first
        }
        Some(Said::Text(_) | Said::Thought(_)) | None => {
            json!({ "role": "assistant", "content": "", "refusal": null })
        }
    };
    deltas.insert(0, opening);
    let mut deltas: Vec<(Value, Option<&'static str>)> = deltas.into_iter().map(|delta| (delta, None)).collect();
    deltas.push((json!({}), Some(finish(said))));
    deltas
}

//! Legacy completions, whole and streamed.

use serde_json::{Value, json};

use super::{Answer, CREATED, Call, Framing, text};

/// Echoes each prompt, `n` times.
pub(crate) fn completions(call: &Call) -> Answer {
    let request = &call.json;
    let prompts = prompts(&request["prompt"]);
    let copies = usize::try_from(request["n"].as_u64().unwrap_or(1).clamp(1, 128)).unwrap_or(1);
    let texts: Vec<String> = prompts.iter().flat_map(|prompt| vec![text::reply(prompt, call.words); copies]).collect();
    let prompt_count = prompts.iter().map(|prompt| text::count(prompt)).sum::<usize>().max(1);
    let usage = text::usage(prompt_count, texts.iter().map(|text| text::count(text)).sum());
    let wants_usage = request["stream_options"]["include_usage"].as_bool().unwrap_or(false);
    let object = |choices: Value| {
        json!({
            "id": format!("cmpl-{:016x}", call.digest()), "object": "text_completion", "created": CREATED,
            "model": call.model_or("unknown"), "choices": choices,
        })
    };
    let choice = |index: usize, text: &str, finish: Option<&str>| json!({ "text": text, "index": index, "logprobs": null, "finish_reason": finish });
    if !call.streams() {
        let choices = texts.iter().enumerate().map(|(index, text)| choice(index, text, Some("stop"))).collect();
        let mut answer = object(choices);
        answer["usage"] = usage;
        return Answer::json(&answer);
    }
    let mut events = Vec::new();
    let mut push = |choices: Value, usage: Option<&Value>| {
        let mut chunk = object(choices);
        if wants_usage {
            chunk["usage"] = usage.cloned().unwrap_or(Value::Null);
        }
        events.push(Framing::OpenAi.event(&chunk));
    };
    for (index, text) in texts.iter().enumerate() {
        for piece in text::pieces(text) {
            push(json!([choice(index, piece, None)]), None);
        }
        push(json!([choice(index, "", Some("stop"))]), None);
    }
    if wants_usage {
        push(json!([]), Some(&usage));
    }
    events.push(Framing::OpenAi.frame("", b"[DONE]"));
    Answer::events(events, Framing::OpenAi)
}

/// The prompts of a request: a string, strings, token numbers, or lists of those.
fn prompts(prompt: &Value) -> Vec<String> {
    match prompt {
        Value::Array(items) if items.iter().all(Value::is_number) => vec![format!("{} tokens", items.len())],
        Value::Array(items) => items.iter().flat_map(prompts).collect(),
        other => vec![text::plain(other)],
    }
}

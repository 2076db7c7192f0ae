//! Amazon's Converse, whole and as an event stream (Bedrock API reference, 2026-11).

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, Call, Framing, text,
    turn::{self, Asked, Choice, Said, Tool, list, string},
};

pub(crate) fn converse(call: &Call) -> Answer {
    let asked = asked(&call.json);
    let said = turn::play(&asked, call.words);
    let texts = list(&call.json["messages"]).flat_map(|message| list(&message["content"]));
    let texts = texts.chain(list(&call.json["system"])).map(|block| text::count(&string(&block["text"])));
    let prompt = texts.sum::<usize>().max(1);
    let (output, _) = turn::counts(&said);
    let cached = turn::cached(&asked, prompt);
    // cached tokens are not counted among those of the input ("Prompt caching", 2026-11)
    let usage = json!({
        "inputTokens": prompt - cached, "outputTokens": output, "totalTokens": prompt + output,
        "cacheReadInputTokens": cached, "cacheWriteInputTokens": 0,
    });
    let stop = if turn::calls(&said) { "tool_use" } else { "end_turn" };
    if call.streams() {
        return Answer::events(events(call, &said, stop, &usage), Framing::Bedrock);
    }
    let content: Vec<Value> = said.iter().enumerate().map(|(place, said)| block(call, place, said)).collect();
    Answer::json(&json!({
        "output": { "message": { "role": "assistant", "content": content } }, "stopReason": stop, "usage": usage,
        "metrics": { "latencyMs": 7 },
    }))
}

fn block(call: &Call, place: usize, said: &Said) -> Value {
    match said {
        Said::Thought(thought) => json!({ "reasoningContent": {
            "reasoningText": { "text": thought, "signature": turn::seal(thought) } } }),
        Said::Text(text) => json!({ "text": text }),
        Said::Call { name, input } => {
            let id = turn::call_id("tooluse_", call, place);
            json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
        }
    }
}

fn events(call: &Call, said: &[Said], stop: &str, usage: &Value) -> Vec<Bytes> {
    let event = |name: &str, data: Value| Framing::Bedrock.frame(name, data.to_string().as_bytes());
    let mut events = vec![event("messageStart", json!({ "role": "assistant" }))];
    for (place, said) in said.iter().enumerate() {
        let mut delta = |delta: Value| {
            events.push(event("contentBlockDelta", json!({ "contentBlockIndex": place, "delta": delta })))
        };
        match said {
            Said::Thought(thought) => {
                text::pieces(thought).iter().for_each(|piece| delta(json!({ "reasoningContent": { "text": piece } })));
                delta(json!({ "reasoningContent": { "signature": turn::seal(thought) } }));
            }
            Said::Text(said) => text::pieces(said).iter().for_each(|piece| delta(json!({ "text": piece }))),
            Said::Call { name, input } => {
                let arguments = input.to_string();
                let id = turn::call_id("tooluse_", call, place);
                let start = json!({ "toolUse": { "toolUseId": id, "name": name } });
                events.push(event("contentBlockStart", json!({ "contentBlockIndex": place, "start": start })));
                for piece in text::halves(&arguments) {
                    let delta = json!({ "toolUse": { "input": piece } });
                    events.push(event("contentBlockDelta", json!({ "contentBlockIndex": place, "delta": delta })));
                }
            }
        }
        events.push(event("contentBlockStop", json!({ "contentBlockIndex": place })));
    }
    events.push(event("messageStop", json!({ "stopReason": stop })));
    events.push(event("metadata", json!({ "usage": usage, "metrics": { "latencyMs": 7 } })));
    events
}

fn asked(request: &Value) -> Asked {
    let messages: Vec<&Value> = list(&request["messages"]).collect();
    let has_text = |message: &&&Value| list(&message["content"]).any(|block| block["text"].is_string());
    let spoke = messages.iter().rev().filter(|message| message["role"] == "user").find(has_text);
    let said = spoke.map(|message| &message["content"]).unwrap_or(&Value::Null);
    let texts: Vec<String> = list(said).filter_map(|block| block["text"].as_str().map(str::to_owned)).collect();
    let choice = &request["toolConfig"]["toolChoice"]["tool"]["name"];
    let format = &request["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
    let more = &request["additionalModelRequestFields"];
    Asked {
        text: texts.join(" "),
        media: list(said).filter_map(media).collect(),
        results: results(&messages),
        tools: list(&request["toolConfig"]["tools"]).map(|tool| &tool["toolSpec"]).filter_map(tool).collect(),
        choice: choice.as_str().map_or(Choice::Free, |name| Choice::Named(name.to_owned())),
        schema: format.as_str().and_then(|schema| serde_json::from_str(schema).ok()),
        json_object: false,
        thinks: ["enabled", "adaptive"].iter().any(|kind| more["thinking"]["type"] == *kind)
            || more["reasoningConfig"]["type"] == "enabled"
            || more["reasoning_effort"].is_string(),
        remembers: messages.iter().flat_map(|message| list(&message["content"])).any(remembers),
    }
}

fn tool(spec: &Value) -> Option<Tool> {
    Some(Tool { name: spec["name"].as_str()?.to_owned(), schema: spec["inputSchema"]["json"].clone() })
}

fn media(block: &Value) -> Option<String> {
    let (kind, media) = ["image", "document", "video"].into_iter().find_map(|kind| Some((kind, block.get(kind)?)))?;
    let format = media["format"].as_str().unwrap_or_default();
    let family = if kind == "document" { "application" } else { kind };
    Some(turn::blob(&format!("{family}/{format}").into(), &media["source"]["bytes"]))
}

/// What tools gave, if that came last.
fn results(messages: &[&Value]) -> Vec<(String, String)> {
    let Some(last) = messages.last() else { return Vec::new() };
    let calls = || messages.iter().flat_map(|message| list(&message["content"])).map(|block| &block["toolUse"]);
    let results = list(&last["content"]).map(|block| &block["toolResult"]).filter(|result| result.is_object());
    results
        .map(|result| {
            let called = calls().find(|call| call["toolUseId"] == result["toolUseId"]);
            let told = list(&result["content"]).filter_map(|block| {
                let json = || block.get("json").map(ToString::to_string);
                block["text"].as_str().map(str::to_owned).or_else(json).or_else(|| media(block))
            });
            (called.map(|call| string(&call["name"])).unwrap_or_default(), told.collect::<Vec<_>>().join(" and "))
        })
        .collect()
}

fn remembers(block: &Value) -> bool {
    let thought = &block["reasoningContent"]["reasoningText"];
    turn::is_sealed(thought["text"].as_str().unwrap_or_default(), &thought["signature"])
}

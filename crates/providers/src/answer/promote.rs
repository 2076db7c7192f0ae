//! `promoteThinkingOnEmpty`: an answer that has reasoning and no text gets the reasoning as its text.
//!
//! In a stream the reasoning passes as it comes, and is said again as text when its choice ends without any. Calls of
//! tools count as an answer.

use serde_json::{Map, Value, json};

/// The reasoning kept per choice; what is beyond it is not promoted.
const MAX_KEPT: usize = 4 * 1024 * 1024;

/// Where reasoning stands.
const REASONING: [&str; 2] = ["reasoning_content", "reasoning"];

/// What a stream has said so far, per choice.
#[derive(Debug, Default)]
pub(super) struct Promotion {
    choices: Vec<Choice>,
    /// `id`, `created` and `model` of the last event, for one of our own.
    head: Map<String, Value>,
}

#[derive(Debug)]
struct Choice {
    index: u64,
    reasoning: String,
    answered: bool,
}

/// Promotes in a whole answer; says whether it changed. With `moves` the reasoning stands nowhere else afterwards.
pub(super) fn whole(answer: &mut Value, moves: bool) -> bool {
    let mut changed = false;
    for choice in answer.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(message) = choice.get_mut("message").and_then(Value::as_object_mut) else { continue };
        if answers(message) {
            continue;
        }
        let Some(reasoning) = reasoning(message).map(str::to_owned) else { continue };
        if moves {
            REASONING.iter().for_each(|key| drop(message.shift_remove(*key)));
        }
        message.insert("content".to_owned(), Value::String(reasoning));
        changed = true;
    }
    changed
}

impl Promotion {
    /// Takes one event of the stream in; says whether it changed the event.
    pub(super) fn event(&mut self, event: &mut Value) -> bool {
        for key in ["id", "created", "model"] {
            if let Some(value) = event.get(key) {
                self.head.insert(key.to_owned(), value.clone());
            }
        }
        let mut changed = false;
        for choice in event.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or_default();
            let ends = choice.get("finish_reason").is_some_and(|reason| !reason.is_null());
            let Some(choice) = choice.as_object_mut() else { continue };
            let delta = choice.entry("delta").or_insert_with(|| json!({}));
            let Some(delta) = delta.as_object_mut() else { continue };
            let state = self.choice(index);
            state.answered |= answers(delta);
            if let Some(text) = reasoning(delta).filter(|text| state.reasoning.len() + text.len() <= MAX_KEPT) {
                state.reasoning.push_str(text);
            }
            if let Some(text) = ends.then(|| state.promoted()).flatten() {
                delta.insert("content".to_owned(), Value::String(text));
                changed = true;
            }
        }
        changed
    }

    /// The event owed when the stream ends without having ended its choices.
    pub(super) fn owed(&mut self) -> Option<Value> {
        let owed = self.choices.iter_mut().filter_map(|choice| {
            let text = choice.promoted()?;
            Some(json!({"index": choice.index, "delta": {"content": text}, "finish_reason": null}))
        });
        let owed: Vec<Value> = owed.collect();
        (!owed.is_empty()).then(|| {
            let mut event = self.head.clone();
            event.insert("object".to_owned(), Value::from("chat.completion.chunk"));
            event.insert("choices".to_owned(), Value::Array(owed));
            Value::Object(event)
        })
    }

    fn choice(&mut self, index: u64) -> &mut Choice {
        let at = self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            self.choices.push(Choice { index, reasoning: String::new(), answered: false });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }
}

impl Choice {
    fn promoted(&mut self) -> Option<String> {
        if self.answered || self.reasoning.is_empty() {
            return None;
        }
        self.answered = true;
        Some(std::mem::take(&mut self.reasoning))
    }
}

/// Whether a message or delta says anything but reasoning.
fn answers(message: &Map<String, Value>) -> bool {
    ["content", "tool_calls", "function_call", "refusal", "audio"].iter().any(|key| match message.get(*key) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(entries)) => !entries.is_empty(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => false,
    })
}

fn reasoning(message: &Map<String, Value>) -> Option<&str> {
    REASONING.iter().find_map(|key| message.get(*key)?.as_str().filter(|text| !text.is_empty()))
}

//! One turn of a conversation, whatever the protocol: what is asked, and what a healthy provider says to it.
//!
//! In: what each protocol's reader found in its request ([`Asked`]). Out: what to say ([`Said`]), which each protocol
//! writes in its own shape. That is why all of them give the same answer to the same question.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Call, schema, text};
use crate::faults::digest;

/// In the user's text: call every tool that is offered, not only the first.
const EVERY_TOOL: &str = "every tool";
/// In the user's text: so many tokens of the prompt as there are of these words came from the cache.
const CACHED: &str = "cached";
/// What every seal begins with, before base64.
const SEAL: &str = "testkit ";

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The last text of the user.
    pub(crate) text: String,
    /// The media beside it, as [`blob`] and [`link`] describe them.
    pub(crate) media: Vec<String>,
    /// The results of tools that came last: the tool's name, and what it gave.
    pub(crate) results: Vec<(String, String)>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// The schema the answer must fit.
    pub(crate) schema: Option<Value>,
    /// Whether the answer must be some JSON object.
    pub(crate) json_object: bool,
    /// Whether the model is to think, and to show it.
    pub(crate) thinks: bool,
    /// Whether a thought with the seal of this provider stands in the conversation.
    pub(crate) remembers: bool,
}

/// A tool on offer.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

/// Whether a tool must be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Free,
    None,
    Named(String),
}

/// What is said, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Thought(String),
    Text(String),
    Call { name: String, input: Value },
}

impl Said {
    /// How many tokens it counts as.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Thought(text) | Self::Text(text) => text::count(text).max(1),
            Self::Call { .. } => 1,
        }
    }
}

/// Whether something calls a tool.
pub(crate) fn calls(said: &[Said]) -> bool {
    said.iter().any(|said| matches!(said, Said::Call { .. }))
}

/// A thought if wanted; then an instance of the schema, else calls unless results of calls came last, else an echo.
pub(crate) fn play(asked: &Asked, words: usize) -> Vec<Said> {
    let mut said = Vec::new();
    if asked.thinks {
        said.push(Said::Thought(format!("They say: {}", asked.text)));
    }
    if let Some(schema) = &asked.schema {
        said.push(Said::Text(schema::instance(schema).to_string()));
        return said;
    }
    let chosen = chosen(asked);
    if !chosen.is_empty() {
        let call = |tool: &Tool| Said::Call { name: tool.name.clone(), input: schema::instance(&tool.schema) };
        said.extend(chosen.into_iter().map(call));
        return said;
    }
    let mut reply = text::reply(&asked.text, words);
    for seen in &asked.media {
        reply.push_str(&format!(" I see {seen}."));
    }
    for (name, gave) in asked.results.iter().filter(|(name, _)| !name.is_empty()) {
        reply.push_str(&format!(" {name} gave: {gave}."));
    }
    if asked.remembers {
        reply.push_str(" I remember my thought.");
    }
    said.push(Said::Text(if asked.json_object { json!({ "reply": reply }).to_string() } else { reply }));
    said
}

fn chosen(asked: &Asked) -> Vec<&Tool> {
    let named = |name: &String| asked.tools.iter().find(|tool| tool.name == *name);
    match &asked.choice {
        _ if !asked.results.is_empty() => Vec::new(),
        Choice::None => Vec::new(),
        Choice::Free if asked.text.contains(EVERY_TOOL) => asked.tools.iter().collect(),
        Choice::Free => asked.tools.iter().take(1).collect(),
        Choice::Named(name) => named(name).or(asked.tools.first()).into_iter().collect(),
    }
}

/// How many tokens of a prompt that counts `prompt` came from the cache.
pub(crate) fn cached(asked: &Asked, prompt: usize) -> usize {
    asked.text.matches(CACHED).count().min(prompt)
}

/// How many tokens all of it counts as, and how many of them were thoughts.
pub(crate) fn counts(said: &[Said]) -> (usize, usize) {
    let thoughts = said.iter().filter(|said| matches!(said, Said::Thought(_))).map(Said::count).sum();
    (said.iter().map(Said::count).sum(), thoughts)
}

/// The seal of a thought: what the vendor's own API sends back and wants to see again, unchanged.
pub(crate) fn seal(thought: &str) -> String {
    STANDARD.encode(format!("{SEAL}{:016x}", digest(thought.as_bytes())))
}

/// Whether this is the seal of `thought`.
pub(crate) fn is_sealed(thought: &str, with: &Value) -> bool {
    with.as_str() == Some(seal(thought).as_str())
}

/// Whether this is the seal of some thought: where the protocol parts a seal from what it seals.
pub(crate) fn is_any_seal(seal: &Value) -> bool {
    let opened = STANDARD.decode(seal.as_str().unwrap_or_default());
    opened.is_ok_and(|bytes| bytes.starts_with(SEAL.as_bytes()) && bytes.len() == SEAL.len() + 16)
}

/// The id of a call: `prefix`, the request's number, and its place when it is not the first.
pub(crate) fn call_id(prefix: &str, call: &Call, place: usize) -> String {
    let number = call.digest().wrapping_add((place as u64) << 32);
    format!("{prefix}{number:016x}")
}

/// Media in place, in base64.
pub(crate) fn blob(mime: &Value, data: &Value) -> String {
    let bytes = STANDARD.decode(data.as_str().unwrap_or_default());
    let size = bytes.map_or_else(|_| "unreadable".to_owned(), |bytes| format!("{} bytes", bytes.len()));
    format!("{} of {size}", mime.as_str().unwrap_or("something"))
}

/// Media somewhere else, or in place in a `data:` URL.
pub(crate) fn link(url: &Value) -> String {
    let url = url.as_str().unwrap_or_default();
    match url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((mime, data)) => blob(&mime.into(), &data.into()),
        None => format!("what is at {url}"),
    }
}

/// The objects in a list, none if it is none.
pub(crate) fn list(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A string, or an empty one.
pub(crate) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
